"""Commands that record live market data."""

import re
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from factory.core.answers import table
from factory.core.times import to_ms
from factory.market.sources.binance_stream import STREAM_MARKETS
from server.cli.commands import acting, answering, group, one_of
from server.cli.common import workspace_of
from server.cli.screen import say, show

app = group()
SYMBOL = re.compile(r"[A-Z0-9_]{1,40}")
MARKETS = "; ".join(f"{name}: {market.about}" for name, market in STREAM_MARKETS.items())
COLUMNS = ("market", "symbol", "started", "ended", "last", "depth", "trade", "reconnects", "gaps", "dropped")


def _read_symbol(text: str) -> str:
    if not SYMBOL.fullmatch(text.upper()):
        raise typer.BadParameter(f"'{text}' is no symbol; write letters, digits and _ such as BTCUSDT")
    return text.upper()


def _read_seconds(text: str) -> float:
    try:
        return to_ms(text) / 1000
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@acting(app)
def depth(
    context: typer.Context,
    symbol: Annotated[
        str, typer.Argument(parser=_read_symbol, metavar="SYMBOL", help="Such as BTCUSDT; of COIN-M BTCUSD_PERP.")
    ],
    market: Annotated[str, typer.Option(help=f"{MARKETS}.", **one_of(lambda: STREAM_MARKETS))] = "um",
    seconds: Annotated[
        float | None,
        typer.Option("--for", parser=_read_seconds, metavar="DURATION", help="Such as 10m or 8h; left out: until Ctrl-C."),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where files go; default: among the workspace's downloads.")] = None,
) -> None:
    """Record a live order book and its trades as raw captures, a file an hour; what is lost on the way is written down."""
    from factory.market.recorder import record
    from factory.market.recording_files import recording_folder

    chosen = STREAM_MARKETS[market]
    target = folder or recording_folder(workspace_of(context, new=True), chosen.name, symbol)
    say(f"recording {symbol} into {target}; Ctrl-C ends it")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # By which asyncio lets its tasks end in order.
    try:
        record(chosen, symbol, target, seconds, say)
    except KeyboardInterrupt:
        say("stopped: all that came is written")
        raise typer.Exit(130) from None
    say("done: all that came is written")


@answering(app)
def status(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Option(help="Where files were put; default: the workspace's downloads.")] = None,
) -> None:
    """List the recordings that were made or are being made: when data last came, and what is missing."""
    from factory.market.recording_files import list_statuses

    statuses = list_statuses(folder or workspace_of(context).vault)
    show(table(COLUMNS, [_row(one) for one in statuses]))


def _row(status: dict[str, Any]) -> list[Any]:
    streams = status["streams"]
    last = max((stream["last"] for stream in streams.values() if stream["last"]), default="-")
    counts = [stream["messages"] for stream in streams.values()]
    missing = [status[name]["count"] for name in ("reconnects", "gaps")]
    return [status["market"], status["symbol"], status["started"], status["ended"] or "-", last, *counts, *missing,
            status["dropped"]]  # fmt: skip
