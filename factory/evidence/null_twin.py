"""What a pipeline's frozen decisions and chances come to where direction is a coin: the null market put to work."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest import Result
from factory.backtest.binary import settle_running
from factory.backtest.frozen import NO_PAYMENTS, Holds, Moves, Payments, freeze_holds, lay_payments, log_moves
from factory.backtest.metrics import wins_of_binary
from factory.backtest.null import replay
from factory.backtest.null_labels import MeanQuestions, Questions, Ups, count_mean_ups, count_ups
from factory.core.canonical import seed_for
from factory.core.times import to_ms
from factory.flow import Scored, barrier_levels
from factory.learning.artefacts import content_key, load_or_compute
from factory.learning.book_labels import mid_windows
from factory.learning.decision_table import DecisionTable
from factory.learning.labels import windows_of
from factory.learning.model import threads
from factory.learning.sampling import find_beginnings
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.funding import read_record
from factory.market.series import Partition
from factory.market.settlement import count_averaged
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import FixedReturn, MidMove, TripleBarrier, WindowEnd
from factory.pipeline.parts.trades import LongOrShort
from factory.statistics.blocks import LEAST_BLOCKS, t_interval
from factory.statistics.roc_auc import expected_auc
from factory.storage.cache import Cache

STEPS = 30_000_000
"""Bars that a trial's twin may walk, of each kind; 0.3 s in all on nine months of real minutes."""
MOST_DRAWS, FEWEST_DRAWS = 400, 50


def contract_moves(contract: Contract, partition: Partition) -> Moves:
    """Compute the log moves of what a contract is on, over all rows of a partition."""
    return log_moves(partition.series[contract.of], partition.end)


def contract_payments(contract: Contract, partition: Partition) -> Payments:
    """Lay a contract's recorded funding on the bars that fill; none where it is assumed."""
    if not isinstance(contract, Perpetual) or contract.funding_column is None:
        return NO_PAYMENTS
    series, column = contract.funding_column
    record = read_record(partition.series[series], column, partition.start, partition.end)
    return lay_payments(partition.series[contract.of], record.time, record.rate, partition.end)


def trade_holds(pipeline: Pipeline, contract: Perpetual, partition: Partition, rows: DecisionTable, result: Result) -> Holds:
    """Freeze the trades of a pipeline on a perpetual."""
    part, series = pipeline.trade, partition.series[contract.of]
    assert isinstance(part, LongOrShort), "a perpetual is traded long or short"
    return freeze_holds(part, contract, series, result.trades, rows.time, barrier_levels(pipeline, rows, part))


def label_questions(pipeline: Pipeline, partition: Partition, rows: DecisionTable) -> Questions | MeanQuestions:
    """Compute what the labels of some rows, all of which have one, ask of the bars, or of the book."""
    if isinstance(pipeline.label, MidMove):
        windows = mid_windows(pipeline.label, partition.series[pipeline.label.book], rows.time, partition.end)
        return MeanQuestions(*windows, rows.threshold)
    part, series = pipeline.label, partition.series[pipeline.label.of]
    unit = rows.features[part.unit] if isinstance(part, TripleBarrier) else None
    if isinstance(part, WindowEnd):
        first, last = rows.labels.first, rows.labels.last
        up, down = np.full(len(rows.time), np.inf), np.full(len(rows.time), np.inf)
    else:
        first, last, up, down = windows_of(part, series, rows.time, unit, partition.end)
    above = np.full(len(rows.time), np.log1p(part.above) if isinstance(part, FixedReturn) else 0.0)
    averaged = np.zeros(len(rows.time), int64)
    contract = partition.contracts.get(pipeline.trade.contract)
    if isinstance(contract, Binary):
        # What is over of the move is known at the decision, and directions decide the rest.
        above -= settle_running(contract, partition, rows.time).lead
        starts = find_beginnings(series, to_ms(contract.window), rows.time)
        averaged = np.minimum(count_averaged(contract, starts, series.period), last - first + 1)
    with np.errstate(divide="ignore"):
        return Questions(first, last, np.log1p(up), np.log1p(-np.minimum(down, 1.0)), above, averaged)


