"""A drawn order book beside its minute bars: the chances of its next mid move given the book are known exactly.

A large-tick market: the mid stands still or moves by one tick a step of
:data:`STEP` ms. A hidden *lean*, an AR(1) of standard normal law, makes the
sizes of the best level lean by ``0.6 * tanh(lean)``, and gives the order flow
of each step the mean ``0.5 * lean`` in units of its own deviation; both are
noisy. With *imbalance*, the best bid's size less the best ask's over their
sum, and *flow*, both of the step just over, let ::

    signal = tanh(2 * imbalance + 0.3 * flow)

The next step's move is up with a chance of ``MOVES * (0.5 + edge * signal)``,
down with ``MOVES * (0.5 - edge * signal)``, and none with ``1 - MOVES``: what
the book shows is all that can be known, and with ``edge`` 0 (null mode) it
tells nothing of the direction. Deeper levels carry sizes of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy import float64, int64
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from factory.core.times import DAY, MINUTE
from factory.market.raw_rows import RawRows

STEP = 10_000
"""Milliseconds from row to row of the book."""
LEVELS = 5
TICK = 10.0
PRICE = 40_000.0
MOVES = 0.5
"""Share of steps in which the mid moves."""
MEMORY = 0.98
"""Autocorrelation of lean from step to step."""
SIZE = 5.0
ROWS = DAY // STEP
A_MINUTE = MINUTE // STEP

Values = NDArray[float64]


@dataclass(frozen=True)
class BookTruth:
    """What is known of each step's next move.

    Parameters
    ----------
    known : ndarray of int64, shape (n,)
        When the step's row is known, ms UTC.
    up, down : ndarray of float64, shape (n,)
        Chances that the mid's next move is up, or down; what is left is no move.
    """

    known: NDArray[int64]
    up: Values
    down: Values


def simulate_book(seed: int, start_ms: int, days: int, edge: float) -> dict[str, RawRows]:
    """Draw an order book and the minute bars of its mid.

    Parameters
    ----------
    seed : int
        Same seed, same market; more days leave the earlier ones as they are.
    start_ms : int
        First row, a UTC midnight.
    days : int
        How long.
    edge : float
        Chance above one half that a move goes where the book points, where it does so clearly; 0 is the null mode.

    Returns
    -------
    dict of str to RawRows
        ``btc`` (one minute: open, high, low, close, volume, taker_buy_volume) and ``book`` (:data:`STEP`: levels of price and
        size on both sides, events, order-flow imbalance by level, traded volume by the aggressor's side).
    """
    return _draw(seed, start_ms, days, edge)[0]


def book_truth(seed: int, start_ms: int, days: int, edge: float) -> BookTruth:
    """Compute the chances of the next move after each step of :func:`simulate_book`."""
    return _draw(seed, start_ms, days, edge)[1]


def _draw(seed: int, start_ms: int, days: int, edge: float) -> tuple[dict[str, RawRows], BookTruth]:
    streams = [default_rng(child) for child in SeedSequence(seed).spawn(5)]
    lean = _draw_lean(streams[0], days * ROWS)
    sizes, flow = _draw_sizes(streams[2], lean), 0.5 * lean + streams[3].standard_normal(len(lean))
    ask, bid = sizes[:, 0]
    signal = np.tanh(2 * (bid - ask) / (bid + ask) + 0.3 * flow)
    up, down = MOVES * (0.5 + edge * signal), MOVES * (0.5 - edge * signal)
    drawn = streams[1].random(len(lean))
    moved = np.where(drawn < up, 1.0, np.where(drawn < up + down, -1.0, 0.0))
    # The move that a row decides comes in the next step.
    mid = PRICE + TICK * np.concatenate(([0.0], np.cumsum(moved)[:-1]))
    time = start_ms + STEP * np.arange(len(lean), dtype=int64)
    trades = streams[4].gamma(2.0, 0.5, (len(lean), 2)).T * (1 + 0.3 * np.stack([np.tanh(flow), -np.tanh(flow)]))
    frames = {"btc": _gather_bars(time, mid, trades), "book": RawRows(time, _book_columns(mid, sizes, flow, trades))}
    return frames, BookTruth(time + STEP, up, down)


def _draw_lean(rng: Generator, rows: int) -> Values:
    shocks = (np.sqrt(1 - MEMORY**2) * rng.standard_normal(rows)).tolist()
    lean, level = [], 0.0
    for shock in shocks:
        level = MEMORY * level + shock
        lean.append(level)
    return np.array(lean)


def _draw_sizes(rng: Generator, lean: Values) -> Values:
    """Draw sizes by side (ask, bid), level and row, shape (2, LEVELS, n)."""
    sizes: Values = SIZE * rng.gamma(8.0, 1 / 8, (len(lean), 2, LEVELS)).transpose(1, 2, 0)
    sizes *= np.arange(1, LEVELS + 1)[None, :, None]
    sizes[0, 0] *= 1 - 0.6 * np.tanh(lean)
    sizes[1, 0] *= 1 + 0.6 * np.tanh(lean)
    return sizes


def _book_columns(mid: Values, sizes: Values, flow: Values, trades: Values) -> dict[str, Values]:
    columns: dict[str, Values] = {}
    for level in range(1, LEVELS + 1):
        for side, sign, own in (("ask", 1, sizes[0]), ("bid", -1, sizes[1])):
            columns[f"{side}_px_{level}"] = mid + sign * TICK * (level - 0.5)
            columns[f"{side}_qty_{level}"] = own[level - 1]
    for level in range(1, LEVELS + 1):
        columns[f"ofi_{level}"] = SIZE * flow / level
    return columns | {"events": np.ceil(10 * trades.sum(axis=0)), "buy_qty": trades[0], "sell_qty": trades[1]}


def _gather_bars(time: NDArray[int64], mid: Values, trades: Values) -> RawRows:
    """Build minute bars of the mid.

    A bar opens where the one before closed, as the first row of its minute stands.
    """
    after = mid.reshape(-1, A_MINUTE)
    opened = after[:, 0]
    buys, sells = (one.reshape(-1, A_MINUTE).sum(axis=1) for one in trades)
    columns = {"open": opened, "high": after.max(axis=1), "low": after.min(axis=1), "close": after[:, -1]}
    return RawRows(time[::A_MINUTE], {**columns, "volume": buys + sells, "taker_buy_volume": buys})
