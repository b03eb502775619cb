"""The figures of a trial as rows of a card."""

from collections.abc import Iterator, Mapping

import numpy as np

from factory.report.content import Row, Section
from factory.report.meanings import MEANINGS
from factory.report.stress import break_even_cost
from factory.report.trial import RecordedTrial

ENDS = {"win_rate": ("win_low", "win_high"), "mean_net": ("mean_low", "mean_high"), "auc": ("auc_low", "auc_high")}
"""Figures with an interval, and where its ends stand among the metrics."""

SHARES = ("win_rate", "break_even", "max_drawdown", "exposure")
"""Figures written in percent, as in the list of trials; so is the return, with its sign."""
UNITS = {"costs": " of the starting equity", "funding": " of the starting equity", "turnover": " a year"}
LUCK = (
    "Luck is asked about three times: p, how often one trial without an edge does as well; the chance in the reading above, "
    "how often the best of all independent trials would, p times their number; deflated, how likely the true Sharpe ratio is "
    "above the best that luck alone shows among all trials, so that near 1 speaks for an edge, and near 0 in the other two."
)
"""What each of them asks, where a trial has all."""


def show_figures(trial: RecordedTrial) -> Section:
    """Show the figures that a trial has, and how those of luck go together."""
    rows = tuple(list_figures(trial))
    has_luck = {"p_value", "deflated"} <= {row.name for row in rows}
    return Section("Figures on validation", LUCK if has_luck else "", rows=rows)


def list_figures(trial: RecordedTrial) -> Iterator[Row]:
    """List the figures that a trial has, in the order of their meanings."""
    named = {
        "deflated": trial.answer.get("deflated"),
        "null_auc": trial.null.get("auc"),
        "null_net": trial.null.get("mean_net"),
        "longest_losing_run": float(_longest_losing_run(trial)) if trial.count else None,
        "break_even_cost": break_even_cost(trial),
    }
    known = {**trial.metrics, **{name: value for name, value in named.items() if value is not None}}
    yield from (Row(name, _write(trial, name, known[name])) for name in MEANINGS if name in known)


def write_number(value: float) -> str:
    """Write a number with four significant digits; a whole one whole."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:.4g}"


def write_share(value: float) -> str:
    """Write a share in percent."""
    return f"{value:.2%}"


def write_figure(name: str, value: float, figures: Mapping[str, float]) -> str:
    """Write a figure by its name: in percent, or with its unit, and with its interval where its ends are among the figures."""
    write = write_share if name in SHARES else write_number
    low, high = (figures.get(end) for end in ENDS.get(name, ("", "")))
    interval = f" [{write(low)}, {write(high)}]" if low is not None and high is not None else ""
    own = f"{value:+,.2%}" if name == "total_return" else write(value)
    return f"{own}{interval}{UNITS.get(name, '')}"


def _write(trial: RecordedTrial, name: str, value: float) -> str:
    """Write a figure, and how far it moves where that is known."""
    spread = f" ± {write_number(trial.null['mean_spread'])}" if name == "null_net" and "mean_spread" in trial.null else ""
    return f"{write_figure(name, value, trial.metrics)}{spread}"


def _longest_losing_run(trial: RecordedTrial) -> int:
    lost = np.concatenate([[0], (trial.trades["payoff"] <= 0).astype(int), [0]])
    edges = np.flatnonzero(np.diff(lost))
    return int((edges[1::2] - edges[::2]).max(initial=0))
