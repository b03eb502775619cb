"""What a contract of a dataset file may not be, given the series beside it."""

from collections.abc import Mapping

from factory.core.errors import DataError
from factory.core.times import DAY, moment, to_duration, to_ms
from factory.market.contracts import LAST_MOMENTS, Binary, ByBars, ByRecord, ByTwap, Contract, Perpetual
from factory.market.files import Files
from factory.market.series_kinds import name_odds_kinds, name_settling_kinds, name_traded_kinds, series_kind
from factory.market.series_kinds.odds import TOLD_AT_END
from factory.market.series_spec import SeriesSpec

AllSeries = Mapping[str, SeriesSpec]


def find_contract_mistakes(contracts: Mapping[str, Contract], series: AllSeries, end: int) -> list[str]:
    """Find what is wrong with contracts.

    Parameters
    ----------
    contracts, series : mapping
        Of the dataset file, by name.
    end : int
        End of the dataset, ms UTC.

    Returns
    -------
    list of str
        A line a mistake.
    """
    traded = sorted(name for name, one in series.items() if series_kind(one.kind).is_traded)
    mistakes = []
    for name, contract in contracts.items():
        where = f"contracts.{name}"
        if contract.of not in traded:
            allowed = f"allowed: {', '.join(traded)}" if traded else "add one"
            mistakes.append(f"{where}.of: '{contract.of}' is no series of {name_traded_kinds()} here; {allowed}")
        elif isinstance(contract, Binary):
            mistakes += _find_binary_mistakes(where, contract, series[contract.of])
            mistakes += _find_odds_mistakes(where, contract, series)
            mistakes += _find_settle_mistakes(f"{where}.settle", contract, series, end)
        else:
            mistakes += _find_perpetual_mistakes(where, contract)
            mistakes += _find_book_mistakes(where, contract, series)
            mistakes += _find_funding_mistakes(where, contract, series)
        mistakes += _find_order_mistakes(where, contract)
    return mistakes


def _find_record_mistakes(where: str, settle: ByRecord, contract: Binary, series: SeriesSpec) -> list[str]:
    """Find what would let an outcome be known before its window is over."""
    window = to_ms(contract.window)
    if window % series.period_ms or (series_kind(series.kind).is_stamped_at_open and window != series.period_ms):
        return [f"{where}.of: {settle.of} has a row each {series.period} and windows are {contract.window}; record each"]
    if series.least_known_ms < to_ms(contract.window):
        known = to_duration(series.least_known_ms) if series.least_known_ms else "0"
        return [
            f"{where}.of: {settle.of} counts as known {known} after a window's start, before it is "
            f"over; write delay: {contract.window} or more"
        ]
    return []


def _find_order_mistakes(where: str, contract: Contract) -> list[str]:
    """Find what would let no order through."""
    most = contract.equity * (contract.leverage if isinstance(contract, Perpetual) else 1)
    if contract.minimum_notional > most:
        return [f"{where}.minimum_notional: {contract.minimum_notional:g} is more than the whole account can place, {most:g}"]
    return []


def _find_binary_mistakes(where: str, contract: Binary, series: SeriesSpec) -> list[str]:
    mistakes = []
    if contract.tick >= 1:
        mistakes.append(f"{where}.tick: {contract.tick:g} is no step of prices between 0 and 1; write for example 0.01")
    window = to_ms(contract.window)
    if contract.delay_ms and contract.delay_ms > window - LAST_MOMENTS:
        mistakes.append(
            f"{where}.delay: {contract.delay} leaves no time of a window of {contract.window} to fill in; shorten it"
        )
    if contract.odds is None and (given := sorted(contract.model_fields_set & {"delay", "rebate", "touched"})):
        mistakes.append(f"{where}.{given[0]}: needs recorded prices; name a series with odds, or remove it")
    if series.calendar is not None and series.period_ms < DAY <= window:
        mistakes.append(f"{where}.window: {contract.window} is longer than a session; write a shorter one, or daily bars")
    if window % series.period_ms or DAY % window:
        mistakes.append(f"{where}.window: {contract.window} must be a multiple of the bars' {series.period} and divide a day")
    return mistakes


def _find_perpetual_mistakes(where: str, contract: Perpetual) -> list[str]:
    if contract.leverage * contract.maintenance >= 1:
        most = 1 / contract.leverage
        return [
            f"{where}.maintenance: {contract.maintenance:g} liquidates leverage {contract.leverage:g} at once; below {most:.4g}"
        ]
    return []


