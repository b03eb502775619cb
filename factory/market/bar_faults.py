"""Bars that are each possible and together wrong: what would falsify a trial that trades or reads them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.times import to_duration
from factory.market.bar_columns import PRICES
from factory.market.faults import ABSENT, FROZEN, JUMP, VOLUME, Fault

LEVEL = float(np.log(1.4))
LEVEL_SCALES = 20.0
"""A jump is a step of 40 % and of twenty robust deviations, as a split or a redenomination makes."""
FEW, OFTEN = 3, 0.002
"""Jumps, and their share of the rows, up to which they are no habit of the market."""
FEWEST, FEWEST_PAID = 100, 5
"""Rows below which nothing is said of a volume, and of the price between two volumes."""
UNCOUNTED, APART, APART_SHARE = 0.001, 2.0, 0.01
STILL, STILL_UNCOUNTED = 30, 240
"""Rows alike in a run that counts as frozen, with a volume in them and where none is counted."""
FLOWS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")

Mask = NDArray[bool_]
Columns = Mapping[str, NDArray[float64]]


def find_bar_faults(
    time: NDArray[int64], columns: Columns, period: int, declared: Collection[int], places: NDArray[int64] | None = None
) -> tuple[Fault, ...]:
    """Find the faults of checked bars.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Their opens, ms UTC.
    columns : mapping of str to ndarray of float64, shape (n,)
        Their prices and volumes.
    period : int
        Milliseconds from open to open.
    declared : collection of int
        Moments of changes of level that are no faults, as a person declared them.
    places : ndarray of int64, shape (n,), optional
        Number of each bar among those that a calendar expects: a night is one step, as far as it may go.
    """
    if len(time) < 2:
        return ()
    steps = np.diff(time) / period if places is None else np.diff(places)
    return (
        *_find_jumps(time, columns, period, declared, steps),
        *_find_uncounted(columns),
        *_find_frozen(time, columns, period),
    )


def _find_jumps(
    time: NDArray[int64], columns: Columns, period: int, declared: Collection[int], steps: NDArray[Any]
) -> list[Fault]:
    """Find changes of level between two bars, or inside one.

    Where they are frequent, that is how the market moves.
    """
    opened, close = np.log(columns["open"][1:]), np.log(columns["close"])
    between, whole = opened - close[:-1], np.diff(close)
    scale = 1.4826 * float(np.median(np.abs(whole[: max(1, len(whole) // 4)])))
    limit = np.maximum(LEVEL, LEVEL_SCALES * scale * np.sqrt(steps))
    is_between = np.abs(between) > limit
    faults = []
    for row in np.flatnonzero(is_between | (np.abs(whole) > limit)):
        begin = int(time[row + 1])
        end = begin if is_between[row] else begin + period
        if not any(int(time[row]) < moment <= end for moment in declared):
            ratio = float(np.exp(between[row] if is_between[row] else whole[row]))
            faults.append(Fault(JUMP, f"price jumps x{ratio:.4g}", PRICES, ((begin, end),)))
    return faults if len(faults) <= max(FEW, OFTEN * len(time)) else []


def _find_uncounted(columns: Columns) -> list[Fault]:
    volume = columns.get("volume")
    if volume is None:
        return [Fault(ABSENT, "no volume is counted: no column has one, and every bar counts as traded", ("volume",))]
    held = tuple(name for name in FLOWS if name in columns)
    uncounted = _find_still_volume(columns, volume, held) if len(volume) >= FEWEST else []
    unit = measure_unit(columns) if "quote_volume" in columns else None
    return uncounted + ([Fault(VOLUME, unit.says, held)] if unit else [])


def _find_still_volume(columns: Columns, volume: NDArray[float64], held: tuple[str, ...]) -> list[Fault]:
    """Find a volume that is the same in all bars, or 0 where somebody traded."""
    if (volume == volume[0]).all() and volume[0] > 0:
        return [Fault(VOLUME, f"volume is {volume[0]:g} in all bars and counts nothing", ("volume",))]
    moved = (columns["high"] > columns["low"]) | (np.diff(columns["close"], prepend=columns["open"][:1]) != 0)
    share = float(np.mean((volume == 0) & moved))
    if share <= UNCOUNTED:
        return []
    return [Fault(VOLUME, f"volume is 0 in {share:.1%} of the bars though prices move in them", held)]


def measure_unit(columns: Columns) -> "Unit | None":
    """Measure what the volume of bars counts, where it is not what `quote_volume` is the price of.

    Quote volume over volume is the price that was paid; where it is not, one of them counts something else.

    Parameters
    ----------
    columns : mapping of str to ndarray of float64, shape (n,)
        Prices, ``volume`` and ``quote_volume``.
    """
    volume = columns["volume"]
    traded = (volume > 0) & (columns["quote_volume"] > 0)
    if traded.sum() < FEWEST_PAID:
        return None
    low, high = columns["low"][traded], columns["high"][traded]
    paid = columns["quote_volume"][traded] / volume[traded]
    far = (paid < low / APART) | (paid > high * APART)
    if far.mean() <= APART_SHARE:
        return None
    price = np.sqrt(low * high)
    worth = float(np.median(paid * price))
    if np.median(np.abs(paid * price / worth - 1)) < 0.01:
        return Unit(worth, True, 1.0)
    return Unit(float(np.median(paid[far] / price[far])), False, float(far.mean()))


@dataclass(frozen=True)
class Unit:
    """What a volume counts.

    Parameters
    ----------
    size : float
        Of a contract: its worth in money where `quote_volume` counts coins, else its coins.
    is_inverse : bool
        Whether `quote_volume` counts coins.
    share : float
        Of the bars that say so.
    """

    size: float
    is_inverse: bool
    share: float

    @property
    def says(self) -> str:
        """What was found, in a line."""
        if self.is_inverse:
            return f"volume counts contracts of about {self.size:.3g} and quote_volume coins, by the price between them"
        return (
            f"quote_volume/volume is {self.size:.3g} times the price in {self.share:.0%} of the bars: one counts another unit"
        )


def _find_frozen(time: NDArray[int64], columns: Columns, period: int) -> list[Fault]:
    """Find runs of bars that are the same in all: a feed that stood still while its clock went on."""
    names = [name for name in (*PRICES, "volume") if name in columns]
    same = np.logical_and.reduce([columns[name][1:] == columns[name][:-1] for name in names])
    if "volume" in columns:
        same &= columns["volume"][1:] > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    least = STILL if "volume" in columns else STILL_UNCOUNTED
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a + 1 >= least]
    if not runs:
        return []
    spans = tuple((int(time[a]), int(time[b]) + period) for a, b in runs)
    longest = to_duration(max(last - first for first, last in spans))
    return [Fault(FROZEN, f"bars repeat unchanged for up to {longest}", (*PRICES, "volume"), spans)]
