"""The strategies that come with the project."""

from functools import cache
from pathlib import Path

import factory
from factory.pipeline.model import Pipeline
from factory.pipeline.reading import parse


@cache
def load_shipped() -> dict[str, Pipeline]:
    """Read the shipped strategies, by pipeline name; legal parents in every workspace."""
    folder = Path(factory.__file__).parent.parent / "strategies"
    pipelines = (parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml")))
    return {pipeline.pipeline: pipeline for pipeline in pipelines}
