"""The walks along order-book events, compiled: updates to books, and books to rows."""

import numpy as np
from numba import njit
from numpy import bool_, float64, int64
from numpy.typing import NDArray

LAST, ROW, COUNT, SPOILT = range(4)
"""Places in the state of :func:`fold`: time of the last event or -1, present row or -1, events in it, whether it is lost."""
ASK, BID = 0, 1


@njit(cache=True, nogil=True)
def _flow(old: NDArray[float64], new: NDArray[float64], level: int) -> float:
    """Compute the order-flow imbalance of one level from one book to the next, Cont, Kukanov and Stoikov (2014)."""
    at = 4 * level
    ask, ask_size, bid, bid_size = new[at], new[at + 1], new[at + 2], new[at + 3]
    ask0, ask_size0, bid0, bid_size0 = old[at], old[at + 1], old[at + 2], old[at + 3]
    if np.isnan(ask + bid + ask0 + bid0):
        return np.nan
    buys = (bid_size if bid >= bid0 else 0.0) - (bid_size0 if bid <= bid0 else 0.0)
    sells = (ask_size if ask <= ask0 else 0.0) - (ask_size0 if ask >= ask0 else 0.0)
    return buys - sells


@njit(cache=True, nogil=True)
def _close_rows(
    until: int,
    state: NDArray[int64],
    book: NDArray[float64],
    flow: NDArray[float64],
    period: int,
    max_age: int,
    time: NDArray[int64],
    out: NDArray[float64],
    n: int,
) -> int:
    """Write the rows from the present one up to `until`, and begin that one."""
    width = len(book)
    for row in range(state[ROW], until):
        if state[LAST] < 0 or (row + 1) * period - state[LAST] > max_age:
            break
        if not state[SPOILT]:
            time[n] = row * period
            out[n, :width] = book
            out[n, width] = state[COUNT]
            out[n, width + 1 :] = flow
            n += 1
        state[COUNT] = state[SPOILT] = 0
        flow[:] = 0.0
    state[ROW], state[COUNT], state[SPOILT] = until, 0, 0
    flow[:] = 0.0
    return n


@njit(cache=True, nogil=True)
def fold(
    time: NDArray[int64],
    books: NDArray[float64],
    broken: NDArray[bool_],
    state: NDArray[int64],
    book: NDArray[float64],
    flow: NDArray[float64],
    period: int,
    max_age: int,
    stamps: NDArray[int64],
    out: NDArray[float64],
) -> int:
    """Fold events into rows of `period` ms; state, book and flow go on from call to call.

    Parameters
    ----------
    time, books, broken : ndarray, shapes (n,), (n, 4 * levels), (n,)
        Of events; see :class:`~factory.market.books.events.Events`.
    state, book, flow : ndarray, shapes (4,), (4 * levels,), (levels,)
        Where the last call left off.
    stamps, out : ndarray, shapes (m,), (m, 5 * levels + 1)
        Written to: each row's first moment, its book, events and flow.

    Returns
    -------
    int
        Rows written.
    """
    n = 0
    for i in range(len(time)):
        row = time[i] // period
        if state[ROW] < 0:
            state[ROW] = row
        if row > state[ROW]:
            n = _close_rows(row, state, book, flow, period, max_age, stamps, out, n)
        if broken[i]:
            state[LAST], state[SPOILT] = -1, 1
            continue
        if state[LAST] >= 0 and time[i] - state[LAST] <= max_age:
            for level in range(len(flow)):
                flow[level] += _flow(book, books[i], level)
        book[:] = books[i]
        state[LAST] = time[i]
        state[COUNT] += 1
    return n


@njit(cache=True, nogil=True)
def close_last(
    state: NDArray[int64],
    book: NDArray[float64],
    flow: NDArray[float64],
    period: int,
    max_age: int,
    stamps: NDArray[int64],
    out: NDArray[float64],
) -> int:
    """Write the row in which the last event lies; give 0 or 1, the rows written."""
    if state[ROW] < 0:
        return 0
    return int(_close_rows(state[ROW] + 1, state, book, flow, period, max_age, stamps, out, 0))


@njit(cache=True, nogil=True)
def rebuild(
    starts: NDArray[int64],
    sides: NDArray[int64],
    prices: NDArray[float64],
    sizes: NDArray[float64],
    held: NDArray[float64],
    amounts: NDArray[float64],
    counts: NDArray[int64],
    books: NDArray[float64],
) -> None:
    """Apply updates to a whole book and write its first levels after each.

    Parameters
    ----------
    starts : ndarray of int64, shape (n + 1,)
        First level of each update among those below, and their number.
    sides, prices, sizes : ndarray, shape (m,)
        Levels that changed: 0 for asks or 1 for bids; a size of 0 takes a level out.
    held, amounts : ndarray of float64, shape (2, c)
        The book: prices (asks negative) in increasing order, so that the best of each side is the last, and their sizes.
        c is at least the number of levels held and of those that changed.
    counts : ndarray of int64, shape (2,)
        Levels that each side holds.
    books : ndarray of float64, shape (n, 4 * levels)
        Written to.
    """
    for i in range(len(starts) - 1):
        for j in range(starts[i], starts[i + 1]):
            side = sides[j]
            _put(held[side], amounts[side], counts, side, prices[j] if side == BID else -prices[j], sizes[j])
        for level in range(books.shape[1] // 4):
            for side in (ASK, BID):
                at, place = counts[side] - 1 - level, 4 * level + 2 * side
                books[i, place] = np.nan if at < 0 else (held[side, at] if side == BID else -held[side, at])
                books[i, place + 1] = np.nan if at < 0 else amounts[side, at]


@njit(cache=True, nogil=True)
def _put(keys: NDArray[float64], amounts: NDArray[float64], counts: NDArray[int64], side: int, key: float, size: float) -> None:
    """Set the size at one price; 0 takes it out."""
    n = counts[side]
    at = np.searchsorted(keys[:n], key)
    is_held = at < n and keys[at] == key
    if size != 0.0 and is_held:
        amounts[at] = size
    elif size != 0.0:
        for i in range(n, at, -1):
            keys[i], amounts[i] = keys[i - 1], amounts[i - 1]
        keys[at], amounts[at] = key, size
        counts[side] = n + 1
    elif is_held:
        for i in range(at, n - 1):
            keys[i], amounts[i] = keys[i + 1], amounts[i + 1]
        counts[side] = n - 1
