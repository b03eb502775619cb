"""The honest summary of a search: what was tried, the best of it, what it would take to pay, and what was ruled out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer, page_note, table
from factory.core.errors import FactoryError, PipelineError
from factory.core.times import now_ms
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.ledger import Entry
from factory.ledger.board import Idea
from factory.vault.pools import SEAL_ROWS, read_looks
from factory.views.interpretation import interpret
from factory.views.lists import STALE, mark_stale

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

FAMILIES = 5
"""Ideas on a page, those with most trials first."""


def summary_answer(tracker: "Tracker", dataset: str, number: int = 1) -> Answer:
    """Summarise the search on a dataset.

    A family is an idea: what is predicted, on what clock. It is ruled out, on validation, when even the
    upper end of the interval of each of its trials that can be judged loses after costs, and open when one does not.

    Parameters
    ----------
    number : int
        Page of the families; pages after the first hold nothing else.

    Raises
    ------
    PipelineError
        If nothing was tried yet.
    """
    best = tracker.ledger.best_trial(dataset)
    if best is None:
        raise PipelineError(f"summary: no trial on {dataset} yet; backtest something first")
    ideas, total = tracker.ledger.ideas(dataset, number, FAMILIES)
    families = [_family(idea, tracker.ledger.best_trial(dataset, idea.name)) for idea in ideas]
    more = page_note(total, number, FAMILIES)
    listed = {"families": table(("idea", "trials", "best", "mean_net", "high", "says"), families), **more}
    if number > 1:
        return {"data": tracker.data_text(dataset), **listed}
    count = tracker.ledger.counts(dataset).trials
    metrics = best.payload["metrics"]
    return {
        "data": tracker.data_text(dataset),
        "best": {**_best(best, count), STALE: mark_stale(tracker, best)},
        "reading": interpret(metrics, count, tracker.ledger.independent(dataset)),
        "costs": describe_costs(metrics),
        **listed,
        "mean_net_calm_to_wild": _regimes(tracker, best),
        "sealed": _heard(tracker, dataset),
        "price": best.payload.get("price") or None,
        "ledger": tracker.ledger_summary(dataset),
    }


def _best(entry: Entry, trials: int) -> Answer:
    metrics = entry.payload["metrics"]
    edge = [metrics.get(key) for key in ("mean_net", "mean_low", "mean_high")]
    return {
        "pipeline": entry.payload["pipeline"],
        "name": entry.payload["name"],
        "trades": metrics.get("trades"),
        "mean_net": [one for one in edge if one is not None] or None,
        "win_rate": metrics.get("win_rate"),
        "break_even": metrics.get("break_even"),
        "deflated": deflate_sharpe(metrics, trials),
    }


def describe_costs(metrics: Mapping[str, Any]) -> str | None:
    """Compute the cost at which the best trial would have paid, and say it."""
    if "mean_cost" not in metrics:
        return None
    now, most = metrics["mean_cost"], metrics["mean_net"] + metrics["mean_cost"]
    if most <= 0:
        return f"loses even without costs (now {now:.4g} a decision)"
    return f"{'pays' if most > now else 'would pay'} below {most:.4g} a decision; now {now:.4g}"


def _family(idea: Idea, best: Entry | None) -> list[Any]:
    """Describe an idea with its best trial's pipeline and figures."""
    assert best is not None, "an idea has trials"
    metrics = best.payload["metrics"]
    return [
        idea.name,
        idea.trials,
        best.payload["pipeline"],
        metrics.get("mean_net"),
        metrics.get("mean_high"),
        judge_idea(idea),
    ]


def judge_idea(idea: Idea) -> str:
    """Judge what an idea's trials show together; those that cannot be judged neither open nor close it."""
    if idea.highest is None:
        return "too few trades to say"
    few = idea.trials - idea.judged
    unknown = f"; {few} with too few trades" if few else ""
    return ("ruled out after costs" if idea.highest <= 0 else "open") + unknown


def _regimes(tracker: "Tracker", best: Entry) -> list[float] | None:
    """Compute the best trial's mean net by volatility, from calm to wild: a breakdown like another, and counted as one."""
    from factory.views.breakdowns import break_down

    try:
        breakdown = break_down(tracker, tracker.resolve(str(best.payload["pipeline"])), "volatility")
    except FactoryError:
        return None
    place = breakdown["columns"].index("mean_net")
    return [row[place] for row in breakdown["rows"] if row[0] != "unknown"]


def _heard(tracker: "Tracker", dataset: str) -> list[str] | None:
    now = now_ms()
    looks = [look for look in read_looks(tracker.ledger.of_kinds(SEAL_ROWS)) if look.payload["dataset"] == dataset]
    return [f"{look.payload['pipeline']} {look.heard(now)}" for look in looks] or None
