"""The diagram of a pipeline laid out for a page: boxes in columns, arrows between them."""

from typing import NamedTuple

from factory.pipeline import Graph

COLUMNS = (("data",), ("features",), ("experts", "sample", "label"), ("meta",), ("trade",))
HEADS = ("series", "features", "experts", "forest", "trade")
CHARACTER, LINE = 7.2, 17
"""Width of a character and height of a line of the diagram's monospaced text."""
PADDING, GAP, ROOM = 10, 10, 64
"""Within a box, between boxes of a column, and between columns for the arrows."""
TOP = 26
"""Where boxes begin, below the heads of the columns."""
FOLD = 28
"""Characters of a line, above which it is folded between words."""


class Box(NamedTuple):
    """A part at its place."""

    stage: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


class Arrow(NamedTuple):
    """A path from one box to another, as SVG writes it."""

    path: str
    loose: bool


class Diagram(NamedTuple):
    """What is drawn."""

    width: float
    height: float
    heads: tuple[tuple[float, str], ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def lay_out(graph: Graph) -> Diagram:
    """Lay out the parts of a pipeline: a column a stage, each column in the middle of the height."""
    folded = {node.id: tuple(line for text in node.lines for line in _fold(text)) for node in graph.nodes}
    columns = [[node for node in graph.nodes if node.stage in stages] for stages in COLUMNS]
    heights = {id: len(lines) * LINE + 2 * PADDING for id, lines in folded.items()}
    tall = max(sum(heights[node.id] + GAP for node in column) - GAP for column in columns)
    places: dict[str, Box] = {}
    heads, x = [], 0.0
    for head, column in zip(HEADS, columns, strict=True):
        longest = max((len(line) for node in column for line in folded[node.id]), default=len(head))
        width = max(longest, len(head)) * CHARACTER + 2 * PADDING
        y = TOP + (tall - sum(heights[node.id] + GAP for node in column) + GAP) / 2
        heads.append((x + width / 2, head))
        for node in column:
            places[node.id] = Box(node.stage, x, y, width, heights[node.id], folded[node.id])
            y += heights[node.id] + GAP
        x += width + ROOM
    arrows = tuple(Arrow(_curve(places[edge.source], places[edge.target]), edge.loose) for edge in graph.edges)
    return Diagram(x - ROOM, TOP + tall + 2, tuple(heads), tuple(places.values()), arrows)


def _curve(source: Box, target: Box) -> str:
    x, y = source.x + source.width, source.y + source.height / 2
    to, at = target.x, target.y + target.height / 2
    bend = min(ROOM, to - x) * 0.6
    return f"M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {to - bend:.1f} {at:.1f} {to:.1f} {at:.1f}"


def _fold(text: str) -> list[str]:
    """Fold a line between words; a word that is longer stays whole."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > FOLD:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
