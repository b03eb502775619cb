"""The CUSUM picture: price with events and barriers, and below it the two running sums that chose them.

The symmetric CUSUM filter is that of Lam and Yam (1997); López de Prado (2018), section 2.5.2.1, samples by it. A page draws
the figure anew for each threshold: static/cusum.js does there what :func:`factory.learning.cusum_filter.CusumFilter` does here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.learning.sample_figures import SampleFigures
from factory.report.charts import COIN, GAIN, LOSS, OWN, Figure

MULTIPLES = tuple(2.0 ** (step / 4) for step in range(-8, 9))
"""Of the threshold, that the slider offers: a quarter of it to four times, in equal steps of its logarithm."""
OWN_STEP = MULTIPLES.index(1.0)
BARRIERS, WINDOWS = ("take first", "stop first", "time-out"), ("up", "down", "flat")
"""What comes of a label, of a triple barrier and of others: the outcomes 0, 1 and 2; -1 is no label."""
TINTS = ("rgba(46,139,87,.1)", "rgba(192,80,77,.1)", "rgba(138,143,152,.1)")
INKS = (GAIN, LOSS, COIN)
UNIQUE = CHOSEN = "#b9770e"
DIGITS = 9
"""Significant ones of a price."""


@dataclass(frozen=True)
class Step:
    """What one multiple of the threshold does on the whole partition, and how the filter stands before the window.

    Parameters
    ----------
    multiple : float
    figures : SampleFigures
    up, down : float
        Both sums as the row before the window leaves them.
    """

    multiple: float
    figures: SampleFigures
    up: float
    down: float


@dataclass(frozen=True)
class WindowLabels:
    """What would be decided at those rows of the window that some step chooses, columnar, each of shape (k,).

    Parameters
    ----------
    row : ndarray of int64
        Position among the window's rows.
    decision, horizon, end : ndarray of int64
        When it is acted on, when time is out, and when its label is known, ms UTC.
    entry, top, bottom, exit : ndarray of float64
        Prices: of the fill, of the barriers, and at the label's end; of a label without barriers `top` and `bottom` are those
        of fill and end. NaN where there is none.
    outcome : ndarray of int8
        Position in the names of outcomes; -1 without a label.
    side : ndarray of int8
        2 up, 1 flat, 0 down, -1 without a label.
    present : ndarray of bool
        Where no feature is missing: elsewhere the decision is dropped.
    """

    row: NDArray[int64]
    decision: NDArray[int64]
    horizon: NDArray[int64]
    end: NDArray[int64]
    entry: NDArray[float64]
    top: NDArray[float64]
    bottom: NDArray[float64]
    exit: NDArray[float64]
    outcome: NDArray[int8]
    side: NDArray[int8]
    present: NDArray[np.bool_]


@dataclass(frozen=True)
class CusumPicture:
    """A CUSUM filter over a window of one partition, with what each step of the slider chooses.

    Parameters
    ----------
    partition : str
    bounds, window : tuple of int
        Begin and end of the partition, and of the window, ms UTC.
    spans : tuple of str
        Lengths that the window may have.
    text : tuple of str
        What is measured, and the threshold, as they are written.
    is_own : bool
        Whether the pipeline samples by this filter.
    own : SampleFigures
        Of the pipeline's own sample on the partition.
    known : ndarray of int64, shape (n,)
        When each row of the window became known, ms UTC.
    values, threshold : ndarray of float64, shape (n,)
        What is measured, and the threshold.
    before : float
        The value of the row before; NaN for none.
    up, down : ndarray of float64, shape (n,)
        Running sums at the threshold itself, before a side starts anew.
    fired : ndarray of int8, shape (n,)
        1 where the upper sum fires, -1 where the lower one does.
    labels : WindowLabels
    outcomes : tuple of str
        :data:`BARRIERS` or :data:`WINDOWS`.
    price : tuple of ndarray
        Moments at which closes are known, ms UTC, and the closes.
    steps : tuple of Step
        One for each of :data:`MULTIPLES`.
    series : str
        What the price is of.
    """

    partition: str
    bounds: tuple[int, int]
    window: tuple[int, int]
    spans: tuple[str, ...]
    text: tuple[str, str]
    is_own: bool
    own: SampleFigures
    known: NDArray[int64] = field(repr=False)
    values: NDArray[float64] = field(repr=False)
    threshold: NDArray[float64] = field(repr=False)
    before: float
    up: NDArray[float64] = field(repr=False)
    down: NDArray[float64] = field(repr=False)
    fired: NDArray[int8] = field(repr=False)
    labels: WindowLabels = field(repr=False)
    outcomes: tuple[str, ...]
    price: tuple[NDArray[int64], NDArray[float64]] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    series: str

    @property
    def events(self) -> NDArray[int64]:
        """Positions in `labels` of the window's events at the threshold itself; those that meet at one bar are one."""
        chosen = np.flatnonzero(self.fired[self.labels.row])
        decisions = self.labels.decision[chosen]
        return np.asarray(chosen[np.diff(decisions, prepend=decisions[:1] - 1) > 0])


