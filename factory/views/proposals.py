"""A pipeline that is proposed to a person."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, round_answer
from factory.core.errors import PipelineError
from factory.review.proposals import record_proposal
from factory.tracking.provenance import make_provenance
from factory.views.trials import find_trial

if TYPE_CHECKING:
    from factory.tracking import Tracker


def propose(tracker: "Tracker", pipeline: str, why: str) -> Answer:
    """Record a proposal and write its strategy file, with its provenance, for a person to review.

    Raises
    ------
    PipelineError
        If there is no such pipeline, it was not scored, or no reason is given.
    ReviewError
        If it was approved or retired on these data.
    """
    chosen = tracker.resolve(pipeline)
    scored = find_trial(tracker, chosen)
    if scored is None:
        raise PipelineError(f"propose: {chosen.id} has no score; backtest it first")
    return round_answer(
        {
            "file": str(record_proposal(tracker, chosen, make_provenance(tracker, chosen, scored, why))),
            "pipeline": chosen.id,
            "reading": scored["reading"],
            "next": "a person reviews it",
            "ledger": tracker.ledger_summary(chosen.data),
        }
    )
