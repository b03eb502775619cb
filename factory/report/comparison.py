"""The picture of several trials side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from factory.core.times import DAY, iso
from factory.report.charts import Figure

STYLES = (("#3b6fd4", "solid"), ("#d07a1f", "solid"), ("#2e8b57", "dash"), ("#a04fc0", "dash"), ("#8a8f98", "dot"))
"""Colour and dash of each curve: five can be told apart without colour."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One trial's account by day.

    Parameters
    ----------
    name : str
        Plain: plotly reads markup in it.
    place : int
        Among those compared, from 0: its colour.
    start : int
        Midnight of its first day, ms UTC.
    daily : sequence of float
        Net P&L by day, in units of the starting equity.
    """

    name: str
    place: int
    start: int
    daily: Sequence[float]


def draw_equities(curves: Sequence[Curve]) -> Figure:
    """Draw the accounts of several trials on one axis: 1 at the start, the net P&L of each day added."""
    lines = [_draw_curve(curve) for curve in curves]
    axis = {"gridcolor": "rgba(128,128,128,.2)", "zerolinecolor": "rgba(128,128,128,.5)"}
    layout = {
        "margin": {"l": 60, "r": 16, "t": 8, "b": 40}, "height": 380, "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#20272d", "font": {"color": "#ffffff"}},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "legend": {"orientation": "h", "y": 1.12},
        "xaxis": axis, "yaxis": {**axis, "title": {"text": "equity, 1 at the start"}, "hoverformat": ".4f"},
    }  # fmt: skip
    return {"data": lines, "layout": layout}


def _draw_curve(curve: Curve) -> Figure:
    colour, dash = STYLES[curve.place % len(STYLES)]
    equity = [float(f"{value:.6g}") for value in accumulate(curve.daily, initial=1.0)]
    return {
        "x": [iso(curve.start + day * DAY)[:10] for day in range(len(equity))],
        "y": equity, "name": curve.name, "mode": "lines", "line": {"color": colour, "dash": dash, "width": 2},
    }  # fmt: skip
