"""Pictures of open market data: a price with its jumps and gaps, and how a column is distributed.

They take arrays and read no dataset: whoever calls hands over rows of train and validation, and no other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.report.charts import COIN, GAIN, LOSS, OWN, Figure, make_figure, make_line, round_values, write_stamps

POINTS = 1_500
"""Of a price's line, at most: each is the last known value of as many rows."""
MARKED = 200
"""Jumps or gaps that are marked, the longest of the latter."""
BINS = 60
TAIL = 0.001
"""Share of values beyond each end of a histogram, which are counted and not drawn."""
SPLIT = "#d08a1d"
IN_ORDER = {"traceorder": "normal"}
"""Of a legend: as drawn."""


class Gap(NamedTuple):
    """A stretch without rows.

    Parameters
    ----------
    first : int
        Stamp of its first row, ms UTC.
    rows : int
    """

    first: int
    rows: int


def find_gaps(time: NDArray[int64], missing: NDArray[bool_]) -> list[Gap]:
    """Find the stretches of missing rows, in order of time."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    return [Gap(int(time[first]), int(end - first)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def draw_price(
    time: NDArray[int64], value: NDArray[float64], ends: tuple[int, int], jumps: Sequence[int], gaps: Sequence[Gap], name: str
) -> Figure:
    """Draw a price with its jumps and gaps.

    Parameters
    ----------
    time, value : ndarray, shape (n,)
        Open rows; NaN where one is missing.
    ends : tuple of int
        Where train ends and where validation begins, ms UTC.
    jumps : sequence of int
        Stamps of jumps, ms UTC.
    gaps : sequence of Gap
    name : str
        What is drawn.
    """
    chosen = _last_known(value)
    parts = {
        "train": (chosen[time[chosen] < ends[0]], OWN),
        "gap between them": (chosen[(time[chosen] >= ends[0]) & (time[chosen] < ends[1])], COIN),
        "validation": (chosen[time[chosen] >= ends[1]], SPLIT),
    }
    lines = [
        make_line(write_stamps(time[rows]), value[rows], part, line={"color": color, "width": 1.5})
        for part, (rows, color) in parts.items()
        if len(rows)
    ]
    marked = [*(_mark_jumps(time, value, jumps)), *(_mark_gaps(value, gaps))]
    figure = make_figure([*lines, *marked], name, None)
    figure["layout"]["legend"] |= IN_ORDER
    return figure


def draw_distribution(train: NDArray[float64], validation: NDArray[float64], name: str, *, logarithmic: bool) -> Figure | None:
    """Draw how values are distributed in train and in validation, as shares of each.

    Parameters
    ----------
    logarithmic : bool
        Whether bins are of equal ratio; values not above 0 are then left out.

    Returns
    -------
    Figure or None
        None where there are too few different values.
    """
    known = [values[np.isfinite(values) & ((values > 0) | (not logarithmic))] for values in (train, validation)]
    if len(known[0]) < BINS or not len(known[1]):
        return None
    low, high = (float(one) for one in np.quantile(np.concatenate(known), (TAIL, 1 - TAIL)))
    if not low < high:
        return None
    edges = np.geomspace(low, high, BINS + 1) if logarithmic else np.linspace(low, high, BINS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1]) if logarithmic else (edges[1:] + edges[:-1]) / 2
    lines = [
        {
            "x": round_values(middle), "y": round_values(np.histogram(values, edges)[0] / len(values)),
            "name": part, "mode": "lines",
            "line": {"shape": "hvh", "color": color, "width": 1.5},
            **({"fill": "tozeroy", "fillcolor": "rgba(59,111,212,.15)"} if part == "train" else {}),
        }
        for part, values, color in zip(("train", "validation"), known, (OWN, SPLIT), strict=True)
    ]  # fmt: skip
    figure = make_figure(lines, "share of rows", ".1%", name)
    figure["layout"] |= {"height": 240}
    figure["layout"]["legend"] |= IN_ORDER
    if logarithmic:
        figure["layout"]["xaxis"] |= {"type": "log"}
    return figure


def draw_intervals(
    names: Sequence[str], means: Sequence[float], lows: Sequence[float], highs: Sequence[float], highest: Sequence[float]
) -> Figure:
    """Draw intervals of the mean net payoff, one a line, against break-even: those wholly below it are ruled out.

    Parameters
    ----------
    names : sequence of str
        Of ideas.
    means, lows, highs : sequence of float
        Of the best trial of each.
    highest : sequence of float
        Greatest upper end among all trials of each.
    """
    colors = [LOSS if high <= 0 else GAIN if low > 0 else COIN for low, high in zip(lows, highs, strict=True)]
    bars = {
        "type": "scatter", "mode": "markers", "x": round_values(np.array(means)), "y": list(names),
        "marker": {"color": colors, "size": 9},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 3, "width": 7, "color": COIN,
            "array": round_values(np.array(highs) - np.array(means)),
            "arrayminus": round_values(np.array(means) - np.array(lows)),
        },
        "customdata": [list(round_values(np.array(pair))) for pair in zip(lows, highs, strict=True)],
        "hovertemplate": "%{y}: %{x:.4g} [%{customdata[0]:.4g}, %{customdata[1]:.4g}]<extra></extra>",
        "name": "best trial, 95 % interval",
    }  # fmt: skip
    ruled = {
        "type": "scatter", "mode": "markers", "x": round_values(np.array(highest)), "y": list(names),
        "marker": {"symbol": "line-ns-open", "size": 20, "color": LOSS, "line": {"width": 3}},
        "hovertemplate": "%{y}: no trial leaves room above %{x:.4g}<extra></extra>", "name": "ruled out above",
    }  # fmt: skip
    figure = make_figure([bars, ruled], "", None, "mean net a decision, after costs")
    even = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": LOSS, "dash": "dash"}}
    note = {"x": 0, "y": 1, "yref": "paper", "text": "break-even", "showarrow": False, "yanchor": "bottom"}
    figure["layout"] |= {"shapes": [even], "annotations": [note], "height": 166 + 38 * len(names)}
    figure["layout"]["margin"] |= {"t": 76}
    figure["layout"]["legend"] |= {"y": 1, "yanchor": "top", "yref": "container"}
    figure["layout"]["yaxis"] |= {"type": "category", "autorange": "reversed", "automargin": True, "showgrid": False}
    figure["layout"]["xaxis"] |= {"zeroline": False}
    return figure


def _last_known(value: NDArray[float64]) -> NDArray[int64]:
    """Select the last known row of each of at most so many stretches of equal length."""
    known = np.flatnonzero(np.isfinite(value)).astype(int64)
    if len(known) <= POINTS:
        return known
    stretch = known * POINTS // len(value)
    last = np.append(np.flatnonzero(np.diff(stretch)), len(known) - 1)
    return np.unique(np.concatenate(([known[0]], known[last])))


def _mark_jumps(time: NDArray[int64], value: NDArray[float64], jumps: Sequence[int]) -> list[Figure]:
    rows = np.searchsorted(time, np.array(jumps[:MARKED], int64)) if len(jumps) else np.empty(0, int64)
    rows = rows[rows < len(time)]
    if not len(rows):
        return []
    style = {"mode": "markers", "marker": {"symbol": "triangle-up", "size": 9, "color": LOSS}}
    return [{"x": write_stamps(time[rows]), "y": round_values(value[rows]), "name": "jump", **style}]


def _mark_gaps(value: NDArray[float64], gaps: Sequence[Gap]) -> list[Figure]:
    if not gaps:
        return []
    longest = sorted(sorted(gaps, key=lambda gap: -gap.rows)[:MARKED])
    bottom = float(np.nanmin(value))
    return [
        {
            "x": write_stamps(np.array([gap.first for gap in longest])), "y": [bottom] * len(longest), "name": "gap",
            "mode": "markers", "marker": {"symbol": "line-ns-open", "size": 14, "color": LOSS},
            "customdata": [gap.rows for gap in longest], "hovertemplate": "%{x}: %{customdata} rows missing<extra>gap</extra>",
        }
    ]  # fmt: skip
