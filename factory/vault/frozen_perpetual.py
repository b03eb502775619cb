"""Trades of a perpetual that a frozen pipeline held, against what they earn by chance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.backtest.frozen import NO_PAYMENTS, Holds, Moves, Payments
from factory.backtest.null import replay
from factory.backtest.result import Trades
from factory.evidence.null_twin import contract_moves, contract_payments, draws_within, trade_holds
from factory.flow import Scored
from factory.learning.model import threads
from factory.market.contracts import Perpetual
from factory.market.series import Partition, Series
from factory.pipeline import Pipeline
from factory.vault.frozen_binary import SLACK

MOST_DRAWS, FEWEST_DRAWS = 9_999, 999
STEPS = 5_000_000_000
"""Bars that the draws of an exam may walk."""
PILOT = 250
"""Draws that tell the variance of each hold."""


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

    def meets(self, other: object) -> bool:
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


def measure_perpetual(pipeline: Pipeline, contract: Perpetual, partition: Partition, scored: Scored) -> float:
    """Measure the information of a perpetual's trades: see :func:`~factory.vault.primary.measure_information`."""
    moves = contract_moves(contract, partition)
    holds = trade_holds(pipeline, contract, partition, scored.rows, scored.result)
    market = float(np.sum(moves.change(partition.start, partition.end) ** 2))
    payments = contract_payments(contract, partition)
    return float(replay(moves, holds, PILOT, 0, threads(), payments).variance.sum()) / market


def freeze_perpetual(
    pipeline: Pipeline, contract: Perpetual, partition: Partition, scored: Scored, information: float, seed: int
) -> FrozenPerpetual:
    """Freeze the trades of a pipeline: see :func:`~factory.vault.primary.freeze`."""
    moves = contract_moves(contract, partition)
    holds = trade_holds(pipeline, contract, partition, scored.rows, scored.result)
    change, payments = moves.change(partition.start, partition.end), contract_payments(contract, partition)
    carried = float(np.expm1(change).sum()) - payments.between(moves.slot * moves.period, partition.start, partition.end)
    return FrozenPerpetual(
        moves=moves,
        holds=holds,
        payments=payments,
        earned=hold_returns(holds, scored.result.trades, payments),
        amount=information * float(np.sum(change**2)),
        drift=carried / _count_bars(partition.series[contract.of], partition),
        seed=seed,
        market=contract.of,
    )


def _count_bars(series: Series, partition: Partition) -> float:
    """Count the bars that a series is expected to have inside a partition's bounds."""
    if series.sessions is None:
        return (partition.end - partition.start) / series.period
    return float(np.diff(np.searchsorted(series.time, [partition.start, partition.end]))[0])
