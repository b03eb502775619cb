"""Trials of what a dataset held before: its rows or its terms changed in a later build, and the ledger keeps them."""

from typing import TYPE_CHECKING, NamedTuple

from factory.core.answers import pluralize
from factory.core.errors import DataError, PipelineError
from factory.pipeline.stored import find_pipeline

if TYPE_CHECKING:
    from factory.ledger import Entry
    from factory.tracking.tracker import Tracker


class Scored(NamedTuple):
    """What scores on a dataset depend on.

    Parameters
    ----------
    rows : tuple of str
        Hashes of its open rows.
    terms : dict of str to str
        By contract, the hash of those of validation with its costs and what else the dataset file says of scores.
    """

    rows: tuple[str, ...]
    terms: dict[str, str]


def read_scored(tracker: "Tracker", dataset: str) -> Scored | None:
    """Read what scores on a dataset depend on; None where none is built, or it is damaged."""
    catalog = tracker.catalog
    try:
        rows = tuple(catalog.fingerprint(dataset, partition) for partition in ("train", "validation"))
        return Scored(rows, {name: catalog.score_key(dataset, name, ()) for name in catalog.spec(dataset).contracts})
    except DataError:
        return None


def is_stale(tracker: "Tracker", entry: "Entry") -> bool:
    """Check whether a trial was scored on rows, or at terms, that its dataset has no more; False where nothing tells it."""
    try:
        pipeline = find_pipeline(tracker.store, str(entry.payload["pipeline"]))
    except PipelineError:  # an older version's, which this one reads no longer
        return False
    return pipeline is not None and entry.payload["fingerprint"] != tracker.score_key(pipeline)


def is_current(tracker: "Tracker", id: str, fingerprint: str) -> bool:
    """Check whether a pipeline would be scored on these very rows and terms today; False where nothing tells it."""
    try:
        pipeline = find_pipeline(tracker.store, id)
    except PipelineError:
        return False
    return pipeline is not None and tracker.score_key(pipeline) == fingerprint


def tell_stale_trials(tracker: "Tracker", dataset: str, before: Scored | None) -> str | None:
    """Say what a build changed under the trials on a dataset, if it did.

    Parameters
    ----------
    before : Scored or None
        What their scores depended on before it.
    """
    now = read_scored(tracker, dataset)
    if now == before:
        return None
    count = sum(is_stale(tracker, entry) for entry in tracker.ledger.all_trials(dataset))
    if not count:
        return None
    what = "terms" if before and now and before.rows == now.rows else "rows"
    kept = f"the ledger keeps {pluralize(count, 'earlier trial')} of other {what}, stale in lists"
    return f"its {what} differ from the last build: {kept}; backtest again what you go on with"
