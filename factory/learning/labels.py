"""What is to be predicted at a decision, and how much each label counts.

A label starts at the fill: the open of the bar that begins at the decision.
What a missing bar would be needed for does not exist.
"""

from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.times import DAY, to_duration, to_ms
from factory.learning.event_kernels import concurrency, first_touch, shared_sum
from factory.market.series import Series
from factory.market.settlement import Outcomes
from factory.pipeline.parts.labels import BarLabel, FixedReturn, TripleBarrier, UpDown


@dataclass(frozen=True, slots=True)
class Labels:
    """One label a decision, columnar; every array has shape (n,).

    Parameters
    ----------
    start : ndarray of int64
        The decision and fill, ms UTC.
    end : ndarray of int64
        When the label was known, ms UTC; `start` where there is none.
    y : ndarray of int8
        1 up, 0 down, -1 neither: flat, or no label.
    ret : ndarray of float64
        Simple return from the fill to the label's end; NaN where there is none.
    touch : ndarray of int8
        1 take, -1 stop, 0 the horizon.
    flat : ndarray of bool
        Whether a label of three classes is known and says that nothing moved; what asks for a direction passes it over.
    first, last : ndarray of int64
        Rows of the series that the label lives on, both ends counted; -1 where there is none.
    """

    start: NDArray[int64]
    end: NDArray[int64]
    y: NDArray[int8]
    ret: NDArray[float64]
    touch: NDArray[int8]
    flat: NDArray[bool_]
    first: NDArray[int64]
    last: NDArray[int64]

    @property
    def known(self) -> NDArray[bool_]:
        """Whether there is a label, of whatever class, shape (n,)."""
        return self.flat | (self.y >= 0)

    @property
    def classes(self) -> NDArray[int8]:
        """0 down, 1 flat, 2 up, shape (n,); of what is known."""
        return np.where(self.flat, 1, 2 * self.y).astype(int8)

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: "NDArray[bool_] | NDArray[int64]") -> "Labels":
        """Select the labels at a mask or at positions."""
        return Labels(*(getattr(self, name)[rows] for name in self.__slots__))

    @classmethod
    def concatenate(cls, *stretches: "Labels") -> "Labels":
        """Join the labels of several stretches of the same series, in their order."""
        return cls(*(np.concatenate([getattr(part, name) for part in stretches]) for name in cls.__slots__))


def label(part: BarLabel, series: Series, times: NDArray[int64], unit: NDArray[float64] | None, end: int) -> Labels:
    """Label decisions on the bars of one series.

    Parameters
    ----------
    part : Label
        What is asked.
    series : Series
        Bars of ``part.of``.
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing.
    unit : ndarray of float64, shape (n,) or None
        Barrier unit at each decision, a return; missing or not positive gives no label.
        Only for a triple barrier.
    end : int
        End of the partition, ms UTC: a label not known by then does not exist.

    Returns
    -------
    Labels
        Shape (n,). ``y`` is -1 where the fill's bar is absent, a bar inside the window is
        missing before the label resolves, or the window reaches beyond `end`.

    Raises
    ------
    FlowError
        If the horizon is no multiple of the series' period.
    """
    horizon = to_ms(part.horizon)
    if horizon % series.period:
        bar = to_duration(series.period)
        raise FlowError(
            f"label.horizon: {part.horizon} is no multiple of the {bar} bars of '{part.of}'; use a multiple of {bar}"
        )
    first, last, up, down = windows_of(part, series, times, unit, end)
    bars = {name: np.asarray(series.columns[name]) for name in ("open", "high", "low", "close")}
    entry = np.where(first >= 0, bars["open"][first], np.nan)
    rows, touch, ret = first_touch(bars["open"], bars["high"], bars["low"], bars["close"], entry, first, last, up, down)
    resolved = rows >= 0
    return Labels(
        start=times,
        end=np.where(resolved, series.known[rows], times),
        y=np.where(resolved, _is_up(part, ret, touch), -1).astype(np.int8),
        ret=ret,
        touch=touch,
        flat=np.zeros(len(times), bool_),
        first=np.where(resolved, first, -1),
        last=rows,
    )


def settle_labels(labels: Labels, outcomes: Outcomes) -> Labels:
    """Let what settles a contract's windows decide their labels; one that is void or not settled is none.

    Parameters
    ----------
    labels : Labels
        Of the bars over the same windows, whose returns stay.
    outcomes : Outcomes
        One a label.
    """
    there = (labels.last >= 0) & np.isin(outcomes.up, (0.0, 1.0))
    return replace(
        labels,
        end=np.where(there, np.maximum(labels.end, outcomes.known), labels.start),
        y=np.where(there, outcomes.up, -1).astype(np.int8),
        first=np.where(there, labels.first, -1),
        last=np.where(there, labels.last, -1),
    )


