"""Pipelines that this process read or wrote lately: reading YAML takes longer than some trials."""

from collections import OrderedDict

from factory.pipeline.model import Pipeline
from factory.pipeline.reading import parse
from factory.pipeline.writing import render

RECENT = 64
_recent: OrderedDict[str, Pipeline] = OrderedDict()


def remember_pipeline(pipeline: Pipeline) -> str:
    """The canonical text of a pipeline, which :func:`recall` need not read anew."""
    text = render(pipeline)
    _keep(text, pipeline)
    return text


def parse_remembered(text: str) -> Pipeline:
    """The pipeline of a canonical text.

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
