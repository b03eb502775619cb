"""Commands on files of bars."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from factory.core.errors import DataError, did_you_mean
from factory.core.times import canonical_duration, iso, moment, to_duration
from factory.market.sources import PROVIDERS, ManyExchanges
from factory.storage.workspace import Workspace
from server.cli import recording
from server.cli.commands import answering, group
from server.cli.common import read_keys, workspace_of
from server.cli.screen import bar, conclude, show

if TYPE_CHECKING:
    from factory.market.files import Download
    from factory.market.series_spec import SeriesSpec

app = group()
app.add_typer(recording.app, name="record", help="Live order books: record them, list what was recorded.")


def _commands() -> list[str]:
    return [provider.command for provider in PROVIDERS.values()]


def _periods() -> list[str]:
    return list(dict.fromkeys(period for provider in PROVIDERS.values() for period in provider.periods))


EXAMPLES = " or ".join(dict.fromkeys(provider.example for provider in PROVIDERS.values()))
OFFERED = "; ".join(f"{provider.command}: {provider.about}" for provider in PROVIDERS.values())


@answering(app)
def fetch(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(help=f"{OFFERED}.", autocompletion=_commands)],
    symbol: Annotated[str, typer.Argument(help=f"Such as {EXAMPLES}.")],
    since: Annotated[str, typer.Option("--from", help="First month, such as 2023-01.")],
    period: Annotated[
        str | None,
        typer.Option(
            help="From one row to the next; left out: the symbol's, or the provider's finest.", autocompletion=_periods
        ),
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="Which one, for ccxt: such as bybit or coinbase.")] = None,
) -> None:
    """Download what a folder lacks up to the last row that is over; an interrupted fetch goes on where it was."""
    offered = {one.command: one for one in PROVIDERS.values()}
    if provider not in offered:
        many = [f"{one.command} {symbol} --exchange {provider}" for one in offered.values() if isinstance(one, ManyExchanges)]
        raise DataError(f"provider: '{provider}' unknown; {did_you_mean(provider, offered)}; of an exchange: {many[0]}")
    venue = offered[provider]
    source = _download(venue.name, symbol, exchange)
    usual = next((one for one in venue.periods if one in symbol.split("-")), venue.periods[0])
    fetch_source(workspace_of(context, new=True), source, _spell_period(period or usual), _month(since))
    complete = "up to the last row that is over"
    conclude(f"{symbol}: complete {complete}", {"symbol": symbol, "complete": complete})


@answering(app)
def check(
    files: Annotated[list[Path], typer.Argument(help="CSV, Parquet or Binance zip files of one series.")],
    period: Annotated[
        str | None, typer.Option(help="From one bar to the next, such as 1m or 4h; left out: what most rows keep.")
    ] = None,
    source: Annotated[str, typer.Option(help="Keys of `source` in a dataset file, such as '{zone: UTC}'.")] = "{}",
    calendar: Annotated[str | None, typer.Option(help="Of a market that closes, such as XNYS, CMES or 24/5.")] = None,
) -> None:
    """Report what is wrong or remarkable in files of bars."""
    from factory.market.build import check_files
    from factory.market.grid import detect_period
    from factory.market.readers import read_files

    keys = {"use": "files", "files": [str(file) for file in files], **read_keys("--source", source, "{zone: UTC}")}
    kept = detect_period(read_files(files, _series("bars", "CHECKED", period or "1m", keys)).time)
    spec = _series("bars", "CHECKED", period or (to_duration(kept[0]) if kept else "1m"), keys, calendar)
    try:
        report = check_files(files, spec)
    except DataError as error:
        raise DataError(*error.lines, *_other_period(spec, kept)) from None
    told = report.summary(None, None)
    span = {"first": iso(int(report.time[0])), "last": iso(int(report.time[-1]))} if len(report.time) else {}
    show({"says": _verdict(told), "rows": told.pop("rows"), **span, "period": _period(spec, kept, period), **told})


def _period(spec: "SeriesSpec", kept: tuple[int, float] | None, given: str | None) -> str:
    """Say what the period was taken to be, and what the rows say of it."""
    if kept is None:
        return f"{spec.period}; too few rows to tell it by"
    told = f"{spec.period}, kept by {kept[1]:.1%} of the steps from row to row"
    if given is None:
        return f"{told}; --period {spec.period} says so, and `period: {spec.period}` in a dataset file"
    return told if kept[0] == spec.period_ms else "; ".join([f"{spec.period} as given", *_other_period(spec, kept)])


def _other_period(spec: "SeriesSpec", kept: tuple[int, float] | None) -> list[str]:
    """Say how to give the period that most rows keep, where it is another than the one that was given."""
    if kept is None or kept[0] == spec.period_ms:
        return []
    return [f"{kept[1]:.1%} of the steps from row to row are {to_duration(kept[0])}; give --period {to_duration(kept[0])}"]


def _verdict(told: Mapping[str, Any]) -> str:
    """Put a report on files into words."""
    parts = {"set aside": told["quarantined"], "noted": told["noted"]}
    remarks = [f"{title}: {', '.join(faults)}" for title, faults in parts.items() if faults]
    if "faults" in told:
        remarks.append("faults: they falsify trials until a dataset file declares them")
    return f"usable; {'; '.join(remarks)}" if remarks else "ok: nothing is wrong with any row, and none is missing"


def fetch_source(workspace: Workspace, source: "Download", period: str, start_ms: int) -> None:
    """Download what is missing of each symbol of a source, under a progress bar."""
    from factory.market.downloads import download

    for part in source.parts:
        with bar(part.symbol) as report:
            download(workspace, part, period, start_ms, report)


def _download(use: str, symbol: str, exchange: str | None) -> "Download":
    from factory.market.files import Download
    from factory.market.mistakes import lines_of

    raw = {"use": use, "symbol": symbol} | ({"exchange": exchange} if exchange else {})
    try:
        return Download.model_validate(raw)
    except ValidationError as error:
        raise DataError(*lines_of(error, raw, lambda *_: {*Download.model_fields})) from None


def _spell_period(given: str) -> str:
    """Spell a period as providers do."""
    try:
        return canonical_duration(given)
    except ValueError as error:
        raise DataError(f"--period: {error}") from None


def _series(kind: str, underlying: str, period: str, source: dict[str, Any], calendar: str | None = None) -> "SeriesSpec":
    from factory.market.files import Files
    from factory.market.mistakes import lines_of
    from factory.market.series_spec import SeriesSpec

    raw = {"kind": kind, "delay": "0", "underlying": underlying, "period": period, "source": source, "calendar": calendar}
    keys = {*Files.model_fields}
    try:
        return SeriesSpec.model_validate(raw)
    except ValidationError as error:
        raise DataError(*lines_of(error, raw, lambda path, holder: keys if path == ("source",) else set())) from None


def _month(text: str) -> int:
    try:
        return moment(f"{text}-01" if len(text) == len("2023-01") else text)
    except ValueError:
        raise DataError(f"--from: '{text}' is neither a month nor a date; write 2023-01 or 2023-01-15") from None
