"""The pipeline as a picture: parts and arrows, Mermaid of them, and plain text for answers."""

from collections.abc import Iterator
from typing import NamedTuple

from factory.core.plainyaml import write_inline
from factory.pipeline.model import Pipeline
from factory.pipeline.parts.catalog import kind_of
from factory.pipeline.parts.labels import MidMove, TripleBarrier, list_label_series
from factory.pipeline.parts.samples import Clock, Events
from factory.pipeline.parts.trades import Trade, UpOrDown


class Node(NamedTuple):
    """One part of a pipeline: its id, its stage, and what stands in its box, line by line."""

    id: str
    stage: str
    lines: tuple[str, ...]


class Edge(NamedTuple):
    """An arrow between two parts; loose where it chooses or labels decisions and nothing is learned from it."""

    source: str
    target: str
    loose: bool


class Graph(NamedTuple):
    """The parts of a pipeline in the order of reading, and the arrows between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def list_parts(pipeline: Pipeline) -> Graph:
    """List the parts of a pipeline, and the arrows between them."""
    refit = (f"refit every {pipeline.refit.every}", f"on {pipeline.refit.window}") if pipeline.refit else ()
    nodes = [
        *(Node(f"s_{series}", "data", (series,)) for series in sorted(_series(pipeline))),
        *(Node(f"f_{name}", "features", (name,)) for name in pipeline.features),
        *(Node(f"e_{name}", "experts", (name, kind_of(type(part)))) for name, part in pipeline.experts.items()),
        Node("sample", "sample", (describe_sample(pipeline),)),
        Node("label_", "label", (describe_label(pipeline),)),
        Node("meta", "meta", (f"forest of {pipeline.meta.trees} trees", *refit)),
        *(Node(_node(path), "trade", tuple(_trade(trade).split(", "))) for path, trade in pipeline.trades.items()),
    ]
    return Graph(tuple(nodes), tuple(dict.fromkeys(_edges(pipeline))))


def draw_diagram(pipeline: Pipeline) -> str:
    """Draw a pipeline as a Mermaid flowchart.

    Returns
    -------
    str
        Series, features, experts, forest and trade by their names; what
        chooses and labels the decisions joins by dotted lines.
    """
    return "\n".join(["flowchart LR", *(f"  {line}" for line in (*_nodes(pipeline), *_arrows(pipeline)))]) + "\n"


def draw_outline(pipeline: Pipeline) -> str:
    """Draw a pipeline in plain text, one line a step."""
    series = ", ".join(sorted(_series(pipeline)))
    lines = [f"{series} ({pipeline.data}) -> {', '.join(pipeline.features)}"]
    lines.append(f"{describe_sample(pipeline)} -> decisions; {describe_label(pipeline)} -> what is learned")
    for name, part in pipeline.experts.items():
        lines.append(f"{', '.join(part.inputs)} -> {name} ({kind_of(type(part))})")
    lines.append(f"{', '.join(pipeline.meta.see)} -> forest of {pipeline.meta.trees} trees")
    lines += [f"forest -> {_trade(trade)}" for trade in pipeline.trades.values()]
    if pipeline.refit:
        lines.append(f"refit every {pipeline.refit.every} on {pipeline.refit.window}")
    return "\n".join(lines) + "\n"


def _nodes(pipeline: Pipeline) -> Iterator[str]:
    yield f'subgraph data["{pipeline.data}"]'
    for series in sorted(_series(pipeline)):
        yield f'  s_{series}[("{series}")]'
    yield "end"
    for name in pipeline.features:
        yield f'f_{name}["{name}"]'
    for name, part in pipeline.experts.items():
        yield f'e_{name}(["{name}<br/>{kind_of(type(part))}"])'
    yield f'sample{{{{"{describe_sample(pipeline)}"}}}}'
    yield f'label_{{{{"{describe_label(pipeline)}"}}}}'
    yield f'meta[["forest of {pipeline.meta.trees} trees"]]'
    yield from (f'{_node(path)}[/"{_trade(trade)}"/]' for path, trade in pipeline.trades.items())


def _arrows(pipeline: Pipeline) -> Iterator[str]:
    yield from (f"{one.source} {'-.->' if one.loose else '-->'} {one.target}" for one in _edges(pipeline))
    if pipeline.refit:
        yield f'meta -. "refit every {pipeline.refit.every} on {pipeline.refit.window}" .-> meta'


def _edges(pipeline: Pipeline) -> Iterator[Edge]:
    for name, expression in pipeline.expressions().items():
        yield from (Edge(f"s_{series}", f"f_{name}", False) for series in sorted(expression.series))
    for path, name in pipeline.mentions():
        stage, _, rest = path.partition(".")
        if stage == "meta":
            yield Edge(f"{'e' if name in pipeline.experts else 'f'}_{name}", "meta", False)
        elif stage == "experts":
            yield Edge(f"f_{name}", f"e_{rest.rpartition('.')[0]}", False)
        else:
            yield Edge(f"f_{name}", "label_" if stage == "label" else stage, True)
    yield Edge("sample", "meta", True)
    yield Edge("label_", "meta", True)
    yield from (Edge("meta", _node(path), False) for path in pipeline.trades)


def _series(pipeline: Pipeline) -> set[str]:
    read = {series for expression in pipeline.expressions().values() for series in expression.series}
    return read | list_label_series(pipeline.label)


def describe_sample(pipeline: Pipeline) -> str:
    """Describe in a few words which moments become decisions."""
    sample = pipeline.sample
    if isinstance(sample, Clock):
        return f"clock {sample.every}"
    if isinstance(sample, Events):
        return f"each {sample.every} updates of {sample.of}"
    return f"cusum of {sample.of} by {write_inline(sample.threshold)}"


def describe_label(pipeline: Pipeline) -> str:
    """Describe in a few words what is predicted."""
    label = pipeline.label
    unit = (
        f", {write_inline(label.take)} and {write_inline(label.stop)} {label.unit}" if isinstance(label, TripleBarrier) else ""
    )
    of = label.book if isinstance(label, MidMove) else label.of
    return f"{label.use} of {of} in {label.horizon}{unit}"


def _node(path: str) -> str:
    return f"t_{path.removeprefix('also.')}" if path.startswith("also.") else path


def _trade(trade: Trade) -> str:
    when = (
        f"edge {write_inline(trade.edge)}"
        if isinstance(trade, UpOrDown)
        else f"from {write_inline(trade.enter)}, exit {trade.exit.use}"
    )
    return f"{trade.use} {trade.contract}, {when}, size {trade.size.use}"
