"""The CUSUM picture of a pipeline, read from the workspace."""

import math
from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

import factory
from factory.core.canonical import digest
from factory.core.errors import PipelineError, did_you_mean
from factory.core.times import DAY, to_duration, to_ms
from factory.expressions.columns import Columns
from factory.expressions.grammar import Expression
from factory.learning.cusum_filter import CusumFilter, read_filter
from factory.learning.decision_table import keep_fitting, label_moments, read_decisions, sample
from factory.learning.sample_figures import SampleFigures, measure_sample
from factory.learning.sampling import next_bars
from factory.market.dataset import open_partition
from factory.market.series import Series
from factory.pipeline.drawing import describe_label, describe_sample
from factory.pipeline.features import expression
from factory.pipeline.parts.labels import MidMove, TripleBarrier, count_classes
from factory.pipeline.parts.samples import Cusum
from factory.report.cusum import BARRIERS, MULTIPLES, OWN_STEP, WINDOWS, CusumPicture, Step, WindowLabels
from factory.report.cusum_sheet import CusumSheet, make_sheet
from factory.storage.cache import Cache

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

PARTITIONS = ("train", "validation")
MOST_ROWS, LEAST_ROWS = 5_000, 30
"""Rows of the filter in a window."""
SPANS = ("1m", "10m", "1h", "6h", "1d", "3d", "7d", "30d", "90d", "365d")
CLEAR_EVENTS = 60
"""Events up to which a window is easily read."""
VOLATILITY_ROWS = 240
"""Rows over which the volatility of a proposed filter's threshold is measured."""


class FilterText(NamedTuple):
    """A CUSUM filter as it is written: what is measured, and the threshold; features by name, or expressions."""

    of: str
    threshold: str


