"""A series made of several sources: which of them gives which rows, and the step of prices from one to the next.

Prices before a joint are multiplied by the factor that the dataset file declares, which must be one that the rows of both
sources show, so that no return across the joint is the difference between two venues. The first row after it is left out
besides: volumes and whatever else differs between venues make no factor, and so no window spans both.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import DAY
from factory.market.files import Adjustment, Download, Files, Splice
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec

MOST, FEWEST = 1_000, 10
"""Rows of both sources, the nearest to the joint, by which the step is measured, and below which it is not."""
TAILS = (0.01, 0.99)
ROUNDED = 1e-5
"""Share by which a factor that was written down may miss what was measured."""
OVERLAP = 30 * DAY
"""How far before a joint the later source is fetched, so that both have rows."""


@dataclass(frozen=True)
class Part:
    """What one source gives of a series.

    Parameters
    ----------
    spec : SeriesSpec
        The series as if it were all from this source, the factors of the joints after it among its adjustments.
    first, before : int
        Its rows are stamped at `first` or later and tell of nothing after `before`, ms UTC.
    """

    spec: SeriesSpec
    first: int
    before: int

    def fetch_start(self, since: int) -> int:
        """Compute the moment from which its rows are fetched where those from `since` on are needed."""
        return max(since, self.first - OVERLAP)


@dataclass(frozen=True)
class Step:
    """How many times the prices before a joint those after it are.

    Parameters
    ----------
    ratio, low, high : float
        The median over rows that both sources have, and what all but a hundredth of them at either end lie between.
    rows : int
        How many those are.
    """

    ratio: float
    low: float
    high: float
    rows: int


def list_parts(spec: SeriesSpec) -> list[Part]:
    """List what each source of a series gives, earliest first: one part where it has one source."""
    parts, first = [], 0
    for place, joint in enumerate(spec.splice):
        factors = [Adjustment(at=one.until, factor=one.factor) for one in spec.splice[place:] if one.factor is not None]
        own = {"source": joint.source, "adjust": (*spec.adjust, *factors), "splice": ()}
        parts.append(Part(spec.model_copy(update=own), first, joint.moment))
        first = joint.moment + spec.least_period_ms
    return [*parts, Part(spec.model_copy(update={"splice": ()}) if spec.splice else spec, first, sys.maxsize)]


def require_factors(name: str, spec: SeriesSpec, frames: Sequence[RawRows], end: int) -> tuple[str, ...]:
    """Require of each joint a factor that the rows show.

    Parameters
    ----------
    frames : sequence of RawRows
        Of each part, with what was declared done to them.
    end : int
        End of the open part, ms UTC; no row that tells of later ones is looked at.

    Returns
    -------
    tuple of str
        What was found at each joint.

    Raises
    ------
    DataError
        If a factor is not declared, or is one that the rows do not show.
    """
    told = []
    for place, joint in enumerate(spec.splice):
        step = _measure_step(frames[place], frames[place + 1], joint, end - spec.extent_ms)
        _require_factor(f"series.{name}.splice.{place}", joint, step)
        sources = [*(one.source for one in spec.splice), spec.source]
        names = " to ".join(_name_source(one) for one in sources[place : place + 2])
        shown = f"measured x{step.ratio:.6g} on {step.rows:,} rows that both have" if step else "not measured: few rows in both"
        told.append(f"{names}, prices before it x{joint.factor:.6g}, {shown}; the row after it left out")
    return tuple(told)


def _require_factor(where: str, joint: Splice, step: Step | None) -> None:
    if step is None:
        if joint.factor is None:
            raise DataError(
                f"{where}.factor: missing, and fewer than {FEWEST} rows around {joint.until} are in both sources to measure it "
                "by; name files in which they overlap, or write the ratio that you know"
            )
        return
    shown = f"in {step.rows:,} rows of both the later is x{step.ratio:.6g} ({step.low:.6g} to {step.high:.6g}) of the earlier"
    mend = f"write factor: {step.ratio:.6g}, which multiplies prices before {joint.until}"
    if joint.factor is None:
        raise DataError(f"{where}.factor: missing; {shown}; {mend}")
    if not step.low * (1 - ROUNDED) <= joint.factor <= step.high * (1 + ROUNDED):
        raise DataError(f"{where}.factor: {joint.factor:g} is not what the sources show: {shown}; {mend}")


def _measure_step(earlier: RawRows, later: RawRows, joint: Splice, last: int) -> Step | None:
    """Measure the step at a joint on the rows up to `last` that both sources have; None where they are too few."""
    _, left, right = np.intersect1d(earlier.time, later.time, return_indices=True)
    near = _choose_nearest(earlier.time[left], joint.moment, last)
    left, right = left[near], right[near]
    column = next((name for name in ("close", *earlier.columns) if name in earlier.columns and name in later.columns), None)
    if column is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: NDArray[float64] = later.columns[column][right] / earlier.columns[column][left]
    # The earlier rows before the joint have been multiplied by its factor, which is what is to be measured.
    ratio = np.where(earlier.time[left] < joint.moment, ratio * (joint.factor or 1.0), ratio)
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    if len(ratio) < FEWEST:
        return None
    low, high = np.quantile(ratio, TAILS)
    return Step(float(np.median(ratio)), float(low), float(high), len(ratio))


def _choose_nearest(time: NDArray[int64], at: int, last: int) -> NDArray[int64]:
    """Choose the positions of the stamps up to `last` that are nearest to a moment."""
    open_rows = np.flatnonzero(time <= last)
    return open_rows[np.argsort(np.abs(time[open_rows] - at), kind="stable")[:MOST]]


def _name_source(source: Files | Download | None) -> str:
    if isinstance(source, Download):
        return f"{source.exchange or source.use} {source.symbol}"
    return Path(source.files[0]).name if source else "nothing"
