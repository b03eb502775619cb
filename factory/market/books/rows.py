"""Books to rows, batch by batch, so that no file need be in memory at once."""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.market.book_columns import TRADED, book_columns, flow_columns
from factory.market.books import kernels
from factory.market.books.events import Events, TradeEvents
from factory.market.series_spec import SeriesSpec


class RowBuilder:
    """Makes the rows of one series of the batches that it is given, in order.

    A row holds the book as it stood after the last event before its end, unless that is older than the series allows, and
    what happened in the row. One in which the book was lost is not made.

    Parameters
    ----------
    spec : SeriesSpec
        Its levels, period and greatest age.
    """

    def __init__(self, spec: SeriesSpec) -> None:
        self._levels, self._period, self._max_age = spec.book_levels, spec.period_ms, spec.max_age_ms
        self._state = np.array([-1, -1, 0, 0])
        self._book, self._flow = np.full(4 * spec.book_levels, np.nan), np.zeros(spec.book_levels)
        self._made: list[tuple[NDArray[int64], NDArray[float64]]] = []
        self._traded: list[TradeEvents] = []

    def add(self, batch: Events | TradeEvents) -> None:
        """Take what comes after all batches before it."""
        if isinstance(batch, TradeEvents):
            self._traded.append(batch)
        elif len(batch):
            stamps, out = self._room(self._most_rows(batch.time))
            state = self._state, self._book, self._flow, self._period, self._max_age
            made = kernels.fold(batch.time, batch.books, batch.broken, *state, stamps, out)
            self._made.append((stamps[:made].copy(), out[:made].copy()))

    def finish(self) -> tuple[NDArray[int64], dict[str, NDArray[float64]]]:
        """Return stamps and columns of all rows, that of the last event among them."""
        stamps, out = self._room(1)
        made = kernels.close_last(self._state, self._book, self._flow, self._period, self._max_age, stamps, out)
        self._made.append((stamps[:made], out[:made]))
        time = np.concatenate([stamps for stamps, _ in self._made])
        names = (*book_columns(self._levels), *flow_columns(self._levels))
        columns = {name: np.concatenate([rows[:, place] for _, rows in self._made]) for place, name in enumerate(names)}
        return time, columns | self._sum_trades(time)

    def _most_rows(self, time: NDArray[int64]) -> int:
        """Compute an upper bound of how many rows end up to the last of some events."""
        rows = time // self._period
        steps = np.diff(rows, prepend=rows[:1] if self._state[kernels.ROW] < 0 else self._state[kernels.ROW])
        return int(np.minimum(steps, self._max_age // self._period + 1).sum())

    def _room(self, rows: int) -> tuple[NDArray[int64], NDArray[float64]]:
        return np.empty(rows, int64), np.empty((rows, 5 * self._levels + 1))

    def _sum_trades(self, time: NDArray[int64]) -> dict[str, NDArray[float64]]:
        """Sum what buyers and sellers took in each row; no columns where the source has no trades."""
        if not self._traded:
            return {}
        sums = {name: np.zeros(len(time)) for name in TRADED}
        for trades in self._traded:
            stamp = trades.time // self._period * self._period
            row = np.minimum(np.searchsorted(time, stamp), max(0, len(time) - 1))
            for name, side in zip(TRADED, (trades.is_buy, ~trades.is_buy), strict=True):
                chosen = side & (time[row] == stamp) if len(time) else np.zeros(len(stamp), bool)
                np.add.at(sums[name], row[chosen], trades.size[chosen])
        return sums