def write_filter(pipeline: "Pipeline", period: int) -> FilterText:
    """Write the filter of a pipeline; of one that samples otherwise, one that fires about once in its label's horizon.

    Parameters
    ----------
    period : int
        Milliseconds between bars of what is labelled.
    """
    part, label = pipeline.sample, pipeline.label
    if isinstance(part, Cusum):
        return FilterText(part.of, part.threshold if isinstance(part.threshold, str) else f"{part.threshold!r}")
    rows = math.sqrt(max(1, to_ms(label.horizon) // period))
    return FilterText(f"log({label.of}.close)", f"std(ret({label.of}.close, 1), {VOLATILITY_ROWS}) * {rows:.4g}")


def read_cusum(
    tracker: "Tracker",
    pipeline: "Pipeline",
    partition: str = "train",
    start: int | None = None,
    span: str | None = None,
    of: str = "",
    threshold: str = "",
) -> CusumPicture:
    """Read what a CUSUM filter does over a window, and what it would choose at other thresholds.

    On validation the figures of each step are an exploration, counted the first time that they are shown.

    Parameters
    ----------
    partition : str
        ``train`` or ``validation``.
    start : int or None
        Where the window begins, ms UTC; default: in the middle of the partition.
    span : str or None
        How long it is, one of :func:`list_spans`; default: the longest with about :data:`CLEAR_EVENTS` events.
    of, threshold : str
        Another filter than :func:`write_filter` gives.

    Raises
    ------
    PipelineError
        If the partition or the filter is none, or the pipeline is no trial yet and is to be looked at on validation.
    """
    if partition not in PARTITIONS:
        raise PipelineError(f"partition: '{partition}' unknown; {did_you_mean(partition, PARTITIONS)}")
    columns = _open(tracker, pipeline, partition)
    bars = columns.partition.series[pipeline.label.of]
    given = write_filter(pipeline, bars.period)
    text = FilterText(of.strip() or given.of, threshold.strip() or given.threshold)
    measured = _read_expression(tracker, pipeline, "of", text.of)
    band = _read_threshold(tracker, pipeline, text.threshold)
    if partition == "validation":
        tracker.require_trial(pipeline.id)
        tracker.count_validation_exploration(pipeline, f"cusum of {measured} by {band}", len(MULTIPLES))
    own = read_filter(columns, measured, band)
    if np.isinf(own.values).any() or np.isinf(own.threshold).any():
        raise PipelineError(
            f"cusum: '{text.of}' by '{text.threshold}' is infinite somewhere in {partition}; guard the division"
        )
    return _assemble(
        pipeline, columns, own, _Asked(text, f"{measured} by {band}", start, span, _find_least_move(tracker, pipeline))
    )


class _Asked(NamedTuple):
    text: FilterText
    canonical: str
    start: int | None
    span: str | None
    least_move: float


def _open(tracker: "Tracker", pipeline: "Pipeline", partition: str) -> Columns:
    rows = open_partition(tracker.workspace, pipeline.data, partition)
    return Columns(rows, Cache(tracker.workspace.cache))


def _read_threshold(tracker: "Tracker", pipeline: "Pipeline", text: str) -> Expression | float:
    try:
        number = float(text)
    except ValueError:
        return _read_expression(tracker, pipeline, "threshold", text)
    if not 0 < number < math.inf:
        raise PipelineError(f"threshold: {text} is no width; write a number above 0, a feature or an expression")
    return number


def _read_expression(tracker: "Tracker", pipeline: "Pipeline", name: str, text: str) -> Expression:
    """Read a feature's name or an expression, checked against the dataset."""
    series = tracker.catalog.meta(pipeline.data)["series"]
    periods = {key: one.period_ms for key, one in tracker.catalog.spec(pipeline.data).series.items()}
    try:
        parsed = expression(pipeline.features.get(text, text))
        parsed.check({key: set(one["columns"]) for key, one in series.items()}, periods)
    except PipelineError as error:
        raise PipelineError(*(f"{name}: {line}" for line in error.lines)) from None
    return parsed


def _find_least_move(tracker: "Tracker", pipeline: "Pipeline") -> float:
    """Find the least move that is not flat, as train has it; 0 for labels of two classes."""
    if not isinstance(pipeline.label, MidMove):
        return 0.0
    return pipeline.label.threshold or read_decisions(pipeline, _open(tracker, pipeline, "train")).threshold


def list_spans(period: int) -> list[str]:
    """List the lengths that a window over rows of some period may have."""
    return [span for span in SPANS if LEAST_ROWS <= to_ms(span) // period <= MOST_ROWS] or [to_duration(MOST_ROWS * period)]


def _assemble(pipeline: "Pipeline", columns: Columns, own: CusumFilter, asked: _Asked) -> CusumPicture:
    bars, partition = columns.partition.series[pipeline.label.of], columns.partition
    scaled = [own.scale(multiple) for multiple in MULTIPLES]
    figures, decided = _measure(pipeline, columns, scaled, asked)
    window, rows = _choose_rows(own, bars, figures[OWN_STEP].a_day, asked)
    steps, fires = [], np.zeros(rows.stop - rows.start, bool)
    for multiple, one, measured in zip(MULTIPLES, scaled, figures, strict=True):
        up, down, fired = one.until(rows.stop).compute_sums()
        if multiple == 1.0:
            sums = up[rows], down[rows], fired[rows]
        fires |= fired[rows] != 0
        last = rows.start - 1
        before = (0.0, 0.0) if last < 0 else (up[last] * (fired[last] != 1), down[last] * (fired[last] != -1))
        steps.append(Step(multiple, measured, *map(float, before)))
    known = own.known[rows]
    return CusumPicture(
        partition=partition.name,
        bounds=(partition.start, partition.end),
        window=window,
        spans=tuple(list_spans(own.period)),
        text=(asked.text.of, asked.text.threshold),
        is_own=isinstance(pipeline.sample, Cusum) and asked.text == write_filter(pipeline, bars.period),
        own=decided,
        known=known,
        values=own.values[rows],
        threshold=np.broadcast_to(own.threshold, own.values.shape)[rows],
        before=float(own.values[rows.start - 1]) if rows.start else math.nan,
        up=sums[0],
        down=sums[1],
        fired=sums[2],
        labels=_label_rows(pipeline, columns, np.flatnonzero(fires), known, asked.least_move),
        outcomes=BARRIERS if isinstance(pipeline.label, TripleBarrier) else WINDOWS[: count_classes(pipeline.label)],
        price=_read_price(bars, window),
        steps=tuple(steps),
        series=pipeline.label.of,
    )


def _measure(
    pipeline: "Pipeline", columns: Columns, scaled: Sequence[CusumFilter], asked: _Asked
) -> tuple[list[SampleFigures], SampleFigures]:
    """Measure what each step chooses on the whole partition, and what the pipeline's own sample does; once for all windows."""
    partition = columns.partition
    key = digest(["cusum figures", pipeline.id, partition.fingerprint, factory.__version__, asked.canonical, *MULTIPLES])
    kept = columns.cache.get(key) if columns.cache else None
    if kept is None:
        bars = partition.series[pipeline.label.of]
        chosen = [*(keep_fitting(pipeline, bars, one.find_decisions(bars)) for one in scaled), sample(pipeline, columns)]
        moments = label_moments(pipeline, columns, np.unique(np.concatenate(chosen)), asked.least_move)
        measured = []
        for times in chosen:
            own = moments.find(times)
            measured.append(measure_sample(own.labels, own.present, partition.start, partition.end))
        kept = {"figures": np.array([astuple(one) for one in measured], float64)}
        if columns.cache:
            columns.cache.put(key, kept)
    *figures, decided = [SampleFigures.read(row) for row in kept["figures"].tolist()]
    return figures, decided


def _choose_rows(own: CusumFilter, bars: Series, a_day: float, asked: _Asked) -> tuple[tuple[int, int], slice]:
    """Choose the window, and the filter's rows that are acted on inside it."""
    spans = list_spans(own.period)
    if asked.span is not None and asked.span not in spans:
        raise PipelineError(f"span: '{asked.span}' is no length of a window here; {did_you_mean(asked.span, spans)}")
    clear = [span for span in spans if a_day * to_ms(span) <= CLEAR_EVENTS * DAY] or spans[:1]
    length = to_ms(asked.span or clear[-1])
    wanted = (own.start + own.end) // 2 // DAY * DAY if asked.start is None else asked.start
    start = max(own.start, min(wanted, own.end - length))
    end = min(own.end, start + length)
    acted = next_bars(own.known, bars)
    inside = slice(int(np.searchsorted(own.known, own.start)), None)
    low, high = np.searchsorted(acted[inside], [start, end]) + inside.start
    return (start, end), slice(int(low), int(high))


def _label_rows(
    pipeline: "Pipeline", columns: Columns, rows: NDArray[int64], known: NDArray[int64], least_move: float
) -> WindowLabels:
    """Describe what would be decided at some rows of the window."""
    bars, part = columns.partition.series[pipeline.label.of], pipeline.label
    decision = next_bars(known[rows], bars)
    own = label_moments(pipeline, columns, np.unique(decision), least_move).find(decision)
    labels = own.labels
    place = np.minimum(np.searchsorted(bars.time, decision), len(bars) - 1)
    entry = np.where(bars.time[place] == decision, bars.columns["open"][place], np.nan)
    exit = entry * (1 + labels.ret)
    if isinstance(part, TripleBarrier):
        top, bottom = entry * (1 + part.take * own.unit), entry * (1 - part.stop * own.unit)
        outcome = np.array([1, 2, 0], int8)[labels.touch + 1]
    else:
        top, bottom = np.fmax(entry, exit), np.fmin(entry, exit)
        outcome = np.array([1, 2, 0], int8)[np.maximum(labels.classes, 0)]
    return WindowLabels(
        row=rows,
        decision=decision,
        horizon=decision + to_ms(part.horizon),
        end=labels.end,
        entry=entry,
        top=top,
        bottom=bottom,
        exit=exit,
        outcome=np.where(labels.known & own.present, outcome, -1).astype(int8),
        side=np.where(labels.known & own.present, np.maximum(labels.classes, 0), -1).astype(int8),
        present=own.present,
    )


def _read_price(bars: Series, window: tuple[int, int]) -> tuple[NDArray[int64], NDArray[float64]]:
    low, high = np.searchsorted(bars.known, window)
    step = max(1, -(-int(high - low) // MOST_ROWS))
    return bars.known[low:high:step], np.asarray(bars.columns["close"])[low:high:step]


def make_cusum_sheet(tracker: "Tracker", pipeline: "Pipeline", picture: CusumPicture) -> CusumSheet:
    """Make what a page with the picture holds."""
    is_simulated = bool(tracker.catalog.meta(pipeline.data)["simulated"])
    return make_sheet(
        picture,
        f"{pipeline.pipeline} {pipeline.id}",
        describe_sample(pipeline),
        describe_label(pipeline),
        is_simulated=is_simulated,
    )
