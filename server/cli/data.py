"""Commands on files of bars."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from factory.errors import DataError, did_you_mean
from factory.times import moment
from factory.workspace import Workspace
from server.cli.common import workspace_of
from server.cli.screen import bar, say, show

if TYPE_CHECKING:
    from factory.market.spec import SeriesSpec

app = typer.Typer(no_args_is_help=True)

PROVIDERS = {"binance": "binance-spot", "binance-um": "binance-um"}
Period = Annotated[str, typer.Option(help="From one bar to the next.")]


@app.command()
def fetch(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(help="binance: spot; binance-um: USD-M perpetuals.")],
    symbol: Annotated[str, typer.Argument(help="Such as BTCUSDT.")],
    since: Annotated[str, typer.Option("--from", help="First month, such as 2023-01.")],
    period: Period = "1m",
) -> None:
    """Download bars: whole months, then days, then what has closed since; an interrupted fetch goes on where it was."""
    if provider not in PROVIDERS:
        raise DataError(f"provider: '{provider}' unknown; {did_you_mean(provider, PROVIDERS)}")
    series = _bars(symbol, period, {"use": PROVIDERS[provider], "symbol": symbol})
    fetch_series(workspace_of(context), series, _month(since))
    say(f"{symbol}: complete up to the last closed bar")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or Binance zip files of one series.")],
    period: Period = "1m",
) -> None:
    """Report what is wrong or remarkable in files of bars."""
    from factory.market.grid import anchor
    from factory.market.quality import check as check_rows
    from factory.market.readers import read_files

    spec = _bars("CHECKED", period)
    frame = read_files(files, spec)
    span = int(frame.time.min()), int(frame.time.max()) + spec.period_ms
    _, quality = check_rows("file", spec, frame, span, anchor(spec, frame.time))
    show(quality.summary(None, None))


def fetch_series(workspace: Workspace, series: "SeriesSpec", start_ms: int) -> None:
    """Download what is missing of a series that comes from a provider, under a progress bar."""
    from factory.market.sources.binance import fetch as download
    from factory.market.spec import Provider

    if isinstance(series.source, Provider):
        with bar(series.source.symbol) as report:
            download(workspace, series.source, series.period, start_ms, report)


def _bars(underlying: str, period: str, source: dict[str, str] | None = None) -> "SeriesSpec":
    from factory.market.mistakes import lines_of
    from factory.market.spec import SeriesSpec

    raw = {"kind": "bars", "underlying": underlying, "period": period, "source": source}
    try:
        return SeriesSpec.model_validate(raw)
    except ValidationError as error:
        raise DataError(*lines_of(error, raw, lambda path, holder: set())) from None


def _month(text: str) -> int:
    try:
        return moment(f"{text}-01" if len(text) == len("2023-01") else text)
    except ValueError:
        raise DataError(f"--from: '{text}' is neither a month nor a date; write 2023-01 or 2023-01-15") from None
