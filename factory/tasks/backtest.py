"""The trial: score a pipeline on validation and write it into the ledger."""

from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.answers import Answer
from factory.core.progress import subrange
from factory.evidence.null_twin import null_twin, widen_errors
from factory.evidence.probes.imported import check_read_faults, check_traded_faults
from factory.evidence.probes.run import probe_train, probe_validation, trial_findings
from factory.flow import Scored, evaluate, fit, volatility_of
from factory.storage.cache import UNLIMITED, Cache
from factory.tasks.context import TaskContext
from factory.tasks.train import store_model
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
        scored, model, volatility, evidence = score(context)
    run = context.tracker.run_id(context.pipeline, "trial")
    Cache(context.tracker.workspace.runs, limit=UNLIMITED).put(run, run_arrays(scored, volatility))
    entry, new = context.tracker.record_trial(
        context.pipeline,
        {
            **outcome_to_dict(scored),
            **evidence,
            "metrics": widen_errors(scored.result.metrics, context.contract, evidence["null"]),
        },
        model=model,
        why=why,
        daily=scored.result.daily.net.tolist(),
    )
    return trial_answer(context.tracker, context.pipeline, entry, new=new)


def score(context: TaskContext) -> tuple[Scored, str, NDArray[float64], Answer]:
    """Score the pipeline on validation.

    Beside the score: the hash of its artefact, the volatility at each trade, and its null twin with the probes.
    """
    past, columns = context.columns("train"), context.columns("validation")
    fit_share = 0.8 if context.pipeline.refit is None else 0.05
    fitted = fit(context.pipeline, past, subrange(context.progress, 0.0, fit_share))
    scored = evaluate(context.pipeline, context.contract, fitted, columns, subrange(context.progress, fit_share, 0.95))
    history, result = fitted.history, scored.result
    context.progress(0.95, "probing for leaks")
    facts = context.tracker.catalog.meta(context.pipeline.data)["series"]
    findings = [
        *check_traded_faults(context.contract.of, facts, result.trades),
        *check_read_faults(context.pipeline, facts),
        *probe_train(context.pipeline, past, columns.partition, history),
        *probe_validation(
            context.pipeline, history, scored.rows, (past, columns), scored.p, result.metrics.get("auc"), context.spec.baseline
        ),
    ]
    volatility = volatility_of(context.contract, columns, scored.rows.time[result.trades.decision])
    null = null_twin(context.pipeline, context.contract, columns.partition, scored, context.cache)
    model = store_model(context, fitted.key, fitted.model) if fitted.model else ""
    return scored, model, volatility, {"null": null, "probes": trial_findings(findings)}


def outcome_to_dict(scored: Scored) -> Answer:
    """Collect the figures of a trial that are kept and shown."""
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
    """Collect the arrays that breakdowns and cards are drawn from."""
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
