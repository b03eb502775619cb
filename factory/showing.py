"""What was done: trials, pipelines side by side, the leaderboard, the ledger."""

from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer, further, table
from factory.core.errors import PipelineError, UnknownError, did_you_mean
from factory.core.times import iso, now_ms
from factory.evidence.deflated_sharpe import deflated
from factory.explained import tell_probes
from factory.ledger import Entry
from factory.ledger.store import PAGE as KEPT
from factory.naming import LISTS, PREFIXES, changed_from_parent
from factory.reading import reading
from factory.vault.pools import PASS, PENDING, SEAL_ROWS, find_look, looks_of

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.workshop import Workshop

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
TEXTBOOK = "deflated takes the spread of Sharpes by luck alone, textbook that between trials, which real differences widen"
OF_DATASETS = ("summary", "leaderboard", "trials", "pipelines", "ledger", "looks")
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
        "refits": run.get("refits"),
        "unconverged": run.get("unconverged"),
        "twins": {name: [twin.get("win_rate"), twin.get("total_return")] for name, twin in run["twins"].items()},
        "twins_show": "win_rate, return; the coin is one draw",
        "on_flipped_bars": on_flipped_bars(run),
        "units": units(pipeline),
        "deflated": deflated(found, trials),
        "reading": reading(found, trials, workshop.ledger.independent(pipeline.data)),
        "price": run.get("price") or None,
        "probes": tell_probes(workshop.store, (workshop.agent, workshop.scored_on(pipeline)), pipeline, run),
        "ready": ready(workshop, pipeline, run),
        "data": "simulated" if workshop.catalog.meta(pipeline.data)["simulated"] else None,
        "ledger": workshop.standing(pipeline.data),
    }
    return answer


def ready(workshop: "Workshop", pipeline: "Pipeline", run: Answer) -> Answer:
    """What a look at a trial could examine, and what is missing for one."""
    from factory.vault.readiness import ready_of_trial

    spec = workshop.catalog.spec(pipeline.data)
    return ready_of_trial(spec, spec.contracts[pipeline.trade.contract], run, workshop.ledger.of_kinds(SEAL_ROWS))


def on_flipped_bars(run: Answer) -> Answer | None:
    """What the trial's frozen decisions come to where direction is a coin, and what the trial has beyond that."""
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


def show(
    workshop: "Workshop", what: str, by: str | None, number: int, dataset: str | None = None, reader: str | None = None
) -> Answer:
    """A list by name, of one dataset or of all, or pipelines by id or name: one in full, several side by side.

    An agent who reads is told figures and names, and nothing that another wrote in words of its own.
    """
    if dataset is not None and what.partition(" ")[0] not in OF_DATASETS:
        raise PipelineError(f"dataset: not taken with '{what[:40]}'; leave it out, or show one of {', '.join(OF_DATASETS)}")
    if by is not None:
        return _broken_down(workshop, what, by)
    data = workshop.catalog.names() if dataset is None else [workshop.dataset(dataset)]
    if what in ("leaderboard", "trials"):
        return _board(workshop, data, number, best=what == "leaderboard")
    if what == "ledger":
        return _ledger(workshop, data)
    if what == "datasets":
        return workshop.describe()
    if what == "pipelines":
        return _pipelines(workshop, dataset, number)
    if what == "calls":
        return _calls(workshop, number)
    if what.partition(" ")[0] == "summary":
        from factory.summary import summary

        return summary(workshop, workshop.dataset(what.partition(" ")[2].strip() or dataset), number)
    if what == "looks":
        return _looks(workshop, data, whole=dataset is None)
    if what.startswith("look-"):
        return look(workshop, what)
    if what.startswith("call-"):
        return _output(workshop, what, number, reader)
    names = what.replace(",", " ").split()
    if len(names) > 1:
        return _side_by_side(workshop, names)
    return _pipeline(workshop, what, reader)


def _pipeline(workshop: "Workshop", reference: str, reader: str | None) -> Answer:
    from factory.pipeline import render

    pipeline = _resolve(workshop, reference)
    is_spoken = reader is None or pipeline.about in _own_words(workshop, pipeline, reader)
    return {
        "pipeline": pipeline.id,
        "yaml": render(pipeline if is_spoken else pipeline.model_copy(update={"about": ""})),
        "parent": workshop.parent(pipeline.id),
        "score": _short(workshop.known(pipeline)),
    }


def _own_words(workshop: "Workshop", pipeline: "Pipeline", reader: str) -> set[str]:
    """What a pipeline may be about for a reader: a shipped strategy's words, and those that the reader gave under its name."""
    from factory.pipeline import shipped

    ours = shipped().get(pipeline.pipeline)
    owned = [workshop.store.find_pipeline(id) for id in workshop.store.owned(pipeline.pipeline, reader)]
    return {one.about for one in (ours, *owned) if one is not None}


def _broken_down(workshop: "Workshop", what: str, by: str) -> Answer:
    """One trial's trades in groups; nothing else can be broken down."""
    from factory.work.breakdowns import breakdown

    if by not in BREAKDOWNS:
        raise PipelineError(f"by: '{by}' unknown; {did_you_mean(by, BREAKDOWNS)}")
    if what.partition(" ")[0] in LISTS or what.startswith(PREFIXES) or len(what.replace(",", " ").split()) > 1:
        raise PipelineError(f"by: breaks one trial down, and '{what[:40]}' is none; give a pipeline's id, or leave by out")
    pipeline = _resolve(workshop, what)
    if workshop.known(pipeline) is None:
        raise PipelineError(f"by: {pipeline.id} has no trades yet; backtest it first")
    rows = breakdown(workshop, pipeline, by)
    return {"pipeline": pipeline.id, "by": by, **rows, "ledger": workshop.standing(pipeline.data)}


