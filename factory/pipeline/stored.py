"""Pipelines that are kept in a workspace or come with the project, read."""

from factory.pipeline.model import Pipeline
from factory.pipeline.parse_cache import parse_remembered
from factory.pipeline.shipping import load_shipped
from factory.storage.store import Store


def find_pipeline(store: Store, id: str) -> Pipeline | None:
    """The pipeline with an id, kept in a store or shipped with the project; a name is no id, even one that reads like an id."""
    kept = store.pipeline(id)
    return read_pipeline(id, None if kept is None else kept.yaml)


def read_pipeline(id: str, text: str | None) -> Pipeline | None:
    """The pipeline with an id: of its canonical text, or shipped with the project where no text is kept.

    Raises
    ------
    PipelineError
        If this version reads the text no longer; one line a mistake.
    """
    return parse_remembered(text) if text else next((one for one in load_shipped().values() if one.id == id), None)
