"""Pictures as PNG, for hosts that show images and run no script: the same figures as on the pages, drawn by matplotlib.

It knows the traces that :mod:`factory.report.charts` makes, and what they use of a layout. Matplotlib starts in a third of a
second and draws in a tenth; plotly's own export starts a browser.
"""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.report.charts import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 100
SIZE = (900, 500)
"""Pixels of a picture that stands alone."""
PAPER, INK, FAINT, WARNING = "#fbfbf8", "#26292e", "#6b7078", "#b4541a"
"""Its own background, so that it reads on a dark host as on a white one."""
COLOURS = 128
"""Of the palette: half the bytes, and lines look the same."""
DASHES = {"solid": "-", "dot": ":", "dash": "--"}
SYMBOLS = {"circle": "o", "triangle-up": "^", "triangle-down": "v", "x": "X"}
_RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)")


class Heading(NamedTuple):
    """What stands above a picture.

    Parameters
    ----------
    title : str
        What is drawn, of which pipeline.
    facts : str
        Dataset, span and counts.
    warning : str
        What a reader must not miss: a drawn market, an assumed price; empty for nothing.
    """

    title: str
    facts: str
    warning: str = ""


def draw_png(figures: Sequence[Figure], heading: Heading | None = None, size: tuple[int, int] = SIZE) -> bytes:
    """Draw figures below each other, on one axis of time where there are several.

    Parameters
    ----------
    figures : sequence of dict
        Plotly's data and layout; the heights of the layouts are their shares.
    heading : Heading or None
        What stands above them.
    size : tuple of int
        Width and height in pixels.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    heights = [figure["layout"].get("height", 300) for figure in figures]
    # No text is a formula, whoever wrote it.
    with rc_context({"font.size": 9, "text.parse_math": False, "text.color": INK, "axes.labelcolor": INK}):
        canvas = Canvas(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=PAPER, layout="constrained")
        FigureCanvasAgg(canvas)
        grid = {"height_ratios": heights}
        drawn = canvas.subplots(len(figures), 1, sharex=len(figures) > 1, squeeze=False, gridspec_kw=grid)[:, 0]
        for axes, figure in zip(drawn, figures, strict=True):
            _draw_figure(axes, figure)
        if heading is not None:
            _write_heading(canvas, heading, size[1])
        raw = io.BytesIO()
        canvas.savefig(raw, format="png", facecolor=PAPER)
    return _shrink(raw)


def _shrink(raw: io.BytesIO) -> bytes:
    """Reduce a PNG to a palette."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(raw) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _write_heading(canvas: Any, heading: Heading, height: int) -> None:
    engine = canvas.get_layout_engine()
    lines: list[tuple[str, dict[str, Any]]] = [(heading.title, {"fontsize": 12, "weight": "bold"})]
    lines += [(heading.facts, {"color": FAINT})]
    lines += [(heading.warning, {"color": WARNING, "weight": "bold"})] if heading.warning else []
    for i, (text, style) in enumerate(lines):
        canvas.text(0.012, 1 - (12 + 19 * i) / height, text, va="top", ha="left", **style)
    engine.set(rect=(0, 0, 1, 1 - (16 + 19 * len(lines)) / height))


def _draw_figure(axes: "Axes", figure: Figure) -> None:
    """Draw the traces of one figure, and the axes as its layout has them."""
    layout = figure["layout"]
    across = layout.get("xaxis", {})
    is_category = across.get("type") == "category"
    before: tuple[NDArray[Any], NDArray[float64]] | None = None
    for trace in figure["data"]:
        kind = trace.get("type", "scatter")
        if kind == "heatmap":
            _draw_heatmap(axes, trace)
        elif kind == "bar":
            _draw_bars(axes, trace)
        elif kind == "scatter":
            before = _draw_line(axes, trace, before, is_category)
        else:
            raise ValueError(f"trace '{kind}' is none that pictures know")
    for shape in layout.get("shapes", ()):
        _draw_ruler(axes, shape)
    _dress(axes, layout)


def _draw_ruler(axes: "Axes", shape: Mapping[str, Any]) -> None:
    """Draw a straight line from one side of the picture to the other."""
    line = shape["line"]
    style = {"color": _colour(line["color"]), "linestyle": DASHES[line.get("dash", "solid")], "linewidth": 1}
    if shape.get("yref") == "paper":
        axes.axvline(shape["x0"], **style)
    else:
        axes.axhline(shape["y0"], **style)


