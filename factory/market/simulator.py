r"""A drawn market: volatility clustering, fat tails, a daily season and, if asked for, one planted edge.

One-minute log returns of ``btc`` are ``5 bp * season(t) * sqrt(h_t) * z_t``:
h is GARCH(1,1) with 0.05 and 0.93, z a Student-t(5) scaled to variance 1,
season a two-harmonic daily wave. Signs are symmetric, so that without an edge
the next five minutes are exactly a fair coin (STATISTICS section 6).

``eth`` is btc plus a fat-tailed spread of its own, ``gold`` hourly bars that
move with btc a little. Volumes follow volatility; the share of takers that
buy follows the direction of its own minute. ``fails`` are weekly dollars that
primary dealers failed to deliver, lognormal with a memory of some weeks and
rare spikes: nothing depends on them, and they say nothing.

**The truth of the planted edge.** At each five-minute mark t, UTC, let

* ``lead = ret(eth.close, 15) - ret(btc.close, 15)`` in log returns, and
* ``burst = mean(btc.volume, 15) / mean(btc.volume, 240)``,

both over bars closed by t. Where ``burst >`` :data:`GATE` (about 30 % of
marks), btc closes the next five minutes in the direction of ``lead`` with
probability ``0.5 + edge``; elsewhere with 0.5. It is planted by mirroring all
returns of a window, which leaves volatility, volume and the spread, and with
them lead and burst, untouched: the true win rate of any rule is known exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy import bool_, float64, int64
from numpy.lib.stride_tricks import sliding_window_view
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from factory.core.times import DAY, HOUR, MINUTE
from factory.market.raw_rows import RawRows

ALPHA, BETA = 0.05, 0.93
SCALE = 5e-4
FREEDOM = 5
WINDOW = 5
LEAD = 15
SLOW = 240
GATE = 1.12
FAILS = 1e11
MEMORY, SHOCK = 0.8, 0.25
RARE, SPIKE = 1 / 26, 1.0
WEEK, WEDNESDAY, PAST = 7 * DAY, 6 * DAY, 52
DAY_ROWS, HOUR_ROWS = DAY // MINUTE, HOUR // MINUTE

Values = NDArray[float64]


@dataclass(frozen=True)
class Truth:
    """The planted rule at each five-minute mark.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Marks, ms UTC.
    active : ndarray of bool, shape (n,)
        Where the rule knows more than a coin.
    up : ndarray of bool, shape (n,)
        The direction it names.
    """

    time: NDArray[int64]
    active: NDArray[bool_]
    up: NDArray[bool_]


def simulate(seed: int, start_ms: int, days: int, edge: float = 0.0) -> dict[str, RawRows]:
    """Draw a market.

    Parameters
    ----------
    seed : int
        Same seed, same market; more days leave the earlier ones as they are.
    start_ms : int
        First minute, a UTC midnight.
    days : int
        How long.
    edge : float
        Chance above one half of the known rule while it is active.

    Returns
    -------
    dict of str to RawRows
        ``btc`` and ``eth`` (one minute: open, high, low, close, volume,
        number_of_trades, taker_buy_volume), ``gold`` (one hour: the first five) and ``fails`` (one week, stamped on its
        Wednesday, from a year before the first minute: value).
    """
    return _draw(seed, start_ms, days, edge)[0]


def truth(seed: int, start_ms: int, days: int) -> Truth:
    """Compute the planted rule of :func:`simulate`, which does not depend on the edge's size."""
    return _draw(seed, start_ms, days, 0.0)[1]


def _draw(seed: int, start_ms: int, days: int, edge: float) -> tuple[dict[str, RawRows], Truth]:
    rows = days * DAY_ROWS
    streams = [default_rng(child) for child in SeedSequence(seed).spawn(9)]
    sigma, returns = _returns(streams[0], rows)
    volume = volumes(streams[1], sigma, returns, 20.0)
    spread = 0.5 * SCALE * student(streams[2], rows)
    rule = _rule(start_ms, spread, volume)
    if edge:
        returns = _plant(returns, rule, edge, streams[3])
    time = start_ms + MINUTE * np.arange(rows, dtype=int64)
    both = returns + spread
    eth_volume = volumes(streams[4], sigma, both, 300.0)
    frames = {
        "btc": _coin(streams[5], time, 40_000.0, returns, sigma, volume),
        "eth": _coin(streams[6], time, 2_000.0, both, sigma, eth_volume),
        "gold": _gold(streams[7], time, returns),
        "fails": _fails(streams[8], start_ms, days),
    }
    return frames, rule


def student(rng: Generator, rows: int) -> Values:
    """Draw from Student's t with variance 1."""
    drawn: Values = rng.standard_t(FREEDOM, rows) * np.sqrt((FREEDOM - 2) / FREEDOM)
    return drawn


def _returns(rng: Generator, rows: int) -> tuple[Values, Values]:
    """Draw the volatility of each minute and its log return, shape (rows,) each."""
    z = student(rng, rows)
    sigma = volatility(z)
    return sigma, np.asarray(sigma * z)


