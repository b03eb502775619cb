"""The decisions of a pipeline on one partition: when, on what, and what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.expressions.columns import Columns
from factory.learning.book_labels import find_threshold, label_mid_moves
from factory.learning.book_windows import join_windows, read_windows
from factory.learning.cusum_filter import read_filter
from factory.learning.labels import Labels, label, settle_labels
from factory.learning.running import label_running
from factory.learning.sampling import after_updates, at_bars, find_beginnings, keep_inside, list_beginnings
from factory.learning.targets import Targets, read_targets
from factory.learning.windows import Windows
from factory.market.book_columns import EVENTS
from factory.market.contracts import Binary
from factory.market.series import Partition, Series
from factory.market.settlement import settle_windows
from factory.pipeline import Pipeline
from factory.pipeline.parts.experts import Network
from factory.pipeline.parts.labels import MidMove, TripleBarrier, WindowEnd, knows_past
from factory.pipeline.parts.samples import Clock, Cusum
from factory.pipeline.parts.trades import LongOrShort

MOST_LOST = 0.2


@dataclass(frozen=True)
class DecisionTable:
    """The decisions of a pipeline on one partition.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Decision times, ms UTC; rows with a missing feature are gone.
    features : mapping of str to ndarray of float64, shape (n,)
        Each feature as known at the decision.
    labels : Labels
        One a row; ``y`` is -1 where none exists.
    dropped : int
        Decisions lost to a missing feature, or to a book that was not there.
    windows : mapping of str to Windows
        What each network is shown, by expert.
    threshold : float
        Least move that is not flat, of a label of three classes; else 0.
    targets : mapping of str to Targets
        What proxies learn in the label's place, by contract.
    """

    time: NDArray[int64]
    features: Mapping[str, NDArray[float64]]
    labels: Labels
    dropped: int
    windows: Mapping[str, Windows] = field(default_factory=dict)
    threshold: float = 0.0
    targets: Mapping[str, Targets] = field(default_factory=dict)

    @property
    def reach(self) -> tuple[NDArray[int64], NDArray[int64]]:
        """From when to when what is learned of each row reaches, its label's time and its targets', ms UTC, shape (n,) each."""
        starts = [self.labels.start, *(one.start for one in self.targets.values())]
        ends = [self.labels.end, *(one.end for one in self.targets.values())]
        return np.minimum.reduce(starts), np.maximum.reduce(ends)

    def take(self, chosen: NDArray[Any]) -> "DecisionTable":
        """Choose decisions by mask or position."""
        return DecisionTable(
            self.time[chosen],
            {name: values[chosen] for name, values in self.features.items()},
            self.labels.take(chosen),
            self.dropped,
            {name: windows.take(chosen) for name, windows in self.windows.items()},
            self.threshold,
            {name: targets.take(chosen) for name, targets in self.targets.items()},
        )

    def matrix(self, names: Sequence[str]) -> NDArray[float64]:
        """Stack features side by side, shape (n, len(names)), C order."""
        return np.column_stack([self.features[name] for name in names])


def read_decisions(
    pipeline: Pipeline, columns: Columns, most_lost: float = MOST_LOST, history: DecisionTable | None = None
) -> DecisionTable:
    """Sample, read the features as known, and label.

    Parameters
    ----------
    most_lost : float
        Greatest share of decisions that may miss a feature.
    history : DecisionTable or None
        Decisions on train, whose threshold holds for later ones; None on train.

    Raises
    ------
    FlowError
        If nothing is sampled, a feature is infinite, or more decisions miss a feature.
    """
    times = sample(pipeline, columns)
    if not len(times):
        where = columns.partition.name
        raise FlowError(f"sample: no decision in {where}; use a lower threshold, above 0, or sample more often")
    return read_moments(pipeline, columns, times, most_lost, history)


def read_moments(
    pipeline: Pipeline,
    columns: Columns,
    times: NDArray[int64],
    most_lost: float = MOST_LOST,
    history: DecisionTable | None = None,
) -> DecisionTable:
    """Read the features at the moments of decisions as known, and label: see :func:`read_decisions`.

    Parameters
    ----------
    times : ndarray of int64, shape (m,)
        ms UTC, increasing, at beginnings of bars; at least one.
    """
    partition = columns.partition
    features, books, held = _read_inputs(pipeline, columns, times)
    keep = _present(held, partition.name, most_lost)
    times, features = times[keep], {name: values[keep] for name, values in features.items()}
    labels, threshold = _label(pipeline, partition, times, features, history.threshold if history else None)
    windows = {name: one.take(keep) for name, one in books.items()}
    targets = read_targets(pipeline, partition, times)
    return DecisionTable(times, features, labels, int(len(keep) - keep.sum()), windows, threshold, targets)


def _read_inputs(
    pipeline: Pipeline, columns: Columns, times: NDArray[int64]
) -> tuple[dict[str, NDArray[float64]], dict[str, Windows], dict[str, NDArray[float64]]]:
    """Read features and windows as known at some moments, and by path all that may be missing."""
    features = {name: columns.at(expression, times) for name, expression in pipeline.expressions().items()}
    books = {name: read_windows(part, columns, times) for name, part in pipeline.experts.items() if isinstance(part, Network)}
    held = {f"features.{name}": values for name, values in features.items()}
    held |= {f"experts.{name}.book": np.where(there, 0.0, np.nan) for name, (_, there) in books.items()}
    return features, {name: windows for name, (windows, _) in books.items()}, held


@dataclass(frozen=True, slots=True)
class LabelledMoments:
    """Moments with what a pipeline would make of them, were they its decisions.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        ms UTC, increasing.
    labels : Labels
        One each.
    present : ndarray of bool, shape (n,)
        Where nothing that the pipeline reads is missing.
    unit : ndarray of float64, shape (n,)
        What the distances of a triple barrier are multiples of; NaN for other labels.
    """

    time: NDArray[int64]
    labels: Labels
    present: NDArray[np.bool_]
    unit: NDArray[float64]

    def take(self, rows: NDArray[Any]) -> "LabelledMoments":
        """Choose moments by mask or position."""
        return LabelledMoments(self.time[rows], self.labels.take(rows), self.present[rows], self.unit[rows])

    def find(self, times: NDArray[int64]) -> "LabelledMoments":
        """Choose moments by their times, all of which are there."""
        return self.take(np.searchsorted(self.time, times))


def label_moments(pipeline: Pipeline, columns: Columns, times: NDArray[int64], threshold: float) -> LabelledMoments:
    """Label any moments as decisions are, whatever is sampled.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        ms UTC, increasing, at beginnings of bars.
    threshold : float
        Least move that is not flat, of a label of three classes.
    """
    features, _, held = _read_inputs(pipeline, columns, times)
    missing = np.logical_or.reduce([np.isnan(values) for values in held.values()])
    labels, _ = _label(pipeline, columns.partition, times, features, threshold)
    part = pipeline.label
    unit = features[part.unit] if isinstance(part, TripleBarrier) else np.full(len(times), np.nan)
    return LabelledMoments(times, labels, np.asarray(~missing), unit)


def _label(
    pipeline: Pipeline,
    partition: Partition,
    times: NDArray[int64],
    features: Mapping[str, NDArray[float64]],
    threshold: float | None,
) -> tuple[Labels, float]:
    part, end = pipeline.label, partition.end
    if isinstance(part, MidMove):
        book = partition.series[part.book]
        least = find_threshold(part, book, times, end) if threshold is None else threshold
        return label_mid_moves(part, book, times, least, end), least
    contract = partition.contracts.get(pipeline.trade.contract)
    if isinstance(part, WindowEnd):
        assert isinstance(contract, Binary), "checked where a pipeline is bound to its dataset"
        return label_running(contract, partition, times)[0], 0.0
    unit = features[part.unit] if isinstance(part, TripleBarrier) else None
    labels = label(part, partition.series[part.of], times, unit, end)
    if isinstance(contract, Binary) and not contract.settles_by_bars:
        labels = settle_labels(labels, settle_windows(contract, partition.series, times, end))
    return labels, 0.0


def label_without_past(pipeline: Pipeline, partition: Partition, rows: DecisionTable) -> DecisionTable:
    """Label decisions by what comes after them alone, for what looks for leaks.

    A label against the past knows a part of its answer at the decision, which would hide a feature that knows the rest.
    Labels of other definitions stay.
    """
    part = pipeline.label
    if not (isinstance(part, MidMove) and knows_past(part)):
        return rows
    book, plain = partition.series[part.book], part.model_copy(update={"against": "now"})
    return replace(rows, labels=label_mid_moves(plain, book, rows.time, rows.threshold, partition.end))


def sample(pipeline: Pipeline, columns: Columns) -> NDArray[int64]:
    """List the moments that a pipeline's sample chooses, ms UTC, increasing.

    Of a market that closes those at which there is a bar, and whose horizon lies in the same stretch of trading if it is
    shorter than a day.
    """
    fills = columns.partition.series[pipeline.label.of]
    return keep_fitting(pipeline, fills, _choose_moments(pipeline, columns, fills))


def keep_fitting(pipeline: Pipeline, fills: Series, times: NDArray[int64]) -> NDArray[int64]:
    """Keep the moments at which a pipeline may decide: see :func:`~factory.learning.sampling.keep_inside`."""
    horizon, exits = to_ms(pipeline.label.horizon), isinstance(pipeline.trade, LongOrShort)
    if not isinstance(pipeline.label, WindowEnd):
        return keep_inside(fills, times, horizon, exits)
    begun = find_beginnings(fills, horizon, times)
    return times[(times < begun + horizon) & np.isin(begun, keep_inside(fills, np.unique(begun), horizon, exits))]


def _choose_moments(pipeline: Pipeline, columns: Columns, fills: Series) -> NDArray[int64]:
    part, partition = pipeline.sample, columns.partition
    if isinstance(part, Clock):
        return list_beginnings(fills, to_ms(part.every), partition.start, partition.end)
    if isinstance(part, Cusum):
        expressions, band = pipeline.expressions(), part.threshold
        threshold = expressions[band] if isinstance(band, str) else band
        return read_filter(columns, expressions[part.of], threshold).find_decisions(fills)
    book = partition.series[part.of]
    times = after_updates(book.columns[EVENTS], book.known, part.every, partition.start, partition.end)
    times = at_bars(times, fills)
    return times[times < partition.end]


def _present(held: Mapping[str, NDArray[float64]], where: str, most_lost: float) -> NDArray[np.bool_]:
    """Find the rows on which every path has a value.

    Refuses what would hide a broken feature or book.
    """
    n = len(next(iter(held.values())))
    keep = np.ones(n, dtype=bool)
    for path, values in held.items():
        if np.isinf(values).any():
            raise FlowError(
                f"{path}: infinite at {int(np.isinf(values).sum())} of {n} decisions in {where}; "
                "guard the division or the log, for example with clip(x, -10, 10) or where(d > 0, n / d, 0)"
            )
        keep &= ~np.isnan(values)
    if keep.sum() < (1 - most_lost) * n:
        lost = {path: float(np.isnan(values).mean()) for path, values in held.items()}
        worst = max(lost, key=lambda path: lost[path])
        raise FlowError(
            f"{worst}: missing at {lost[worst]:.0%} of {n} decisions in {where}, {most_lost:.0%} in all is the most; "
            "shorten its window, or use a series without these gaps"
        )
    return keep


def concatenate(first: DecisionTable, second: DecisionTable) -> DecisionTable:
    """Join the decisions of two stretches of time, in their order."""
    return DecisionTable(
        np.concatenate([first.time, second.time]),
        {name: np.concatenate([values, second.features[name]]) for name, values in first.features.items()},
        Labels.concatenate(first.labels, second.labels),
        first.dropped + second.dropped,
        join_windows(first.windows, second.windows),
        first.threshold,
        {name: Targets.concatenate(one, second.targets[name]) for name, one in first.targets.items()},
    )
