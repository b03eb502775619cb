"""The trial: score a pipeline on validation and write it into the ledger."""

from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.answers import Answer
from factory.core.progress import within
from factory.evidence.null_twin import held_against, null_twin
from factory.evidence.probes.imported import read_faults, traded_faults
from factory.evidence.probes.run import at_backtest, at_train, whole
from factory.expressions.columns import Columns
from factory.flow import Fits, Scored, trade, volatility_of
from factory.learning.decision_table import Rows
from factory.market.series import Partition
from factory.refits import walk_forward
from factory.storage.cache import UNLIMITED, Cache
from factory.tasks.context import TaskContext
from factory.tasks.train import fitted, store_model
from factory.views.trials import find_trial, trial_answer


def backtest(context: TaskContext, why: str = "") -> Answer:
    """Score the pipeline on validation, training it if needed.

    The trial is in the ledger before its score is told. The same pipeline
    twice is one trial: the second time its score is read, not made.
    """
    known = find_trial(context.tracker, context.pipeline, why)
    if known:
        return known
    with context.refuse_if_rebuilt():
        scored, model, volatility, found = score(context)
    run = context.tracker.run_id(context.pipeline, "trial")
    Cache(context.tracker.workspace.runs, limit=UNLIMITED).put(run, run_arrays(scored, volatility))
    entry, new = context.tracker.record_trial(
        context.pipeline,
        {**outcome(scored), **found, "metrics": held_against(scored.result.metrics, context.contract, found["null"])},
        model=model,
        why=why,
        daily=scored.result.daily.net.tolist(),
    )
    return trial_answer(context.tracker, context.pipeline, entry, new=new)


def score(context: TaskContext) -> tuple[Scored, str, NDArray[float64], Answer]:
    """The pipeline on validation, its artefact's hash, the volatility at each trade, and its null twin with the probes."""
    train_partition, validation = context.partition("train"), context.partition("validation")
    context.progress(0.0, "reading train")
    history, past = context.rows(train_partition)
    context.progress(0.05, "reading validation")
    rows, columns = context.rows(validation)
    scored, model = evaluate(context, train_partition, history, validation, rows, columns)
    result = scored.result
    context.progress(0.95, "probing for leaks")
    area, prints = result.metrics.get("auc"), (train_partition.fingerprint, validation.fingerprint)
    facts = context.tracker.catalog.meta(context.pipeline.data)["series"]
    findings = [
        *traded_faults(context.contract.of, facts, result.trades),
        *read_faults(context.pipeline, facts),
        *at_train(context.pipeline, train_partition, validation, history, context.cache),
        *at_backtest(context.pipeline, history, rows, (past, columns), area, context.spec.baseline, prints, context.cache),
    ]
    volatility = volatility_of(context.contract, validation, columns, rows.time[result.trades.decision])
    null = null_twin(context.pipeline, context.contract, validation, scored, context.cache)
    return scored, model, volatility, {"null": null, "probes": whole(findings)}


def evaluate(
    context: TaskContext, train_partition: Partition, history: Rows, partition: Partition, rows: Rows, columns: Columns
) -> tuple[Scored, str]:
    """The pipeline's chances and trades on a partition, and the hash of the artefact that predicted it, empty with a refit.

    Parameters
    ----------
    history, rows : Rows
        Decisions on train and on the partition.
    columns : Columns
        From which `rows` were read.
    """
    model = ""
    if context.pipeline.refit is None:
        learned = fitted(context, train_partition, history)
        model = store_model(context, train_partition, learned)
        p, fits = learned.predict(context.pipeline, rows), Fits(learned.unconverged)
    else:
        p, fits = walk_forward(context.pipeline, history, rows, partition, context.cache, within(context.progress, 0.1, 0.9))
    context.progress(0.9, f"trading {partition.name}")
    base_rate = float(np.mean(history.labels.y[history.labels.y >= 0]))
    return Scored(rows, p, trade(context.pipeline, context.contract, partition, columns, rows, p, base_rate), fits), model


def outcome(scored: Scored) -> Answer:
    """The figures of a trial that are kept and shown."""
    result = scored.result
    return {
        "metrics": result.metrics,
        "counts": {**result.counts, "missing_feature": scored.rows.dropped},
        **scored.fits.listing(),
        "sides": {name: int(np.sum(result.trades.side == side)) for name, side in (("up", 1), ("down", -1))},
        "twins": result.twins,
        "price": result.assumed,
    }


def run_arrays(scored: Scored, volatility: NDArray[float64]) -> dict[str, NDArray[Any]]:
    """What breakdowns and cards are drawn from."""
    trades = {f"trades.{name}": values for name, values in scored.result.trades.columns().items()}
    return {
        "time": scored.rows.time,
        "p": scored.p,
        "y": scored.rows.labels.y,
        "daily": scored.result.daily.net,
        "day": scored.result.daily.day,
        "trades.volatility": volatility,
        **trades,
    }
