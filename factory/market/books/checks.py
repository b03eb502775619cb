"""What is wrong with books as a source gave them, refused with its place and a mend."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import MINUTE, iso
from factory.market.books.events import Events

Mask = NDArray[bool_]
NEAR, SHOWN = 5 * MINUTE, 3
"""Faults this close are one stretch, as those of an auction; stretches that a message names."""


def require_order(events: Events, last: int) -> None:
    """Refuse events that are earlier than the events before them.

    Parameters
    ----------
    last : int
        Moment of the last event before these, ms UTC.

    Raises
    ------
    DataError
        Naming the row.
    """
    back = np.flatnonzero(np.diff(events.time, prepend=last) < 0)
    if len(back):
        where = f"{events.file} row {events.places[back[0]]}"
        raise DataError(f"{where}: earlier than the event before it; sort the file by time, and name no stretch of time twice")


def require_sound(events: Events) -> None:
    """Refuse books that cannot stand on an exchange while it trades.

    Raises
    ------
    DataError
        Naming what is wrong, the first row of it and the stretch that may be left out.
    """
    for wrong, find in CHECKS.items():
        hits = np.flatnonzero(find(events.books) & ~events.broken)
        if len(hits):
            others = f", and {len(hits) - 1} more up to row {events.places[hits[-1]]}" if len(hits) > 1 else ""
            raise DataError(
                f"{events.file} row {events.places[hits[0]]}: {wrong}{others}; "
                f"correct it, or where it is an auction leave it out with exclude: {_spell_stretches(events.time[hits])}"
            )


def _spell_stretches(times: NDArray[int64]) -> str:
    """Spell the stretches of time that hold some moments, as ``exclude`` takes them; the first few.

    Moments within :data:`NEAR` of each other are in one.
    """
    bounds = np.flatnonzero(np.diff(times) > NEAR)
    firsts, lasts = times[np.append(0, bounds + 1)], times[np.append(bounds, len(times) - 1)]
    shown = [f"[{iso(int(first))}, {iso(int(last) + 1)}]" for first, last in zip(firsts[:SHOWN], lasts[:SHOWN], strict=True)]
    return f"[{', '.join(shown)}{', ...' if len(firsts) > SHOWN else ''}]"


def _find_one_sided(books: NDArray[float64]) -> Mask:
    one_sided: Mask = np.logical_or.reduce(np.isnan(books[:, :4]), axis=1)
    return one_sided


def _find_crossed(books: NDArray[float64]) -> Mask:
    crossed: Mask = np.greater_equal(books[:, 2], books[:, 0])
    return crossed


def _find_unordered(books: NDArray[float64]) -> Mask:
    asks, bids = np.diff(books[:, 0::4], axis=1), np.diff(books[:, 2::4], axis=1)
    unordered: Mask = np.logical_or.reduce((asks <= 0) | (bids >= 0), axis=1)
    return unordered


def _find_empty(books: NDArray[float64]) -> Mask:
    sizes, prices = books[:, 1::2], books[:, 0::2]
    wrong = (sizes <= 0) | (np.isnan(sizes) != np.isnan(prices)) | np.isinf(sizes)
    empty: Mask = np.logical_or.reduce(wrong, axis=1)
    return empty


CHECKS: dict[str, Callable[[NDArray[float64]], Mask]] = {
    "a book with one side": _find_one_sided,
    "best bid not below best ask": _find_crossed,
    "levels out of order": _find_unordered,
    "a level without a size above 0": _find_empty,
}


def require_levels(path: Path, held: int, levels: int) -> None:
    """Refuse a file with fewer levels than are asked for.

    Raises
    ------
    DataError
        Naming both numbers.
    """
    if held < levels:
        raise DataError(f"{path.name}: {held} levels a side, and {levels} are asked for; write levels: {held}")