def _draw_line(
    axes: "Axes", trace: Mapping[str, Any], before: tuple[NDArray[Any], NDArray[float64]] | None, is_category: bool
) -> tuple[NDArray[Any], NDArray[float64]]:
    """Draw a trace of points; return them, for the next may fill the space between."""
    x, y = _positions(axes, trace["x"], is_category), _floats(trace["y"])
    mode, line, marker = trace.get("mode", "lines"), trace.get("line", {}), trace.get("marker", {})
    colour = _colour(line.get("color") or marker.get("color") or INK)
    label = trace.get("name") if trace.get("showlegend", True) else None
    fill = trace.get("fill")
    if fill == "tozeroy":
        axes.fill_between(x, 0, y, color=_faded(colour), linewidth=0)
    elif fill == "tonexty" and before is not None:
        own = _colour(trace["fillcolor"]) if "fillcolor" in trace else _faded(colour)
        axes.fill_between(x, before[1], y, color=own, linewidth=0, label=label or None)
    elif fill == "toself":
        for shape in np.split(np.arange(len(x)), np.flatnonzero(np.isnan(y))):
            axes.fill(x[shape], y[shape], color=_colour(trace["fillcolor"]), linewidth=0)
    width = line.get("width", 1.5) if "lines" in mode else 0
    if width or "markers" in mode:
        axes.plot(
            x, y, color=colour, label=None if fill == "tonexty" else label or None, solid_capstyle="round",
            linestyle=DASHES[line.get("dash", "solid")] if width else "none", linewidth=width,
            drawstyle="steps-post" if line.get("shape") == "hv" else "default",
            marker=SYMBOLS[marker.get("symbol", "circle")] if "markers" in mode else None,
            markersize=marker.get("size", 6) * 0.75, markerfacecolor=_colour(marker.get("color", colour)), markeredgewidth=0,
        )  # fmt: skip
    return x, y


def _draw_bars(axes: "Axes", trace: Mapping[str, Any]) -> None:
    """Draw bars, upright or lying, with what they may be off by."""
    lies = trace.get("orientation") == "h"
    names, values = (trace["y"], trace["x"]) if lies else (trace["x"], trace["y"])
    places, lengths = np.arange(len(names)), _floats(values)
    given = trace.get("marker", {}).get("color", INK)
    colours = [_colour(one) for one in given] if isinstance(given, list) else _colour(given)
    off = trace.get("error_x" if lies else "error_y")
    ends = np.array([_floats(off["arrayminus"]), _floats(off["array"])]) if off else None
    style: dict[str, Any] = {"color": colours, "ecolor": FAINT, "capsize": 2}
    if lies:
        axes.barh(places, lengths, xerr=ends, **style)
        axes.set_yticks(places, [str(name) for name in names])
    else:
        axes.bar(places, lengths, yerr=ends, **style)
        _thin_ticks(axes, names)


def _draw_heatmap(axes: "Axes", trace: Mapping[str, Any]) -> None:
    """Draw a table of cells with their values in them."""
    from matplotlib.colors import LinearSegmentedColormap

    cells = np.array([_floats(row) for row in trace["z"]])
    colours = LinearSegmentedColormap.from_list("own", [(at, _colour(colour)) for at, colour in trace["colorscale"]])
    axes.pcolormesh(cells, cmap=colours, vmin=trace["zmin"], vmax=trace["zmax"], edgecolors=PAPER, linewidth=2)
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            axes.text(column + 0.5, row + 0.5, f"{value:.1%}", ha="center", va="center", fontsize=8)
    axes.set_xticks(np.arange(len(trace["x"])) + 0.5, trace["x"])
    axes.set_yticks(np.arange(len(trace["y"])) + 0.5, trace["y"])


def _dress(axes: "Axes", layout: Mapping[str, Any]) -> None:
    """Set titles, formats, grid and legend."""
    from matplotlib.ticker import PercentFormatter

    across, along = layout.get("xaxis", {}), layout.get("yaxis", {})
    axes.set_xlabel(across.get("title", {}).get("text", ""))
    axes.set_ylabel(along.get("title", {}).get("text", ""))
    if str(along.get("tickformat", "")).endswith("%"):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    if along.get("autorange") == "reversed":
        axes.invert_yaxis()
    axes.set_facecolor(PAPER)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c9ccd1")
    axes.tick_params(colors=FAINT, length=3)
    if along.get("showgrid", True):
        axes.grid(color="#e4e6e9", linewidth=0.7)
        axes.set_axisbelow(True)
    # What has one line is named by its axis.
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, frameon=False, ncols=8, fontsize=8)


def _positions(axes: "Axes", values: Sequence[Any], is_category: bool) -> NDArray[Any]:
    """Place values across: moments on an axis of time, names in their order, numbers as they are."""
    if is_category:
        _thin_ticks(axes, values)
        return np.arange(len(values))
    if not (len(values) and isinstance(values[0], str)):
        return _floats(values)
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return np.asarray(date2num(np.array([value.removesuffix("Z") for value in values], "datetime64[ms]")))


def _thin_ticks(axes: "Axes", names: Sequence[Any], most: int = 24) -> None:
    """Name so many of the places across as have room."""
    step = -(-len(names) // most)
    axes.set_xticks(np.arange(0, len(names), step), [str(name) for name in names[::step]])


def _floats(values: Sequence[Any]) -> NDArray[float64]:
    return np.array([np.nan if value is None else value for value in values], float64)


def _colour(text: Any) -> Any:
    """Read a colour as plotly writes it."""
    match = _RGBA.fullmatch(str(text).replace(" ", ""))
    return text if match is None else (*(int(part) / 255 for part in match.groups()[:3]), float(match[4]))


def _faded(colour: Any) -> Any:
    from matplotlib.colors import to_rgba

    return (*to_rgba(colour)[:3], 0.25)
