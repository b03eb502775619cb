"""Whether two columns tell of one market, whatever was done to one of them.

Compared are the changes of the one that moves more rarely with those of the other over the same stretches of time, at every
lag of a day either way. So neither scale nor sign, neither rounding nor resampling, neither missing nor standing rows hide
a copy; changes are cut at five deviations, so that a single wild tick neither hides one nor makes one. A second look, at the
changes of an hour, finds what follows a price within minutes: another column of its bars, a smoothed or a noisier one.

A column of two sides, as outcomes of windows are, has no changes that could correlate: it is compared with the directions
that the other took over the same windows, at every such lag.

Measured on Binance minutes (2022 to 2026): Bitcoin and Ether reach 0.88 in any ten days, 0.92 in days of bars of 15 minutes
to 4 hours over a month; Bitcoin spot and perpetual lie at 0.95 to 0.997, and above 0.98 in coarser bars.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from factory.core.times import DAY, HOUR, MINUTE

LIMIT = 0.93
"""Absolute correlation above which two columns tell of one market, where they share enough to say so."""
SHORT_LIMIT = 0.98
"""The same where they share less: Ether reaches 0.96 on single days."""
ENOUGH, ENOUGH_TIME = 2_500, 20 * DAY
"""Independent changes, or time, from which :data:`LIMIT` holds."""
FEWEST, FEWEST_TIME = 100, DAY
"""Independent changes, and time, below which nothing is said: by chance the best of all lags reaches 0.5 there."""
LAG = DAY
DISTINCT = 8
"""A column whose changes take fewer values is a clock."""
DEVIATIONS = 5.0
NORMAL = 1.4826
"""Deviations of a normal variable in a median absolute deviation."""
SCALED = 1_000
"""Changes, at least, from which their deviation is taken."""
STEP = 5 * MINUTE
"""From one change over an hour to the next."""
WINDOWS = (10 * DAY, 30 * DAY)
FINE = 5 * MINUTE
"""Changes over no more than this are compared in the shorter windows alone."""
DIRECTION_LIMIT = 0.91
"""Share of windows of like direction, with two standard errors, above which a column tells of a market: Bitcoin and Ether reach
0.89 over windows of 1 minute to 4 hours in ten days or a month (2020 to 2026)."""
HORIZONS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY)
"""Windows of which a direction may tell, besides those from one row of its column to the next."""
TAIL, MIDDLE = 0.05, 0.5
"""A column has two sides where so little of it lies in the middle of its span, between the quantiles of this tail."""

Values = NDArray[float64]
Rows = NDArray[int64]


@dataclass(frozen=True, slots=True)
class Track:
    """One column in time.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        The moment of which each row tells, ms UTC, evenly spaced.
    period : int
        Milliseconds from row to row.
    values : ndarray of float64, shape (n,)
        NaN where there is none.
    """

    time: Rows
    period: int
    values: Values

    def between(self, first: int, before: int) -> "Track":
        """Select the rows with first <= time < before."""
        rows = slice(*np.searchsorted(self.time, (first, before)).tolist())
        return Track(self.time[rows], self.period, self.values[rows])

    def as_price(self) -> "Track":
        """Sum the column to the price of which it holds the returns."""
        there = np.isfinite(self.values)
        return Track(self.time, self.period, np.where(there, np.cumsum(np.where(there, self.values, 0.0)), np.nan))


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of a column over stretches of time.

    Parameters
    ----------
    start, end : ndarray of int64, shape (n,)
        Bounds of each stretch, ms UTC, by their ends.
    size : ndarray of float64, shape (n,)
        How far the column went.
    """

    start: Rows
    end: Rows
    size: Values

    @property
    def span(self) -> int:
        """Milliseconds of the middle stretch; 0 where there is none."""
        return int(np.median((self.end - self.start)[:: max(1, len(self.end) // SCALED)])) if len(self.end) else 0

    def between(self, first: int, before: int) -> "Changes":
        """Select the changes that lie wholly in [first, before)."""
        rows = slice(int(np.searchsorted(self.start, first)), int(np.searchsorted(self.end, before)))
        return Changes(self.start[rows], self.end[rows], self.size[rows])


def lay_evenly(time: Rows, values: Values) -> Track:
    """Lay rows that are no equal times apart on the coarsest grid that holds them all, with nothing between."""
    period = int(np.gcd.reduce(np.diff(time)))
    place = (time - time[0]) // period
    laid = np.full(int(place[-1]) + 1, np.nan)
    laid[place] = values
    return Track(time[0] + np.arange(len(laid)) * period, period, laid)


def is_alike(opened: Track, sealed: Track) -> bool:
    """Check whether open rows tell of sealed ones over any stretch that both have.

    Parameters
    ----------
    opened : Track
        Of a dataset's open part.
    sealed : Track
        Of a sealed part.
    """
    opened, sealed = _cut_to_shared(opened, sealed)
    if not len(opened.time) or not len(sealed.time):
        return False
    moves, hidden = find_changes(opened), find_changes(sealed)
    if min(len(moves.end), len(hidden.end)) < FEWEST or len(np.unique(hidden.size[: 100 * DISTINCT])) < DISTINCT:
        return False
    coarse, path = (opened, sealed) if moves.span >= hidden.span else (sealed, opened)
    native = moves if coarse is opened else hidden
    return _match(native, path) or (native.span < HOUR and _match(find_hourly_changes(coarse), path))


def tells_direction(opened: Track, sealed: Track) -> bool:
    """Check whether one of two columns says, as outcomes do, which way the other went over any stretch that both have.

    Parameters
    ----------
    opened : Track
        Of a dataset's open part.
    sealed : Track
        Of a sealed part.
    """
    opened, sealed = _cut_to_shared(opened, sealed)
    mine, theirs = find_sides(opened), find_sides(sealed)
    if mine and theirs:
        return _match_sides(mine, theirs.as_price())
    if mine:
        return _match_sides(mine, sealed) or _match_sides(mine, sealed.as_price())
    return theirs is not None and (_match_sides(theirs, opened) or _match_sides(theirs, opened.as_price()))


def find_sides(track: Track) -> Track | None:
    """Find on which side of its middle each row of a column lies, 1 or -1, NaN in the middle itself.

    None where it has no two sides, and of a clock, which is as it was a day or a week before.
    """
    there = track.values[np.isfinite(track.values)]
    if len(there) < FEWEST:
        return None
    low, high = np.quantile(there, (TAIL, 1 - TAIL))
    away = (track.values - (low + high) / 2) / max((high - low) / 2, 1e-300)
    away[away == 0] = np.nan
    if not high > low or np.nanmean(np.abs(away) < MIDDLE) > TAIL:
        return None
    sides = np.sign(away)
    if any(_repeats(sides, span // track.period) for span in (DAY, 7 * DAY)):
        return None
    return Track(track.time, track.period, sides)


def _repeats(sides: Values, rows: int) -> bool:
    """Check whether sides are those of some rows before."""
    again = sides[rows:] * sides[: max(0, len(sides) - rows)]
    again = again[np.isfinite(again)]
    return rows > 0 and len(again) >= FEWEST and bool(again.mean() > 2 * DIRECTION_LIMIT - 1)


def find_changes(track: Track) -> Changes:
    """Find the changes from each row that differs from the one before it to the next such row.

    Rows that stand still count as missing.
    """
    there = np.flatnonzero(np.isfinite(track.values))
    moved = np.ones(len(there), bool)
    moved[1:] = np.diff(track.values[there]) != 0
    rows = there[moved]
    return Changes(track.time[rows[:-1]], track.time[rows[1:]], np.diff(track.values[rows]))


def find_hourly_changes(track: Track) -> Changes:
    """Find the changes over an hour up to each fifth minute, or to each row where those are rarer."""
    hour, step = HOUR // track.period, max(1, STEP // track.period)
    end = np.arange(hour, len(track.values), step)
    size = track.values[end] - track.values[end - hour]
    there = np.isfinite(size)
    return Changes(track.time[end - hour][there], track.time[end][there], size[there])


def _cut_to_shared(opened: Track, sealed: Track) -> tuple[Track, Track]:
    """Select the rows of two columns between which a lag of a day can lie; none where there are none."""
    opened = opened.between(*_lag_span(sealed)) if len(sealed.time) else sealed
    return opened, sealed.between(*_lag_span(opened)) if len(opened.time) else opened


def _lag_span(track: Track) -> tuple[int, int]:
    """Compute the first moment, and the moment after the last, at which a lagged copy of a track may lie."""
    return int(track.time[0]) - LAG, int(track.time[-1]) + LAG + 1


def _match(moves: Changes, path: Track) -> bool:
    return any(_match_in(part, path) for part in _windows(moves))


def _windows(moves: Changes) -> Iterator[Changes]:
    """Cut changes into windows of equal length: as :data:`WINDOWS` say, and long enough for the fewest changes."""
    if len(moves.end) < FEWEST:
        return
    first, last = int(moves.start[0]), int(moves.end[-1]) + 1
    lengths = WINDOWS[:1] if moves.span <= FINE else WINDOWS
    for count in sorted({max(1, round((last - first) / max(length, 2 * FEWEST * moves.span))) for length in lengths}):
        bounds = np.linspace(first, last, count + 1).astype(int64).tolist()
        yield from (moves.between(low, high) for low, high in pairwise(bounds))


def _match_in(moves: Changes, path: Track) -> bool:
    """Check whether the changes of one window are those of a path at any lag."""
    if len(moves.end) < FEWEST:
        return False
    levels, origin = _levels_of(path, int(moves.start[0]) - LAG, int(moves.end[-1]) + LAG)
    start, end = (moves.start - origin) // path.period, (moves.end - origin) // path.period
    size, span = _clip(moves.size), max(1, moves.span // path.period)
    reach = LAG // path.period
    near = _likely_lag(size, end, levels, span, reach)
    around = 0 if np.mean(end - start == span) > 0.9 else span
    spacing = float(np.median(np.diff(moves.end)))
    return any(
        _agree(size, levels[end + lag] - levels[start + lag], spacing)
        for lag in range(max(-reach, near - around), min(reach, near + around) + 1)
    )


def _match_sides(sides: Track, path: Track) -> bool:
    """Check whether sides are the directions of a path, over windows of any usual length."""
    there = np.isfinite(sides.values)
    time, values = sides.time[there], sides.values[there]
    if len(time) < FEWEST:
        return False
    spans = {int(np.median(np.diff(time))), *HORIZONS}
    return any(
        _match_sides_in(part, path)
        for span in sorted(spans)
        if span % path.period == 0
        for part in _windows(Changes(time - span, time, values))
    )


def _match_sides_in(moves: Changes, path: Track) -> bool:
    """Check whether the sides of one window are the directions of a path, or their opposites, at any lag."""
    if len(moves.end) < FEWEST:
        return False
    levels, origin = _levels_of(path, int(moves.start[0]) - LAG, int(moves.end[-1]) + LAG)
    end, span = (moves.end - origin) // path.period, moves.span // path.period
    lag = _likely_lag(moves.size, end, levels, span, LAG // path.period)
    direction = np.sign(levels[end + lag] - levels[end + lag - span])
    both = np.isfinite(direction) & (direction != 0)
    side, direction = moves.size[both], direction[both]
    up = side > 0
    fewer = min(int(up.sum()), int((~up).sum()))
    if 2 * fewer < FEWEST:
        return False
    # Ups and downs weigh alike, so that what mostly goes up says nothing of what mostly is up.
    share = (np.mean(direction[up] > 0) + np.mean(direction[~up] < 0)) / 2
    x, y = _normalise(side), _normalise(direction)
    shared = max(0.0, float(x[1:] @ x[:-1]) * float(y[1:] @ y[:-1]))
    count = 2 * fewer * (1 - shared) / (1 + shared)
    error = np.sqrt(DIRECTION_LIMIT * (1 - DIRECTION_LIMIT) / max(count, 1.0))
    return count >= FEWEST and bool(max(share, 1 - share) > DIRECTION_LIMIT + 2 * error)


def _levels_of(path: Track, first: int, last: int) -> tuple[Values, int]:
    """Lay a track's values on its own grid between two moments, NaN where it has none; give the first's moment."""
    place = (first - int(path.time[0])) // path.period
    rows = (last - first) // path.period + 2
    low, high = max(0, place), max(0, min(len(path.values), place + rows))
    levels = np.full(rows, np.nan)
    levels[low - place : high - place] = path.values[low:high]
    return levels, int(path.time[0]) + place * path.period


def _likely_lag(size: Values, end: Rows, levels: Values, span: int, reach: int) -> int:
    """Find the lag in rows at which changes agree best with those of a path.

    Over the middle span, missing ones as 0.
    """
    placed, rolled = np.zeros(len(levels)), np.zeros(len(levels))
    placed[end] = size
    rolled[span:] = np.nan_to_num(_clip(levels[span:] - levels[:-span]))
    length = next_fast_len(len(levels) + reach, real=True)
    agreement = irfft(np.conj(rfft(placed, length)) * rfft(rolled, length), length)
    lags = np.arange(-reach, reach + 1)
    return int(lags[np.argmax(np.abs(agreement[lags]))])


def _clip(size: Values) -> Values:
    """Scale changes about their median to deviations, cut at five; NaN stays NaN."""
    there = size[np.isfinite(size)]
    if not len(there):
        return size
    some = there[:: max(1, len(there) // SCALED)]
    middle = np.median(some)
    apart = np.abs(some - middle)
    scale = NORMAL * np.median(apart[apart > 0]) if apart.any() else 1.0
    clipped: Values = np.clip((size - middle) / scale, -DEVIATIONS, DEVIATIONS)
    return clipped


def _agree(mine: Values, theirs: Values, spacing: float) -> bool:
    """Check whether two rows of changes agree, by how many of them there are and over how long."""
    both = np.isfinite(theirs)
    if both.sum() < FEWEST:
        return False
    x, y = _normalise(mine[both]), _normalise(_clip(theirs[both]))
    agreement = abs(float(x @ y))
    if agreement <= LIMIT:
        return False
    shared = float(x[1:] @ x[:-1]) * float(y[1:] @ y[:-1])
    count = len(x) * (1 - shared) / (1 + shared)
    time = len(x) * spacing
    if count < FEWEST or time < FEWEST_TIME:
        return False
    return count >= ENOUGH or time >= ENOUGH_TIME or agreement > SHORT_LIMIT


def _normalise(values: Values) -> Values:
    apart: Values = values - values.mean()
    return apart / max(float(np.sqrt(apart @ apart)), 1e-300)
