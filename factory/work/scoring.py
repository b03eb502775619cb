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
from factory.work.desk import Desk
from factory.work.training import fitted, store_model


def backtest(desk: Desk, why: str = "") -> Answer:
    """Score the pipeline on validation, training it if needed.

    The trial is in the ledger before its score is told. The same pipeline
    twice is one trial: the second time its score is read, not made.
    """
    known = desk.workshop.known(desk.pipeline, why)
    if known:
        return known
    with desk.steady():
        scored, model, volatility, found = score(desk)
    run = desk.workshop.run_id(desk.pipeline, "trial")
    Cache(desk.workshop.workspace.runs, limit=UNLIMITED).put(run, run_arrays(scored, volatility))
    return desk.workshop.record(
        desk.pipeline,
        {**outcome(scored), **found, "metrics": held_against(scored.result.metrics, desk.contract, found["null"])},
        model=model,
        why=why,
        daily=scored.result.daily.net.tolist(),
    )


def score(desk: Desk) -> tuple[Scored, str, NDArray[float64], Answer]:
    """The pipeline on validation, its artefact's hash, the volatility at each trade, and its null twin with the probes."""
    train_partition, validation = desk.partition("train"), desk.partition("validation")
    desk.progress(0.0, "reading train")
    history, past = desk.rows(train_partition)
    desk.progress(0.05, "reading validation")
    rows, columns = desk.rows(validation)
    scored, model = evaluate(desk, train_partition, history, validation, rows, columns)
    result = scored.result
    desk.progress(0.95, "probing for leaks")
    area, prints = result.metrics.get("auc"), (train_partition.fingerprint, validation.fingerprint)
    facts = desk.workshop.catalog.meta(desk.pipeline.data)["series"]
    findings = [
        *traded_faults(desk.contract.of, facts, result.trades),
        *read_faults(desk.pipeline, facts),
        *at_train(desk.pipeline, train_partition, validation, history, desk.cache),
        *at_backtest(desk.pipeline, history, rows, (past, columns), area, desk.spec.baseline, prints, desk.cache),
    ]
    volatility = volatility_of(desk.contract, validation, columns, rows.time[result.trades.decision])
    null = null_twin(desk.pipeline, desk.contract, validation, scored, desk.cache)
    return scored, model, volatility, {"null": null, "probes": whole(findings)}


def evaluate(
    desk: Desk, train_partition: Partition, history: Rows, partition: Partition, rows: Rows, columns: Columns
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
    if desk.pipeline.refit is None:
        learned = fitted(desk, train_partition, history)
        model = store_model(desk, train_partition, learned)
        p, fits = learned.predict(desk.pipeline, rows), Fits(learned.unconverged)
    else:
        p, fits = walk_forward(desk.pipeline, history, rows, partition, desk.cache, within(desk.progress, 0.1, 0.9))
    desk.progress(0.9, f"trading {partition.name}")
    base_rate = float(np.mean(history.labels.y[history.labels.y >= 0]))
    return Scored(rows, p, trade(desk.pipeline, desk.contract, partition, columns, rows, p, base_rate), fits), model


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
