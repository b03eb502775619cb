"""What an agent who reads is told of what others wrote: figures and names, and nothing in words of their own."""

from dataclasses import replace
from typing import TYPE_CHECKING

from factory.pipeline.stored import find_pipeline

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.report.trial import RecordedTrial
    from factory.tracking import Tracker


def hide_about(tracker: "Tracker", pipeline: "Pipeline", reader: str | None) -> "Pipeline":
    """Leave out what a pipeline is about, unless its reader is a person or may have written it.

    A shipped strategy's words are read by everyone, and so are by an agent those that it gave under the pipeline's name.
    """
    from factory.pipeline import load_shipped

    if reader is None:
        return pipeline
    ours = load_shipped().get(pipeline.pipeline)
    owned = [find_pipeline(tracker.store, id) for id in tracker.store.owned(pipeline.pipeline, reader)]
    is_spoken = pipeline.about in {one.about for one in (ours, *owned) if one is not None}
    return pipeline if is_spoken else pipeline.model_copy(update={"about": ""})


def hide_words(tracker: "Tracker", trial: "RecordedTrial", reader: str | None) -> "RecordedTrial":
    """Leave out of a trial what it is about and why it was made, unless its reader is a person or wrote that."""
    if reader is None:
        return trial
    pipeline = hide_about(tracker, trial.pipeline, reader)
    entry = tracker.find_entry(trial.pipeline)
    hidden = {"about": not pipeline.about, "why": entry is None or entry.payload.get("agent") != reader}
    facts = {name: value for name, value in trial.facts.items() if not hidden.get(name)}
    return replace(trial, pipeline=pipeline, facts=facts)
