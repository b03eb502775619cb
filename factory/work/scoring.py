"""The trial: score a pipeline on validation and write it into the ledger."""

from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.answers import Answer
from factory.cache import UNLIMITED, Cache
from factory.evidence.probes.learned import baseline
from factory.evidence.probes.run import at_backtest, at_train, whole
from factory.flow import Scored, trade, volatility_of, walk_forward
from factory.progress import within
from factory.work.desk import Desk
from factory.work.training import fitted, store_model


def backtest(desk: Desk, why: str = "") -> Answer:
    """Score the pipeline on validation, training it if needed.

    The trial is in the ledger before its score is told. The same pipeline
    twice is one trial: the second time its score is read, not made.
    """
    known = desk.workshop.known(desk.pipeline)
    if known:
        return known
    with desk.steady():
        scored, model, volatility, probes = score(desk)
    run = desk.workshop.run_id(desk.pipeline, "trial")
    Cache(desk.workshop.workspace.runs, limit=UNLIMITED).put(run, run_arrays(scored, volatility))
    return desk.workshop.record(
        desk.pipeline, {**outcome(scored), "probes": probes}, model=model, why=why, daily=scored.result.daily.net.tolist()
    )


def score(desk: Desk) -> tuple[Scored, str, NDArray[float64], Answer]:
    """The pipeline on validation, the hash of the artefact that predicted it, the volatility at each trade, and the probes."""
    train_partition, validation = desk.partition("train"), desk.partition("validation")
    desk.progress(0.0, "reading train")
    history, past = desk.rows(train_partition)
    desk.progress(0.05, "reading validation")
    rows, columns = desk.rows(validation)
    model = ""
    if desk.pipeline.refit is None:
        learned = fitted(desk, train_partition, history)
        model = store_model(desk, train_partition, learned)
        p = learned.predict(desk.pipeline, rows)
    else:
        p = walk_forward(desk.pipeline, history, rows, validation, desk.cache, within(desk.progress, 0.1, 0.9))
    desk.progress(0.9, "trading validation")
    base_rate = float(np.mean(history.labels.y[history.labels.y >= 0]))
    result = trade(desk.pipeline, desk.contract, validation, columns, rows, p, base_rate)
    desk.progress(0.95, "probing for leaks")
    areas = result.metrics.get("auc"), baseline(desk.spec.baseline, rows, columns)
    prints = train_partition.fingerprint, validation.fingerprint
    findings = [
        *at_train(desk.pipeline, train_partition, validation, history, desk.cache),
        *at_backtest(desk.pipeline, history, rows, (past, columns), areas, prints, desk.cache),
    ]
    volatility = volatility_of(desk.contract, validation, columns, rows.time[result.trades.decision])
    return Scored(rows, p, result), model, volatility, whole(findings)


def outcome(scored: Scored) -> Answer:
    """The figures of a trial that are kept and shown."""
    result = scored.result
    return {
        "metrics": result.metrics,
        "counts": {**result.counts, "missing_feature": scored.rows.dropped},
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
