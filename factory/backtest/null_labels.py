"""What labels come to in the null market: how often each is up where direction is a coin."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from factory.backtest.null import BLOCK, TIE, Moves, mix_signs
from factory.core.threads import parallel_map


class Questions(NamedTuple):
    """What labels ask of the bars after a decision, in log distances from the open of the first.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        First bar.
    last : ndarray of int64, shape (m,)
        Last bar of the horizon.
    up, down : ndarray of float64, shape (m,)
        Distance of the upper barrier, and of the lower (negative); infinite for none.
    above : float
        Where no barrier is touched, the label is up at a move beyond this.
    """

    row: NDArray[int64]
    last: NDArray[int64]
    up: NDArray[float64]
    down: NDArray[float64]
    above: float

    def take_rows(self, rows: NDArray[int64]) -> "Questions":
        """Select some of the questions."""
        return Questions(self.row[rows], self.last[rows], self.up[rows], self.down[rows], self.above)

    @property
    def steps(self) -> int:
        """Bars that one draw may look at."""
        return int((self.last - self.row + 1).sum())


class Ups(NamedTuple):
    """How often labels are up on drawn markets.

    Parameters
    ----------
    total : ndarray of float64, shape (m,)
        Of all pairs of a market and its mirror: 0 to 2 a pair.
    squares : ndarray of float64, shape (m,)
        Sum of the pairs' squared counts.
    pairs : int
        How many were drawn.
    """

    total: NDArray[float64]
    squares: NDArray[float64]
    pairs: int

    def chance(self) -> NDArray[float64]:
        """Compute the chance of up, shape (m,), with half a draw added to either side, so that none is 0 or 1."""
        return (self.total + 0.5) / (2 * self.pairs + 1)

    def excess(self) -> NDArray[float64]:
        """Compute by how much the chances' noise raises each label's expected log-loss, shape (m,).

        The variance of a chance over twice what one draw of it varies by; where every draw said the same, that of
        independent draws. Source: second-order expansion of the log-loss around the true chance.
        """
        share = self.total / (2 * self.pairs)
        one = share * (1 - share)
        varies = (self.squares / (4 * self.pairs) - share**2) / max(self.pairs - 1, 1)
        independent = np.full(len(share), 0.25 / self.pairs)
        excess: NDArray[float64] = np.divide(varies, 2 * one, out=independent, where=one > 0)
        return excess


def count_ups(moves: Moves, questions: Questions, pairs: int, seed: int, threads: int) -> Ups:
    """Count in how many drawn markets each label is up; each label meets signs of its own.

    Each market is drawn beside its mirror, which has every sign turned (antithetic variates, Hammersley & Morton 1956):
    what asks as much of one side as of the other then has a chance of exactly one half.

    A market that ends within :data:`TIE` of `above` counts one half: that magnitudes leave nothing but a tie is known
    afterwards only, and which way ties go is a rule and no direction.
    """

    def work(first: int) -> NDArray[float64]:
        counts: NDArray[float64] = _count_ups(moves, questions, first, min(BLOCK, pairs - first), uint64(seed))
        return counts

    total, squares = np.asarray(sum(parallel_map(work, range(0, pairs, BLOCK), threads)))
    return Ups(total, squares, pairs)


@njit(cache=True, nogil=True)
def _count_ups(moves: Moves, questions: Questions, first: int, pairs: int, seed: uint64) -> NDArray[float64]:
    sums = np.zeros((2, len(questions.row)))
    for i in range(len(questions.row)):
        for b in range(first, first + pairs):
            ups = _is_up(moves, questions, i, seed, b, uint64(0)) + _is_up(moves, questions, i, seed, b, uint64(1))
            sums[0, i] += ups
            sums[1, i] += ups * ups
    return sums


@njit(cache=True, nogil=True)
def _is_up(moves: Moves, questions: Questions, i: int, seed: uint64, draw: int, mirror: uint64) -> float:
    """Settle one label on one drawn market or its mirror: 1 up, 0 down, 0.5 tied.

    A bar that holds both barriers touched the lower first, as in labels.
    """
    x, word, bits = 0.0, -1, uint64(0)
    for r in range(questions.row[i], questions.last[i] + 1):
        if np.isnan(moves.jump[r]):
            continue
        slot = moves.slot[r]
        if slot >> 6 != word:
            word = slot >> 6
            bits = mix_signs(seed, draw, i + 1, word)
        up = ((bits >> uint64(slot & 63)) & uint64(1)) ^ mirror
        if r > questions.row[i]:
            x += moves.jump[r] if up else -moves.jump[r]
        worst, best = (moves.low[r], moves.high[r]) if up else (-moves.high[r], -moves.low[r])
        if x + worst < questions.down[i]:
            return 0.0
        if x + best > questions.up[i]:
            return 1.0
        x += moves.close[r] if up else -moves.close[r]
    if abs(x - questions.above) <= TIE:
        return 0.5
    return 1.0 if x > questions.above else 0.0
