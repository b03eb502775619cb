"""Lists of what was done: the leaderboard, pipelines, calls of agents' own code, the ledger."""

from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer, page_note, table
from factory.core.errors import PipelineError
from factory.core.times import iso
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.ledger import Entry
from factory.pipeline.stored import find_pipeline
from factory.review.status import read_reviews
from factory.tracking.earlier import is_stale
from factory.tracking.naming import describe_change
from factory.views.trials import headline

if TYPE_CHECKING:
    from factory.tracking import Tracker

PAGE = 10
CHARACTERS = 6_000
"""Of a call's output on one page."""
CHANGED = 80
"""Of what a variant has otherwise, in a list."""
BOARD = (
    "pipeline",
    "name",
    "parent",
    "changed",
    "trades",
    "win_rate",
    "break_even",
    "sharpe",
    "sharpe_error",
    "deflated",
    "return",
    "auc",
)
STALE = "stale"
"""Column of a page that holds a trial of rows or terms that its dataset has no more; others do without it."""
REVIEWED = "review"
"""Column of a page that holds a trial of a pipeline that was proposed; others do without it."""
TEXTBOOK = "deflated takes the spread of Sharpes by luck alone, textbook that between trials, which real differences widen"


def board_answer(tracker: "Tracker", data: list[str], number: int, *, best: bool) -> Answer:
    """List a page of trials on some data, best or newest first."""
    ledger = tracker.ledger
    shown, total = (ledger.leaderboard if best else ledger.newest)(data, number, PAGE)
    counts = {name: ledger.counts(name).trials for name in data}
    calls = sum(counts.values()) - total
    rows = [_row(tracker, entry, counts[str(entry.payload["dataset"])]) for entry in shown]
    reviews = read_reviews(tracker)
    reviewed = [reviews.get(str(entry.payload["pipeline"])) for entry in shown]
    marks = {
        REVIEWED: [review.short if review else None for review in reviewed],
        STALE: [mark_stale(tracker, entry) for entry in shown],
    }
    more = {name: column for name, column in marks.items() if any(column)}
    return {
        **table((*BOARD, *more), [[*row, *(column[i] for column in more.values())] for i, row in enumerate(rows)]),
        "not_listed": f"{calls} trials that are calls of agents' own code; show(what='calls')" if calls else None,
        "sorted": "by Sharpe, the ruined and those with too few trades last; the best of many is too good to be true"
        if best
        else "newest first",
        **page_note(total, number, PAGE),
        "ledger": [tracker.ledger_summary(name) for name in data],
    }


def pipelines_answer(tracker: "Tracker", dataset: str | None, number: int) -> Answer:
    """List every pipeline that was defined, tried or not, newest first."""
    pipelines = tracker.store.pipelines(dataset, number, PAGE)
    rows = [
        [one.id, one.name, one.parent, _changed(tracker, one.id), one.dataset, _trial_number(tracker, one.id)]
        for one in pipelines
    ]
    columns = ("pipeline", "name", "parent", "changed", "dataset", "trial")
    return {**table(columns, rows), "next_page": number + 1 if len(rows) == PAGE else None}


def _trial_number(tracker: "Tracker", id: str) -> int | None:
    """Find the number of a pipeline's trial on the data as they are."""
    pipeline = find_pipeline(tracker.store, id)
    if pipeline is None or pipeline.data not in tracker.catalog.names():
        return None
    entry = tracker.ledger.find_trial(id, tracker.score_key(pipeline))
    return None if entry is None else tracker.ledger.counts(pipeline.data, until=entry.seq).trials


def _row(tracker: "Tracker", entry: Entry, trials: int) -> list[Any]:
    metrics = entry.payload["metrics"]
    row = {
        "pipeline": entry.payload["pipeline"],
        "name": entry.payload["name"],
        "parent": entry.payload.get("parent"),
        "changed": _changed(tracker, str(entry.payload["pipeline"])),
        **headline(metrics),
        "deflated": deflate_sharpe(metrics, trials),
    }
    return [metrics.get("auc") if key == "auc" else row.get(key) for key in BOARD]


def mark_stale(tracker: "Tracker", entry: Entry) -> str | None:
    """Mark a trial of rows or terms that its dataset has no more."""
    return "yes" if is_stale(tracker, entry) else None


def _changed(tracker: "Tracker", id: str) -> str | None:
    """Say how a variant differs from its parent, short enough for a list."""
    text = describe_change(tracker.store, tracker.catalog, id)
    return text if text is None or len(text) <= CHANGED else f"{text[: CHANGED - 3]}..."


def calls_answer(tracker: "Tracker", number: int) -> Answer:
    """List who ran code of their own, and what it took."""
    calls = tracker.store.calls(number, PAGE)
    columns = ("call", "at", "agent", "dataset", "seconds", "tokens", "limit")
    rows = [[one.id, iso(one.at // 1000 * 1000), one.agent, one.dataset, one.seconds, one.tokens, one.limit] for one in calls]
    return {**table(columns, rows), "next_page": number + 1 if len(rows) == PAGE else None}


def output_answer(tracker: "Tracker", id: str, number: int, reader: str | None) -> Answer:
    """Return a page of what a call printed."""
    call = tracker.store.call(id)
    if call is None:
        raise PipelineError(f"show: call '{id[:20]}' unknown; show(what='calls') lists them")
    if reader not in (None, call.agent):
        raise PipelineError(f"show: {id} was made by '{call.agent}', and only it and people read what it printed")
    if call.output is None:
        raise PipelineError(f"show: all of {id}'s output was in its answer, or it is too old to be kept; run the code again")
    pages = -(-len(call.output) // CHARACTERS)
    if number > pages:
        raise PipelineError(f"page: {number} came; {id} has {pages}")
    text = call.output[(number - 1) * CHARACTERS : number * CHARACTERS]
    return {"call": id, "output": text, "pages": pages, "next_page": number + 1 if number < pages else None}


def ledger_position(tracker: "Tracker", data: list[str]) -> Answer:
    """Say where the ledger stands: its head, its newest trials, and its best of each dataset."""
    position = tracker.ledger.position()
    newest = [
        [entry.seq, iso(entry.at // 1000 * 1000), entry.payload["pipeline"], entry.payload.get("agent")]
        for name in data
        for entry in tracker.ledger.rows("trial", name, size=5)
    ]
    return {
        "rows": position.seq,
        "head": position.hash[:12],
        "newest_trials": table(("row", "at", "pipeline", "agent"), newest),
        "counts": [tracker.ledger_summary(name) for name in data],
        "best": {name: _best(tracker, name) for name in data},
    }


def _best(tracker: "Tracker", dataset: str) -> Answer | None:
    """Describe the best trial of a dataset, deflated by all of them in the house's form and in the textbook's."""
    best = tracker.ledger.best_trial(dataset)
    if best is None:
        return None
    metrics = best.payload["metrics"]
    trials, between = tracker.ledger.counts(dataset).trials, tracker.ledger.sharpe_deviation(dataset)
    textbook = None if between is None else deflate_sharpe(metrics, trials, between)
    return {
        "pipeline": best.payload["pipeline"],
        STALE: mark_stale(tracker, best),
        "sharpe": metrics.get("sharpe"),
        "deflated": deflate_sharpe(metrics, trials),
        "textbook": textbook,
        "differ": None if textbook is None else TEXTBOOK,
    }
