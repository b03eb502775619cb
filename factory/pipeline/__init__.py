"""The declarative language in which a strategy is described.

YAML, JSON or plain objects in; one frozen :class:`Pipeline`; canonical YAML
out. Pure: nothing here computes a number from market data.

parts         the kinds of each stage, frozen models that say which inputs they read
model         the pipeline; features parses its expressions, references finds what mentions nothing, messages explains
reading       text to a pipeline, writing: back to canonical YAML; scalars, parse_cache help
changes       a child from a parent; differing tells them apart; ideas: what variants share
checks        a pipeline held against its dataset
search_space  what a tune may set; screening: what is ranked without a pipeline
drawing       diagrams
shipping      the strategies that come with the project; stored: pipelines kept in a workspace

Others import what is named below, parts by their files, and stored where they have a store.
"""

from factory.pipeline.checks import Facts, check_pipeline
from factory.pipeline.differing import Change, diff, list_changes
from factory.pipeline.drawing import Graph, draw_diagram, draw_outline, list_parts
from factory.pipeline.ideas import describe_idea
from factory.pipeline.model import SCHEMA_VERSION, Pipeline
from factory.pipeline.parse_cache import parse_remembered, remember_pipeline
from factory.pipeline.reading import parse, parse_part, read_provenance
from factory.pipeline.search_space import Range
from factory.pipeline.shipping import load_shipped
from factory.pipeline.writing import render

__all__ = [
    "SCHEMA_VERSION",
    "Change",
    "Facts",
    "Graph",
    "Pipeline",
    "Range",
    "check_pipeline",
    "describe_idea",
    "diff",
    "draw_diagram",
    "draw_outline",
    "list_changes",
    "list_parts",
    "load_shipped",
    "parse",
    "parse_part",
    "parse_remembered",
    "read_provenance",
    "remember_pipeline",
    "render",
]
