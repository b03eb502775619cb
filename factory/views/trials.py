"""What a trial came to: what it earned beside what luck and the market alone would have."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer, round_answer
from factory.core.foreign import shorten
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.ledger import Entry
from factory.market.contracts import Perpetual
from factory.tracking.explanations import tell_probes
from factory.tracking.naming import describe_change
from factory.vault.pools import SEAL_ROWS
from factory.views.interpretation import interpret

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking import Tracker


CHANGE = 30
"""Characters of what was changed."""
CLASS_FIGURES = ("macro_f1", "class_log_loss", "base_class_log_loss", "flat_share")
"""Of a label of three classes; what stands beside them is of the direction of what moved."""


def find_trial(tracker: "Tracker", pipeline: "Pipeline", why: str = "") -> Answer | None:
    """Find the answer about a pipeline's trial on these data, or None; a new reason may explain its warnings."""
    entry = tracker.find_entry(pipeline, why)
    return None if entry is None else trial_answer(tracker, pipeline, entry, new=False)


def trial_answer(tracker: "Tracker", pipeline: "Pipeline", entry: Entry, *, new: bool) -> Answer:
    """Write the answer about a trial: what it earned beside what luck and the market alone would have."""
    number = tracker.ledger.counts(pipeline.data, until=entry.seq).trials
    run: Answer = {**entry.payload, "trial": number}
    metrics = run["metrics"]
    trials = max(run["trial"], tracker.ledger.counts(pipeline.data).trials)
    answer: Answer = {
        "pipeline": pipeline.id,
        "trial": run["trial"],
        "seen_before": None if new else True,
        "changed": tell_change(tracker, pipeline),
        **headline(metrics),
        "auc": format_interval(metrics, "auc"),
        "log_loss": metrics.get("log_loss"),
        "brier": metrics.get("brier"),
        "three_classes": {name: metrics[name] for name in CLASS_FIGURES if name in metrics} or None,
        "calibration_slope": metrics.get("slope"),
        "turnover_a_year": metrics.get("turnover"),
        "costs": metrics.get("costs"),
        "funding": metrics.get("funding") if _is_funding_recorded(tracker, pipeline) else None,
        "sides": run.get("sides"),
        "by_contract": contract_rows(run),
        "decisions": {name: count for name, count in run["counts"].items() if count},
        "unsettled": _tell_unsettled(metrics),
        "refits": run.get("refits"),
        "unconverged": run.get("unconverged"),
        "twins": {name: [twin.get("win_rate"), twin.get("total_return")] for name, twin in run["twins"].items()},
        "twins_show": "win_rate, return",
        "on_flipped_bars": null_twin_answer(run),
        "units": payoff_units(pipeline),
        "deflated": deflate_sharpe(metrics, trials),
        "reading": interpret(metrics, trials, tracker.ledger.independent(pipeline.data)),
        "price": run.get("price") or None,
        "probes": tell_probes(tracker.store, (tracker.agent, tracker.score_key(pipeline)), pipeline, run),
        "ready": readiness_answer(tracker, pipeline, run),
        "data": "simulated" if tracker.catalog.meta(pipeline.data)["simulated"] else None,
        "ledger": tracker.ledger_summary(pipeline.data),
    }
    return round_answer(answer)


def _tell_unsettled(metrics: Mapping[str, Any]) -> str | None:
    """Say how many wanted windows have no outcome, before a look is spent on them."""
    if "unsettled" not in metrics:
        return None
    from factory.vault.planning import share_lost

    return f"{metrics['unsettled']:.0f} wanted windows have no outcome ({share_lost(metrics):.1%}); a look counts such as lost"


def _is_funding_recorded(tracker: "Tracker", pipeline: "Pipeline") -> bool:
    contract = tracker.catalog.spec(pipeline.data).contracts[pipeline.trade.contract]
    return isinstance(contract, Perpetual) and contract.funding_column is not None


def tell_change(tracker: "Tracker", pipeline: "Pipeline") -> str | None:
    """Tell what a pipeline has otherwise than the one that it was changed from; None of one that was defined whole."""
    change = describe_change(tracker.store, tracker.catalog, pipeline.id)
    return shorten(change, CHANGE) if change else None


def readiness_answer(tracker: "Tracker", pipeline: "Pipeline", run: Answer) -> Answer:
    """Say what a look at a trial could examine, and what is missing for one."""
    from factory.vault.readiness import trial_readiness

    spec = tracker.catalog.spec(pipeline.data)
    return trial_readiness(spec, spec.contracts[pipeline.trade.contract], run, tracker.ledger.of_kinds(SEAL_ROWS))


def null_twin_answer(run: Answer) -> Answer | None:
    """Say what the trial's frozen decisions come to where direction is a coin, and what the trial has beyond that."""
    twin, metrics = run.get("null"), run["metrics"]
    if not twin:
        return None
    return {
        "mean_net": [twin[key] for key in ("mean_net", "mean_spread") if key in twin] or None,
        "auc": twin.get("auc"),
        "excess_net": metrics["mean_net"] - twin["mean_net"] if "mean_net" in twin else None,
        "excess_auc": metrics["auc"] - twin["auc"] if "auc" in twin and "auc" in metrics else None,
    }


def contract_rows(run: Answer) -> Answer | None:
    """List what each of several contracts had of the trades and brought to the account; None where there is one alone."""
    each = run.get("by_contract") or {}
    if not each:
        return None
    shown = ("taken", "cut", "liquidated", "net", "mean_net")
    return {"columns": ["trades", *shown[1:]], **{name: [one.get(key) for key in shown] for name, one in each.items()}}


def headline(metrics: Answer) -> Answer:
    """Select the figures that every list of trials shows."""
    return {
        "trades": metrics.get("trades"),
        "win_rate": metrics.get("win_rate"),
        "win_interval": _pair(metrics, "win_low", "win_high"),
        "break_even": metrics.get("break_even"),
        "mean_net": format_interval(metrics, "mean_net", "mean"),
        "p_value": metrics.get("p_value"),
        "sharpe": metrics.get("sharpe"),
        "sharpe_error": metrics.get("sharpe_error"),
        "return": metrics.get("total_return"),
        "drawdown": metrics.get("max_drawdown"),
    }


def payoff_units(pipeline: "Pipeline") -> str:
    """Name the units in which a trial's money is counted."""
    unit = "share" if pipeline.trade.use == "up_or_down" else "unit of notional"
    return f"mean_net per {unit}; costs, return in starting equity"


def format_interval(metrics: Answer, name: str, stem: str | None = None) -> list[float] | None:
    """List a figure with the ends of its interval."""
    keys = (name, f"{stem or name}_low", f"{stem or name}_high")
    return [metrics[key] for key in keys if key in metrics] or None


def _pair(metrics: Answer, low: str, high: str) -> list[float] | None:
    return [metrics[low], metrics[high]] if low in metrics and high in metrics else None
