"""Windows of a binary contract that a frozen pipeline bet on, against what they pay by chance."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy import bool_, float64, int8, int64, uint64
from numpy.typing import NDArray

from factory.backtest.binary import choose_first, place_orders, settle_all, settle_running
from factory.backtest.null import mix_signs
from factory.backtest.quotes import read_quotes
from factory.backtest.result import DROPPED
from factory.core.threads import parallel_map
from factory.core.times import DAY, to_ms
from factory.flow import Scored
from factory.learning.model import threads
from factory.learning.sampling import list_beginnings
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import WindowEnd
from factory.pipeline.parts.samples import Clock
from factory.pipeline.parts.trades import UpOrDown

SLACK = 1 + 1e-9
"""Rounding that a sum of equal parts may be off by."""


@dataclass(frozen=True)
class FrozenBinary:
    """Windows that were bet on, or would have been had anything told how they ended.

    Parameters
    ----------
    slot : ndarray of int64, shape (n,)
        Start of the window, in windows since 1970.
    length : int
        Of a window, ms.
    side : ndarray of int8, shape (n,)
        1 Up, -1 Down.
    paid : ndarray of float64, shape (n,)
        All-in price of a share, at most 1: the chance of a win that it breaks even at.
    won, tied : ndarray of bool, shape (n,)
        Whether it is known to have paid in full; whether only the rule for ties decided the window.
    amount : float
        Sum of ``paid * (1 - paid)`` that counts.
    price : float
        All-in price that missing ones are drawn at.
    drift : float
        Share of the sealed windows that were Up, less their mean price of Up.
    assumed : bool
        Whether the price was assumed, so that ties are no skill.
    seed : int
        Of what is drawn.
    market : str
        Series on which the windows are.
    """

    slot: NDArray[int64]
    length: int
    side: NDArray[int8]
    paid: NDArray[float64]
    won: NDArray[bool_]
    tied: NDArray[bool_]
    amount: float
    price: float
    drift: float
    assumed: bool
    seed: int
    market: str = ""

    @property
    def counted(self) -> int:
        """Windows that count."""
        return len(self._first(np.ones(len(self.paid), bool))[0])

    def p_values(self) -> dict[str, float]:
        """Compare wins with a Poisson binomial, each at its own price.

        Again with the drift, and without tied windows.

        The first is exact where one price holds, whatever was decided by what; nearly so where prices were mixed by it.
        """
        every = np.ones(len(self.paid), bool)
        shifted = np.clip(self.paid + self.drift * self.side, 0.0, 1.0)
        p_values = {"p_value": self._tail(every, self.paid), "drift_p": self._tail(every, shifted)}
        return p_values | ({"untied_p": self._tail(~self.tied, self.paid)} if self.assumed else {})

    def meets(self, other: object) -> bool:
        """Check whether the windows are the same ones: of one market, whose directions are one coin, and of one length."""
        return isinstance(other, FrozenBinary) and (other.market, other.length) == (self.market, self.length)

    def joint(self, seed: int, draws: int) -> NDArray[float64]:
        """Draw the wins less their expected number, windows of the same start and side won together."""
        rows, missing = self._first(np.ones(len(self.paid), bool))
        slot, side, paid = self.slot[rows], self.side[rows], self.paid[rows]

        def work(first: int) -> NDArray[float64]:
            wins: NDArray[float64] = _win_together(slot, side, paid, first, min(500, draws - first), uint64(seed))
            return wins

        wins = np.concatenate(list(parallel_map(work, range(0, draws, 500), threads())))
        drawn = np.random.default_rng(self.seed).binomial(missing, self.price, draws)
        return np.asarray(wins + drawn - paid.sum() - missing * self.price)

    def _tail(self, chosen: NDArray[bool_], chance: NDArray[float64]) -> float:
        rows, missing = self._first(chosen)
        drawn = int(np.random.default_rng(self.seed).binomial(missing, self.price)) if missing else 0
        chances = np.concatenate([chance[rows], np.full(missing, self.price)])
        return win_tail(int(self.won[rows].sum()) + drawn, chances)

    def _first(self, chosen: NDArray[bool_]) -> tuple[NDArray[int64], int]:
        """Find the rows that count among some, and how many are missing."""
        rows = np.flatnonzero(chosen)
        reached = np.cumsum((self.paid * (1 - self.paid))[rows])
        rows = rows[reached <= self.amount * SLACK]
        left = self.amount - (reached[len(rows) - 1] if len(rows) else 0.0)
        return rows, max(0, round(left / (self.price * (1 - self.price))))


def win_tail(wins: int, chances: NDArray[float64]) -> float:
    """Compute the chance of at least so many wins, each with a chance of its own: a Poisson binomial tail.

    Source: Hong 2013, *On computing the distribution function for the Poisson binomial distribution*, as scipy has it.
    """
    from scipy.stats import binom, poisson_binom

    if not len(chances):
        return 1.0
    if np.ptp(chances) < 1e-12:
        return float(binom.sf(wins - 1, len(chances), chances[0]))
    return float(np.clip(poisson_binom.sf(wins - 1, chances), 0.0, 1.0))


@njit(cache=True, nogil=True)
def _win_together(
    slot: NDArray[int64], side: NDArray[int8], paid: NDArray[float64], first: int, draws: int, seed: uint64
) -> NDArray[float64]:
    """Count the wins in each draw.

    A number is drawn for each slot, 16 bits of a word that four slots share.
    """
    wins = np.zeros(draws)
    most = np.where(side > 0, paid, 1.0 - paid) * 65536.0
    for b in range(draws):
        word, bits = int64(-1), uint64(0)
        for i in range(len(slot)):
            if slot[i] >> 2 != word:
                word = slot[i] >> 2
                bits = mix_signs(seed, first + b, 0, word)
            drawn = float((bits >> uint64(16 * (slot[i] & 3))) & uint64(0xFFFF)) + 0.5
            wins[b] += (drawn < most[i]) == (side[i] > 0)
    return wins


def measure_binary(pipeline: Pipeline, contract: Binary, partition: Partition, scored: Scored) -> float:
    """Measure the information of a binary's decisions: see :func:`~factory.vault.primary.measure_information`."""
    unsettled = _unsettled(pipeline, contract, partition, scored)[2]
    paid = np.minimum(np.concatenate([scored.result.trades.paid, unsettled]), 1.0)
    return float(np.sum(paid * (1 - paid))) / (partition.end - partition.start) * DAY


