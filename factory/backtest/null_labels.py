"""What labels come to in the null market: how often each is up, among up and down, where direction is a coin."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from factory.backtest.frozen import Moves
from factory.backtest.null import BLOCK, TIE, mix_signs
from factory.core.threads import parallel_map
from factory.learning.book_labels import TIE as SAME_MID
from factory.learning.book_labels import mids
from factory.market.series import Series


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
    above : ndarray of float64, shape (m,)
        Where no barrier is touched, the label is up at a move beyond this.
    averaged : ndarray of int64, shape (m,)
        Last bars whose mean price is that move's end; 0 where it is the last close.
    """

    row: NDArray[int64]
    last: NDArray[int64]
    up: NDArray[float64]
    down: NDArray[float64]
    above: NDArray[float64]
    averaged: NDArray[int64]

    def take_rows(self, rows: NDArray[int64]) -> "Questions":
        """Select some of the questions."""
        return Questions._make(column[rows] for column in self)

    @property
    def steps(self) -> int:
        """Bars that one draw may look at."""
        return int((self.last - self.row + 1).sum())


class MeanQuestions(NamedTuple):
    """What labels ask of the mean mid of a book after a decision.

    Parameters
    ----------
    row, last : ndarray of int64, shape (m,)
        First and last row.
    reference : ndarray of float64, shape (m,)
        What the mean is compared with, as a share of the mid before `row`.
    threshold : float
        Least relative move that is not flat.
    """

    row: NDArray[int64]
    last: NDArray[int64]
    reference: NDArray[float64]
    threshold: float

    def take_rows(self, rows: NDArray[int64]) -> "MeanQuestions":
        """Choose some of them."""
        return MeanQuestions(self.row[rows], self.last[rows], self.reference[rows], self.threshold)

    @property
    def steps(self) -> int:
        """Rows that one draw looks at."""
        return int((self.last - self.row + 1).sum())


class Ups(NamedTuple):
    """How often labels are up on drawn markets.

    Parameters
    ----------
    total : ndarray of float64, shape (m,)
        Ups of all pairs of a market and its mirror.
    counted : ndarray of float64, shape (m,)
        Draws that were up or down: two a pair, less those that were flat.
    variance : ndarray of float64, shape (m,)
        Of the share of ups, from the spread between pairs; NaN where it was not measured.
    """

    total: NDArray[float64]
    counted: NDArray[float64]
    variance: NDArray[float64]

    def chance(self) -> NDArray[float64]:
        """Compute the chance of up among up and down, shape (m,): half a draw more on either side, so that none is 0 or 1."""
        return (self.total + 0.5) / (self.counted + 1)

    def excess(self) -> NDArray[float64]:
        """Compute by how much the chances' noise raises each label's expected log-loss, shape (m,).

        The variance of a chance over twice what one draw of it varies by; where every draw said the same, that of
        independent draws. Source: second-order expansion of the log-loss around the true chance.
        """
        share = np.divide(self.total, self.counted, out=np.full(len(self.total), 0.5), where=self.counted > 0)
        one = share * (1 - share)
        independent = 0.5 / np.maximum(self.counted, 1.0)
        measured: NDArray[float64] = np.divide(
            self.variance, 2 * one, out=independent, where=(one > 0) & ~np.isnan(self.variance)
        )
        return measured


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
    share = total / (2 * pairs)
    variance = (squares / (4 * pairs) - share**2) / max(pairs - 1, 1)
    return Ups(total, np.full(len(total), 2.0 * pairs), variance)


def count_mean_ups(book: Series, questions: MeanQuestions, pairs: int, seed: int, threads: int) -> Ups:
    """Count the drawn markets in which the mean mid after each decision is up; each label meets signs of its own.

    What was known at the decision, the mean before it, stays: what it tells of the label is what geometry gives away.
    """
    mid = mids(book)
    with np.errstate(invalid="ignore"):
        ratio = mid / np.concatenate([[np.nan], mid[:-1]])
    slot = book.time // book.period

    def work(first: int) -> NDArray[float64]:
        counts: NDArray[float64] = _count_mean_ups(ratio, slot, questions, first, min(BLOCK, pairs - first), uint64(seed))
        return counts

    total, counted = np.asarray(sum(parallel_map(work, range(0, pairs, BLOCK), threads)))
    return Ups(total, counted, np.full(len(total), np.nan))


@njit(cache=True, nogil=True)
def _count_mean_ups(
    ratio: NDArray[float64], slot: NDArray[int64], questions: MeanQuestions, first: int, pairs: int, seed: uint64
) -> NDArray[float64]:
    counts = np.zeros((2, len(questions.row)))
    for i in range(len(questions.row)):
        for b in range(first, first + pairs):
            for mirror in range(2):
                move = _mean_move(ratio, slot, questions, i, seed, b, uint64(mirror))
                if abs(move) > questions.threshold + SAME_MID:
                    counts[0, i] += move > 0
                    counts[1, i] += 1
    return counts


@njit(cache=True, nogil=True)
def _mean_move(
    ratio: NDArray[float64], slot: NDArray[int64], questions: MeanQuestions, i: int, seed: uint64, draw: int, mirror: uint64
) -> float:
    """Compute how far the mean mid lies above its reference on one drawn market or its mirror, as a share of it."""
    x, total, word, bits = 1.0, 0.0, -1, uint64(0)
    for r in range(questions.row[i], questions.last[i] + 1):
        if slot[r] >> 6 != word:
            word = slot[r] >> 6
            bits = mix_signs(seed, draw, i + 1, word)
        up = ((bits >> uint64(slot[r] & 63)) & uint64(1)) ^ mirror
        x *= ratio[r] if up else 1.0 / ratio[r]
        total += x
    move: float = total / (questions.last[i] - questions.row[i] + 1) / questions.reference[i] - 1.0
    return move


@njit(cache=True, nogil=True)
def _count_ups(moves: Moves, questions: Questions, first: int, pairs: int, seed: uint64) -> NDArray[float64]:
    sums = np.zeros((2, len(questions.row)))
    for i in range(len(questions.row)):
        if questions.above[i] == 0.0 and questions.up[i] == np.inf and questions.down[i] == -np.inf:
            sums[:, i] = pairs  # nothing but the sign of the sum is asked: a market and its mirror make one up
            continue
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
    x, total, count, word, bits = 0.0, 0.0, 0, -1, uint64(0)
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
        change = moves.close[r] if up else -moves.close[r]
        if r > questions.last[i] - questions.averaged[i]:
            total, count = total + x + 0.5 * change, count + 1
        x += change
    if count:
        x = total / count
    if abs(x - questions.above[i]) <= TIE:
        return 0.5
    return 1.0 if x > questions.above[i] else 0.0
