"""Download Binance bars: whole months, then days, then what has closed since; and rates of funding, whole months and the rest.

Archives are checked against their CHECKSUM and kept as they came; the REST
interface fills the time after the last archive and never gives a bar that is
still open. An interrupted download goes on at the byte where it stopped.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from factory.core.errors import DataError
from factory.core.progress import Progress, subrange
from factory.core.times import DAY, iso, moment, now_ms
from factory.market.sources.caller import Caller
from factory.storage.workspace import write_text


@dataclass(frozen=True)
class Feed:
    """One symbol at one period, where it is published and where its files go.

    Parameters
    ----------
    archive, rest : str
        Addresses of a market's archives and of its rows in the REST interface.
    limit : int
        Most bars one answer holds.
    symbol, period : str
        As the exchange spells them.
    folder : Path
        Of the files.
    caller : Caller
        Its client is closed when the download ends.
    header : tuple of str
        First line of the file of what follows the archives; none where theirs have none.
    """

    archive: str
    rest: str
    limit: int
    symbol: str
    period: str
    folder: Path
    caller: Caller
    header: tuple[str, ...] = ()

    def name(self, stretch: str) -> str:
        """Name the file of a month (``2024-01``) or a day (``2024-01-31``)."""
        return f"{self.symbol}-{self.period}-{stretch}.zip"

    def url(self, stretch: str) -> str:
        """Return the address of the archive of a month or a day."""
        kind = "monthly" if len(stretch) == len("2024-01") else "daily"
        return f"{self.archive}/{kind}/klines/{self.symbol}/{self.period}/{self.name(stretch)}"


@dataclass(frozen=True)
class FundingFeed(Feed):
    """The rates of funding of one perpetual, whose archives are of months alone and have a header."""

    header: tuple[str, ...] = ("calc_time,funding_interval_hours,last_funding_rate",)

    def name(self, stretch: str) -> str:
        """Name the file of a month (``2024-01``)."""
        return f"{self.symbol}-fundingRate-{stretch}.zip"

    def url(self, stretch: str) -> str:
        """Return the address of the archive of a month."""
        return f"{self.archive}/monthly/fundingRate/{self.symbol}/{self.name(stretch)}"


def download_bars(feed: Feed, start_ms: int, progress: Progress) -> None:
    """Download what is missing from a moment up to the last closed bar.

    Raises
    ------
    DataError
        If the symbol does not exist there, a file does not match its CHECKSUM, or the server fails three times.
    """
    with feed.caller.client:
        covered = _download_archives(feed, start_ms, subrange(progress, 0.0, 0.95))
        _download_latest(feed, covered, subrange(progress, 0.95, 1.0))


def _download_archives(feed: Feed, start_ms: int, progress: Progress) -> int:
    """Download months, and days where the month is not out yet.

    Returns
    -------
    int
        Moment up to which archives reach, or `start_ms` if there are none.
    """
    months = list(_list_months(start_ms))
    covered = start_ms
    for place, month in enumerate(months):
        progress(place / len(months), f"{feed.symbol} {month}")
        if place < len(months) - 1 and _fetch_archive(feed, month):
            for day in feed.folder.glob(f"{feed.symbol}-{feed.period}-{month}-??.zip"):
                day.unlink()
            covered = _month_end(month)
        elif covered >= moment(f"{month}-01"):
            covered = _download_days(feed, month, covered)
    return covered


def _download_days(feed: Feed, month: str, covered: int) -> int:
    """Download a month's days in order, up to the first that is not out yet."""
    day = moment(f"{month}-01")
    last = min(_month_end(month), now_ms() - DAY)
    while day < last and _fetch_archive(feed, iso(day)):
        day += DAY
        covered = max(covered, day)
    return covered


def _list_months(start_ms: int) -> Iterator[str]:
    """List the months from a moment to now, the present one included."""
    month = iso(start_ms)[:7]
    while moment(f"{month}-01") <= now_ms():
        yield month
        month = iso(_month_end(month))[:7]


def _month_end(month: str) -> int:
    inside = datetime.fromisoformat(f"{month}-28").replace(tzinfo=UTC) + timedelta(days=4)
    return moment(f"{inside:%Y-%m}-01")