def freeze_binary(
    pipeline: Pipeline, contract: Binary, partition: Partition, scored: Scored, information: float, price: float, seed: int
) -> FrozenBinary:
    """Freeze the windows that a pipeline bet on: see :func:`~factory.vault.primary.freeze`."""
    trades, window = scored.result.trades, to_ms(contract.window)
    lost, side, paid = _unsettled(pipeline, contract, partition, scored)
    traded = trades.exit_ms - window
    start = np.concatenate([traded, lost])
    order = np.argsort(start, kind="stable")
    no = np.zeros(len(lost), bool)
    return FrozenBinary(
        slot=start[order] // window,
        length=window,
        side=np.concatenate([trades.side, side])[order],
        paid=np.minimum(np.concatenate([trades.paid, paid]), 1.0)[order],
        won=np.concatenate([trades.exit_price > 0.5, no])[order],
        tied=np.concatenate([settle_all(contract, partition, traded).tied, no])[order],
        amount=information * (partition.end - partition.start) / DAY,
        price=price,
        drift=_drift_of_windows(pipeline, contract, partition),
        assumed=contract.odds is None,
        seed=seed,
        market=contract.of,
    )


def _unsettled(
    pipeline: Pipeline, contract: Binary, partition: Partition, scored: Scored
) -> tuple[NDArray[int64], NDArray[int8], NDArray[float64]]:
    """Find windows that were wanted and of which nobody knows how they ended: start, side and all-in price.

    They count as lost: where minutes are missing after falls, the windows that are left are the ones that rose.
    """
    assert isinstance(pipeline.trade, UpOrDown), "checked where a pipeline is bound to its dataset"
    rows = np.flatnonzero(scored.result.outcome == DROPPED)
    quotes = read_quotes(contract, partition.series, scored.rows.time[rows], pipeline.trade.order)
    orders = place_orders(pipeline.trade, contract, scored.p[rows], quotes)
    whole = np.isfinite(orders.paid) & ~orders.lapsed & (quotes.start + to_ms(contract.window) <= partition.end)
    lost = choose_first(quotes.start, np.flatnonzero(whole))
    return quotes.start[lost], orders.side[lost], orders.paid[lost]


def _drift_of_windows(pipeline: Pipeline, contract: Binary, partition: Partition) -> float:
    """Compute the share of Up among a partition's windows less their mean price of Up.

    All windows that have a price and settle, at their starts or wherever in them the pipeline's clock decides.
    """
    bars, window, part = partition.series[contract.of], to_ms(contract.window), pipeline.sample
    inside = isinstance(pipeline.label, WindowEnd)
    step = (to_ms(part.every) if isinstance(part, Clock) else bars.period) if inside else window
    times = list_beginnings(bars, min(step, window), partition.start, partition.end)
    up, price = settle_running(contract, partition, times).up, read_quotes(contract, partition.series, times).mid
    known = np.isfinite(up) & np.isfinite(price)
    return float(np.mean(up[known] - price[known])) if known.any() else 0.0
