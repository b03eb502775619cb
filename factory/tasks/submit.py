"""Ask the vault for a sealed look."""

from factory.core.answers import Answer
from factory.core.progress import Progress
from factory.tracking.tracker import Tracker
from factory.vault.client import vault_client
from factory.views.looks import look_status


def submit(
    tracker: Tracker,
    progress: Progress,
    pipeline: str,
    claim: float = 0.0,
    why: str = "",
    model: str = "",
    cutoff: str = "",
) -> Answer:
    """Spend a sealed look on a trial; what is left out is named with all else that is missing.

    Returns
    -------
    dict
        What may be told of the look, and what advises without blocking.

    Raises
    ------
    FactoryError
        If the vault refuses; nothing is spent then.
    """
    chosen = tracker.resolve(pipeline).id
    progress(0.0, "at the vault")
    request = {"pipeline": chosen, "claim": claim, "why": why, "model": model, "cutoff": cutoff, "agent": tracker.agent}
    answer = vault_client(tracker.workspace).ask(request)
    return {**look_status(tracker, answer["look"]), "advice": answer["advice"]}