def _resolve(workshop: "Workshop", reference: str) -> "Pipeline":
    try:
        return workshop.resolve(reference)
    except UnknownError:
        raise PipelineError(
            f"show: '{reference}' unknown; give a pipeline's id or name, a job's id, or one of {', '.join(LISTS)}"
        ) from None


def _short(known: Answer | None) -> Answer | None:
    keep = ("trial", "trades", "win_rate", "break_even", "sharpe", "return", "ready", "ledger")
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


def _board(workshop: "Workshop", data: list[str], number: int, *, best: bool) -> Answer:
    ledger = workshop.ledger
    shown, total = (ledger.leaderboard if best else ledger.newest)(data, number, PAGE)
    counts = {name: ledger.counts(name).trials for name in data}
    calls = sum(counts.values()) - total
    return {
        **table(BOARD, [_row(workshop, entry, counts[str(entry.payload["dataset"])]) for entry in shown]),
        "not_listed": f"{calls} trials that are calls of agents' own code; show(what='calls')" if calls else None,
        "sorted": "by Sharpe, the ruined and those with too few trades last; the best of many is too good to be true"
        if best
        else "newest first",
        **further(total, number, PAGE),
        "ledger": [workshop.standing(name) for name in data],
    }


def _pipelines(workshop: "Workshop", dataset: str | None, number: int) -> Answer:
    """Every pipeline that was defined, tried or not, newest first."""
    kept, start = divmod((number - 1) * PAGE, KEPT)
    found = workshop.store.pipelines(dataset, kept + 1)[start : start + PAGE]
    rows = [[one.id, one.name, one.parent, _changed(workshop, one.id), one.dataset, _trial(workshop, one.id)] for one in found]
    columns = ("pipeline", "name", "parent", "changed", "dataset", "trial")
    return {**table(columns, rows), "next_page": number + 1 if len(rows) == PAGE else None}


def _trial(workshop: "Workshop", id: str) -> int | None:
    """The number of a pipeline's trial on the data as they are."""
    pipeline = workshop.store.find_pipeline(id)
    if pipeline is None or pipeline.data not in workshop.catalog.names():
        return None
    entry = workshop.ledger.find_trial(id, workshop.scored_on(pipeline))
    return None if entry is None else workshop.ledger.counts(pipeline.data, until=entry.seq).trials


def _row(workshop: "Workshop", entry: Entry, trials: int) -> list[Any]:
    found = entry.payload["metrics"]
    row = {
        "pipeline": entry.payload["pipeline"],
        "name": entry.payload["name"],
        "parent": entry.payload.get("parent"),
        "changed": _changed(workshop, str(entry.payload["pipeline"])),
        **headline(found),
        "deflated": deflated(found, trials),
    }
    return [found.get("auc") if key == "auc" else row.get(key) for key in BOARD]


def _changed(workshop: "Workshop", id: str) -> str | None:
    """What a variant has otherwise than its parent, short enough for a list."""
    text = changed_from_parent(workshop.store, workshop.catalog, id)
    return text if text is None or len(text) <= CHANGED else f"{text[: CHANGED - 3]}..."


def look(workshop: "Workshop", name: str) -> Answer:
    """All that may be told of a look: the same for every FAIL, whatever its reason."""
    found = find_look(workshop.ledger.of_kinds(SEAL_ROWS), name)
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


def _looks(workshop: "Workshop", data: list[str], *, whole: bool) -> Answer:
    """Every look, also on what is no longer here, or those on some data: when, on what, and what was heard."""
    now = now_ms()
    rows = [
        [one.name, iso(one.entry.at // 1000 * 1000), one.payload["dataset"], one.payload["pipeline"], one.heard(now)]
        for one in looks_of(workshop.ledger.of_kinds(SEAL_ROWS))
        if whole or one.payload["dataset"] in data
    ]
    return {
        **table(("look", "at", "dataset", "pipeline", "verdict"), rows[-PAGE:]),
        "ledger": [workshop.standing(name) for name in data],
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


def _output(workshop: "Workshop", id: str, number: int, reader: str | None) -> Answer:
    """A page of what a call printed."""
    call = workshop.store.call(id)
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


def _ledger(workshop: "Workshop", data: list[str]) -> Answer:
    position = workshop.ledger.position()
    newest = [
        [entry.seq, iso(entry.at // 1000 * 1000), entry.payload["pipeline"], entry.payload.get("agent")]
        for name in data
        for entry in workshop.ledger.trials(name)[:5]
    ]
    return {
        "rows": position.seq,
        "head": position.hash[:12],
        "newest_trials": table(("row", "at", "pipeline", "agent"), newest),
        "counts": [workshop.standing(name) for name in data],
        "best": {name: _best(workshop, name) for name in data},
    }


def _best(workshop: "Workshop", dataset: str) -> Answer | None:
    """The best trial of a dataset, deflated by all of them in the house's form and in the textbook's."""
    best = workshop.ledger.best_trial(dataset)
    if best is None:
        return None
    found = best.payload["metrics"]
    trials, between = workshop.ledger.counts(dataset).trials, workshop.ledger.sharpe_deviation(dataset)
    return {
        "pipeline": best.payload["pipeline"],
        "sharpe": found.get("sharpe"),
        "deflated": deflated(found, trials),
        "textbook": None if between is None else deflated(found, trials, between),
        "differ": None if between is None else TEXTBOOK,
    }
