"""What a name means: the same pipeline to everyone, or a refusal that gives the ids.

Names of shipped strategies are theirs alone. Any other name belongs to the
agent that first defined a pipeline under it; children keep their parent's
name, so that a name with children is refused wherever one pipeline is meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from factory.core.errors import PipelineError, UnknownError, did_you_mean
from factory.market.catalog import Catalog
from factory.pipeline import Pipeline, diff, load_shipped
from factory.pipeline.stored import find_pipeline, read_text
from factory.storage.store import Store, StoredPipeline
from factory.tracking.binding import bind_all_shipped, rebind

LISTS = ("summary", "leaderboard", "trials", "pipelines", "ledger", "looks", "datasets", "calls", "jobs")
"""What can be shown by name, so that no pipeline may have such a name."""
PREFIXES = ("job-", "look-", "call-")
"""How the ids of other things begin."""
NAMED = 4
"""Pipelines of one name in a refusal."""
CHANGE = 40
"""Characters of what was changed in a refusal."""
_LETTERS = (("-", ""), ("rn", "m"), ("vv", "w"))
_DIGITS = str.maketrans("01i5", "olls")


def resolve(store: Store, catalog: Catalog, reference: str, changes: Mapping[str, Any] | None = None) -> Pipeline:
    """Find a pipeline by id or name.

    Parameters
    ----------
    store : Store
        Where it is kept.
    catalog : Catalog
        The datasets on which shipped strategies may run.
    reference : str
        An id, or a name that means one pipeline.
    changes : mapping or None
        What is to be changed in it. Then a name means the pipeline that was defined whole, and a shipped strategy may
        run on no dataset here, or on several where one is among the changes.

    Raises
    ------
    UnknownError
        If there is none.
    PipelineError
        If the name means several.
    """
    pipeline = find_pipeline(store, reference) or _bound_by_id(catalog, reference)
    if pipeline is not None:
        return pipeline
    if reference in load_shipped():
        return _resolve_shipped(catalog, reference, changes)
    rows = store.named(reference)
    if not rows:
        known = {*store.names(), *(one.pipeline for one in bind_all_shipped(catalog))}
        raise UnknownError(f"pipeline: '{reference[:64]}' unknown; {did_you_mean(reference, known)}")
    roots = _roots(rows)
    if len(rows) > 1 and not (changes and len(roots) == 1):
        raise PipelineError(_several(store, catalog, reference, rows))
    return read_text(roots[0].id, roots[0].yaml)


def require_free(name: str, pipeline: Pipeline) -> None:
    """Refuse names that would mislead whoever reads or calls them.

    Raises
    ------
    PipelineError
        If it is a shipped strategy's, or looks like one, or is a word that means something else.
    """
    ours = next((one for one in load_shipped().values() if _skeleton(one.pipeline) == _skeleton(name)), None)
    if ours is not None and (ours.pipeline != name or rebind(pipeline, ours.data).id != ours.id):
        like = "is the name" if ours.pipeline == name else "reads like the name"
        raise PipelineError(
            f"pipeline: '{name}' {like} of a shipped strategy; choose another, or give parent='{ours.pipeline}' with changes"
        )
    if name in LISTS or name.startswith(PREFIXES):
        raise PipelineError(f"pipeline: '{name}' means something else to show; choose another name, such as my-{name}")


def claim_name(store: Store, pipeline: Pipeline, agent: str) -> str | None:
    """Claim a name for a pipeline that an agent defines.

    Returns
    -------
    str or None
        What to tell its author when the name now means several.

    Raises
    ------
    PipelineError
        If the name is somebody else's.
    """
    name = pipeline.pipeline
    require_free(name, pipeline)
    if name in load_shipped():
        return None
    meant = store.named(name)
    before = [row for row in _roots(meant) if row.id != pipeline.id]
    if not store.claim_name(name, pipeline.id, agent):
        taken = f"the name of {before[0].id}" if before else "taken"
        mend = f"or give parent='{before[0].id}' with changes" if before else "such as one with your own word in it"
        raise PipelineError(f"pipeline: '{name}' is {taken}; choose another name, {mend}")
    if len(meant) != 1 or not before:
        return None
    return f"pipeline: '{name}' meant {before[0].id} until now, and means several from here on; give ids"


def find_first_text(store: Store, pipeline: Pipeline, parent: str | None = None) -> Pipeline:
    """Restore the words by which a pipeline was first known.

    The id leaves out the name, what it is about and what is to be tuned: whoever defines it again changes none of them for
    others, but for a grid that is given, or taken out of the pipeline itself (its own `parent`).
    """
    kept = next((one for one in load_shipped().values() if rebind(pipeline, one.data).id == one.id), None)
    with suppress(PipelineError):  # of what is kept and damaged, or read no longer, there are no words: this takes its place
        kept = kept or find_pipeline(store, pipeline.id)
    if kept is None:
        return pipeline
    words = {
        "pipeline": kept.pipeline,
        "about": kept.about,
        "tune": pipeline.tune or ({} if parent == pipeline.id else kept.tune),
    }
    return pipeline.model_copy(update=words)


def describe_change(store: Store, catalog: Catalog, id: str) -> str | None:
    """Say in one line how a pipeline differs from the one that it was changed from; None for one defined whole."""
    row, parent = store.pipeline(id), find_parent(store, catalog, id)
    return _differs(parent, read_text(row.id, row.yaml)) if row and parent else None


def find_parent(store: Store, catalog: Catalog, id: str) -> Pipeline | None:
    """Find the pipeline that another was changed from: one that is kept, or a shipped strategy, on whatever dataset.

    A shipped strategy that does not run on a dataset is a legal parent there.
    """
    row = store.pipeline(id)
    if row is None or row.parent is None:
        return None
    datasets = catalog.names()
    shipped = (rebind(one, data) for one in load_shipped().values() for data in (one.data, *datasets))
    return find_pipeline(store, row.parent) or next((one for one in shipped if one.id == row.parent), None)


def _differs(before: Pipeline, after: Pipeline) -> str:
    """Say what one pipeline does otherwise than another; what is to be tuned is no part of that."""
    return "; ".join(diff(*(one.model_copy(update={"tune": {}}) for one in (before, after))))


def _bound_by_id(catalog: Catalog, id: str) -> Pipeline | None:
    return next((one for one in bind_all_shipped(catalog) if one.id == id), None)


def _resolve_shipped(catalog: Catalog, name: str, changes: Mapping[str, Any] | None) -> Pipeline:
    """Find a shipped strategy: on its own dataset, else on the only one on which it runs."""
    ours, names = load_shipped()[name], catalog.names()
    if changes and "data" in changes:
        return ours
    bound = [one for one in bind_all_shipped(catalog) if one.pipeline == name]
    if bound and (len(bound) == 1 or bound[0].data == ours.data):
        return bound[0]
    if bound:
        told = _listed((one.id, one.data) for one in bound)
        raise PipelineError(f"pipeline: '{name}' runs on {len(bound)} datasets; give an id: {told}")
    if changes:
        return rebind(ours, names[0]) if len(names) == 1 else ours
    if not names:
        raise PipelineError(f"pipeline: '{name}' is a shipped strategy, and no dataset is built yet; run `rfcat start`")
    raise PipelineError(
        f"pipeline: '{name}' is a shipped strategy that runs on no dataset here; describe_market lists what does, "
        "or define a pipeline of your own"
    )


def _roots(rows: Sequence[StoredPipeline]) -> list[StoredPipeline]:
    """List the pipelines of one name that were not changed from another of it."""
    ids = {row.id for row in rows}
    return [row for row in rows if row.parent not in ids]


def _several(store: Store, catalog: Catalog, name: str, rows: Sequence[StoredPipeline]) -> str:
    first = read_text(rows[0].id, rows[0].yaml)
    told = _listed(
        (row.id, describe_change(store, catalog, row.id) or _differs(first, read_text(row.id, row.yaml)) or "defined whole")
        for row in rows[:NAMED]
    )
    more = f" and {len(rows) - NAMED} more, in show(what='pipelines')" if len(rows) > NAMED else ""
    return f"pipeline: '{name}' means {len(rows)} pipelines; give an id: {told}{more}"


def _listed(items: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{id} ({text if len(text) <= CHANGE else text[: CHANGE - 3] + '...'})" for id, text in items)


def _skeleton(name: str) -> str:
    """Reduce a name to one in which letters that look alike are the same."""
    for seen, meant in _LETTERS:
        name = name.replace(seen, meant)
    return name.translate(_DIGITS)
