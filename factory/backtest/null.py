"""The null market: every minute's direction a fair coin, independent of all magnitudes, later ones too.

It is drawn by reflecting the log moves of a bar (open, high, low and close over the close before) with one fair
sign a minute: high and low change places, prices are rebuilt. What does not use direction keeps its value:
volatility, volume, the clock, the distance of barriers. What a strategy seems to earn here it earns from geometry,
costs and fills. A jump over a gap has a sign of its own, and nothing fills inside it (STATISTICS section 9.1).

Two limits belong beside every level that rests on it: on real markets signs and magnitudes are not independent
(skew, leverage effect), and rounded prices bounce, so that drawn windows tie less often than true ones.

Prices are never rebuilt here: a frozen trade is walked from its entry in log moves, draw by draw.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from factory.backtest.frozen import NO_PAYMENTS, Holds, Moves, Payments
from factory.core.threads import parallel_map

BLOCK = 250
"""Draws that one thread makes at a time; the same draws come whatever the number of threads."""
ROOM = 1 + 1e-6
"""Rounding by which sums of moves may differ."""
TIE = 1e-12
"""Log distance under which two prices are one: sums of reflected moves meet only up to rounding."""


@dataclass(frozen=True)
class Replay:
    """Frozen trades on drawn markets, without costs.

    Parameters
    ----------
    gross : ndarray of float64, shape (draws,)
        Sum of the returns per unit of notional at entry, what was recorded of funding among them.
    held : ndarray of float64, shape (draws,)
        Sum over the holds of side, weight and how long it lasted in periods: what a drift of one a period would add.
    variance : ndarray of float64, shape (holds,)
        Mean square of each hold's return, known when it begins as far as magnitudes are.
    """

    gross: NDArray[float64]
    held: NDArray[float64]
    variance: NDArray[float64]


def replay(
    moves: Moves,
    holds: Holds,
    draws: int,
    seed: int,
    threads: int,
    payments: Payments = NO_PAYMENTS,
    *,
    shared: bool = False,
) -> Replay:
    """Walk frozen trades over drawn markets.

    Parameters
    ----------
    draws : int
        At least 1.
    seed : int
        Of the signs, below 2**63; the same draws for the same numbers, on any number of threads.
    threads : int
        Blocks of draws at once.
    payments : Payments
        Recorded funding, none where it is assumed: that is a cost, and draws have none. Who receives which is a coin too.
    shared : bool
        Whether all holds meet the same signs in the same minutes, as those of several strategies must whose joint law
        is asked. Otherwise each has its own: trades that did not overlap are independent, however long their flips live.

    Returns
    -------
    Replay
    """
    lanes = np.zeros(len(holds.row), int64) if shared else np.arange(1, len(holds.row) + 1)

    def work(first: int) -> tuple[NDArray[float64], NDArray[float64], NDArray[float64]]:
        replayed: tuple[NDArray[float64], NDArray[float64], NDArray[float64]]
        replayed = _replay(moves, holds, payments, lanes, first, min(BLOCK, draws - first), uint64(seed))
        return replayed

    blocks = list(parallel_map(work, range(0, draws, BLOCK), threads))
    gross, held = (np.concatenate([block[i] for block in blocks]) for i in (0, 1))
    return Replay(gross, held, np.sum([block[2] for block in blocks], axis=0) / draws)


@njit(cache=True, nogil=True)
def mix_signs(seed: uint64, draw: int, lane: int, word: int) -> uint64:
    """Draw 64 fair signs.

    Source: splitmix64's finalizer (Steele, Lea & Flood 2014) over a sum of odd multiples.
    """
    z = seed + uint64(draw) * uint64(0x9E3779B97F4A7C15)
    z += uint64(lane) * uint64(0xD1B54A32D192ED03) + uint64(word) * uint64(0x8CB92BA72F3D8DD7)
    for _ in range(2):
        z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
        z = z ^ (z >> uint64(31))
    return z


@njit(cache=True, nogil=True)
def _walk(
    moves: Moves,
    holds: Holds,
    payments: Payments,
    i: int,
    seed: uint64,
    lane: int,
    first: int,
    gross: NDArray[float64],
    held: NDArray[float64],
) -> float:
    """Walk one hold over some drawn markets, add what it earned and how long it was held to each; return the sum of squares.

    A draw ends at a row's open, or in the row before it.
    """
    side, take, stop, until, weight = holds.side[i], holds.take[i], holds.stop[i], holds.until[i], holds.weight[i]
    begun, n = holds.row[i], len(moves.slot)
    slots, jump, high, low, close, gap = moves.slot, moves.jump, moves.high, moves.low, moves.close, moves.gap
    paid_row, rate = payments.row, payments.rate
    due_first = np.searchsorted(paid_row, begun + 1)
    squares = 0.0
    for b in range(len(gross)):
        draw, due = first + b, due_first
        paid_at = paid_row[due] if due < len(paid_row) else n
        y, ended, word, bits, received = 0.0, n, -1, uint64(0), 0.0
        for r in range(begun, n):
            if np.isnan(jump[r]):
                continue
            slot = slots[r]
            if slot >> 6 != word:
                word = slot >> 6
                bits = mix_signs(seed, draw, lane, word)
            up = side > 0.0 if (bits >> uint64(slot & 63)) & uint64(1) else side < 0.0
            if r > begun:
                sign = 1.0 if up else -1.0
                if gap[r]:
                    sign = side if mix_signs(seed, draw, lane, -1 - slot) & uint64(1) else -side
                y += sign * jump[r]
            while r >= paid_at:
                toss = (mix_signs(seed, draw, lane, -1 - slot) >> uint64(1 + due % 63)) & uint64(1)
                received += (side if toss else -side) * rate[due] * np.exp(side * y)
                due += 1
                paid_at = paid_row[due] if due < len(paid_row) else n
            if r >= until:
                ended = r
                break
            fall, rise, move = low[r], high[r], close[r]
            if y + (fall if up else -rise) <= stop:
                y, ended = min(y, stop), r + 1
                break
            if y + (rise if up else -fall) > take:
                y, ended = take, r + 1
                break
            y += move if up else -move
        earned = weight * (side * np.expm1(side * y) + received)
        gross[b] += earned
        held[b] += weight * side * (ended - begun)
        squares += earned * earned
    return squares


@njit(cache=True, nogil=True)
def _is_out_of_reach(moves: Moves, holds: Holds, i: int) -> bool:
    """Check that no draw can touch a hold's take or stop, not even one whose every bar moves its way; its last open ends it."""
    nearest = min(holds.take[i], -holds.stop[i])
    if nearest == np.inf:
        return True
    reached = 0.0
    for r in range(holds.row[i], min(holds.until[i], len(moves.slot))):
        if not np.isnan(moves.jump[r]):
            widest = max(abs(moves.high[r]), abs(moves.low[r]), abs(moves.close[r]))
            reached += abs(moves.jump[r]) + widest
            if not reached * ROOM < nearest:
                return False
    return True