def volatility(z: Values, alpha: float = ALPHA, fall: float = 0.0) -> Values:
    """Compute the volatility of each minute, by GARCH(1,1) and the season of the day, shape (rows,).

    Parameters
    ----------
    z : ndarray of float64, shape (rows,)
        Shocks of mean 0 and variance 1.
    alpha : float
        Weight of the last squared shock.
    fall : float
        What is added to `alpha` after a fall: the leverage effect (Glosten, Jagannathan & Runkle 1993).
    """
    growth = ((alpha + fall * (z < 0)) * z * z + BETA).tolist()
    level, h = 1.0, []
    for factor in growth:
        h.append(level)
        level = 1 - alpha - fall / 2 - BETA + factor * level
    return np.asarray(SCALE * _season(len(z)) * np.sqrt(np.array(h)))


def _season(rows: int) -> Values:
    """Compute the season of the day from two harmonics, mean square 1."""
    angle = 2 * np.pi * np.arange(DAY_ROWS) / DAY_ROWS
    day = 1 + 0.35 * np.cos(angle - 2 * np.pi * 15 / 24) + 0.15 * np.cos(2 * angle - 2 * np.pi * 3 / 24)
    season: Values = np.tile(day / np.sqrt(np.mean(day**2)), rows // DAY_ROWS)
    return season


def volumes(rng: Generator, sigma: Values, returns: Values, mean: float) -> Values:
    """Draw base units a minute: more when it moves, and blind to the direction."""
    activity = (0.5 * sigma + 0.5 * np.abs(returns)) / SCALE
    return mean * activity * rng.gamma(4.0, 0.25, len(returns)) + 0.01 * mean


def _rule(start_ms: int, spread: Values, volume: Values) -> Truth:
    marks = np.arange(SLOW, len(spread), WINDOW)
    marks = marks[(start_ms // MINUTE + marks) % WINDOW == 0]
    lead = _trailing(spread, LEAD)[marks - 1]
    burst = _trailing(volume, LEAD)[marks - 1] / _trailing(volume, SLOW)[marks - 1]
    return Truth(start_ms + MINUTE * marks.astype(int64), burst > GATE, lead > 0)


def _trailing(values: Values, window: int) -> Values:
    """Average the last `window` rows, NaN before there are so many."""
    means: Values = np.full(len(values), np.nan)
    means[window - 1 :] = sliding_window_view(values, window).mean(axis=1)
    return means


def _plant(returns: Values, rule: Truth, edge: float, rng: Generator) -> Values:
    """Mirror windows that went against the rule, with the probability that makes it right 0.5 + edge."""
    first = len(returns) - WINDOW * len(rule.time)
    windows = returns[first:].reshape(-1, WINDOW)
    wrong = (windows.sum(axis=1) > 0) != rule.up
    mirrored = rule.active & wrong & (rng.random(len(wrong)) < 2 * edge)
    planted = returns.copy()
    planted[first:] = np.where(mirrored[:, None], -windows, windows).ravel()
    return planted


def _coin(rng: Generator, time: NDArray[int64], price: float, returns: Values, sigma: Values, volume: Values) -> RawRows:
    inside, takers = rng.spawn(2)
    prices = bars(inside, price, returns, sigma)
    lean = 0.15 * np.tanh(returns / sigma) + 0.08 * takers.standard_normal(len(returns))
    return RawRows(
        time,
        {
            **prices,
            "volume": volume,
            "number_of_trades": np.ceil(volume * 40),
            "taker_buy_volume": volume * np.clip(0.5 + lean, 0.0, 1.0),
        },
    )


def bars(rng: Generator, price: float, returns: Values, sigma: Values) -> dict[str, Values]:
    """Draw bars whose extremes are those of a Brownian bridge between open and close."""
    path = np.concatenate(([0.0], np.cumsum(returns)))
    before, after = price * np.exp(path[:-1]), price * np.exp(path[1:])
    up, down = -2 * sigma**2 * np.log1p(-rng.random((len(returns), 2))).T
    high = before * np.exp((returns + np.sqrt(returns**2 + up)) / 2)
    low = before * np.exp((returns - np.sqrt(returns**2 + down)) / 2)
    high = np.maximum(high, np.maximum(before, after))
    low = np.minimum(low, np.minimum(before, after))
    return {"open": before, "high": high, "low": low, "close": after}


def _gold(rng: Generator, time: NDArray[int64], returns: Values) -> RawRows:
    hourly = returns.reshape(-1, HOUR_ROWS).sum(axis=1)
    own, sizes, inside = rng.spawn(3)
    sigma = np.full(len(hourly), 1.5e-3)
    moves = 0.1 * hourly + sigma * student(own, len(hourly))
    volume = 50 * sizes.gamma(2.0, 0.5, len(hourly)) * (0.5 + np.abs(moves) / sigma)
    return RawRows(time[::HOUR_ROWS], {**bars(inside, 2_000.0, moves, sigma), "volume": volume})


def _fails(rng: Generator, start_ms: int, days: int) -> RawRows:
    """Draw an AR(1) of logarithms and its spikes, each Wednesday; a publisher has a past, so a year comes before the market."""
    first = start_ms - PAST * WEEK
    time = np.arange(first + (WEDNESDAY - first) % WEEK, start_ms + days * DAY, WEEK, dtype=int64)
    shocks, rare, sizes = rng.spawn(3)
    level, logs = 0.0, []
    for shock in shocks.standard_normal(len(time)).tolist():
        level = MEMORY * level + SHOCK * shock
        logs.append(level)
    spikes = SPIKE * sizes.exponential(size=len(time)) * (rare.random(len(time)) < RARE)
    return RawRows(time, {"value": FAILS * np.exp(np.array(logs) + spikes)})