def draw_price(picture: CusumPicture) -> Figure:
    """Draw the price, each event at its fill, and until when which barrier held it."""
    labels, events = picture.labels, picture.events
    time, close = picture.price
    traces = [_line("price", picture.series, _stamps(time), close, color=OWN, width=1.3)]
    if picture.outcomes == BARRIERS:
        known = events[labels.outcome[events] >= 0]
        x, y = _boxes(labels, known, labels.horizon)
        traces.append(_line("barriers", "barriers", x, y, color=COIN, width=0.8, dash="dot"))
    for outcome, name in enumerate(picture.outcomes):
        own = events[labels.outcome[events] == outcome]
        x, y = _boxes(labels, own, labels.end)
        box = _line(f"box{outcome}", name, x, y, color=INKS[outcome], width=0.8)
        traces.append({**box, "fill": "toself", "fillcolor": TINTS[outcome], "opacity": 0.7, "showlegend": False})
    for outcome, name in enumerate(picture.outcomes):
        own = events[labels.outcome[events] == outcome]
        marker = {"symbol": "x", "size": 7, "color": INKS[outcome]}
        traces.append(_points(f"end{outcome}", name, _stamps(labels.end[own]), labels.exit[own], marker))
    for side, symbol in ((1, "triangle-up"), (-1, "triangle-down")):
        own = events[picture.fired[labels.row[events]] == side]
        marker = {"symbol": symbol, "size": 10, "color": GAIN if side > 0 else LOSS}
        traces.append(_points(f"event{side}", _name_event(side), _stamps(labels.decision[own]), labels.entry[own], marker))
    return _figure(traces, f"price of {picture.series}", 360)


def draw_sums(picture: CusumPicture) -> Figure:
    """Draw both running sums between the thresholds, with the rows at which they pass them."""
    x = _stamps(picture.known)
    traces = [
        _line("high", "threshold", x, picture.threshold, color=COIN, dash="dash", width=1.2),
        {**_line("low", "threshold", x, -picture.threshold, color=COIN, dash="dash", width=1.2), "showlegend": False},
    ]
    for side, sums, name in ((1, picture.up, "S+"), (-1, picture.down, "S−")):
        drawn = _fall(x, sums, picture.fired == side)
        traces.append(_line(f"sum{side}", name, *drawn, color=GAIN if side > 0 else LOSS, width=1.3))
    rows = picture.labels.row[picture.events]
    for side, sums, symbol in ((1, picture.up, "triangle-up"), (-1, picture.down, "triangle-down")):
        own = rows[picture.fired[rows] == side]
        marker = {"symbol": symbol, "size": 9, "color": GAIN if side > 0 else LOSS}
        points = _points(f"passed{side}", _name_event(side), _stamps(picture.known[own]), sums[own], marker)
        traces.append({**points, "showlegend": False})
    return _figure(traces, f"sums of changes of {picture.text[0]}", 240)


def draw_cusum(picture: CusumPicture) -> Figure:
    """Draw price and sums as one figure on one axis of time."""
    price, sums = draw_price(picture), draw_sums(picture)
    layout = price["layout"]
    below = {**sums["layout"]["yaxis"], "domain": [0, 0.36]}
    return {
        "data": [*price["data"], *({**trace, "yaxis": "y2"} for trace in sums["data"])],
        "layout": {
            **layout,
            "height": 640,
            "xaxis": {**layout["xaxis"], "anchor": "y2", "range": _stamps(np.array(picture.window))},
            "yaxis": {**layout["yaxis"], "domain": [0.42, 1]},
            "yaxis2": below,
        },
    }


def draw_frame(picture: CusumPicture) -> Figure:
    """Draw the figure with the price alone: the page's script fills in what hangs on the threshold."""
    figure = draw_cusum(picture)
    chosen = _line("chosen", "chosen", [], np.empty(0), color=CHOSEN, width=3) | {"showlegend": False, "hoverinfo": "skip"}
    empty = [one if one["meta"] == "price" else {**one, "x": [], "y": []} for one in figure["data"]]
    return {**figure, "data": [*empty, chosen]}


