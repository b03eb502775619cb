"""What was done: trials, pipelines side by side, the leaderboard, the ledger."""

from typing import TYPE_CHECKING, Any

from factory.answers import Answer, page, table
from factory.errors import PipelineError, did_you_mean
from factory.evidence.standing import deflated, spread
from factory.ledger import Entry
from factory.ledger.store import PAGE as KEPT
from factory.reading import rank, reading
from factory.times import iso, now_ms
from factory.vault.pools import PASS, PENDING, SEAL_ROWS, looks_of

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.workshop import Workshop

PAGE = 10
PROBED = 2
"""Lines of probes in an answer, of each severity."""
CHARACTERS = 6_000
"""Of a call's output on one page."""
BOARD = (
    "pipeline",
    "name",
    "parent",
    "trades",
    "win_rate",
    "break_even",
    "sharpe",
    "sharpe_error",
    "deflated",
    "return",
    "auc",
)
LISTS = ("summary", "leaderboard", "trials", "ledger", "looks", "datasets", "calls", "jobs")
BREAKDOWNS = ("hour", "month", "side", "confidence", "volatility")


def trial(workshop: "Workshop", pipeline: "Pipeline", run: Answer, *, new: bool) -> Answer:
    """The answer about a trial: what it earned beside what luck and the market alone would have."""
    found = run["metrics"]
    trials = max(run["trial"], workshop.ledger.counts(pipeline.data).trials)
    answer: Answer = {
        "pipeline": pipeline.id,
        "trial": run["trial"],
        "seen_before": None if new else True,
        **headline(found),
        "auc": interval(found, "auc"),
        "log_loss": found.get("log_loss"),
        "brier": found.get("brier"),
        "calibration_slope": found.get("slope"),
        "turnover_a_year": found.get("turnover"),
        "costs": found.get("costs"),
        "sides": run.get("sides"),
        "decisions": {name: count for name, count in run["counts"].items() if count},
        "twins": {name: [twin.get("win_rate"), twin.get("total_return")] for name, twin in run["twins"].items()},
        "twins_show": "win_rate, return; the coin is one draw",
        "units": units(pipeline),
        "deflated": deflated(found, len(run["daily"]), trials),
        "reading": reading(found, trials),
        "price": run.get("price") or None,
        "probes": probes(run),
        "data": "simulated" if workshop.catalog.meta(pipeline.data)["simulated"] else None,
        "ledger": workshop.standing(pipeline.data),
    }
    return answer


def probes(run: Answer) -> Answer | str:
    """What the probes of a trial say, short when they say nothing."""
    found = run.get("probes") or {}
    said = {key: _first(found[key]) for key in ("block", "warn") if key in found}
    return said or ("clean" if found else "none ran")


def _first(lines: list[str]) -> list[str]:
    return lines if len(lines) <= PROBED else [*lines[:PROBED], f"and {len(lines) - PROBED} more"]


def headline(found: Answer) -> Answer:
    """The figures that every list of trials shows."""
    return {
        "trades": found.get("trades"),
        "win_rate": found.get("win_rate"),
        "win_interval": _pair(found, "win_low", "win_high"),
        "break_even": found.get("break_even"),
        "mean_net": interval(found, "mean_net", "mean"),
        "p_value": found.get("p_value"),
        "sharpe": found.get("sharpe"),
        "sharpe_error": found.get("sharpe_error"),
        "return": found.get("total_return"),
        "drawdown": found.get("max_drawdown"),
    }


def units(pipeline: "Pipeline") -> str:
    """In what a trial's money is counted."""
    unit = "share that pays 1" if pipeline.trade.use == "up_or_down" else "unit of notional"
    return f"mean_net per {unit}; costs, return in starting equity"


def interval(found: Answer, name: str, stem: str | None = None) -> list[float] | None:
    """A figure with the ends of its interval."""
    keys = (name, f"{stem or name}_low", f"{stem or name}_high")
    return [found[key] for key in keys if key in found] or None


def _pair(found: Answer, low: str, high: str) -> list[float] | None:
    return [found[low], found[high]] if low in found and high in found else None


