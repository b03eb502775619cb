"""Labels of three classes: whether the mid of an order book moves enough to be called a move, and which way.

Ntakaris et al. (2018) compare the mean mid of the next rows with the mid now, Zhang, Zohren and Roberts (2019) with its
mean over the last rows. The second knows a part of its answer at the decision: where the past mean lies below the mid, an
up is likelier however the price goes on.
"""

from typing import NamedTuple

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.times import to_duration, to_ms
from factory.learning.event_kernels import mean_before, mean_moves, reach_total
from factory.learning.labels import Labels, horizon_rows
from factory.market.book_columns import EVENTS, book_columns
from factory.market.series import Series
from factory.pipeline.parts.labels import MidMove

TIE = 1e-12
"""Relative move under which two mids are one: sums of the same ticks meet only up to rounding."""


class MidWindows(NamedTuple):
    """Rows of a book that labels live on, each of shape (m,).

    Parameters
    ----------
    first, last : ndarray of int64
        Rows after the decision, both ends counted; `first` is -1 where a row is missing or lies beyond the partition.
    reference : ndarray of float64
        What the mean mid after the decision is compared with, as a share of the mid at the decision: 1, or the mean before it.
    """

    first: NDArray[int64]
    last: NDArray[int64]
    reference: NDArray[float64]


def mids(book: Series) -> NDArray[float64]:
    """Compute the mid of each row, NaN where a side is empty, shape (n,)."""
    ask, _, bid, _ = (book.columns[name] for name in book_columns(1))
    return np.asarray((ask + bid) / 2)


def label_mid_moves(part: MidMove, book: Series, times: NDArray[int64], threshold: float, end: int) -> Labels:
    """Label decisions on the rows of a book.

    Parameters
    ----------
    book : Series
        Of ``part.book``.
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing.
    threshold : float
        Least relative move that is not flat.
    end : int
        End of the partition, ms UTC: a label not known by then does not exist.

    Returns
    -------
    Labels
        Shape (n,). There is none where a row of the book is missing or one-sided in the horizon or, against ``past``, as
        long before the decision.

    Raises
    ------
    FlowError
        If the horizon is no multiple of the book's period, or updates are asked of a book that does not count them.
    """
    windows = mid_windows(part, book, times, end)
    ret = mid_returns(book, windows)
    known = ~np.isnan(ret)
    moved = known & (np.abs(ret) > threshold + TIE)
    return Labels(
        start=times,
        end=np.where(known, book.known[windows.last], times),
        y=np.where(moved, ret > 0, -1).astype(int8),
        ret=ret,
        touch=np.zeros(len(times), int8),
        flat=known & ~moved,
        first=np.where(known, windows.first, -1),
        last=np.where(known, windows.last, -1),
    )


def find_threshold(part: MidMove, book: Series, times: NDArray[int64], end: int) -> float:
    """Find the least move that is not flat: as written, or such that the share of these decisions that is wanted is flat.

    Raises
    ------
    FlowError
        If no decision has a label.
    """
    if part.threshold is not None:
        return part.threshold
    assert part.flat is not None, "a mid_move has one of threshold and flat"
    sizes = np.abs(mid_returns(book, mid_windows(part, book, times, end)))
    if np.isnan(sizes).all():
        raise FlowError(f"label: no decision has one on '{part.book}'; use a shorter horizon, or a book without these gaps")
    return float(np.nanquantile(sizes, part.flat, method="higher"))


def mid_windows(part: MidMove, book: Series, times: NDArray[int64], end: int) -> MidWindows:
    """Find what each label lives on; parameters as of :func:`label_mid_moves`."""
    horizon = to_ms(part.horizon)
    if horizon % book.period:
        row = to_duration(book.period)
        raise FlowError(
            f"label.horizon: {part.horizon} is no multiple of the {row} rows of '{part.book}'; use a multiple of {row}"
        )
    first, last = horizon_rows(book, times, horizon, end)
    if part.events is not None:
        last = reach_total(_updates(part, book), first, last, part.events)
    looked = last - first + 1 if part.against == "past" else np.ones(len(first), int64)
    reference: NDArray[float64] = mean_before(mids(book), first, looked)
    whole = (first >= looked) & (last >= first)
    steps = last - first + looked
    whole[whole] &= (book.time[last[whole]] - book.time[(first - looked)[whole]]) == steps[whole] * book.period
    return MidWindows(np.where(whole & ~np.isnan(reference), first, -1), last, reference)


def _updates(part: MidMove, book: Series) -> NDArray[float64]:
    if EVENTS not in book.columns:
        raise FlowError(f"label.events: '{part.book}' does not count updates; leave events out, the horizon is enough")
    return np.asarray(book.columns[EVENTS])


def mid_returns(book: Series, windows: MidWindows) -> NDArray[float64]:
    """Compute how far the mean mid of each window lies above its reference, as a share of it; NaN without a label."""
    returns: NDArray[float64] = mean_moves(mids(book), *windows)
    return returns
