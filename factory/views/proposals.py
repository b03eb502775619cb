"""A pipeline that is proposed to a person."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, round_answer
from factory.core.errors import PipelineError
from factory.tracking.strategy_files import write_strategy
from factory.views.trials import find_trial

if TYPE_CHECKING:
    from factory.tracking import Tracker


def propose(tracker: "Tracker", pipeline: str, why: str) -> Answer:
    """Write the strategy file, with its provenance, for a person to review.

    Raises
    ------
    PipelineError
        If there is no such pipeline, it was not scored, or no reason is given.
    """
    chosen = tracker.resolve(pipeline)
    scored = find_trial(tracker, chosen)
    if scored is None:
        raise PipelineError(f"propose: {chosen.id} has no score; backtest it first")
    return round_answer(
        {
            "file": str(write_strategy(tracker, chosen, scored, why)),
            "pipeline": chosen.id,
            "reading": scored["reading"],
            "next": "a person reviews it",
            "ledger": tracker.ledger_summary(chosen.data),
        }
    )
