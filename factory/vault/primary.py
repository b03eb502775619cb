"""The primary test of a look: what frozen decisions earned, against what they earn by chance (STATISTICS section 9.2).

How much information is judged is fixed before a sealed row is read. A pipeline that knows whether it is ahead chooses
its own sample otherwise, and even an exact test of its decisions is none. Information is the variance that each
decision has by chance, known when it is taken as far as magnitudes are: decisions count in their order until the
amount that validation led to expect is reached, and what is missing of it is drawn from the null.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numba import njit
from numpy import bool_, float64, int8, int64, uint64
from numpy.typing import NDArray

from factory.backtest.binary import choose_first, place_orders, settle_all, settle_running
from factory.backtest.frozen import NO_PAYMENTS, Holds, Moves, Payments
from factory.backtest.null import mix_signs, replay
from factory.backtest.quotes import read_quotes
from factory.backtest.result import DROPPED, Trades
from factory.core.threads import parallel_map
from factory.core.times import DAY, to_ms
from factory.evidence.null_twin import contract_moves, contract_payments, draws_within, trade_holds
from factory.flow import Scored
from factory.learning.model import threads
from factory.learning.sampling import list_beginnings
from factory.market.contracts import Binary, Contract
from factory.market.series import Partition, Series
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import WindowEnd
from factory.pipeline.parts.samples import Clock
from factory.pipeline.parts.trades import UpOrDown

MOST_DRAWS, FEWEST_DRAWS = 9_999, 999
STEPS = 5_000_000_000
"""Bars that the draws of an exam may walk."""
PILOT = 250
"""Draws that tell the variance of each hold."""
SLACK = 1 + 1e-9
"""Rounding that a sum of equal parts may be off by."""


class Frozen(Protocol):
    """Decisions of a frozen pipeline on the sealed part, and the information that counts."""

    @property
    def counted(self) -> int:
        """Decisions that count."""
        ...

    def p_values(self) -> dict[str, float]:
        """Compute one-sided p-values; each must hold: ``p_value`` and, by contract, ``drift_p`` and ``untied_p``."""
        ...

    def meets(self, other: "Frozen") -> bool:
        """Check whether one drawn market can hold both, so that their joint law can be drawn."""
        ...

    def joint(self, seed: int, draws: int) -> NDArray[float64]:
        """Draw the statistic on markets that are the same for all of one seed, shape (draws,); greater is better."""
        ...


def measure_information(pipeline: Pipeline, contract: Contract, partition: Partition, scored: Scored) -> float:
    """Measure how much information a pipeline's decisions on a partition hold.

    Returns
    -------
    float
        Of a binary the sum of ``q * (1 - q)`` over all-in prices q, a day; of a perpetual the variance that its trades have by
        chance, as a share of the market's over the partition, so that it needs no mending where volatility shifts.
    """
    trades = scored.result.trades
    if not len(trades):
        return 0.0
    if isinstance(contract, Binary):
        unsettled = _unsettled(pipeline, contract, partition, scored)[2]
        paid = np.minimum(np.concatenate([trades.paid, unsettled]), 1.0)
        return float(np.sum(paid * (1 - paid))) / (partition.end - partition.start) * DAY
    moves, holds = (
        contract_moves(contract, partition),
        trade_holds(pipeline, contract, partition, scored.rows, scored.result),
    )
    market = float(np.sum(moves.change(partition.start, partition.end) ** 2))
    payments = contract_payments(contract, partition)
    return float(replay(moves, holds, PILOT, 0, threads(), payments).variance.sum()) / market


def freeze(
    pipeline: Pipeline, contract: Contract, partition: Partition, scored: Scored, information: float, price: float, seed: int
) -> Frozen:
    """Freeze what a pipeline did on the sealed part.

    Parameters
    ----------
    information : float
        Of :func:`information_of` on validation.
    price : float
        Mean all-in price on validation; what missing decisions of a binary are drawn at.
    seed : int
        Of the draws; nobody may choose it.
    """
    if isinstance(contract, Binary):
        return _freeze_binary(pipeline, contract, partition, scored, information, price, seed)
    trades = scored.result.trades
    moves, holds = (
        contract_moves(contract, partition),
        trade_holds(pipeline, contract, partition, scored.rows, scored.result),
    )
    change, payments = moves.change(partition.start, partition.end), contract_payments(contract, partition)
    carried = float(np.expm1(change).sum()) - payments.between(moves.slot * moves.period, partition.start, partition.end)
    return FrozenPerpetual(
        moves=moves,
        holds=holds,
        payments=payments,
        earned=hold_returns(holds, trades, payments),
        amount=information * float(np.sum(change**2)),
        drift=carried / _count_bars(partition.series[contract.of], partition),
        seed=seed,
        market=contract.of,
    )


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

    def meets(self, other: Frozen) -> bool:
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


def _count_bars(series: Series, partition: Partition) -> float:
    """Count the bars that a series is expected to have inside a partition's bounds."""
    if series.sessions is None:
        return (partition.end - partition.start) / series.period
    return float(np.diff(np.searchsorted(series.time, [partition.start, partition.end]))[0])


