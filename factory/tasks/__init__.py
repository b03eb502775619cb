"""The heavy work, one file a kind, done in this process or in a worker.

train, backtest, tune, rank, chart, card, submit, frames, simulate   what each kind does
context        what each has at hand
registry       the kinds by name; importing it imports all that they need
requests       what is refused of them before they wait; frame_plan: what frames are made of. Both are light
masking        validation as agents' own code sees it
"""

from collections.abc import Mapping
from typing import Any

from factory.core.answers import Answer, round_answer
from factory.core.errors import FactoryError, did_you_mean
from factory.core.progress import Progress, no_progress
from factory.storage.workspace import Workspace

__all__ = ["PRELOAD", "perform"]
PRELOAD = ("factory.tasks.registry",)
"""What a worker imports before its first job."""


def perform(root: str, kind: str, args: Mapping[str, Any], progress: Progress = no_progress) -> Answer:
    """Do one piece of heavy work.

    Parameters
    ----------
    root : str
        The workspace's folder.
    kind : str
        One of train, backtest, tune, rank, chart, card, submit, frames, simulate,
        fresh.
    args : mapping
        ``agent`` and what the kind takes; pipelines by id.
    progress : Progress
        Told how far the work is; may raise Cancelled.

    Returns
    -------
    dict
        The answer, tidy.
    """
    from factory.tasks.registry import WORK
    from factory.tracking import Tracker

    given = dict(args)
    tracker = Tracker(Workspace.open(root), given.pop("agent", "unknown"))
    if kind not in WORK:
        raise FactoryError(f"kind: '{kind}' unknown; {did_you_mean(kind, WORK)}")
    return round_answer(WORK[kind](tracker, progress, **given))
