"""What is told of a pipeline that was defined."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, round_answer
from factory.core.times import to_duration
from factory.expressions.keys import column_key
from factory.pipeline import Pipeline, diff
from factory.pipeline.parts.experts import Network

if TYPE_CHECKING:
    from factory.tracking import Tracker
    from factory.tracking.tracker import Definition


def definition_answer(tracker: "Tracker", defined: "Definition") -> Answer:
    """Tell a definition's id, what differs from its parent, look-backs, warnings, and how many feature columns are cached."""
    pipeline, origin, facts = defined.pipeline, defined.origin, defined.facts
    warnings = [*facts.warnings, *filter(None, [defined.renamed, _tell_extra(pipeline)])]
    cached = sum(_is_cached(tracker, pipeline, text) for text in pipeline.features.values())
    return round_answer(
        {
            "pipeline": pipeline.id,
            "known_as": tracker.known_as(pipeline),
            "data": tracker.data_text(pipeline.data),
            "changed": diff(origin, pipeline) if origin else None,
            "look_back": {name: to_duration(ms) for name, ms in facts.look_back.items()},
            "label_span": to_duration(facts.label_span),
            "warnings": warnings or None,
            "cached": f"{cached} of {len(pipeline.features)} feature columns",
            "scored": tracker.find_entry(pipeline) is not None,
        }
    )


def _tell_extra(pipeline: Pipeline) -> str | None:
    """Tell what this machine lacks for the networks of a pipeline, if anything."""
    if not any(isinstance(part, Network) for part in pipeline.experts.values()):
        return None
    from factory.learning.networks.architecture import missing_extra

    return missing_extra()


def _is_cached(tracker: "Tracker", pipeline: Pipeline, text: str) -> bool:
    from factory.storage.cache import Cache

    fingerprint = tracker.catalog.fingerprint(pipeline.data, "train")
    return Cache(tracker.workspace.cache).has(column_key(text, fingerprint))