def windows_of(
    part: BarLabel, series: Series, times: NDArray[int64], unit: NDArray[float64] | None, end: int
) -> tuple[NDArray[int64], NDArray[int64], NDArray[float64], NDArray[float64]]:
    """Find the rows and barriers that each label depends on: parameters as of :func:`label`.

    Returns
    -------
    first, last : ndarray of int64, shape (n,)
        Rows of the fill and of the horizon's end; `first` is -1 where either is not there.
    up, down : ndarray of float64, shape (n,)
        Distances of the barriers as shares of the fill, infinite for none.
    """
    first, last = horizon_rows(series, times, to_ms(part.horizon), end)
    return first, last, *_barriers(part, unit, len(times))


def horizon_rows(series: Series, times: NDArray[int64], horizon: int, end: int) -> tuple[NDArray[int64], NDArray[int64]]:
    """Find the first and last row of [t, t + horizon); -1 where the fill's bar or the window's end is not there.

    Of a market that closes a window shorter than a day must lie in one stretch of trading; the last row of a longer one is that
    which ends last by then.
    """
    stamps = np.asarray(series.time)
    first = np.minimum(np.searchsorted(stamps, times), len(stamps) - 1)
    if series.sessions is not None:
        last = np.searchsorted(series.ends, times + horizon, side="right") - 1
        inside = (times + horizon <= end - series.delay) & (last >= first)
        if horizon < DAY:
            inside &= series.sessions.fit(times, horizon)
        return np.where((stamps[first] == times) & inside, first, -1), last
    last = np.searchsorted(stamps, times + horizon) - 1
    inside = times + horizon <= min(end - series.delay, int(stamps[-1]) + series.period)
    return np.where((stamps[first] == times) & inside, first, -1), last


def _barriers(part: BarLabel, unit: NDArray[float64] | None, n: int) -> tuple[NDArray[float64], NDArray[float64]]:
    if not isinstance(part, TripleBarrier):
        return np.full(n, np.inf), np.full(n, np.inf)
    assert unit is not None, "a triple barrier needs its unit"
    size = np.where(unit > 0, unit, np.nan)
    return part.take * size, part.stop * size


def _is_up(part: BarLabel, ret: NDArray[float64], touch: NDArray[int8]) -> NDArray[bool_]:
    up: NDArray[bool_]
    match part:
        case UpDown():
            up = ret >= 0
        case FixedReturn():
            up = ret > part.above
        case TripleBarrier():
            up = (touch == 1) | ((touch == 0) & (ret >= 0))
        case _:
            assert_never(part)
    return up


def uniqueness(first: NDArray[int64], last: NDArray[int64], n: int) -> NDArray[float64]:
    """Compute the average uniqueness of each label: the mean of one over the labels alive, over its rows.

    Parameters
    ----------
    first, last : ndarray of int64, shape (m,)
        Rows of each label, both ends counted.
    n : int
        Rows of the series.

    Returns
    -------
    ndarray of float64, shape (m,)
        In (0, 1]. López de Prado (2018), section 4.4.
    """
    unique: NDArray[float64] = shared_sum(first, last, np.ones(n), concurrency(first, last, n)) / (last - first + 1)
    return unique


def uniqueness_of(labels: Labels) -> NDArray[float64]:
    """Compute the average uniqueness among labels that all exist, shape (n,)."""
    if not len(labels):
        return np.empty(0)
    base = labels.first.min()
    return uniqueness(labels.first - base, labels.last - base, int(labels.last.max() - base) + 1)


def return_attribution(first: NDArray[int64], last: NDArray[int64], returns: NDArray[float64]) -> NDArray[float64]:
    """Compute weights by the absolute return that is a label's own, scaled to mean 1.

    Parameters
    ----------
    first, last : ndarray of int64, shape (m,)
        Rows of each label, both ends counted.
    returns : ndarray of float64, shape (n,)
        Log return of each row of the series; missing ones count nothing.

    Returns
    -------
    ndarray of float64, shape (m,)
        López de Prado (2018), section 4.6.
    """
    alive = concurrency(first, last, len(returns))
    weight: NDArray[float64] = np.abs(shared_sum(first, last, np.nan_to_num(returns), alive))
    return np.asarray(weight / weight.mean())


def time_decay(unique: NDArray[float64], oldest: float) -> NDArray[float64]:
    """Compute factors that fall linearly in cumulative uniqueness.

    From 1 at the newest label to near `oldest`.

    Parameters
    ----------
    unique : ndarray of float64, shape (m,)
        Average uniqueness, oldest label first.
    oldest : float
        Factor at the beginning, in [0, 1].

    Returns
    -------
    ndarray of float64, shape (m,)
        López de Prado (2018), section 4.7.
    """
    age = np.cumsum(unique)
    factors: NDArray[float64] = oldest + (1.0 - oldest) * age / age[-1]
    return factors
