"""The trial: score a pipeline on validation and write it into the ledger."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest import Trades
from factory.core.answers import Answer
from factory.core.progress import subrange
from factory.evidence.null_twin import null_twin, widen_errors
from factory.evidence.probes.imported import check_read_faults, check_traded_faults
from factory.evidence.probes.run import probe_train, probe_validation, trial_findings
from factory.flow import Scored, barrier_levels, evaluate, fit, traded_volatility
from factory.learning.decision_table import DecisionTable
from factory.market.contracts import Binary
from factory.pipeline import Pipeline
from factory.pipeline.model import MOST_ALSO
from factory.pipeline.parts.labels import WindowEnd
from factory.report.trial import TWIN_COLUMNS
from factory.statistics.drift import measure_drift
from factory.storage.cache import UNLIMITED, Cache
from factory.tasks.context import TaskContext
from factory.tasks.train import store_model
from factory.views.trials import find_trial, trial_answer

MOST_ROWS = 20_000
"""Decisions of each partition over which drift is measured, at most, evenly spaced."""


def backtest(context: TaskContext, why: str = "") -> Answer:
    """Score the pipeline on validation, training it if needed.

    The trial is in the ledger before its score is told. The same pipeline
    twice is one trial: the second time its score is read, not made.
    """
    known = find_trial(context.tracker, context.pipeline, why)
    if known:
        return known
    with context.refuse_if_rebuilt():
        scored, model, arrays, evidence = score(context)
    run = context.tracker.run_id(context.pipeline, "trial")
    Cache(context.tracker.workspace.runs, limit=UNLIMITED).put(run, arrays)
    entry, new = context.tracker.record_trial(
        context.pipeline,
        {
            **outcome_to_dict(scored, context.settled),
            **evidence,
            "metrics": widen_errors(scored.result.metrics, context.contract, evidence["null"]),
        },
        model=model,
        why=why,
        daily=scored.result.daily.net.tolist(),
    )
    return trial_answer(context.tracker, context.pipeline, entry, new=new)


def score(context: TaskContext) -> tuple[Scored, str, dict[str, NDArray[Any]], Answer]:
    """Score the pipeline on validation.

    Beside the score: the hash of its artefact, the arrays that are kept of it, and its null twin with the probes.
    """
    past, columns = context.columns("train"), context.columns("validation")
    fit_share = 0.8 if context.pipeline.refit is None else 0.05
    fitted = fit(context.pipeline, past, subrange(context.progress, 0.0, fit_share))
    scored = evaluate(context.pipeline, context.contract, fitted, columns, subrange(context.progress, fit_share, 0.95))
    history, result = fitted.history, scored.result
    context.progress(0.95, "probing for leaks")
    facts = context.tracker.catalog.meta(context.pipeline.data)["series"]
    findings = [
        *(
            finding
            for k, contract in enumerate(context.contracts)
            for finding in check_traded_faults(contract.of, facts, result.trades.take(result.trades.rows_of(k)))
        ),
        *check_read_faults(context.pipeline, facts),
        *probe_train(context.pipeline, past, columns.partition, history),
        *probe_validation(
            context.pipeline,
            history,
            scored.rows,
            (past, columns),
            scored.p,
            result.metrics.get("auc"),
            _choose_baseline(context),
        ),
    ]
    volatility = traded_volatility(context.contracts, columns, scored)
    null = null_twin(context.pipeline, context.contract, columns.partition, scored, context.cache)
    model = store_model(context, fitted.key, fitted.model) if fitted.model else ""
    drift = drift_arrays(context.pipeline.features, history, scored.rows)
    arrays = run_arrays(scored, volatility) | _barrier_arrays(context.pipeline, scored) | drift
    return scored, model, arrays, {"null": null, "probes": trial_findings(findings)}


def outcome_to_dict(scored: Scored, settled: str) -> Answer:
    """Collect the figures of a trial that are kept and shown.

    Parameters
    ----------
    settled : str
        What settles the contract and how often its bars say otherwise; empty where they settle it.
    """
    result = scored.result
    return {
        "metrics": result.metrics,
        "counts": {**result.counts, "missing_feature": scored.rows.dropped},
        **scored.fits.listing(),
        "sides": {name: int(np.sum(result.trades.side == side)) for name, side in (("up", 1), ("down", -1))},
        "twins": result.twins,
        "price": ", ".join(filter(None, (result.assumed, settled))),
        **({"by_contract": result.by_contract} if result.by_contract else {}),
    }


def run_arrays(scored: Scored, volatility: NDArray[float64]) -> dict[str, NDArray[Any]]:
    """Collect the arrays that breakdowns and cards are drawn from."""
    own = scored.result.trades
    twins, place = {}, np.argsort(_identify(own), kind="stable")
    for name, twin in scored.result.twin_trades.items():
        # A twin that lost everything has fewer trades, and one of a perpetual may meet a barrier where the other did not.
        kept = np.full((len(TWIN_COLUMNS), len(own)), np.nan)
        rows = place[np.searchsorted(_identify(own), _identify(twin), sorter=place)]
        kept[:, rows] = [getattr(twin, column) for column in TWIN_COLUMNS]
        twins[f"twins.{name}"] = kept
    return {
        "time": scored.rows.time,
        "p": scored.p,
        "y": scored.rows.labels.y,
        "daily": scored.result.daily.net,
        "day": scored.result.daily.day,
        "trades.volatility": volatility,
        **{f"trades.{name}": values for name, values in own.columns().items()},
        **twins,
    }


def _identify(trades: Trades) -> NDArray[int64]:
    """Number trades by decision and contract, by which they are told from each other."""
    return trades.decision if trades.contract is None else trades.decision * (MOST_ALSO + 1) + trades.contract


def _barrier_arrays(pipeline: Pipeline, scored: Scored) -> dict[str, NDArray[Any]]:
    """Collect how far above and below the fill the barriers of each trade are, where it leaves at barriers."""
    trades = scored.result.trades
    above, below = np.full((2, len(trades)), np.nan)
    levels = [barrier_levels(pipeline, scored.rows, part) for part in pipeline.trades.values()]
    for k, one in enumerate(levels):
        mine = trades.rows_of(k)
        if one is not None:
            above[mine], below[mine] = one.up[trades.decision[mine]], one.down[trades.decision[mine]]
    return {"trades.above": above, "trades.below": below} if any(levels) else {}


def _choose_baseline(context: TaskContext) -> str | None:
    """Choose the column that may well rank labels: the dataset's, or of windows that are half over the price that is paid."""
    contract, registered = context.contract, context.spec.baseline
    if registered or not isinstance(context.pipeline.label, WindowEnd) or not isinstance(contract, Binary) or not contract.odds:
        return registered
    return f"{contract.odds}.up"


def drift_arrays(features: Iterable[str], history: DecisionTable, rows: DecisionTable) -> dict[str, NDArray[Any]]:
    """Measure how far each of the pipeline's features moved from train to validation: shape (features, 2), PSI and KS distance.

    A row is missing where there is too little to measure.
    """
    old, new = (_thin(len(table.time)) for table in (history, rows))
    unknown = (np.nan, np.nan)
    moved = [
        (measure_drift(history.features[name][old], rows.features[name][new]) if name in rows.features else None) or unknown
        for name in features
    ]
    return {"drift": np.array(moved, float64).reshape(-1, 2)}


def _thin(count: int) -> NDArray[int64]:
    return np.unique(np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(int64))
