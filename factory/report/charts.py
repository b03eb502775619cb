"""Pictures of a trial, as plotly figures in plain dictionaries: data and layout, drawn in the browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import iso
from factory.report.band import Band
from factory.report.groups import Group
from factory.report.trial import RecordedTrial
from factory.statistics.calibration import reliability
from factory.statistics.drift import Drift
from factory.statistics.roc_auc import auc

Figure = dict[str, Any]

MOST_POINTS = 1_000
"""Points of a line; of a longer one evenly many are drawn, the first and the last among them."""
LITTLE, MUCH = 0.1, 0.25
"""PSI below which a feature has moved little, and above which much (Siddiqi 2006)."""
WINDOWS = 20
"""Stretches of equal count over which the AUC is followed."""
OWN, COIN, LONG, BAND, GAIN, LOSS = "#3f78dd", "#8a8f98", "#c17f1f", "rgba(138,143,152,.22)", "#2e8b57", "#c0504d"
CLEAR_GAIN, CLEAR_LOSS = "rgba(46,139,87,0)", "rgba(192,80,77,0)"
DOTTED = {"type": "line", "line": {"color": COIN, "dash": "dot"}}
TWIN_COLORS, TWIN_NAMES = {"coin": COIN, "long": LONG}, {"coin": "coin-flip twin", "long": "always-long twin"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def draw_equity(trial: RecordedTrial, band: Band | None) -> Figure:
    """Draw the account after each trade beside its twins', and the band in which it would be without an edge."""
    chosen = _thin(trial.count + 1)
    times = _trade_stamps(trial, chosen)
    lines = _draw_band(times, band, chosen, trial.independent) if band else []
    for name, color in TWIN_COLORS.items():
        if name in trial.twins:
            lines.append(make_line(times, trial.twins[name][chosen], TWIN_NAMES[name], line={"color": color, "width": 1.5}))
    lines.append(make_line(times, trial.equity[chosen], "this trial", line={"color": OWN, "width": 2.5}))
    return make_figure(lines, "equity, 1 at the start", None, height=380)


def _draw_band(times: list[str], band: Band, chosen: NDArray[int64], independent: float) -> list[Figure]:
    edge = {"line": {"width": 0}, "hoverinfo": "skip"}
    lines = [
        make_line(times, band.low[chosen], "", **edge, showlegend=False),
        make_line(times, band.high[chosen], "no edge: one trial, 95 %", **edge, fill="tonexty", fillcolor=BAND),
    ]
    if round(independent) > 1:
        name = f"no edge: best of {independent:.0f}, 97.5 %"
        lines.append(make_line(times, band.best[chosen], name, line={"color": COIN, "dash": "dot"}))
    return lines


def draw_drawdown(trial: RecordedTrial) -> Figure:
    """Draw how far the account is below its peak, from trade to trade."""
    equity = trial.equity
    below = equity / np.maximum.accumulate(equity) - 1
    chosen = _thin(len(below))
    area = make_line(_trade_stamps(trial, chosen), below[chosen], "drawdown", fill="tozeroy", line={"color": LOSS})
    return make_figure([area], "below the peak", ".1%", height=200)


def draw_months(grown: Mapping[str, float]) -> Figure:
    """Draw returns by month, a row a year; months of no year are left out."""
    years = sorted({month[:4] for month in grown})
    months = sorted({int(month[5:]) for month in grown})
    cells = [[grown.get(f"{year}-{month:02d}") for month in months] for year in years]
    most = max((abs(value) for value in grown.values()), default=0.0) or 1.0
    heat = {
        "type": "heatmap", "x": [MONTHS[month - 1] for month in months], "y": years, "z": cells,
        "zmin": -most, "zmax": most, "zmid": 0,
        "colorscale": [[0, LOSS], [0.5, CLEAR_LOSS], [0.5, CLEAR_GAIN], [1, GAIN]],
        "hovertemplate": "%{y} %{x}: %{z:.2%}<extra></extra>",
        "texttemplate": "%{z:.1%}", "showscale": False, "xgap": 2, "ygap": 2,
    }  # fmt: skip
    figure = make_figure([heat], "", None)
    plain = {"showgrid": False, "zeroline": False, "type": "category"}
    figure["layout"] |= {"xaxis": plain, "yaxis": {**plain, "autorange": "reversed"}, "height": 90 + 46 * len(years)}
    return figure


