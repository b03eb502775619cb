"""Download bars of one exchange by ccxt: page by page, up to the last bar that is closed by the exchange's clock."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import sleep
from typing import Any, TypeVar
from urllib.parse import urlparse

from factory.core.errors import BlockedError, DataError, did_you_mean
from factory.core.progress import Progress
from factory.core.settings import DownloadSettings
from factory.core.times import DAY, iso, now_ms, to_ms
from factory.market.sources.caller import BARRED
from factory.market.sources.monthly_files import Bar, MonthlyFiles

try:
    import ccxt
except ModuleNotFoundError:
    raise DataError('ccxt: not installed; run: pip install "random-forest-cat[exchanges]"') from None

TRIES = 5
PAGES = 10
"""Pages after which what came is written."""
LIMIT = 500
"""Bars that a page may hold where ccxt does not say how many."""
TIMEOUT = 30_000
AGAIN = (408, 418, 429)
"""Refusals that pass."""
LONGEST_WAIT = 60.0
IN_COINS = ("binance", "bitget", "bybit", "okx")
"""Exchanges of whose contracts, of whatever size, ccxt reads the volume in coins."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Venue:
    """One market of an exchange at one period.

    Parameters
    ----------
    exchange : ccxt.Exchange
        Its client, the markets loaded.
    symbol, period : str
        As ccxt spells them.
    limit : int
        Most bars that a page holds.
    """

    exchange: Any
    symbol: str
    period: str
    limit: int

    def ask(self, since: int, period: str | None = None) -> list[list[Any]]:
        """Ask for a page of bars from a moment on."""
        page: list[list[Any]] = _try(
            self.exchange, self.symbol, lambda: self.exchange.fetch_ohlcv(self.symbol, period or self.period, since, self.limit)
        )
        return page

    @property
    def tells_days(self) -> bool:
        """Whether its days tell where it has bars at all."""
        return "1d" in self.exchange.timeframes and self.period != "1d"

    def find_day(self, since: int, before: int) -> int | None:
        """Find the first moment in [since, before) of a day that has bars; None where none has."""
        first = since - since % DAY
        while first < before:
            days = [int(row[0]) for row in self.ask(first, "1d") if row[0] + DAY > since]
            if days:
                return max(since, min(days))
            first += self.limit * DAY
        return None


