"""The heavy work of the tracker: training, scoring, searching, ranking, making frames."""

from collections.abc import Callable
from typing import Any

from factory.core.answers import Answer
from factory.core.progress import Progress
from factory.tasks.backtest import backtest
from factory.tasks.card import write_card
from factory.tasks.chart import draw_chart
from factory.tasks.context import TaskContext
from factory.tasks.frames import make_frames
from factory.tasks.rank import rank_expressions, rank_inputs
from factory.tasks.requests import require_one_way
from factory.tasks.simulate import draw_fresh_dataset, simulate
from factory.tasks.submit import submit
from factory.tasks.train import train
from factory.tasks.tune import tune
from factory.tracking.tracker import Tracker


def _in_context(work: Callable[..., Answer]) -> Callable[..., Answer]:
    def run(tracker: Tracker, progress: Progress, pipeline: str, **args: Any) -> Answer:
        return work(_context(tracker, pipeline, progress), **args)

    return run


def _context(tracker: Tracker, reference: str, progress: Progress) -> TaskContext:
    """Make the context of a pipeline, checked anew: its dataset may have been built again since it was defined."""
    pipeline = tracker.resolve(reference)
    tracker.check(pipeline)
    tracker.keep_shipped(pipeline)
    return TaskContext(tracker, pipeline, progress)


def _rank(tracker: Tracker, progress: Progress, pipeline: str | None = None, **args: Any) -> Answer:
    require_one_way(pipeline, args)
    if pipeline is not None:
        return rank_inputs(_context(tracker, pipeline, progress), **args)
    return rank_expressions(tracker, progress, **args)


WORK: dict[str, Callable[..., Answer]] = {
    "train": _in_context(train),
    "backtest": _in_context(backtest),
    "tune": _in_context(tune),
    "rank": _rank,
    "chart": _in_context(draw_chart),
    "card": _in_context(write_card),
    "submit": submit,
    "frames": make_frames,
    "simulate": simulate,
    "fresh": draw_fresh_dataset,
}
"""Kinds of heavy work by name."""
