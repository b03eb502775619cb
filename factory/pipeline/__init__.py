"""The declarative language in which a strategy is described.

YAML, JSON or plain objects in; one frozen :class:`Pipeline`; canonical YAML
out. Pure: nothing here computes a number from market data.
"""

from factory.pipeline.model import SCHEMA_VERSION, Pipeline
from factory.pipeline.reading import parse, provenance
from factory.pipeline.tuned import Range
from factory.pipeline.writing import render

__all__ = ["SCHEMA_VERSION", "Pipeline", "Range", "parse", "provenance", "render"]
