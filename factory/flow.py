"""Fit a pipeline, and evaluate it on a partition: columns to decisions to probabilities to P&L.

The only place that strings the stages together; trial, exam and forward
test call these two. A pipeline walks through it as a bar does: features are
read at each decision as they were known, labels start at the fill, experts
are cross-fitted inside train, the meta forest learns from their out-of-fold
predictions, and its probabilities are traded against the dataset's contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest import Levels, Result, needs_volatility, read_funding, run_account, run_backtest
from factory.backtest.account import Leg
from factory.backtest.binary import settle_running
from factory.backtest.perpetual import plan_orders
from factory.backtest.quotes import read_quotes
from factory.core import canonical
from factory.core.errors import FlowError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.times import DAY, DAYS_A_YEAR, to_ms
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.learning.chances import direction_chance, move_chance
from factory.learning.decision_table import MOST_LOST, DecisionTable, concatenate, read_decisions
from factory.learning.model import Fits, Model, fit_model
from factory.learning.refits import predict_with_refits
from factory.market.contracts import Binary, Contract, Perpetual
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import TripleBarrier, count_classes
from factory.pipeline.parts.trades import Barriers, LongOrShort, Trade, UpOrDown

SESSIONS_A_MONTH = 21


@dataclass(frozen=True)
class FittedPipeline:
    """All that a pipeline knows before it is evaluated.

    Parameters
    ----------
    model : Model or None
        None for a recipe that is refitted as time passes.
    history : DecisionTable
        Decisions on train; with a refit also those of later partitions that it may learn from.
    base_rate : float
        Share of ups in train, among ups and downs: what a forecast without skill says.
    key : str
        Hash of the model, empty without one.
    """

    model: Model | None
    history: DecisionTable
    base_rate: float
    key: str

    def extend(self, pipeline: Pipeline, columns: Columns) -> "FittedPipeline":
        """Add decisions of a later partition, from which a recipe that is refitted may learn."""
        if self.model is not None:
            return self
        return replace(self, history=concatenate(self.history, read_decisions(pipeline, columns, history=self.history)))


@dataclass(frozen=True)
class Scored:
    """A pipeline on one partition: its rows, its probabilities, what they earned and how it was fitted.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        Chance of up; of three classes among up and down, which are judged by it as two classes are.
    moves : ndarray of float64, shape (n,)
        Chance that the outcome is not flat; 1 of two classes.
    """

    rows: DecisionTable
    p: NDArray[float64]
    moves: NDArray[float64]
    result: Result
    fits: Fits = field(default_factory=lambda: Fits({}))


def fit(pipeline: Pipeline, columns: Columns, progress: Progress = no_progress) -> FittedPipeline:
    """Fit a pipeline on train.

    Parameters
    ----------
    pipeline : Pipeline
        The recipe. One that is refitted as time passes has no model yet: only its decisions are read.
    columns : Columns
        Of train.

    Raises
    ------
    FlowError
        If a feature cannot be used.
    UnlearnableError
        If too few decisions are labelled, or all, or those of a part that must be learned from, are of one class.
    """
    progress(0.0, "reading train")
    history = read_decisions(pipeline, columns)
    model, key, fingerprint = None, "", columns.partition.fingerprint
    if pipeline.refit is None:
        model = fit_model(pipeline, history, fingerprint, columns.cache, progress=subrange(progress, 0.05, 1.0))
        key = model.key(pipeline, fingerprint)
    return FittedPipeline(model, history, float(np.mean(history.labels.y[history.labels.y >= 0])), key)


def evaluate(
    pipeline: Pipeline,
    contract: Contract,
    fitted: FittedPipeline,
    columns: Columns,
    progress: Progress = no_progress,
    most_lost: float = MOST_LOST,
) -> Scored:
    """Let a fitted pipeline decide and trade on one partition.

    Parameters
    ----------
    contract : Contract
        What it trades.
    columns : Columns
        Of the partition.
    most_lost : float
        Greatest share of decisions that may miss a feature.

    Raises
    ------
    FlowError
        If a feature cannot be used there, or the first window of a refit cannot be learned from.
    """
    partition = columns.partition
    if partition.contracts.get(pipeline.trade.contract, contract) != contract:
        raise FlowError(f"trade.contract: the terms of {pipeline.trade.contract} are not those of dataset {partition.dataset}")
    progress(0.0, f"reading {partition.name}")
    rows = read_decisions(pipeline, columns, most_lost, fitted.history)
    if fitted.model is None:
        before = fitted.history.take(fitted.history.time < partition.start)
        chances, fits = predict_with_refits(pipeline, before, rows, columns, subrange(progress, 0.05, 0.9))
    else:
        chances, fits = fitted.model.predict(pipeline, rows), Fits(fitted.model.unconverged)
    progress(0.9, f"trading {partition.name}")
    p, moves = direction_chance(chances), move_chance(chances)
    return Scored(rows, p, moves, trade_decisions(pipeline, contract, columns, rows, p, moves, fitted.base_rate), fits)


def trade_decisions(
    pipeline: Pipeline,
    contract: Contract,
    columns: Columns,
    rows: DecisionTable,
    p: NDArray[float64],
    moves: NDArray[float64],
    base_rate: float,
) -> Result:
    """Trade predicted chances against a contract.

    Parameters
    ----------
    columns : Columns
        Of the partition in which the decisions lie.
    p, moves : ndarray of float64, shape (n,)
        As of :class:`Scored`.
    base_rate : float
        Share of ups in train.
    """
    partition = columns.partition
    if pipeline.also:
        return _trade_together(pipeline, contract, columns, rows, p, moves, base_rate)
    part, told = pipeline.trade, pipeline.label
    volatility = volatility_of(contract, columns, rows.time) if needs_volatility(part) else None
    quotes = outcomes = None
    if isinstance(contract, Binary) and isinstance(part, UpOrDown):
        quotes = read_quotes(contract, partition.series, rows.time, part.order)
        outcomes = settle_running(contract, partition, rows.time)
    return run_backtest(
        part, contract, partition.series[contract.of], rows.time, p,
        start=partition.start, end=partition.end, horizon_ms=to_ms(told.horizon), y=rows.labels.y, base_rate=base_rate,
        moves=moves if count_classes(told) == 3 else None, flat=rows.labels.flat, half_spread=half_spreads(contract, columns),
        barriers=barrier_levels(pipeline, rows, part), volatility=volatility,
        funding=read_funding(contract, partition), quotes=quotes, outcomes=outcomes,
        seed=canonical.seed_for(partition.fingerprint, "twin"),
    )  # fmt: skip


def _trade_together(
    pipeline: Pipeline,
    contract: Contract,
    columns: Columns,
    rows: DecisionTable,
    p: NDArray[float64],
    moves: NDArray[float64],
    base_rate: float,
) -> Result:
    partition, told = columns.partition, pipeline.label
    chances = moves if count_classes(told) == 3 else None
    legs = []
    for path, part in pipeline.trades.items():
        terms = contract if path == "trade" else partition.contracts[part.contract]
        assert isinstance(terms, Perpetual), "only perpetuals share an account"
        assert isinstance(part, LongOrShort), "a perpetual is traded long or short"
        volatility = volatility_of(terms, columns, rows.time) if needs_volatility(part) else None
        orders = plan_orders(
            part, terms, partition.series[terms.of], rows.time, p, partition.end, barrier_levels(pipeline, rows, part),
            volatility, to_ms(told.horizon), chances, half_spreads(terms, columns), read_funding(terms, partition),
        )  # fmt: skip
        legs.append(Leg(part.contract, terms, orders))
    return run_account(
        legs, rows.time, p,
        start=partition.start, end=partition.end, horizon_ms=to_ms(told.horizon), y=rows.labels.y, base_rate=base_rate,
        moves=chances, flat=rows.labels.flat, seed=canonical.seed_for(partition.fingerprint, "twin"),
    )  # fmt: skip


def volatility_of(contract: Contract, columns: Columns, times: NDArray[int64]) -> NDArray[float64]:
    """Measure the realised yearly volatility of the last day of what a contract is on, at each time, shape (n,).

    Of a market that closes that of its last session, or of the last bars of a month where a session has fewer.
    """
    series = columns.partition.series[contract.of]
    step, day = float(series.period), max(2, DAY // series.period)
    if series.sessions is not None:
        pace = series.sessions.measure_pace()
        step, day = pace.step(series.period), max(SESSIONS_A_MONTH, round(pace.trading / series.period))
    return float(np.sqrt(DAYS_A_YEAR * DAY / step)) * columns.at(parse(f"std(ret({contract.of}.close, 1), {day})"), times)


def traded_volatility(contracts: Sequence[Contract], columns: Columns, scored: Scored) -> NDArray[float64]:
    """Measure the realised volatility of what each trade holds, at its decision, shape (trades,).

    Parameters
    ----------
    contracts : sequence of Contract
        In the order of the pipeline's trades.
    """
    trades = scored.result.trades
    volatility = np.empty(len(trades))
    for k, contract in enumerate(contracts):
        mine = trades.rows_of(k)
        volatility[mine] = volatility_of(contract, columns, scored.rows.time[trades.decision[mine]])
    return volatility


def half_spreads(contract: Contract, columns: Columns) -> NDArray[float64] | None:
    """Measure half the recorded spread at the open of each bar that a contract fills in, as a share of the mid, shape (bars,).

    Where the book is not known, the widest of the partition; None where the contract names no book.
    """
    if isinstance(contract, Binary) or contract.book is None:
        return None
    opened = columns.partition.series[contract.of].time
    half = columns.at(parse(f"spread({contract.book}) / 2"), opened)
    return np.where(np.isnan(half), np.nanmax(half, initial=0.0), half)


def barrier_levels(pipeline: Pipeline, rows: DecisionTable, part: Trade) -> Levels | None:
    """Find the barriers of each decision, where one of the pipeline's trades leaves at them."""
    told = pipeline.label
    if not (isinstance(part, LongOrShort) and isinstance(part.exit, Barriers) and isinstance(told, TripleBarrier)):
        return None
    unit = rows.features[told.unit]
    return Levels(up=told.take * unit, down=told.stop * unit, horizon_ms=to_ms(told.horizon))
