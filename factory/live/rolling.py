"""The series of a dataset as their rows come: what is known so far, on the same grids as when they were imported."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from factory.core.errors import DataError
from factory.core.times import iso
from factory.market.contracts import Contract
from factory.market.months import list_stamps
from factory.market.series import Partition, Series
from factory.market.series_kinds import series_kind

LIVE = "live"
"""Name of the partition that comes after a dataset's sealed one."""
LEAST_ROOM = 1024
PRICES = ("open", "high", "low", "close")


class RollingSeries:
    """A series that grows.

    Parameters
    ----------
    history : Series
        Rows that were known when it begins; of a market that never closes.
    """

    def __init__(self, history: Series) -> None:
        if history.sessions is not None:
            raise DataError(f"series '{history.name}': its market closes, and live rows of such markets are not read yet")
        self._form = history.cut(slice(0, 0))
        self._rows = len(history)
        self._time, self._known = np.array(history.time), np.array(history.known)
        self._columns = {name: np.array(values) for name, values in history.columns.items()}

    @property
    def period(self) -> int:
        """Milliseconds from one row to the next."""
        return self._form.period

    @property
    def delay(self) -> int:
        """Milliseconds from the end of a row to its publication."""
        return self._form.delay

    @property
    def last(self) -> int:
        """Stamp of the last row, ms UTC."""
        return int(self._time[self._rows - 1])

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        return list(self._columns)

    def append(self, time: int, known: int, values: Mapping[str, float]) -> None:
        """Append a row; rows between it and the last one that did not come are missing, as an import leaves them.

        Parameters
        ----------
        time, known : int
            Its stamp and when it was known, ms UTC; both later than those of all rows before.
        values : mapping of str to float
            One for each column.

        Raises
        ------
        DataError
            If it is not later than the last row, or off the series' grid.
        """
        last = self.last
        stamps = list_stamps(last, time + 1, self.period)[1:]
        if not len(stamps) or stamps[-1] != time:
            raise DataError(
                f"series '{self._form.name}': a row at {iso(time)} after one at {iso(last)}; rows come in order, once each"
            )
        count = self._rows + len(stamps)
        self._reserve(count)
        rows = slice(self._rows, count)
        self._time[rows] = stamps
        self._known[rows] = np.minimum(self._time[rows] + (known - time), known)
        for name, column in self._columns.items():
            column[rows] = np.nan
            column[count - 1] = values[name]
        self._rows = count

    def since(self, first: int) -> Series:
        """Return the rows stamped at a moment or later."""
        start = int(np.searchsorted(self._time[: self._rows], first))
        rows = slice(start, self._rows)
        columns = {name: values[rows] for name, values in self._columns.items()}
        return replace(self._form, time=self._time[rows], known=self._known[rows], columns=columns)

    def _reserve(self, count: int) -> None:
        """Make room, twice as much whenever there is too little, so that a row costs the same on average."""
        if count <= len(self._time):
            return
        more = max(count, LEAST_ROOM) * 2 - len(self._time)
        self._time, self._known = (np.append(one, np.zeros(more, np.int64)) for one in (self._time, self._known))
        self._columns = {name: np.append(values, np.full(more, np.nan)) for name, values in self._columns.items()}


class RollingMarket:
    """The series of a dataset as far as they are known.

    Parameters
    ----------
    dataset : str
        Its name.
    contracts : mapping of str to Contract
        What is traded on them.
    history : mapping of str to Series
        Rows that were known when it begins.
    fingerprint : str
        Of what is fed.
    """

    def __init__(
        self, dataset: str, contracts: Mapping[str, Contract], history: Mapping[str, Series], fingerprint: str
    ) -> None:
        self.dataset, self.contracts, self.fingerprint = dataset, contracts, fingerprint
        self.series = {name: RollingSeries(one) for name, one in history.items()}

    def partition(self, first: int, start: int, end: int) -> Partition:
        """Return the rows stamped at `first` or later, as a partition whose decisions lie in [start, end)."""
        series = {name: add_missing(one.since(first), end - 1) for name, one in self.series.items()}
        return Partition(self.dataset, LIVE, start, end, series, self.fingerprint, self.contracts)


def add_missing(series: Series, now: int) -> Series:
    """Append the rows that would be known by a moment and did not come: they are missing from then on."""
    if not len(series):
        return series
    known_after = series_kind(series.kind).known_after(series.period, series.delay)
    time = list_stamps(int(series.time[-1]), now - known_after + 1, series.period)[1:]
    if not len(time):
        return series
    known = np.append(series.known, time + known_after)
    columns = {name: np.append(values, np.full(len(time), np.nan)) for name, values in series.columns.items()}
    return replace(series, time=np.append(series.time, time), known=known, columns=columns)


def assume_bars(series: Series, now: int, end: int) -> Series:
    """Append the bars that begin in [now, end), standing still at the last known close: what a decision can only assume.

    Bars before `now` that did not come stay missing.
    """
    close = series.columns["close"]
    there = close[np.isfinite(close)]
    time = np.arange(series.time[-1] + series.period, end, series.period)
    price = np.where(time >= now, there[-1] if len(there) else np.nan, np.nan)
    traded = np.where(time >= now, 1.0, np.nan)
    columns = {name: np.append(values, price if name in PRICES else traded) for name, values in series.columns.items()}
    known = np.append(series.known, time + series.period + series.delay)
    return replace(series, time=np.append(series.time, time), known=known, columns=columns)