def _fetch_archive(feed: Feed, stretch: str) -> bool:
    """Get one archive, downloading it if need be; False if it is not published."""
    target = feed.folder / feed.name(stretch)
    if target.exists():
        return True
    part = target.with_name(f"{target.name}.part")
    for _ in range(2):
        if not feed.caller.attempt(lambda: _fill(feed, feed.url(stretch), part)):
            return False
        if _digest(part) == _checksum(feed, stretch):
            part.chmod(0o600)
            part.replace(target)
            return True
        part.unlink()
    raise DataError(f"{target.name}: does not match its CHECKSUM, twice; try again later")


def _fill(feed: Feed, url: str, part: Path) -> bool:
    """Fill `part`, going on where it ends; False if there is nothing at the address."""
    there = part.stat().st_size if part.exists() else 0
    with feed.caller.client.stream("GET", url, headers={"Range": f"bytes={there}-"} if there else {}) as answer:
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return True
        answer.raise_for_status()
        with part.open("ab" if answer.status_code == httpx.codes.PARTIAL_CONTENT else "wb") as file:
            for block in answer.iter_bytes():
                file.write(block)
    return True


def _checksum(feed: Feed, stretch: str) -> str:
    return feed.caller.get(f"{feed.url(stretch)}.CHECKSUM").text.split(maxsplit=1)[0].lower()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download_latest(feed: Feed, start_ms: int, progress: Progress) -> None:
    """Write the bars that closed after the archives end."""
    rows: list[list[Any]] = []
    while True:
        progress(0.0, f"{feed.symbol} up to {iso(start_ms)}")
        asked: dict[str, str | int] = {
            "symbol": feed.symbol,
            "interval": feed.period,
            "startTime": start_ms,
            "limit": feed.limit,
        }
        answer = feed.caller.get(feed.rest, asked)
        page: list[list[Any]] = answer.json()
        closed = [row for row in page if int(row[6]) < _exchange_now(answer)]
        rows += closed
        if len(closed) < len(page) or len(page) < feed.limit:
            break
        start_ms = int(page[-1][6]) + 1
    _write_rest(feed, [",".join(map(str, row)) for row in rows], start_ms)


def _write_rest(feed: Feed, lines: list[str], since: int) -> None:
    """Write what follows the archives, or refuse where there is nothing at all."""
    target = feed.folder / f"{feed.symbol}-{feed.period}-rest.csv"
    if lines:
        write_text(target, "\n".join([*feed.header, *lines, ""]), 0o600)
    else:
        target.unlink(missing_ok=True)
    if not lines and not any(feed.folder.glob("*.zip")):
        raise DataError(f"{feed.caller.who}: nothing was published since {iso(since)}; check the symbol and --from")


def download_funding(feed: FundingFeed, start_ms: int, progress: Progress) -> None:
    """Download the rates of funding from a moment up to the last that was paid.

    Raises
    ------
    DataError
        As :func:`download_bars` does.
    """
    with feed.caller.client:
        months, covered = [*_list_months(start_ms)][:-1], start_ms
        for place, month in enumerate(months):
            progress(0.95 * place / len(months), f"{feed.symbol} {month}")
            if _fetch_archive(feed, month):
                covered = _month_end(month)
            elif covered > start_ms:
                break
        _download_paid(feed, covered, subrange(progress, 0.95, 1.0))


def _download_paid(feed: FundingFeed, start_ms: int, progress: Progress) -> None:
    """Write the rates that were paid after the archives end; their interval is not told there."""
    lines: list[str] = []
    page: list[dict[str, Any]] = []
    while not lines or len(page) == feed.limit:
        progress(0.0, f"{feed.symbol} up to {iso(start_ms)}")
        asked: dict[str, str | int] = {"symbol": feed.symbol, "startTime": start_ms, "limit": feed.limit}
        page = feed.caller.get(feed.rest, asked).json()
        lines += [f"{row['fundingTime']},,{row['fundingRate']}" for row in page]
        if not page:
            break
        start_ms = int(page[-1]["fundingTime"]) + 1
    _write_rest(feed, lines, start_ms)


def _exchange_now(answer: httpx.Response) -> int:
    """Read the exchange's present, which our clock may be ahead of."""
    told = answer.headers.get("Date")
    return min(now_ms(), int(parsedate_to_datetime(told).timestamp() * 1000)) if told else now_ms()