def _freeze_binary(
    pipeline: Pipeline, contract: Binary, partition: Partition, scored: Scored, information: float, price: float, seed: int
) -> FrozenBinary:
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


@dataclass(frozen=True)
class FrozenPerpetual:
    """Trades that were held.

    Parameters
    ----------
    moves : Moves
        Of the bars that fill.
    holds : Holds
        What is frozen.
    payments : Payments
        Recorded funding.
    earned : ndarray of float64, shape (m,)
        True net return of each hold per unit of its trade's notional at entry; costs of a trade are its first hold's.
    amount : float
        Variance that counts.
    drift : float
        Simple returns of a long on the sealed part, less the recorded funding that it paid, summed, a period.
    seed : int
        Of what is drawn.
    most_draws : int
        Fewer are drawn where they would walk over :data:`STEPS` bars.
    market : str
        Series that fills them.
    """

    moves: Moves
    holds: Holds
    earned: NDArray[float64]
    amount: float
    drift: float
    seed: int
    most_draws: int = MOST_DRAWS
    payments: Payments = NO_PAYMENTS
    market: str = ""

    @cached_property
    def _within(self) -> tuple[Holds, float, int]:
        """Holds that count, the variance that is missing, and draws that fit the budget."""
        variance = replay(self.moves, self.holds, PILOT, self.seed, threads(), self.payments).variance
        count = int(np.sum(np.cumsum(variance) <= self.amount * SLACK))
        steps = int((self.holds.until - self.holds.row)[:count].sum())
        return (
            self.holds.take_first(count),
            max(0.0, self.amount - float(variance[:count].sum())),
            draws_within(steps, STEPS, min(FEWEST_DRAWS, self.most_draws), self.most_draws),
        )

    @property
    def counted(self) -> int:
        """Trades that count."""
        return len(np.unique(self._within[0].trade))

    def p_values(self) -> dict[str, float]:
        """Compare the net of ours with the gross of chance, by draws.

        Again with the sealed part's drift added to each draw's profit.
        """
        holds, missing, draws = self._within
        noise = np.random.default_rng(self.seed).normal(0.0, np.sqrt(missing), draws + 1)
        ours = float(self.earned[: len(holds.row)].sum()) + noise[-1]
        drawn = replay(self.moves, holds, draws, self.seed, threads(), self.payments)
        chance = drawn.gross + noise[:-1]
        return {
            "p_value": float(1 + np.sum(chance >= ours)) / (draws + 1),
            "drift_p": float(1 + np.sum(chance + self.drift * drawn.held >= ours)) / (draws + 1),
        }

    def meets(self, other: Frozen) -> bool:
        """Check whether the trades are filled by the same bars: of one market, whose directions are one coin."""
        return isinstance(other, FrozenPerpetual) and (other.market, other.moves.period) == (self.market, self.moves.period)

    def joint(self, seed: int, draws: int) -> NDArray[float64]:
        """Draw the gross return on drawn markets, every minute's sign the same for all of one seed."""
        holds, missing, _ = self._within
        noise = np.random.default_rng(self.seed).normal(0.0, np.sqrt(missing), draws)
        return replay(self.moves, holds, draws, seed, threads(), self.payments, shared=True).gross + noise


def hold_returns(holds: Holds, trades: Trades, payments: Payments = NO_PAYMENTS) -> NDArray[float64]:
    """Compute the true net return of each hold, per unit of its trade's notional at entry, shape (m,).

    Recorded funding belongs to the hold in which it was due.
    """
    if len(holds.trade) == len(trades):
        return trades.payoff
    gross = np.append(np.diff(holds.weight), 0.0) * holds.side
    last = np.flatnonzero(np.diff(holds.trade, append=-1))
    first = np.concatenate([[0], last[:-1] + 1])
    gross[last] = holds.side[last] * (trades.exit_price / trades.price - holds.weight[last])
    paid = np.append(0.0, np.cumsum(payments.rate))
    begun, ended = (np.searchsorted(payments.row, row, side="right") for row in (holds.row, holds.until))
    gross -= holds.side * holds.weight * (paid[ended] - paid[begun])
    gross[first] += trades.payoff - np.add.reduceat(gross, first)
    return gross
