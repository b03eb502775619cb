"""A frozen pipeline on rows as they come: what it decides, and the paper account that its decisions make.

Both are what the backtest makes of the same rows, because they are made by it: features by the columns of a partition that
ends now, chances by the model, trades by the fills and costs of the contract. The account is computed anew from all decisions
whenever it is asked for, so that nothing can drift from what a backtest would say.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.backtest import Result, Trades
from factory.backtest.result import END
from factory.core.errors import UnlearnableError
from factory.core.times import DAY, to_ms
from factory.expressions.columns import Columns
from factory.flow import FittedPipeline, trade_decisions
from factory.learning.chances import direction_chance, move_chance
from factory.learning.decision_table import DecisionTable, concatenate, read_moments
from factory.learning.model import Model
from factory.learning.refits import fit_step, select_past
from factory.live.moments import EVER, Moments
from factory.live.rolling import RollingMarket, assume_bars
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.pipeline import Pipeline


@dataclass(frozen=True)
class Account:
    """A paper account at one moment.

    Parameters
    ----------
    result : Result
        All decisions so far, open trades ended at the last known price.
    closed : ndarray of bool, shape (trades,)
        Which of its trades are over.
    """

    result: Result
    closed: NDArray[bool_]

    @property
    def trades(self) -> Trades:
        """Trades in order of entry, open ones included."""
        return self.result.trades

    @property
    def net(self) -> float:
        """Net of the trades that are over, in units of the equity at the start."""
        return float(self.trades.net[self.closed].sum())


class LiveStrategy:
    """A pipeline that decides as rows come.

    Parameters
    ----------
    pipeline : Pipeline
        The recipe. One that is refitted is fitted anew when a step begins, before anything is decided in it.
    fitted : FittedPipeline
        What it knows when it begins.
    market : RollingMarket
        The rows known so far.
    reach : int
        How far back its features look, ms.
    start : int
        First moment of decisions, ms UTC.
    """

    def __init__(self, pipeline: Pipeline, fitted: FittedPipeline, market: RollingMarket, reach: int, start: int) -> None:
        self.pipeline, self.fitted, self.market = pipeline, fitted, market
        self.contract = market.contracts[pipeline.trade.contract]
        self.start, self.missed = start, 0
        # A window's sums are rebuilt at multiples of its length, so that twice of it gives the bits of a longer run.
        self._reach = 2 * reach + DAY
        self._moments = Moments(pipeline, market, self._reach, start)
        self._begun = start
        self._before = fitted.history.take(fitted.history.time < start)
        self._model, self._step = fitted.model, -1
        self._rows: DecisionTable | None = None
        self._p, self._moves = np.empty(0), np.empty(0)

    def decide(self, now: int) -> NDArray[int64]:
        """Decide at the moments since the last call, up to and including `now`, on what was known at each.

        Returns
        -------
        ndarray of int64
            The moments at which it decided, ms UTC; those at which a feature was missing are counted in `missed`.

        Raises
        ------
        FlowError
            If a feature cannot be used.
        UnlearnableError
            If the first window of a refit cannot be learned from.
        """
        begun, self._begun = self._begun, now + 1
        times = self._moments.find(begun, now)
        if not len(times):
            return times
        columns = Columns(self.market.partition(begun - self._reach, begun, now + 1))
        rows = read_moments(self.pipeline, columns, times, 1.0, self.fitted.history)
        self.missed += rows.dropped
        for step in np.unique(self._steps(rows.time)):
            self._add(rows.take(self._steps(rows.time) == step), int(step))
        return rows.time

    def pass_over(self, now: int) -> NDArray[int64]:
        """Let the moments since the last call, up to and including `now`, go by without a decision; return them."""
        begun, self._begun = self._begun, now + 1
        return self._moments.find(begun, now)

    @property
    def chances(self) -> tuple[NDArray[int64], NDArray[float64]]:
        """Moments of all decisions, ms UTC, and the chance of up at each, shape (n,)."""
        return (np.empty(0, int64), self._p) if self._rows is None else (self._rows.time, self._p)

    def account(self, now: int) -> Account | None:
        """Compute the account on the rows that are known; None before the first decision.

        What is decided at `now` is filled at the last close until the bar that begins then is known.
        """
        if self._rows is None:
            return None
        columns = Columns(self._assume_ahead(now))
        result = trade_decisions(self.pipeline, self.contract, columns, self._rows, self._p, self._moves, self.fitted.base_rate)
        return Account(result, (result.trades.reason != END) & (result.trades.exit_ms <= now))

    def _steps(self, time: NDArray[int64]) -> NDArray[int64]:
        """Count the refits before each moment; 0 of a recipe that has none."""
        refit = self.pipeline.refit
        return np.zeros(len(time), int64) if refit is None else (time - self.start) // to_ms(refit.every)

    def _add(self, rows: DecisionTable, step: int) -> None:
        model = self._require_model(step)
        chances = model.predict(self.pipeline, rows)
        self._rows = rows if self._rows is None else concatenate(self._rows, rows)
        self._p = np.append(self._p, direction_chance(chances))
        self._moves = np.append(self._moves, move_chance(chances))

    def _require_model(self, step: int) -> Model:
        """Return the model of a step, fitted anew where one has begun; where that cannot learn the one before goes on."""
        refit = self.pipeline.refit
        if refit is not None and step != self._step:
            now = self.start + step * to_ms(refit.every)
            past = select_past(self.pipeline, self._read_known(now), now)
            try:
                self._model = fit_step(self.pipeline, step, past, self.market.fingerprint, None)
            except UnlearnableError:
                if self._model is None:
                    raise
            self._step = step
        assert self._model is not None, "a recipe without a refit has a model from the beginning"
        return self._model

    def _read_known(self, now: int) -> DecisionTable:
        """Read the decisions up to a moment, labelled as far as is known then.

        Bars to come are there and missing: a label that needs none of them exists, however far its window reaches.
        """
        if self._rows is None:
            return self._before
        first, end = int(self._rows.time[0]), now + to_ms(self.pipeline.label.horizon)
        # All rows, so that those of labels have the numbers that labels of train have: how many share a row is counted by them.
        partition = self.market.partition(-EVER, first, end)
        of = self.pipeline.label.of
        padded = replace(partition, series={**partition.series, of: assume_bars(partition.series[of], end, end)})
        labelled = read_moments(self.pipeline, Columns(padded), self._rows.time, 1.0, self.fitted.history)
        return concatenate(self._before, labelled)

    def _assume_ahead(self, now: int) -> Partition:
        partition = self.market.partition(self.start - self._reach, self.start, now + 1)
        bars, end = dict(partition.series), now + 1
        for name in self.pipeline.contracts:
            contract = partition.contracts[name]
            own = bars[contract.of]
            until = now + (to_ms(contract.window) if isinstance(contract, Binary) else own.period)
            bars[contract.of] = assume_bars(own, now, until)
            end = max(end, until, int(bars[contract.of].time[-1]))
        return replace(partition, series=bars, end=end)
