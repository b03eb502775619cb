"""The declarative language in which a strategy is described.

YAML, JSON or plain objects in; one frozen :class:`Pipeline`; canonical YAML
out. Pure: nothing here computes a number from market data.
"""

from factory.pipeline.checks import Facts, check
from factory.pipeline.differing import diff
from factory.pipeline.drawing import diagram, outline
from factory.pipeline.ideas import describe_idea
from factory.pipeline.model import SCHEMA_VERSION, Pipeline
from factory.pipeline.parse_cache import recall, remember
from factory.pipeline.reading import parse, parse_part, provenance
from factory.pipeline.search_space import Range
from factory.pipeline.shipping import shipped
from factory.pipeline.writing import render

__all__ = [
    "SCHEMA_VERSION",
    "Facts",
    "Pipeline",
    "Range",
    "check",
    "describe_idea",
    "diagram",
    "diff",
    "outline",
    "parse",
    "parse_part",
    "provenance",
    "recall",
    "remember",
    "render",
    "shipped",
]