def draws_within(steps: int, budget: int, fewest: int, most: int) -> int:
    """Compute how many draws walk at most some bars, between two bounds."""
    return int(np.clip(budget // max(steps, 1), fewest, most))


def count_null_ups(
    pipeline: Pipeline, partition: Partition, rows: DecisionTable, budget: int, most: int, cache: Cache | None = None
) -> tuple[NDArray[int64], Ups]:
    """Count how often each label is up where direction is a coin.

    Parameters
    ----------
    rows : DecisionTable
        Decisions that have a label.
    budget : int
        Bars that may be walked. Where they are too few for :data:`FEWEST_DRAWS` of each label, labels are left out
        evenly over time.
    most : int
        Draws; each is one of a pair with its mirror.
    cache : Cache or None
        Keeps what was counted: pipelines that ask the same of the same bars share it. None on sealed rows.

    Returns
    -------
    chosen : ndarray of int64
        Positions of the labels that were asked.
    ups : Ups
        Of them.
    """
    asked = label_questions(pipeline, partition, rows)
    share = min(1.0, budget / max(asked.steps * FEWEST_DRAWS, 1))
    chosen = np.unique(np.linspace(0, len(rows.time) - 1, max(1, int(share * len(rows.time))), dtype=int64))
    some = asked.take_rows(chosen)
    pairs = draws_within(some.steps, budget, FEWEST_DRAWS, most) // 2
    seed = seed_for(partition.fingerprint, "null.labels")
    on = pipeline.label.book if isinstance(pipeline.label, MidMove) else pipeline.label.of

    def count() -> dict[str, NDArray[Any]]:
        if isinstance(some, MeanQuestions):
            ups = count_mean_ups(partition.series[on], some, pairs, seed, threads())
        else:
            ups = count_ups(log_moves(partition.series[on], partition.end), some, pairs, seed, threads())
        return ups._asdict()

    counted = load_or_compute(cache, content_key("null.label_chances", seed, pairs, on, *some), count)
    return chosen, Ups(**counted)


def null_twin(
    pipeline: Pipeline, contract: Contract, partition: Partition, scored: Scored, cache: Cache | None
) -> Mapping[str, float]:
    """Compute the figures of a pipeline's frozen decisions and chances on drawn markets.

    Returns
    -------
    dict of str to float
        With trades: mean_net, and mean_spread, its deviation between draws. A binary's drawn windows are won with the
        chance that their price says. With labels of both kinds: auc, what geometry alone ranks.
    """
    figures: dict[str, float] = {}
    trades = scored.result.trades
    if len(trades) and isinstance(contract, Binary):
        figures["mean_net"] = float(-np.mean(trades.unit_cost + trades.funding / trades.unit))
        figures["mean_spread"] = float(np.sqrt(np.sum(trades.price * (1 - trades.price)))) / len(trades)
    elif len(trades) and pipeline.also:
        figures |= _account_by_chance(pipeline, partition, scored)
    elif len(trades) and isinstance(contract, Perpetual):
        figures |= _trades_by_chance(pipeline, contract, partition, scored)
    labelled = np.flatnonzero(scored.rows.labels.y >= 0)
    if len(labelled):
        chosen, ups = count_null_ups(pipeline, partition, scored.rows.take(labelled), STEPS, MOST_DRAWS, cache)
        area = expected_auc(ups.chance(), scored.p[labelled[chosen]])
        if area is not None:
            figures["auc"] = area
    return figures


def _trades_by_chance(pipeline: Pipeline, contract: Perpetual, partition: Partition, scored: Scored) -> dict[str, float]:
    """Compute the mean net return of frozen trades on drawn markets and its deviation between draws.

    Where they could walk too far, some of their holds stand for all, evenly over time.
    """
    trades, frozen = scored.result.trades, trade_holds(pipeline, contract, partition, scored.rows, scored.result)
    steps, count = int((frozen.until - frozen.row).sum()), len(frozen.row)
    share = min(1.0, STEPS / max(steps * FEWEST_DRAWS, 1))
    chosen = np.unique(np.linspace(0, count - 1, max(1, int(share * count)), dtype=int64))
    draws = draws_within(int(share * steps), STEPS, FEWEST_DRAWS, MOST_DRAWS)
    some = Holds._make(column[chosen] for column in frozen)
    moves, payments = contract_moves(contract, partition), contract_payments(contract, partition)
    drawn = replay(moves, some, draws, seed_for(partition.fingerprint, "null.trades"), threads(), payments)
    part = len(chosen) / count
    # What was recorded of funding is drawn: who received it is a coin there.
    assumed = trades.funding / trades.unit if contract.funding_column is None else 0.0
    cost = float(np.mean(trades.unit_cost + assumed))
    return {
        "mean_net": float(drawn.gross.mean()) / part / len(trades) - cost,
        "mean_spread": float(np.sqrt(drawn.variance.sum() / part)) / len(trades),
    }


def _account_by_chance(pipeline: Pipeline, partition: Partition, scored: Scored) -> dict[str, float]:
    """Compute the mean net return of an account's frozen trades on drawn markets and its deviation between draws.

    All contracts meet the same signs in the same minutes, so that what hedges and what doubles is drawn as such. Contracts
    whose bars are of another length meet other signs; their deviations are added, as if all moved together.
    """
    trades, frozen = scored.result.trades, []
    for k, part in enumerate(pipeline.trades.values()):
        contract, own = partition.contracts[part.contract], trades.take(trades.rows_of(k))
        assert isinstance(contract, Perpetual), "only perpetuals share an account"
        assert isinstance(part, LongOrShort), "a perpetual is traded long or short"
        if len(own):
            series, levels = partition.series[contract.of], barrier_levels(pipeline, scored.rows, part)
            frozen.append((contract, own, freeze_holds(part, contract, series, own, scored.rows.time, levels)))
    steps = sum(int((holds.until - holds.row).sum()) for _, _, holds in frozen)
    draws, seed = draws_within(steps, STEPS, FEWEST_DRAWS, MOST_DRAWS), seed_for(partition.fingerprint, "null.trades")
    gross: dict[int, NDArray[float64]] = {}
    cost = 0.0
    for contract, own, holds in frozen:
        moves, payments = contract_moves(contract, partition), contract_payments(contract, partition)
        drawn = replay(moves, holds, draws, seed, threads(), payments, shared=True).gross
        gross[moves.slot_ms] = gross.get(moves.slot_ms, np.zeros(draws)) + drawn
        cost += float(np.sum(own.unit_cost + (own.funding / own.unit if contract.funding_column is None else 0.0)))
    return {
        "mean_net": (sum(float(one.mean()) for one in gross.values()) - cost) / len(trades),
        "mean_spread": sum(float(one.std()) for one in gross.values()) / len(trades),
    }


def widen_errors(metrics: Mapping[str, float], contract: Contract, twin: Mapping[str, float]) -> dict[str, float]:
    """Widen the error of a trial's mean to no less than its null twin's.

    Blocks of trades that won alike say that the mean is sure; on drawn markets the same trades tell what the loss that
    did not come would have cost. Mends mean_error and what is made of it: mean_low, mean_high, p_value, a binary's win_low
    and win_high.
    """
    widened = dict(metrics)
    error = max(twin.get("mean_spread", 0.0), widened.get("mean_error", 0.0))
    if error <= 0 or widened["blocks"] < LEAST_BLOCKS:
        return widened
    low, high, p_value = t_interval(widened["mean_net"], error, int(widened["blocks"]))
    widened |= {"mean_error": error, "mean_low": low, "mean_high": high, "p_value": p_value}
    return widened | (wins_of_binary(widened) if isinstance(contract, Binary) else {})