def show(workshop: "Workshop", what: str, by: str | None, number: int) -> Answer:
    """A list by name, or pipelines by id or name: one in full, several side by side."""
    if what in ("leaderboard", "trials"):
        return _board(workshop, number, best=what == "leaderboard")
    if what == "ledger":
        return _ledger(workshop)
    if what == "datasets":
        return workshop.describe()
    if what == "calls":
        return _calls(workshop, number)
    if what.partition(" ")[0] == "summary":
        from factory.summary import summary

        return summary(workshop, workshop.dataset(what.partition(" ")[2].strip() or None))
    if what == "looks":
        return _looks(workshop)
    if what.startswith("look-"):
        return look(workshop, what)
    if what.startswith("call-"):
        return _output(workshop, what, number)
    names = what.replace(",", " ").split()
    if len(names) > 1:
        return _side_by_side(workshop, names)
    return _pipeline(workshop, what, by)


def _pipeline(workshop: "Workshop", reference: str, by: str | None) -> Answer:
    from factory.pipeline import render

    try:
        pipeline = workshop.resolve(reference)
    except PipelineError:
        raise PipelineError(
            f"show: '{reference}' unknown; give a pipeline's id or name, a job's id, or one of {', '.join(LISTS)}"
        ) from None
    known = workshop.known(pipeline)
    if by is None:
        return {
            "pipeline": pipeline.id,
            "yaml": render(pipeline),
            "parent": workshop.parent(pipeline.id),
            "score": _short(known),
        }
    if by not in BREAKDOWNS:
        raise PipelineError(f"by: '{by}' unknown; {did_you_mean(by, BREAKDOWNS)}")
    if known is None:
        raise PipelineError(f"by: {pipeline.id} has no trades yet; backtest it first")
    from factory.work.breakdowns import breakdown

    return {"pipeline": pipeline.id, "by": by, **breakdown(workshop, pipeline, by)}


def _short(known: Answer | None) -> Answer | None:
    keep = ("trial", "trades", "win_rate", "break_even", "sharpe", "return", "ledger")
    return {key: known[key] for key in keep if key in known} if known else None


def _side_by_side(workshop: "Workshop", references: list[str]) -> Answer:
    from factory.pipeline import diff

    pipelines = [workshop.resolve(reference) for reference in references[:6]]
    known = [workshop.known(pipeline) or {} for pipeline in pipelines]
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
        "ledger": workshop.standing(pipelines[0].data),
    }


def _board(workshop: "Workshop", number: int, *, best: bool) -> Answer:
    runs = [entry for name in workshop.catalog.names() for entry in _trials(workshop, name)]
    if best:
        runs.sort(key=lambda entry: rank(entry.payload["metrics"]))
    shown, more = page(runs, number, PAGE)
    counts = {name: workshop.ledger.counts(name).trials for name in workshop.catalog.names()}
    return {
        **table(BOARD, [_row(entry, counts[str(entry.payload["dataset"])]) for entry in shown]),
        "sorted": "by Sharpe, ruined and under 30 trades last; the best of many is too good to be true"
        if best
        else "newest first",
        **more,
        "ledger": [workshop.standing(name) for name in workshop.catalog.names()],
    }


def _trials(workshop: "Workshop", dataset: str) -> list[Entry]:
    found = reversed(workshop.ledger.all_trials(dataset))
    return [entry for entry in found if "metrics" in entry.payload]


def _row(entry: Entry, trials: int) -> list[Any]:
    found = entry.payload["metrics"]
    row = {
        "pipeline": entry.payload["pipeline"],
        "name": entry.payload["name"],
        "parent": entry.payload.get("parent"),
        **headline(found),
        "deflated": deflated(found, len(entry.payload["daily"]), trials),
    }
    return [found.get("auc") if key == "auc" else row.get(key) for key in BOARD]


