"""Pipelines that are kept in a workspace or come with the project, read."""

from factory.core.errors import PipelineError
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
        As of :func:`read_text`.
    """
    return read_text(id, text) if text else next((one for one in load_shipped().values() if one.id == id), None)


def read_text(id: str, text: str) -> Pipeline:
    """Read the pipeline with an id from its canonical text.

    Raises
    ------
    PipelineError
        If this version reads the text no longer, or it is not what was defined under the id; one line a mistake.
    """
    pipeline = parse_remembered(text)
    if pipeline.id != id:
        raise PipelineError(f"pipeline: what is kept of {id} is not what was defined: damaged, or edited; define it again")
    return pipeline
