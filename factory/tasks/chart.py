"""Pictures for hosts: one chart of a trial as PNG, with the figures that it shows, and the card as a page of pictures."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import log2
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory.core.answers import Answer, table
from factory.core.errors import FlowError
from factory.core.times import iso
from factory.report import charts
from factory.report.band import edgeless_band
from factory.report.cusum import draw_price, draw_sums
from factory.report.learned import NOISE
from factory.report.pictures import Heading, draw_png
from factory.report.trial import RecordedTrial
from factory.statistics.calibration import reliability
from factory.tasks.context import TaskContext
from factory.tasks.rank import rank_inputs
from factory.views.cards import read_trial
from factory.views.cusum import read_cusum

STEP = ("threshold", "decisions", "a_day", "up", "down", "uniqueness")
"""Columns of what a CUSUM filter chooses at a multiple of its threshold."""
COUNTED = ("cusum", "importance")
"""Charts of figures that are counted where they are made."""
MONTHS = 18
"""Months that are listed one by one; of more, years are."""


class Chart(NamedTuple):
    """A chart: its pictures below each other, and what they show as a table.

    Parameters
    ----------
    figures : sequence of dict
    columns : sequence of str
    rows : sequence
    reads : str
        How it is read.
    left_out : str or None
        What was too much for the table.
    """

    figures: Sequence[charts.Figure]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    reads: str
    left_out: str | None = None


def draw_chart(context: TaskContext, chart: str) -> Answer:
    """Draw one chart of a trial.

    It looks at validation: each row of its table is an exploration, counted the first time that it is shown; those of
    :data:`COUNTED` are counted where they are made.

    Parameters
    ----------
    chart : str
        One of :data:`CHARTS`.

    Returns
    -------
    dict
        What the picture shows, and under ``picture`` the key of its file in the workspace's cache.
    """
    tracker, pipeline = context.tracker, context.pipeline
    trial = read_trial(tracker, pipeline)
    if not trial.count:
        raise FlowError(f"chart: {pipeline.id} took no trade; lower what it asks for before it enters")
    made = CHARTS[chart](context, trial)
    if chart not in COUNTED:
        tracker.count_validation_exploration(pipeline, f"chart of {chart}", len(made.rows))
    picture = draw_png(made.figures, _head(trial, chart))
    return {
        "pipeline": pipeline.id,
        "chart": chart,
        **table(made.columns, made.rows),
        "left_out": made.left_out,
        "reads": made.reads,
        "price": trial.answer.get("price"),
        "data": trial.answer.get("data"),
        "picture": context.cache.put_bytes(picture),
        "ledger": tracker.ledger_summary(pipeline.data),
    }


def _head(trial: RecordedTrial, chart: str) -> Heading:
    warnings = ("SIMULATED market" if trial.is_simulated else "", trial.answer.get("price") or "")
    facts = f"{trial.facts['dataset']} · validation {trial.facts['validation']} · {trial.count:,} trades"
    return Heading(f"{TITLES[chart]} · {trial.facts['name']}", facts, " · ".join(text for text in warnings if text))


def _draw_equity(context: TaskContext, trial: RecordedTrial) -> Chart:
    left = trial.trades["exit_ms"][trial.closing].astype("datetime64[ms]")
    unit = "M" if len(np.unique(left.astype("datetime64[M]"))) <= MONTHS else "Y"
    spans, first = np.unique(left.astype(f"datetime64[{unit}]"), return_index=True)
    equity, edges = trial.equity, [*first, len(left)]
    below = equity / np.maximum.accumulate(equity) - 1
    rows = [
        [str(spans[i]), equity[start], equity[end], below[start + 1 : end + 1].min()]
        for i, (start, end) in enumerate(pairwise(edges))
    ]
    drawn = (charts.draw_equity(trial, edgeless_band(trial)), charts.draw_drawdown(trial))
    reads = "equity after costs, 1 at the start, by when trades end; below_peak is the lowest of the span"
    return Chart(drawn, ("span", "from", "to", "below_peak"), rows, reads)


def _draw_calibration(context: TaskContext, trial: RecordedTrial) -> Chart:
    figure = charts.draw_calibration(trial)
    if figure is None:
        raise FlowError("chart: no decision in validation has a label, so nothing tells what came")
    y, p = (np.asarray(trial.arrays[name]) for name in ("y", "p"))
    bins: NDArray[Any] = reliability(y[y >= 0], p[y >= 0])
    rows = [[*row[:2], int(row[2])] for row in bins.tolist()]
    return Chart((figure,), ("predicted", "came", "decisions"), rows, "share of ups by predicted chance; on the line is right")


def _draw_importance(context: TaskContext, trial: RecordedTrial) -> Chart:
    ranked = rank_inputs(context)
    drawn = charts.draw_importance(ranked["rows"], NOISE)
    return Chart((drawn,), ranked["columns"], ranked["rows"], ranked["reads"], ranked["left_out"])


def _draw_cusum(context: TaskContext, trial: RecordedTrial) -> Chart:
    drawn = read_cusum(context.tracker, context.pipeline, "validation")
    rows = [
        [one.multiple, one.figures.decisions, one.figures.a_day, one.figures.up, one.figures.down, one.figures.uniqueness]
        for one in drawn.steps
        if log2(one.multiple).is_integer()
    ]
    of, threshold = drawn.text
    begin, end = (iso(moment)[:16] for moment in drawn.window)
    reads = f"CUSUM of {of} at multiples of the threshold {threshold}, over validation; the picture has {begin} to {end}"
    reads += "" if drawn.is_own else ". The pipeline samples otherwise: this filter fires about once in its label's horizon"
    return Chart((draw_price(drawn), draw_sums(drawn)), STEP, rows, reads)


CHARTS: Mapping[str, Callable[[TaskContext, RecordedTrial], Chart]] = {
    "equity": _draw_equity,
    "calibration": _draw_calibration,
    "cusum": _draw_cusum,
    "importance": _draw_importance,
}
TITLES = {
    "equity": "Equity and drawdown",
    "calibration": "Calibration",
    "cusum": "CUSUM filter",
    "importance": "Importance of inputs",
}