def look(workshop: "Workshop", name: str) -> Answer:
    """All that may be told of a look: the same for every FAIL, whatever its reason."""
    found = next((one for one in looks_of(workshop.ledger.of_kinds(SEAL_ROWS)) if one.name == name), None)
    if found is None:
        raise PipelineError(f"show: '{name[:20]}' unknown; show(what='looks') lists the looks")
    heard = found.heard(now_ms())
    waiting = heard == PENDING
    data = str(found.payload["dataset"])
    return {
        "look": name,
        "pipeline": found.payload["pipeline"],
        "verdict": heard,
        "verdict_at": iso(-(-found.due // 1000) * 1000) if waiting else None,
        "grade": None if waiting else found.payload["grade"],
        "price": found.payload.get("price"),
        "next": _after(name, heard),
        "ledger": workshop.standing(data),
    }


def _after(name: str, heard: str) -> str:
    if heard == PENDING:
        return f"show(what='{name}') tells it then"
    return "propose it; a person reads the report" if heard == PASS else "search on, or report what was ruled out"


def _looks(workshop: "Workshop") -> Answer:
    """Every look: when, on what, and what was heard."""
    now = now_ms()
    rows = [
        [one.name, iso(one.entry.at // 1000 * 1000), one.payload["dataset"], one.payload["pipeline"], one.heard(now)]
        for one in looks_of(workshop.ledger.of_kinds(SEAL_ROWS))
    ]
    return {
        **table(("look", "at", "dataset", "pipeline", "verdict"), rows[-PAGE:]),
        "ledger": [workshop.standing(name) for name in workshop.catalog.names()],
    }


def _calls(workshop: "Workshop", number: int) -> Answer:
    """Who ran code of their own, and what it took."""
    kept, start = divmod((number - 1) * PAGE, KEPT)
    found = workshop.store.calls(kept + 1)[start:]
    columns = ("call", "at", "agent", "dataset", "seconds", "tokens", "limit")
    rows = [
        [one.id, iso(one.at // 1000 * 1000), one.agent, one.dataset, one.seconds, one.tokens, one.limit] for one in found[:PAGE]
    ]
    return {**table(columns, rows), "next_page": number + 1 if len(rows) == PAGE else None}


def _output(workshop: "Workshop", id: str, number: int) -> Answer:
    """A page of what a call printed."""
    call = workshop.store.call(id)
    if call is None:
        raise PipelineError(f"show: call '{id[:20]}' unknown; show(what='calls') lists them")
    if call.output is None:
        raise PipelineError(f"show: all of {id}'s output was in its answer, or it is too old to be kept; run the code again")
    pages = -(-len(call.output) // CHARACTERS)
    if number > pages:
        raise PipelineError(f"page: {number} came; {id} has {pages}")
    text = call.output[(number - 1) * CHARACTERS : number * CHARACTERS]
    return {"call": id, "output": text, "pages": pages, "next_page": number + 1 if number < pages else None}


def _ledger(workshop: "Workshop") -> Answer:
    position = workshop.ledger.position()
    newest = [
        [entry.seq, iso(entry.at // 1000 * 1000), entry.payload["pipeline"], entry.payload.get("agent")]
        for name in workshop.catalog.names()
        for entry in workshop.ledger.trials(name)[:5]
    ]
    return {
        "rows": position.seq,
        "head": position.hash[:12],
        "newest_trials": table(("row", "at", "pipeline", "agent"), newest),
        "counts": [workshop.standing(name) for name in workshop.catalog.names()],
        "best": {name: _best(workshop, name) for name in workshop.catalog.names()},
    }


def _best(workshop: "Workshop", dataset: str) -> Answer | None:
    """The best trial of a dataset, deflated by all of them in the house's form and in the textbook's."""
    entries = _trials(workshop, dataset)
    if not entries:
        return None
    best = min(entries, key=lambda entry: rank(entry.payload["metrics"]))
    found, days = best.payload["metrics"], len(best.payload["daily"])
    trials, between = workshop.ledger.counts(dataset).trials, spread([entry.payload["metrics"] for entry in entries])
    return {
        "pipeline": best.payload["pipeline"],
        "sharpe": found.get("sharpe"),
        "deflated": deflated(found, days, trials),
        "textbook": None if between is None else deflated(found, days, trials, between),
    }
