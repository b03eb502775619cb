"""What is shown by name: a list, of one dataset or of all, or pipelines, one in full or several side by side."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, table
from factory.core.errors import PipelineError, UnknownError, did_you_mean, guess
from factory.review.status import review_status
from factory.tracking.binding import bind_all_shipped
from factory.tracking.naming import LISTS, PREFIXES
from factory.views import listing, lists
from factory.views.looks import look_status, looks_answer
from factory.views.readers import hide_about
from factory.views.trials import find_trial

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.review.status import Review
    from factory.tracking import Tracker

OF_DATASETS = ("summary", "leaderboard", "trials", "pipelines", "ledger", "looks")
BREAKDOWNS = ("hour", "month", "side", "confidence", "volatility", "contract")

ALIKE_IDS = 0.8
"""How much of an id must be as it is for another to be guessed at."""


def show(
    tracker: "Tracker", what: str, by: str | None, number: int, dataset: str | None = None, reader: str | None = None
) -> Answer:
    """Show a list by name, of one dataset or of all, or pipelines by id or name: one in full, several side by side.

    An agent who reads is told figures and names, and nothing that another wrote in words of its own.
    """
    if dataset is not None and what.partition(" ")[0] not in OF_DATASETS:
        raise PipelineError(f"dataset: not taken with '{what[:40]}'; leave it out, or show one of {', '.join(OF_DATASETS)}")
    if by is not None:
        return _broken_down(tracker, what, by)
    data = tracker.catalog.names() if dataset is None else [tracker.dataset(dataset)]
    if what in ("leaderboard", "trials"):
        return lists.board_answer(tracker, data, number, best=what == "leaderboard")
    if what == "ledger":
        return lists.ledger_position(tracker, data)
    if what == "datasets":
        return listing.market_answer(tracker.catalog, tracker.ledger, None)
    if what == "pipelines":
        return lists.pipelines_answer(tracker, dataset, number)
    if what == "calls":
        return lists.calls_answer(tracker, number)
    if what.partition(" ")[0] == "summary":
        from factory.views.summary import summary_answer

        return summary_answer(tracker, tracker.dataset(what.partition(" ")[2].strip() or dataset), number)
    if what == "looks":
        return looks_answer(tracker, data, whole=dataset is None)
    if what.startswith("look-"):
        return look_status(tracker, what)
    if what.startswith("call-"):
        return lists.output_answer(tracker, what, number, reader)
    names = what.replace(",", " ").split()
    if len(names) > 1:
        return _side_by_side(tracker, names)
    return _pipeline(tracker, what, reader)


def _pipeline(tracker: "Tracker", reference: str, reader: str | None) -> Answer:
    from factory.pipeline import render

    pipeline = _resolve(tracker, reference)
    review = review_status(tracker, pipeline.id)
    return {
        "pipeline": pipeline.id,
        "yaml": render(hide_about(tracker, pipeline, reader)),
        "parent": tracker.parent(pipeline.id),
        "review": _tell_review(review, whole=reader is None),
        "score": _short(find_trial(tracker, pipeline), whole=reader is None),
    }


def _tell_review(review: "Review | None", *, whole: bool) -> Answer | None:
    """Tell where a review stands; its words are for people alone."""
    if review is None:
        return None
    return {**review.answer(), **({"by": review.by, "comment": review.comment or None} if whole else {})}


def _broken_down(tracker: "Tracker", what: str, by: str) -> Answer:
    """Break one trial's trades down into groups; nothing else can be broken down."""
    from factory.views.breakdowns import break_down

    if by not in BREAKDOWNS:
        raise PipelineError(f"by: '{by}' unknown; {did_you_mean(by, BREAKDOWNS)}")
    pipeline = resolve_trial(tracker, what, "by", "breaks one trial down")
    rows = break_down(tracker, pipeline, by)
    return {"pipeline": pipeline.id, "by": by, **rows, "ledger": tracker.ledger_summary(pipeline.data)}


def resolve_trial(tracker: "Tracker", what: str, argument: str, does: str) -> "Pipeline":
    """Find the one scored pipeline that an argument of :func:`show` is about.

    Parameters
    ----------
    what : str
        What is shown.
    argument, does : str
        Its name, and what it does, which a refusal begins with.

    Raises
    ------
    PipelineError
        If it is a list or several, unknown, or not scored yet.
    """
    if what.partition(" ")[0] in LISTS or what.startswith(PREFIXES) or len(what.replace(",", " ").split()) > 1:
        raise PipelineError(f"{argument}: {does}, and '{what[:40]}' is none; give a pipeline's id, or leave {argument} out")
    pipeline = _resolve(tracker, what)
    if find_trial(tracker, pipeline) is None:
        raise PipelineError(f"{argument}: {pipeline.id} has no trades yet; backtest it first")
    return pipeline


def _resolve(tracker: "Tracker", reference: str) -> "Pipeline":
    try:
        return tracker.resolve(reference)
    except UnknownError:
        mend = _guess(tracker, reference) or f"give a pipeline's id or name, a job's id, or one of {', '.join(LISTS)}"
        raise PipelineError(f"show: '{reference}' unknown; {mend}") from None


def _guess(tracker: "Tracker", reference: str) -> str | None:
    """Ask whether a word, a name or one of the newest ids was meant; ids are all somewhat alike."""
    words = [*LISTS, *tracker.store.names(), *(one.pipeline for one in bind_all_shipped(tracker.catalog))]
    return guess(reference, words) or guess(reference, [one.id for one in tracker.store.pipelines()], ALIKE_IDS)


def _short(known: Answer | None, *, whole: bool) -> Answer | None:
    """Shorten a trial's answer to what is shown of it beside its pipeline; what probes said is for people."""
    keep = (
        "trial",
        "trades",
        "win_rate",
        "break_even",
        "sharpe",
        "return",
        "price",
        *(("probes",) if whole else ()),
        "ready",
        "ledger",
    )
    return {key: known[key] for key in keep if key in known} if known else None


def _side_by_side(tracker: "Tracker", references: list[str]) -> Answer:
    from factory.pipeline import diff

    pipelines = [_resolve(tracker, reference) for reference in references[:6]]
    known = [find_trial(tracker, pipeline) or {} for pipeline in pipelines]
    figures = (
        "trial",
        "trades",
        "win_rate",
        "break_even",
        "mean_net",
        "p_value",
        "sharpe",
        "sharpe_error",
        "return",
        "drawdown",
        "log_loss",
    )
    rows = [[figure, *(one.get(figure) for one in known)] for figure in figures if any(figure in one for one in known)]
    rows.append(["auc", *(one["auc"][0] if "auc" in one else None for one in known)])
    return {
        **table(["figure", *(pipeline.id for pipeline in pipelines)], rows),
        "differences": {pipeline.id: diff(pipelines[0], pipeline) for pipeline in pipelines[1:]},
        "ledger": tracker.ledger_summary(pipelines[0].data),
    }
