"""The figures of a trial as rows of a card."""

from collections.abc import Iterator

import numpy as np

from factory.report.content import Row
from factory.report.meanings import MEANINGS
from factory.report.stress import break_even_cost
from factory.report.trial import RecordedTrial


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


def _write(trial: RecordedTrial, name: str, value: float) -> str:
    """Write a figure with its interval or error, where it has one."""
    ends = {"win_rate": ("win_low", "win_high"), "mean_net": ("mean_low", "mean_high"), "auc": ("auc_low", "auc_high")}
    low, high = (trial.metrics.get(end) for end in ends.get(name, ("", "")))
    interval = f" [{write_number(low)}, {write_number(high)}]" if low is not None and high is not None else ""
    spread = f" ± {write_number(trial.null['mean_spread'])}" if name == "null_net" and "mean_spread" in trial.null else ""
    return f"{write_number(value)}{interval}{spread}"


def _longest_losing_run(trial: RecordedTrial) -> int:
    lost = np.concatenate([[0], (trial.trades["payoff"] <= 0).astype(int), [0]])
    edges = np.flatnonzero(np.diff(lost))
    return int((edges[1::2] - edges[::2]).max(initial=0))