def draw_groups(groups: Sequence[Group]) -> Figure:
    """Draw the mean net payoff of each group; how many trades it holds shows on pointing at it."""
    means = [group.mean_net for group in groups]
    bars = {
        "type": "bar", "x": [group.name for group in groups], "y": round_values(np.array(means)),
        "marker": {"color": [GAIN if mean > 0 else LOSS for mean in means]},
        "customdata": [[group.trades, group.win_rate] for group in groups],
        "hovertemplate": "%{x}: %{y:.4g} net, %{customdata[0]} trades, %{customdata[1]:.1%} won<extra></extra>",
    }  # fmt: skip
    figure = make_figure([bars], "mean net", None, height=220)
    figure["layout"]["xaxis"] = {"type": "category", "automargin": True}
    return figure


def draw_calibration(trial: RecordedTrial) -> Figure | None:
    """Draw what came against what was predicted, in bins of equal count; None without labels."""
    y, p = np.asarray(trial.arrays["y"]), np.asarray(trial.arrays["p"])
    known = y >= 0
    if not known.any():
        return None
    bins = reliability(y[known], p[known])
    low, high = float(bins[:, :2].min()), float(bins[:, :2].max())
    return make_figure(
        [
            {"x": [low, high], "y": [low, high], "mode": "lines", "line": {"color": COIN, "dash": "dot"}, "name": "right"},
            {"x": round_values(bins[:, 0]), "y": round_values(bins[:, 1]), "mode": "lines+markers", "line": {"color": OWN},
             "customdata": round_values(bins[:, 2]), "name": "came",
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
    times = write_stamps(np.array([moment for moment, _ in drawn]))
    values = np.array([value for _, value in drawn])
    lines = [
        make_line([times[0], times[-1]], np.array([0.5, 0.5]), "chance", line={"color": COIN, "dash": "dot"}),
        make_line(times, values, "AUC", mode="lines+markers", line={"color": OWN}),
    ]
    return make_figure(lines, "AUC", None)


def draw_paid(groups: Sequence[Group], paid: Sequence[float]) -> Figure:
    """Draw the win rate of each group of trades against the mean price paid; on the line it earns nothing."""
    low, high = min(paid), max(paid)
    rates = np.array([group.win_rate for group in groups])
    lows = np.array([one.win_rate if one.low is None else one.low for one in groups])
    highs = np.array([one.win_rate if one.high is None else one.high for one in groups])
    points = {
        "x": round_values(np.array(paid)), "y": round_values(rates), "mode": "markers", "name": "won",
        "marker": {"color": OWN, "size": 9},
        "error_y": {
            "type": "data", "symmetric": False, "array": round_values(highs - rates),
            "arrayminus": round_values(rates - lows), "color": OWN, "thickness": 1,
        },
        "customdata": [one.trades for one in groups],
        "hovertemplate": "paid %{x:.4f}, won %{y:.4f} of %{customdata} trades<extra></extra>",
    }  # fmt: skip
    even = {
        "x": [low, high],
        "y": [low, high],
        "mode": "lines",
        "line": {"color": COIN, "dash": "dot"},
        "name": "earns nothing",
    }
    return make_figure([even, points], "win rate", None, "all-in price paid")


def draw_drift(drift: Mapping[str, Drift]) -> Figure:
    """Draw the population stability index of each feature, the most moved first."""
    order = sorted(drift, key=lambda name: -drift[name].psi)
    bars = {
        "type": "bar", "x": order, "y": round_values(np.array([drift[name].psi for name in order])),
        "marker": {"color": OWN},
        "hovertemplate": "%{x}: PSI %{y:.3f}<extra></extra>",
    }  # fmt: skip
    figure = make_figure([bars], "PSI", None, height=240)
    figure["layout"] |= {
        "xaxis": {"type": "category", "automargin": True, "tickangle": -45},
        "shapes": [_across(level) for level in (LITTLE, MUCH) if level < 1.2 * max(one.psi for one in drift.values())],
    }
    return figure


def draw_importance(rows: Sequence[Sequence[Any]], noise: str) -> Figure:
    """Draw what shuffling each input costs, with the column of noise in a colour of its own and as a line.

    Parameters
    ----------
    rows : sequence of sequence
        Of each input, best first: its name, the rise of log-loss, the ends of its interval; no numbers where there are none.
    noise : str
        In the name of the column of noise.
    """
    shown = [row for row in reversed(rows) if isinstance(row[1], int | float)]
    is_noise = [noise in row[0] for row in shown]
    means = np.array([row[1] for row in shown], float64)
    low, high = (np.array([row[end] if isinstance(row[end], int | float) else row[1] for row in shown]) for end in (2, 3))
    bars = {
        "type": "bar", "orientation": "h", "y": [row[0] for row in shown], "x": round_values(means),
        "marker": {"color": [COIN if one else OWN for one in is_noise]},
        "error_x": {"type": "data", "symmetric": False,
                    "array": round_values(high - means), "arrayminus": round_values(means - low),
                    "color": COIN},
        "hovertemplate": "%{y}: %{x:.5f} nats<extra></extra>",
    }  # fmt: skip
    figure = make_figure([bars], "", None, "rise of log-loss when shuffled, nats", height=110 + 24 * len(shown))
    figure["layout"]["yaxis"] = {"type": "category", "automargin": True}
    rulers = [float(mean) for mean in means[is_noise]]
    figure["layout"]["shapes"] = [{**DOTTED, "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at} for at in rulers]
    return figure


def _across(level: float) -> Figure:
    return {**DOTTED, "xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level}


def _trade_stamps(trial: RecordedTrial, chosen: NDArray[int64]) -> list[str]:
    """Write the moments at which the account is known: the first entry, then each exit."""
    return write_stamps(np.concatenate([trial.trades["entry_ms"][:1], trial.trades["exit_ms"][trial.closing]])[chosen])


def make_line(x: list[str], y: NDArray[float64], name: str, **style: Any) -> Figure:
    """Make a line of a picture."""
    return {"x": x, "y": round_values(y), "name": name, "mode": "lines", **style}


def make_figure(data: list[Figure], y_title: str, y_format: str | None, x_title: str = "", height: int = 300) -> Figure:
    """Make a picture of lines or bars, in the look that all have."""
    axes = {"gridcolor": "rgba(128,128,128,.2)", "zerolinecolor": "rgba(128,128,128,.5)"}
    return {
        "data": data,
        "layout": {
            "margin": {"l": 60, "r": 16, "t": 8, "b": 40},
            "height": height,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": 1.12, "traceorder": "reversed"},
            "xaxis": {**axes, "title": {"text": x_title}},
            "yaxis": {**axes, "title": {"text": y_title}, **({"tickformat": y_format} if y_format else {})},
        },
    }


def _thin(n: int) -> NDArray[int64]:
    return np.unique(np.linspace(0, n - 1, min(n, MOST_POINTS)).astype(int64))


def write_stamps(ms: NDArray[int64]) -> list[str]:
    """Write moments as a picture's axis takes them."""
    return [iso(int(one)) for one in ms]


def round_values(values: NDArray[float64]) -> list[float | None]:
    """Round values to six digits, None for what is missing."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
