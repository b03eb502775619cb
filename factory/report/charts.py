"""Pictures of a trial, as plotly figures in plain dictionaries: data and layout, drawn in the browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import iso
from factory.report.groups import Group
from factory.report.trial import RecordedTrial
from factory.statistics.calibration import reliability
from factory.statistics.deflation import expected_maximum
from factory.statistics.roc_auc import auc

Figure = dict[str, Any]

MOST_POINTS = 2_000
"""Points of a line; of a longer one evenly many are drawn, the first and the last among them."""
WIDE = 1.96
"""Deviations within which a coin stays in 95 of 100 markets."""
LUCK = (
    "The sum of net payoffs beside what the same decisions bring where direction is a coin. The band holds one trial in 95 of "
    "100 drawn markets; the dotted line is where the best of all independent trials of this search would be by luck alone, "
    "were they as wide as this one."
)
WINDOWS = 20
"""Stretches of equal count over which the AUC is followed."""
OWN, COIN, BAND, GAIN, LOSS = "#3b6fd4", "#8a8f98", "rgba(138,143,152,.22)", "#2e8b57", "#c0504d"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def draw_equity(trial: RecordedTrial) -> Figure:
    """Draw the account after each trade."""
    chosen = _thin(trial.count + 1)
    times = np.concatenate([trial.trades["entry_ms"][:1], trial.trades["exit_ms"]])[chosen]
    line = _line(_stamps(times), trial.equity[chosen], "equity", line={"color": OWN, "width": 2})
    return _figure([line], "equity, 1 at the start", None)


def draw_drawdown(trial: RecordedTrial) -> Figure:
    """Draw how far the account is below its peak, from trade to trade."""
    equity = trial.equity
    below = equity / np.maximum.accumulate(equity) - 1
    chosen = _thin(len(below))
    times = np.concatenate([trial.trades["entry_ms"][:1], trial.trades["exit_ms"]])[chosen]
    area = _line(_stamps(times), below[chosen], "drawdown", fill="tozeroy", line={"color": LOSS})
    return _figure([area], "below the peak", ".1%")


def draw_luck(trial: RecordedTrial) -> Figure:
    """Draw the sum of net payoffs beside what the same decisions bring where direction is a coin: see :data:`LUCK`."""
    payoff = trial.trades["payoff"]
    n = len(payoff)
    chosen = _thin(n + 1)
    sums = np.concatenate([[0.0], np.cumsum(payoff)])[chosen]
    times = _stamps(np.concatenate([trial.trades["entry_ms"][:1], trial.trades["exit_ms"]])[chosen])
    mean, spread = trial.null.get("mean_net", 0.0), trial.null.get("mean_spread", 0.0) * np.sqrt(n)
    middle, width = mean * chosen, spread * np.sqrt(chosen)
    best = middle + expected_maximum(max(trial.independent, 1.0)) * width
    edge = {"line": {"width": 0}, "hoverinfo": "skip"}
    lines = [
        _line(times, middle - WIDE * width, "", **edge, showlegend=False),
        _line(times, middle + WIDE * width, "a coin, 95 %", **edge, fill="tonexty", fillcolor=BAND),
        _line(times, best, f"best of {trial.independent:.0f} by luck", line={"color": COIN, "dash": "dot"}),
        _line(times, sums, "this trial", line={"color": OWN, "width": 2}),
    ]
    return _figure(lines, "sum of net payoffs", None)


def draw_months(grown: Mapping[str, float]) -> Figure:
    """Draw returns by month, a row a year."""
    years = sorted({month[:4] for month in grown})
    cells = [[grown.get(f"{year}-{month:02d}") for month in range(1, 13)] for year in years]
    most = max((abs(value) for value in grown.values()), default=0.0) or 1.0
    heat = {
        "type": "heatmap", "x": list(MONTHS), "y": years, "z": cells, "zmin": -most, "zmax": most, "zmid": 0,
        "colorscale": [[0, LOSS], [0.5, "rgba(128,128,128,.08)"], [1, GAIN]],
        "hovertemplate": "%{y} %{x}: %{z:.2%}<extra></extra>",
        "texttemplate": "%{z:.1%}", "showscale": False, "xgap": 2, "ygap": 2,
    }  # fmt: skip
    figure = _figure([heat], "", None)
    plain = {"showgrid": False, "zeroline": False, "type": "category"}
    figure["layout"] |= {"xaxis": plain, "yaxis": {**plain, "autorange": "reversed"}, "height": 90 + 46 * len(years)}
    return figure


def draw_groups(groups: Sequence[Group]) -> Figure:
    """Draw the mean net payoff of each group; how many trades it holds shows on pointing at it."""
    means = [group.mean_net for group in groups]
    bars = {
        "type": "bar", "x": [group.name for group in groups], "y": _numbers(np.array(means)),
        "marker": {"color": [GAIN if mean > 0 else LOSS for mean in means]},
        "customdata": [[group.trades, group.win_rate] for group in groups],
        "hovertemplate": "%{x}: %{y:.4g} net, %{customdata[0]} trades, %{customdata[1]:.1%} won<extra></extra>",
    }  # fmt: skip
    figure = _figure([bars], "mean net", None)
    figure["layout"] |= {"xaxis": {"type": "category"}, "height": 220}
    return figure


def draw_calibration(trial: RecordedTrial) -> Figure | None:
    """Draw what came against what was predicted, in bins of equal count; None without labels."""
    y, p = np.asarray(trial.arrays["y"]), np.asarray(trial.arrays["p"])
    known = y >= 0
    if not known.any():
        return None
    bins = reliability(y[known], p[known])
    low, high = float(bins[:, :2].min()), float(bins[:, :2].max())
    return _figure(
        [
            {"x": [low, high], "y": [low, high], "mode": "lines", "line": {"color": COIN, "dash": "dot"}, "name": "right"},
            {"x": _numbers(bins[:, 0]), "y": _numbers(bins[:, 1]), "mode": "lines+markers", "line": {"color": OWN},
             "customdata": _numbers(bins[:, 2]), "name": "came",
             "hovertemplate": "predicted %{x:.3f}, came %{y:.3f}, %{customdata:.0f} decisions<extra></extra>"},
        ],
        "share of ups",
        None,
        "predicted chance",
    )  # fmt: skip


def draw_rolling_auc(trial: RecordedTrial) -> Figure | None:
    """Draw the AUC over stretches of equally many decisions; None where they are too few."""
    y, p, time = (np.asarray(trial.arrays[name]) for name in ("y", "p", "time"))
    known = np.flatnonzero(y >= 0)
    stretches = [rows for rows in np.array_split(known, WINDOWS) if len(rows) > 1]
    areas = [(time[rows[len(rows) // 2]], auc(y[rows], p[rows])) for rows in stretches]
    drawn = [(moment, area.value) for moment, area in areas if area]
    if len(drawn) < WINDOWS // 2:
        return None
    times = _stamps(np.array([moment for moment, _ in drawn]))
    values = np.array([value for _, value in drawn])
    lines = [
        _line([times[0], times[-1]], np.array([0.5, 0.5]), "chance", line={"color": COIN, "dash": "dot"}),
        _line(times, values, "AUC", mode="lines+markers", line={"color": OWN}),
    ]
    return _figure(lines, "AUC", None)


def _line(x: list[str], y: NDArray[float64], name: str, **style: Any) -> Figure:
    return {"x": x, "y": _numbers(y), "name": name, "mode": "lines", **style}


def _figure(data: list[Figure], y_title: str, y_format: str | None, x_title: str = "") -> Figure:
    axes = {"gridcolor": "rgba(128,128,128,.2)", "zerolinecolor": "rgba(128,128,128,.5)"}
    return {
        "data": data,
        "layout": {
            "margin": {"l": 60, "r": 16, "t": 8, "b": 40},
            "height": 300,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": 1.12},
            "xaxis": {**axes, "title": {"text": x_title}},
            "yaxis": {**axes, "title": {"text": y_title}, **({"tickformat": y_format} if y_format else {})},
        },
    }


def _thin(n: int) -> NDArray[int64]:
    return np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(int64))


def _stamps(ms: NDArray[int64]) -> list[str]:
    return [iso(int(one)) for one in ms]


def _numbers(values: NDArray[float64]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