def download_bars(exchange_id: str, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
    """Download what was not fetched yet from a moment up to the last closed bar.

    Bars that the exchange leaves out, as where nobody traded, are absent. What came is written every few pages.

    Raises
    ------
    DataError
        If the exchange, the symbol or the period does not exist, volumes cannot be told, or nobody answers.
    """
    venue = _open_venue(exchange_id, symbol, period)
    files = MonthlyFiles(folder, re.sub(r"\W+", "-", f"{exchange_id}-{symbol}-{period}"))
    step, clock = to_ms(period), _read_clock(venue)
    before = clock - clock % step
    for first, last in files.list_missing(start_ms, before):
        _fetch_stretch(venue, files, first, last, lambda at: progress((at - start_ms) / (before - start_ms), _say(venue, at)))
    if files.is_empty:
        raise DataError(f"{exchange_id} {symbol}: nothing was published since {iso(start_ms)}; check the symbol and --from")


def _say(venue: Venue, at: int) -> str:
    return f"{venue.symbol} up to {iso(at)}"


def _fetch_stretch(venue: Venue, files: MonthlyFiles, first: int, before: int, report: Callable[[int], None]) -> None:
    """Fetch and write the bars of [first, before).

    Behind the last of them the stretch stays open: an exchange may be late to publish what nobody has asked for since.
    """
    held: dict[int, Bar] = {}
    step, told = to_ms(venue.period), first
    try:
        for number, bars in enumerate(_list_pages(venue, first, before), 1):
            held |= bars
            told = max(held, default=told - step) + step
            report(told)
            if held and number % PAGES == 0:
                files.add(held, first, told)
                held = {}
    finally:
        if held:
            files.add(held, first, told)


def _list_pages(venue: Venue, since: int, before: int) -> Iterator[dict[int, Bar]]:
    """List the bars of [since, before) page by page; pages without any are passed over by the days that have some."""
    step = to_ms(venue.period)
    while since < before:
        page = venue.ask(since)
        bars: dict[int, Bar] = {int(row[0]): row[1:6] for row in page if since <= row[0] and row[0] + step <= before}
        if bars:
            _refuse_short_memory(venue, since, min(bars))
            yield bars
            since = max(bars) + step
        elif any(row[0] >= since for row in page):
            return
        else:
            day = venue.find_day(since, before) if venue.tells_days else since
            if day is None:
                return
            since = day if day > since else since + venue.limit * step


def _refuse_short_memory(venue: Venue, since: int, first: int) -> None:
    """Refuse an exchange that answers with later bars than it was asked for though earlier days have some."""
    if first < since + venue.limit * to_ms(venue.period) or not venue.tells_days:
        return
    day = venue.find_day(since, first)
    if day is not None and day + DAY <= first:
        raise DataError(
            f"{venue.exchange.id} {venue.symbol}: gives bars of {venue.period} only since {iso(first)}; fetch with "
            f"--from {iso(first + DAY)[:10]}, a longer --period, or from another exchange"
        )


def _open_venue(exchange_id: str, symbol: str, period: str) -> Venue:
    """Load an exchange's markets and find one of them.

    Raises
    ------
    DataError
        If there is no such exchange, symbol or period, or its bars cannot be used.
    """
    if exchange_id not in ccxt.exchanges:
        raise DataError(f"exchange: '{exchange_id}' unknown to ccxt; {did_you_mean(exchange_id, ccxt.exchanges)}")
    exchange = getattr(ccxt, exchange_id)({"enableRateLimit": True, "timeout": TIMEOUT, "requests_trust_env": True})
    if address := DownloadSettings.read().exchanges:
        exchange.urls["api"] = _move(exchange.urls["api"], address.rstrip("/"))
    if exchange.has["fetchOHLCV"] is not True:
        raise DataError(f"exchange: '{exchange_id}' publishes no bars; name another, such as bybit, coinbase or kraken")
    if period not in (exchange.timeframes or {}):
        allowed = did_you_mean(period, exchange.timeframes or {})
        raise DataError(f"period '{period}': not offered by {exchange_id}; {allowed}")
    _try(exchange, symbol, exchange.load_markets)
    if symbol not in exchange.markets:
        raise DataError(f"{exchange_id}: symbol '{symbol}' unknown; {_name_symbols(exchange, symbol)}")
    _refuse_unknown_unit(exchange, exchange.markets[symbol])
    return Venue(exchange, symbol, period, int(exchange.feature_value(symbol, "fetchOHLCV", "limit", LIMIT) or LIMIT))


def _move(addresses: Any, base: str) -> Any:
    """Put another base in place of those of an exchange's addresses, which ccxt keeps in a text or by name."""
    if isinstance(addresses, dict):
        return {name: _move(one, base) for name, one in addresses.items()}
    return f"{base}{urlparse(addresses).path}" if isinstance(addresses, str) else addresses


def _name_symbols(exchange: Any, symbol: str) -> str:
    """Name the symbols that may be meant: those that the exchange itself spells so, else those spelt alike."""
    own = {one["symbol"] for one in exchange.markets_by_id.get(symbol, ())}
    return f"ccxt spells it {' or '.join(sorted(own))}" if own else did_you_mean(symbol, exchange.markets)


def _refuse_unknown_unit(exchange: Any, market: dict[str, Any]) -> None:
    """Refuse contracts whose volumes may count coins or contracts, and are not the same."""
    if not market["contract"] or (market["linear"] and market["contractSize"] == 1):
        return
    if isinstance(exchange, tuple(getattr(ccxt, name) for name in IN_COINS)):
        return
    size = f"{market['contractSize']:g} {market['base'] if market['linear'] else market['quote']}"
    raise DataError(
        f"{exchange.id} {market['symbol']}: a contract is {size}, and ccxt does not say whether volumes count contracts or "
        f"coins; name the spot market, or one of {', '.join(IN_COINS)}, of which it is known"
    )


def _read_clock(venue: Venue) -> int:
    """Read the exchange's clock, ms UTC: where it has none the date of an answer, else ours less a period."""
    exchange = venue.exchange
    if exchange.has.get("fetchTime") is True:
        return int(_try(exchange, venue.symbol, exchange.fetch_time))
    told = (exchange.last_response_headers or {}).get("Date")
    return int(parsedate_to_datetime(told).timestamp() * 1000) if told else now_ms() - to_ms(venue.period)


def _try(exchange: Any, symbol: str, work: Callable[[], Answer]) -> Answer:
    """Call `work`, and again with longer and longer pauses while the connection or the exchange fails."""
    attempt = 0
    while True:
        try:
            return work()
        except ccxt.BaseError as error:
            _pause(f"{exchange.id} {symbol}", attempt, error)
            attempt += 1


def _pause(where: str, attempt: int, error: Exception) -> None:
    """Wait before the next try, or give up: at once where trying again cannot help."""
    answer = _find_answer(error)
    status = answer.status_code if answer is not None else 0
    if status in BARRED:
        raise BlockedError(f"{where}: the server answered {status}, as where it serves nobody") from error
    passes = isinstance(error, ccxt.NetworkError) and (not 400 <= status < 500 or status in AGAIN)
    if not passes:
        raise DataError(f"{where}: the exchange refused: {error}; check the symbol, the period and --from") from error
    if attempt == TRIES - 1:
        reason = f"the server answered {status}" if status else "no connection"
        raise DataError(f"{where}: {reason}; run it again: it goes on where it stopped") from error
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    sleep(min(LONGEST_WAIT, float(asked)) if asked.isdecimal() else 0.5 * 2**attempt)


def _find_answer(error: BaseException | None) -> Any:
    """Find the HTTP answer that an error of ccxt was raised for; None where there was none."""
    while error is not None:
        answer = getattr(error, "response", None)
        if answer is not None:
            return answer
        error = error.__cause__ or error.__context__
    return None