@njit(cache=True, nogil=True)
def _walk_through(
    moves: Moves,
    holds: Holds,
    payments: Payments,
    i: int,
    seed: uint64,
    lane: int,
    first: int,
    gross: NDArray[float64],
    held: NDArray[float64],
) -> float:
    """Walk one hold that ends at a time and by nothing else, draw beside draw: the same numbers as of :func:`_walk`."""
    side, until, weight, begun = holds.side[i], holds.until[i], holds.weight[i], holds.row[i]
    n, draws = len(moves.slot), len(gross)
    slots, jump, close, gap = moves.slot, moves.jump, moves.close, moves.gap
    paid_row, rate = payments.row, payments.rate
    y, received, bits = np.zeros(draws), np.zeros(draws), np.zeros(draws, uint64)
    due = np.searchsorted(paid_row, begun + 1)
    ended, word = n, -1
    for r in range(begun, n):
        if np.isnan(jump[r]):
            continue
        slot = slots[r]
        if slot >> 6 != word:
            word = slot >> 6
            for b in range(draws):
                bits[b] = mix_signs(seed, first + b, lane, word)
        place = uint64(slot & 63)
        if r > begun and gap[r]:
            for b in range(draws):
                y[b] += jump[r] if mix_signs(seed, first + b, lane, -1 - slot) & uint64(1) == (side > 0.0) else -jump[r]
        elif r > begun:
            _add_signed(y, bits, place, side * jump[r])
        while due < len(paid_row) and r >= paid_row[due]:
            for b in range(draws):
                toss = (mix_signs(seed, first + b, lane, -1 - slot) >> uint64(1 + due % 63)) & uint64(1)
                received[b] += (side if toss else -side) * rate[due] * np.exp(side * y[b])
            due += 1
        if r >= until:
            ended = r
            break
        _add_signed(y, bits, place, side * close[r])
    squares = 0.0
    for b in range(draws):
        earned = weight * (side * np.expm1(side * y[b]) + received[b])
        gross[b] += earned
        held[b] += weight * side * (ended - begun)
        squares += earned * earned
    return squares


@njit(cache=True, nogil=True)
def _add_signed(y: NDArray[float64], bits: NDArray[uint64], place: uint64, move: float) -> None:
    """Add a move to each draw, with the sign that its bit at a place says."""
    for b in range(len(y)):
        y[b] += move if (bits[b] >> place) & uint64(1) else -move


@njit(cache=True, nogil=True)
def _replay(
    moves: Moves, holds: Holds, payments: Payments, lanes: NDArray[int64], first: int, draws: int, seed: uint64
) -> tuple[NDArray[float64], NDArray[float64], NDArray[float64]]:
    gross, held, squares = np.zeros(draws), np.zeros(draws), np.zeros(len(holds.row))
    for i in range(len(holds.row)):
        if _is_out_of_reach(moves, holds, i):
            squares[i] = _walk_through(moves, holds, payments, i, seed, lanes[i], first, gross, held)
        else:
            squares[i] = _walk(moves, holds, payments, i, seed, lanes[i], first, gross, held)
    return gross, held, squares
