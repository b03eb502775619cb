"""Download Polymarket's windows, a file a day.

Each window that has ended is asked for by its slug, which ends in its start: its market from Gamma, and from the CLOB what a
share of Up cost as it started. Days whose windows all have an outcome are never asked for again; of others only the windows
without one are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from factory.core.errors import DataError
from factory.core.progress import Progress, subrange
from factory.core.times import DAY, MINUTE, iso, now_ms, to_ms
from factory.market.sources.caller import Caller, Pace
from factory.market.sources.polymarket_answers import Market, read_market, read_quote
from factory.market.sources.polymarket_files import OPEN, WHOLE, Row, make_row, read_rows, write_rows

PER_SECOND = 20.0
"""Requests; Gamma's documentation allows 500 in ten seconds for events, the CLOB's 1,000 for histories of prices."""
OLDEST_QUOTE = 5 * MINUTE
"""How long before the start of a window its price may have been quoted; the history has about a point a minute."""
LATE_MARKETS = 2 * DAY
"""After the end of a day, when a window without a market will have none."""


@dataclass(frozen=True)
class Feed:
    """One series of windows, where it is published and where its files go.

    Parameters
    ----------
    gamma, clob : str
        Addresses of markets and of prices.
    symbol : str
        What slugs begin with.
    period : int
        Length of a window, ms.
    folder : Path
        Of the files.
    caller : Caller
        Its client is closed when the download ends.
    """

    gamma: str
    clob: str
    symbol: str
    period: int
    folder: Path
    caller: Caller

    def file(self, day: int, ending: str) -> Path:
        """Return the file of a day that is whole, or still open."""
        return self.folder / f"{self.symbol}-{iso(day)}{ending}"


def open_feed(gamma: str, clob: str, symbol: str, period: str, folder: Path) -> Feed:
    """Open the feed of one series of windows."""
    caller = Caller(f"polymarket {symbol}", Pace(PER_SECOND))
    return Feed(gamma.rstrip("/"), clob.rstrip("/"), symbol, to_ms(period), folder, caller)


def download_windows(feed: Feed, start_ms: int, progress: Progress) -> None:
    """Download what is missing from the day of a moment up to the last window that has ended.

    Raises
    ------
    DataError
        If there are no such windows, an answer is not as it is published, or the server fails time after time.
    """
    now = now_ms()
    days = range(start_ms // DAY * DAY, now, DAY)
    with feed.caller.client:
        for place, day in enumerate(days):
            if not feed.file(day, WHOLE).exists():
                _download_day(feed, day, now, subrange(progress, place / len(days), (place + 1) / len(days)))
    if not any(feed.folder.glob("*.csv")):
        raise DataError(f"{feed.caller.who}: nothing was published since {iso(start_ms)}; check the symbol and --from")


def _download_day(feed: Feed, day: int, now: int, progress: Progress) -> None:
    """Download the windows of a day that have no outcome yet, and keep what came however it ends."""
    starts = range(day, min(day + DAY, now - feed.period + 1), feed.period)
    rows = read_rows(feed.file(day, OPEN))
    asked = [start for start in starts if start not in rows or not rows[start]["outcome"]]
    left_out: list[int] = []
    try:
        for place, start in enumerate(asked):
            progress(place / len(asked), f"{feed.symbol} {iso(day)}: {len(rows)} of {len(starts)} windows")
            row = _ask_window(feed, start, left_out)
            if row:
                rows[start] = row
    except BaseException:
        write_rows(feed.file(day, OPEN), rows)
        raise
    if left_out:
        progress(1.0, f"{feed.symbol} {iso(day)}: {len(left_out)} windows left out, which are not where their slugs say")
    if _is_whole(feed, day, rows, now):
        write_rows(feed.file(day, WHOLE), rows)
        feed.file(day, OPEN).unlink(missing_ok=True)
    else:
        write_rows(feed.file(day, OPEN), rows)


def _is_whole(feed: Feed, day: int, rows: Mapping[int, Row], now: int) -> bool:
    """Check whether nothing more will come of a day: all its windows have an outcome, or never had a market."""
    if day + DAY > now or not all(row["outcome"] for row in rows.values()):
        return False
    return len(rows) == DAY // feed.period or now >= day + DAY + LATE_MARKETS


def _ask_window(feed: Feed, start: int, left_out: list[int]) -> Row | None:
    """Ask for one window; None where it has no market, or one of another window."""
    slug = f"{feed.symbol}-{start // 1000}"
    market = _ask_market(feed, slug, {"closed": "true"}) or _ask_market(feed, slug, {})
    if market is None:
        return None
    if (market.start, market.end) != (start, start + feed.period):
        left_out.append(start)
        return None
    asked: dict[str, str | int] = {
        "market": market.up_token,
        "startTs": (start - OLDEST_QUOTE) // 1000,
        "endTs": start // 1000,
        "fidelity": 1,
    }
    answer = feed.caller.get(f"{feed.clob}/prices-history", asked)
    price, age = read_quote(_read_json(answer, slug), market.up_token, start)
    return make_row(start, market, price, age)


def _ask_market(feed: Feed, slug: str, state: dict[str, str]) -> Market | None:
    answer = feed.caller.get(f"{feed.gamma}/events", {"slug": slug, **state})
    return read_market(_read_json(answer, slug), slug)


def _read_json(answer: httpx.Response, slug: str) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise DataError(f"polymarket {slug}: the server did not answer in JSON; run it again later") from None
