"""A proposal: a row of the ledger with its strategy file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.core.canonical import digest
from factory.core.errors import PipelineError
from factory.ledger import Entry
from factory.ledger.paired_files import PlannedFile, append_with_file
from factory.pipeline import Pipeline
from factory.review.decisions import name_file
from factory.review.states import PROPOSED, READS, REVIEW, require_transition, select_newest
from factory.review.strategy_text import render_strategy
from factory.tracking.strategy_files import proposals_folder

if TYPE_CHECKING:
    from factory.tracking import Tracker


def record_proposal(tracker: "Tracker", pipeline: Pipeline, provenance: Mapping[str, Any]) -> Path:
    """Record a proposal and write its strategy file; an earlier file stays, and the new one is numbered.

    Parameters
    ----------
    tracker : Tracker
    pipeline : Pipeline
        As it is kept: its words are what a person is going to sign.
    provenance : mapping
        As of :func:`factory.tracking.provenance.make_provenance`.

    Raises
    ------
    PipelineError
        If no reason is given.
    ReviewError
        If it was approved or retired on these data.
    """
    why = str(provenance["why"])
    if not any(sign.isalnum() for sign in why):
        raise PipelineError("why: empty; say in a sentence why a person should look at it")
    data, text = provenance["data"], render_strategy(pipeline, provenance)
    proposal = {
        "state": PROPOSED,
        "pipeline": pipeline.id,
        "name": pipeline.pipeline,
        "dataset": data["name"],
        "market": data["market"],
        "fingerprint": data["fingerprint"],
        "by": provenance["by"],
        "at": provenance["at"],
        "comment": why,
        "text": text,
    }

    def decide(entries: Sequence[Entry]) -> tuple[dict[str, Any], PlannedFile]:
        newest = select_newest(entries, pipeline.id)
        is_same_data = newest is not None and newest.payload["fingerprint"] == proposal["fingerprint"]
        require_transition(pipeline.id, newest if is_same_data else None, PROPOSED)
        row = {**proposal, "subject": digest([proposal, newest.hash if newest else ""])}
        return row, PlannedFile(name_file(pipeline), text, replaces=False)

    return append_with_file(tracker.workspace, tracker.ledger, proposals_folder(tracker.workspace), REVIEW, READS, decide)
