"""Pipelines that are kept in a workspace or come with the project, read."""

from factory.pipeline.model import Pipeline
from factory.pipeline.parse_cache import parse_remembered
from factory.pipeline.shipping import load_shipped
from factory.storage.store import Store


def find_pipeline(store: Store, id: str) -> Pipeline | None:
    """Find the pipeline with an id, kept in a store or shipped with the project.

    A name is no id, even one that reads like an id.
    """
    kept = store.pipeline(id)
    return read_pipeline(id, None if kept is None else kept.yaml)


def read_pipeline(id: str, text: str | None) -> Pipeline | None:
    """Read the pipeline with an id: from its canonical text, or as shipped with the project where no text is kept.

    Raises
    ------
    PipelineError
        If this version reads the text no longer; one line a mistake.
    """
    return parse_remembered(text) if text else next((one for one in load_shipped().values() if one.id == id), None)
