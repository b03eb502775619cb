"""Build the market that every workspace can have, and others like it."""

import secrets
from itertools import count

from factory.core.answers import Answer
from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.market.build import build
from factory.market.templates import simulated_spec
from factory.market.verification import verify_dataset
from factory.tracking.tracker import Tracker


def simulate(tracker: Tracker, progress: Progress, dataset: str = "btc-sim") -> Answer:
    """Draw and build a simulated market that comes with the project, unless it is there and whole."""
    spec = simulated_spec(dataset)
    if spec.dataset not in tracker.catalog.names() or verify_dataset(tracker.workspace, spec.dataset):
        build(tracker.workspace, spec, progress=progress)
    return {"dataset": spec.dataset}


def draw_fresh_dataset(tracker: Tracker, progress: Progress, dataset: str) -> Answer:
    """Draw a simulated dataset anew under the next free name: another seed, other sealed rows, fresh looks.

    Raises
    ------
    DataError
        If the dataset is not simulated.
    """
    spec = tracker.catalog.spec(tracker.dataset(dataset))
    if spec.simulated is None:
        raise DataError(f"dataset '{dataset}': real data are drawn once; a person adds new bars")
    taken = tracker.catalog.names()
    name = next(one for one in (f"{dataset}-{number}" for number in count(2)) if one not in taken)
    seed = secrets.randbelow(2**32)
    drawn = spec.model_copy(update={"dataset": name, "simulated": spec.simulated.model_copy(update={"seed": seed})})
    build(tracker.workspace, drawn, progress=progress)
    return {"dataset": name, "ledger": tracker.ledger_summary(name)}