def _find_book_mistakes(where: str, contract: Perpetual, series: AllSeries) -> list[str]:
    book = series.get(contract.book or "")
    if contract.book is None or (book is not None and series_kind(book.kind).holds_books):
        return []
    books = sorted(name for name, one in series.items() if series_kind(one.kind).holds_books)
    allowed = f"allowed: {', '.join(books)}" if books else "leave it out"
    return [f"{where}.book: '{contract.book}' is no series of order books here; {allowed}"]


def _find_settle_mistakes(where: str, contract: Binary, series: AllSeries, end: int) -> list[str]:
    settle = contract.settle
    if isinstance(settle, ByBars):
        return []
    source = series.get(settle.of)
    if source is None or settle.use not in series_kind(source.kind).settles:
        held = sorted(name for name, one in series.items() if settle.use in series_kind(one.kind).settles)
        allowed = f"allowed: {', '.join(held)}" if held else "add one"
        return [f"{where}.of: '{settle.of}' is no series of {name_settling_kinds(settle.use)} here; {allowed}"]
    if isinstance(settle, ByRecord):
        return _find_record_mistakes(where, settle, contract, source)
    mistakes = []
    if to_ms(contract.window) % source.period_ms:
        mistakes.append(f"{where}.of: {settle.of} has a row each {source.period}, and windows are {contract.window}")
    if isinstance(settle, ByTwap):
        if to_ms(settle.lookback) % source.period_ms:
            mistakes.append(f"{where}.lookback: {settle.lookback} is no multiple of {settle.of}'s {source.period}")
        if contract.odds is None and (settle.since is None or moment(settle.since) < end):
            mistakes.append(
                f"{where.removesuffix('.settle')}.odds: missing; where averages settle, a part of the move is over when "
                "the window opens, so that no fixed price is fair: name a series of recorded odds, or end the split before "
                f"{settle.since or 'averages came'}"
            )
    return mistakes


def _find_funding_mistakes(where: str, contract: Perpetual, series: AllSeries) -> list[str]:
    if contract.funding_column is None:
        return []
    name, column = contract.funding_column
    if name in series and series_kind(series[name].kind).gives_funding:
        return []
    recorded = sorted(f"{key}.{column}" for key, one in series.items() if series_kind(one.kind).gives_funding)
    allowed = f"allowed: {', '.join(recorded)}, or a rate such as 0.0001" if recorded else "write a rate such as 0.0001"
    return [f"{where}.funding: '{name}' is no series of recorded values here; {allowed}"]


def _find_odds_mistakes(where: str, contract: Binary, series: AllSeries) -> list[str]:
    if contract.odds is None:
        return []
    where, odds = f"{where}.odds", series.get(contract.odds)
    if odds is None or not series_kind(odds.kind).gives_odds:
        priced = sorted(key for key, value in series.items() if series_kind(value.kind).gives_odds)
        allowed = f"allowed: {', '.join(priced)}" if priced else "add one"
        return [f"{where}: '{contract.odds}' is no series of {name_odds_kinds()} here; {allowed}"]
    if odds.delay_ms:
        late = to_duration(odds.delay_ms)
        return [f"{where}: {contract.odds} is published {late} late; a price must be known when it is paid, delay: 0"]
    if series_kind(odds.kind).is_stamped_at_open and to_ms(contract.window) != odds.quoted_ms:
        quoted = odds.window or odds.period
        return [
            f"{where}: {contract.odds} quotes windows of {quoted} and cannot price those of {contract.window}; name the odds "
            f"of these, or write series.{contract.odds}.window: {contract.window} if it quotes them"
        ]
    if to_ms(contract.window) % odds.period_ms:
        window = contract.window
        return [f"{where}: {contract.odds} has a row each {odds.period} and cannot price windows of {window}; record each"]
    return []


def refuse_told_at_end(name: str, odds: SeriesSpec) -> None:
    """Refuse odds of a kind that brings all that its file has, where that may be what only a window's end can tell.

    It is asked at a build: what was built before is read as it was.

    Raises
    ------
    DataError
        Naming the column.
    """
    where = f"series.{name}"
    if not series_kind(odds.kind).takes_any_column:
        return
    for source in (odds.source, *(joint.source for joint in odds.splice)):
        if not isinstance(source, Files):
            continue
        if "up" not in source.columns:
            raise DataError(
                f"{where}.source.columns: names no up, and odds of kind {odds.kind} are read by the names given, so that "
                "nothing told at a window's end is among them; write columns: {up: ...}, or kind: odds"
            )
        for column, label in source.columns.items():
            if TOLD_AT_END.search(label.lower()):
                raise DataError(
                    f"{where}.source.columns.{column}: '{label}' is told when a window ends, and odds are prices at its start; "
                    "name a column that was quoted then"
                )
