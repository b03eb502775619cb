"""What a search came to, soberly: mostly that nothing was found, and then what that rules out, at which size and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory.core.answers import pluralize, round_significant
from factory.core.times import now_ms
from factory.ledger import Entry
from factory.ledger.board import Idea
from factory.vault.pools import FAIL, PASS, SEAL_ROWS, Look, find_pool, read_looks
from factory.views.datasets import require_dataset
from factory.views.interpretation import NONE, grade_evidence, interpret
from factory.views.lists import mark_stale
from factory.views.summary import describe_costs, judge_idea

if TYPE_CHECKING:
    from factory.tracking import Tracker

MOST_IDEAS = 30
"""Shown, those with most trials first."""
UNTRIED, NOTHING, OPEN, CANDIDATE, PASSED = "untried", "nothing", "open", "candidate", "passed"
"""What a search may have come to."""


@dataclass(frozen=True, slots=True)
class IdeaResult:
    """What the trials of one idea came to.

    Parameters
    ----------
    name : str
        What is predicted, on what clock.
    trials, judged : int
    pipeline : str
        Id of its best trial's pipeline.
    mean, low, high : float or None
        Mean net payoff a decision of the best trial, and the ends of its 95 % interval.
    highest : float or None
        Greatest upper end among all its trials.
    pays_below : float or None
        Cost of a decision below which the best trial pays.
    cost : float or None
        What a decision cost.
    says : str
    """

    name: str
    trials: int
    judged: int
    pipeline: str
    mean: float | None
    low: float | None
    high: float | None
    highest: float | None
    pays_below: float | None
    cost: float | None
    says: str

    @property
    def ruled_out(self) -> str:
        """The gains that no trial of the idea leaves room for."""
        if self.highest is None:
            return "nothing: too few trades"
        return "any gain after costs" if self.highest <= 0 else f"more than {round_significant(self.highest)} a decision"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a search on a dataset came to.

    Parameters
    ----------
    dataset : str
    is_simulated : bool
    state : str
        ``untried``, ``nothing``, ``open``, ``candidate`` or ``passed``.
    says : list of str
        The conclusion in sentences, the first of them alone tells it.
    trials, explorations : int
    independent : float
    best : Entry or None
        The best trial.
    reading, costs, price, stale : str
        Of the best trial.
    ideas : list of IdeaResult
    more : int
        Ideas that are not listed.
    looks : list of (str, str, str)
        Name, pipeline and verdict of each sealed look.
    left : list of str
        What is left to try.
    """

    dataset: str
    is_simulated: bool
    state: str
    says: list[str]
    trials: int = 0
    explorations: int = 0
    independent: float = 0.0
    best: Entry | None = None
    reading: str = ""
    costs: str = ""
    price: str = ""
    stale: str = ""
    ideas: list[IdeaResult] = field(default_factory=list)
    more: int = 0
    looks: list[tuple[str, str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def conclude_search(tracker: "Tracker", dataset: str) -> Conclusion:
    """Conclude what the search on a dataset came to.

    Raises
    ------
    UnknownError
        If there is no such dataset.
    """
    require_dataset(tracker, dataset)
    ledger, spec, now = tracker.ledger, tracker.catalog.spec(dataset), now_ms()
    rows, simulated = ledger.of_kinds(SEAL_ROWS), spec.simulated is not None
    best, counts = ledger.best_trial(dataset), ledger.counts(dataset)
    looks = [look for look in read_looks(rows) if look.payload["dataset"] == dataset]
    left = [f"{find_pool(rows, spec, now).outlook} at the sealed segment"]
    if best is None:
        told = [f"Nothing was scored on {dataset} yet, so nothing is ruled out."]
        return Conclusion(dataset, simulated, UNTRIED, told, counts.trials, counts.explorations, left=left)
    ideas, total = ledger.ideas(dataset, 1, MOST_IDEAS)
    results = [_judge_idea(idea, ledger.best_trial(dataset, idea.name)) for idea in ideas]
    metrics, independent = best.payload["metrics"], ledger.independent(dataset)
    grade = grade_evidence(metrics, counts.trials, independent)
    state = _find_state(looks, now, grade, results)
    made = f"{pluralize(counts.trials, 'trial')} of {pluralize(total, 'idea')}"
    return Conclusion(
        dataset, simulated, state, _say(state, grade, made, metrics, looks, now),
        counts.trials, counts.explorations, independent, best,
        interpret(metrics, counts.trials, independent), describe_costs(metrics) or "", str(best.payload.get("price") or ""),
        mark_stale(tracker, best) or "",
        results, total - len(results),
        [(look.name, str(look.payload["pipeline"]), look.heard(now)) for look in looks],
        [*_list_left(results), *left],
    )  # fmt: skip


def _judge_idea(idea: Idea, best: Entry | None) -> IdeaResult:
    assert best is not None, "an idea has trials"
    metrics: dict[str, Any] = best.payload["metrics"]
    mean, cost = metrics.get("mean_net"), metrics.get("mean_cost")
    return IdeaResult(
        idea.name, idea.trials, idea.judged, str(best.payload["pipeline"]),
        mean, metrics.get("mean_low"), metrics.get("mean_high"), idea.highest,
        None if mean is None or cost is None else mean + cost, cost, judge_idea(idea),
    )  # fmt: skip


def _find_state(looks: Sequence[Look], now: int, grade: str, results: Sequence[IdeaResult]) -> str:
    if any(look.heard(now) == PASS for look in looks):
        return PASSED
    if grade in ("strong", "fair"):
        return CANDIDATE
    return NOTHING if all(one.highest is not None and one.highest <= 0 for one in results) else OPEN


def _say(state: str, grade: str, made: str, metrics: Mapping[str, Any], looks: Sequence[Look], now: int) -> list[str]:
    """Say the conclusion in sentences.

    Parameters
    ----------
    grade : str
        Of the evidence for the best trial.
    made : str
        How many trials of how many ideas.
    metrics : mapping
        Of the best trial.
    """
    failed = [look.name for look in looks if look.heard(now) == FAIL]
    heard = [f"{', '.join(failed)} heard FAIL on the sealed segment."] if failed else []
    if state == PASSED:
        passed = ", ".join(look.name for look in looks if look.heard(now) == PASS)
        return [
            f"Something was found: {passed} heard PASS on data that no search had seen.",
            "That says nothing of other dates, sizes or venues; newer bars decide whether it goes on.",
            *heard,
        ]
    if state == CANDIDATE:
        return [
            f"Something may be there: the best of {made} earns on validation, and the evidence is {grade}.",
            "It was chosen on these very data, after others had been seen; sealed data have the last word.",
            *heard,
        ]
    if state == NOTHING:
        return [
            f"No edge was found: of {made} every one loses after costs, even at the upper end of its interval.",
            "What was not tried is not ruled out.",
            *heard,
        ]
    smaller = "Effects smaller than those ruled out below may be there; these data cannot tell them from nothing."
    return [f"{_say_open(grade, made, metrics)}.", smaller, *heard]


def _say_open(grade: str, made: str, metrics: Mapping[str, Any]) -> str:
    """Say why the best trial shows no edge though something stays open."""
    if "p_value" not in metrics:
        return f"No edge was shown: the best of {made} has too few independent trades to judge"
    if metrics["mean_net"] <= 0:
        return f"No edge was found: even the best of {made} earns nothing after costs"
    if grade != NONE:
        return f"No edge was shown: the best of {made} earns on validation, but the evidence is {grade}"
    return f"No edge was found: the best of {made} is no better than luck would bring among so many"


def _list_left(results: Sequence[IdeaResult]) -> list[str]:
    unruled = [one.name for one in results if one.highest is not None and one.highest > 0]
    few = [one.name for one in results if one.highest is None]
    return [
        *([f"open, an edge may hide below what is ruled out: {'; '.join(unruled)}"] if unruled else []),
        *([f"too few trades to say: {'; '.join(few)}"] if few else []),
        "ideas that nobody tried: other labels, other clocks, other series",
    ]


def draw_ruled_out(conclusion: Conclusion) -> dict[str, Any] | None:
    """Draw the interval of each idea's best trial against break-even; None where none can be judged."""
    from factory.report.market_charts import draw_intervals

    judged = [
        (one.name, one.mean, one.low, one.high, one.highest)
        for one in conclusion.ideas
        if one.mean is not None and one.low is not None and one.high is not None and one.highest is not None
    ]
    if not judged:
        return None
    return draw_intervals(*zip(*judged, strict=True))