def draw_steps(picture: CusumPicture) -> Figure:
    """Draw how many decisions a day each step gives, and how unique their labels are."""
    given = [(step.multiple, step.figures.a_day, step.figures.uniqueness) for step in picture.steps if step.figures.decisions]
    x, a_day, uniqueness = ([one[i] for one in given] for i in range(3))
    traces = [
        {**_trace("a_day", "decisions a day"), "x": x, "y": a_day, "line": {"color": OWN, "width": 2}},
        {
            **_trace("unique", "average uniqueness"),
            "x": x,
            "y": uniqueness,
            "line": {"color": UNIQUE, "width": 2},
            "yaxis": "y2",
        },
        {**_trace("here", "here"), "x": [], "y": [], "mode": "markers", "marker": {"color": OWN, "size": 11}},
        {
            **_trace("here_unique", "here"),
            "x": [],
            "y": [],
            "mode": "markers",
            "marker": {"color": UNIQUE, "size": 11},
            "yaxis": "y2",
        },
    ]
    for trace in traces[2:]:
        trace["showlegend"] = False
    figure = _figure(traces, "decisions a day", 260)
    figure["layout"]["margin"] = {"l": 60, "r": 60, "t": 8, "b": 44}
    figure["layout"]["xaxis"] |= {
        "type": "log", "title": {"text": "multiple of the threshold"}, "tickvals": [0.25, 0.5, 1, 2, 4],
        "ticktext": ["¼", "½", "1", "2", "4"],
    }  # fmt: skip
    figure["layout"]["yaxis"] |= {"type": "log", "dtick": "D2"}
    right = {
        "overlaying": "y", "side": "right", "range": [0, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "showgrid": False, "title": {"text": "average uniqueness"},
    }  # fmt: skip
    return {**figure, "layout": {**figure["layout"], "yaxis2": right}}


def _name_event(side: int) -> str:
    return "event of S+" if side > 0 else "event of S−"


def _boxes(labels: WindowLabels, own: NDArray[int64], until: NDArray[int64]) -> tuple[list[str], NDArray[float64]]:
    """Trace a box around each label, with a gap after each."""
    first, last = labels.decision[own], until[own]
    low, high = labels.bottom[own], labels.top[own]
    x = np.column_stack([first, last, last, first, first, first]).ravel()
    y = np.column_stack([low, low, high, high, low, np.full(len(own), np.nan)]).ravel()
    return _stamps(x), y


def _fall(x: list[str], sums: NDArray[float64], fired: NDArray[np.bool_]) -> tuple[list[str], NDArray[float64]]:
    """Let a sum fall to zero at each row at which it fires."""
    times = np.arange(len(x)).repeat(np.where(fired, 2, 1))
    values = sums.repeat(np.where(fired, 2, 1))
    falls = np.flatnonzero(np.diff(times, prepend=-1) == 0)
    values[falls] = 0.0
    return [x[i] for i in times], values


def _trace(key: str, name: str) -> Figure:
    """Begin a trace, which scripts know by its key."""
    return {"meta": key, "name": name, "mode": "lines", "hoverinfo": "x+y+name"}


def _line(key: str, name: str, x: list[str], y: NDArray[float64], **style: Any) -> Figure:
    return {**_trace(key, name), "x": x, "y": round_prices(y), "line": style}


def _points(key: str, name: str, x: list[str], y: NDArray[float64], marker: Figure) -> Figure:
    return {**_trace(key, name), "x": x, "y": round_prices(y), "mode": "markers", "marker": marker}


def _figure(data: Sequence[Figure], title: str, height: int) -> Figure:
    axis = {"gridcolor": "rgba(128,128,128,.2)", "zerolinecolor": "rgba(128,128,128,.5)"}
    return {
        "data": list(data),
        "layout": {
            "margin": {"l": 70, "r": 16, "t": 8, "b": 40},
            "height": height,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "xaxis": {**axis, "type": "date", "title": {"text": ""}},
            "yaxis": {**axis, "title": {"text": title}},
        },
    }


def _stamps(ms: NDArray[int64]) -> list[str]:
    texts: list[str] = np.datetime_as_string(ms.astype("datetime64[ms]")).tolist()
    return texts


def round_prices(values: NDArray[float64]) -> list[float | None]:
    """Round to :data:`DIGITS` significant digits, None for what is missing."""
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]
