"""Pipelines that this process read or wrote lately: reading YAML takes longer than some trials."""

from collections import OrderedDict

from factory.pipeline.model import Pipeline
from factory.pipeline.reading import parse
from factory.pipeline.writing import render

RECENT = 64
_recent: OrderedDict[str, Pipeline] = OrderedDict()


def remember_pipeline(pipeline: Pipeline) -> str:
    """Write the canonical text of a pipeline and keep it, so that :func:`parse_remembered` need not parse it anew."""
    text = render(pipeline)
    _keep(text, pipeline)
    return text


def parse_remembered(text: str) -> Pipeline:
    """Return the pipeline of a canonical text, parsing it only if it is not kept.

    Raises
    ------
    PipelineError
        One line a mistake.
    """
    pipeline = _recent.get(text) or parse(text)
    _keep(text, pipeline)
    return pipeline


def _keep(text: str, pipeline: Pipeline) -> None:
    _recent[text] = pipeline
    if len(_recent) > RECENT:
        _recent.popitem(last=False)
