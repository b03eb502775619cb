"""What a trial came to: what it earned beside what luck and the market alone would have."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, round_answer
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.ledger import Entry
from factory.tracking.explanations import tell_probes
from factory.vault.pools import SEAL_ROWS
from factory.views.interpretation import interpret

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking import Tracker


def find_trial(tracker: "Tracker", pipeline: "Pipeline", why: str = "") -> Answer | None:
    """Find the answer about a pipeline's trial on these data, or None; a new reason may explain its warnings."""
    entry = tracker.find_entry(pipeline, why)
    return None if entry is None else trial_answer(tracker, pipeline, entry, new=False)


def trial_answer(tracker: "Tracker", pipeline: "Pipeline", entry: Entry, *, new: bool) -> Answer:
    """Write the answer about a trial: what it earned beside what luck and the market alone would have."""
    number = tracker.ledger.counts(pipeline.data, until=entry.seq).trials
    run: Answer = {**entry.payload, "trial": number}
    found = run["metrics"]
    trials = max(run["trial"], tracker.ledger.counts(pipeline.data).trials)
    answer: Answer = {
        "pipeline": pipeline.id,
        "trial": run["trial"],
        "seen_before": None if new else True,
        **headline(found),
        "auc": format_interval(found, "auc"),
        "log_loss": found.get("log_loss"),
        "brier": found.get("brier"),
        "calibration_slope": found.get("slope"),
        "turnover_a_year": found.get("turnover"),
        "costs": found.get("costs"),
        "sides": run.get("sides"),
        "decisions": {name: count for name, count in run["counts"].items() if count},
        "refits": run.get("refits"),
        "unconverged": run.get("unconverged"),
        "twins": {name: [twin.get("win_rate"), twin.get("total_return")] for name, twin in run["twins"].items()},
        "twins_show": "win_rate, return; the coin is one draw",
        "on_flipped_bars": null_twin_answer(run),
        "units": payoff_units(pipeline),
        "deflated": deflate_sharpe(found, trials),
        "reading": interpret(found, trials, tracker.ledger.independent(pipeline.data)),
        "price": run.get("price") or None,
        "probes": tell_probes(tracker.store, (tracker.agent, tracker.score_key(pipeline)), pipeline, run),
        "ready": readiness_answer(tracker, pipeline, run),
        "data": "simulated" if tracker.catalog.meta(pipeline.data)["simulated"] else None,
        "ledger": tracker.ledger_summary(pipeline.data),
    }
    return round_answer(answer)


def readiness_answer(tracker: "Tracker", pipeline: "Pipeline", run: Answer) -> Answer:
    """Say what a look at a trial could examine, and what is missing for one."""
    from factory.vault.readiness import trial_readiness

    spec = tracker.catalog.spec(pipeline.data)
    return trial_readiness(spec, spec.contracts[pipeline.trade.contract], run, tracker.ledger.of_kinds(SEAL_ROWS))


def null_twin_answer(run: Answer) -> Answer | None:
    """Say what the trial's frozen decisions come to where direction is a coin, and what the trial has beyond that."""
    twin, found = run.get("null"), run["metrics"]
    if not twin:
        return None
    return {
        "mean_net": [twin[key] for key in ("mean_net", "mean_spread") if key in twin] or None,
        "auc": twin.get("auc"),
        "excess_net": found["mean_net"] - twin["mean_net"] if "mean_net" in twin else None,
        "excess_auc": found["auc"] - twin["auc"] if "auc" in twin and "auc" in found else None,
    }


def headline(found: Answer) -> Answer:
    """Select the figures that every list of trials shows."""
    return {
        "trades": found.get("trades"),
        "win_rate": found.get("win_rate"),
        "win_interval": _pair(found, "win_low", "win_high"),
        "break_even": found.get("break_even"),
        "mean_net": format_interval(found, "mean_net", "mean"),
        "p_value": found.get("p_value"),
        "sharpe": found.get("sharpe"),
        "sharpe_error": found.get("sharpe_error"),
        "return": found.get("total_return"),
        "drawdown": found.get("max_drawdown"),
    }


def payoff_units(pipeline: "Pipeline") -> str:
    """Name the units in which a trial's money is counted."""
    unit = "share that pays 1" if pipeline.trade.use == "up_or_down" else "unit of notional"
    return f"mean_net per {unit}; costs, return in starting equity"


def format_interval(found: Answer, name: str, stem: str | None = None) -> list[float] | None:
    """List a figure with the ends of its interval."""
    keys = (name, f"{stem or name}_low", f"{stem or name}_high")
    return [found[key] for key in keys if key in found] or None


def _pair(found: Answer, low: str, high: str) -> list[float] | None:
    return [found[low], found[high]] if low in found and high in found else None
