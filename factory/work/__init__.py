"""The heavy work of the workshop: training, scoring, searching, ranking, making frames."""

from collections.abc import Callable
from typing import Any

from factory.core.answers import Answer
from factory.core.progress import Progress
from factory.requests import require_one_way
from factory.work.desk import Desk
from factory.work.framing import frames
from factory.work.ranking import rank_expressions, rank_inputs
from factory.work.scoring import backtest
from factory.work.searching import tune
from factory.work.simulating import fresh, simulate
from factory.work.submitting import submit
from factory.work.training import train
from factory.workshop import Workshop


def _on_desk(work: Callable[..., Answer]) -> Callable[..., Answer]:
    def run(workshop: Workshop, progress: Progress, pipeline: str, **args: Any) -> Answer:
        return work(_desk(workshop, pipeline, progress), **args)

    return run


def _desk(workshop: Workshop, reference: str, progress: Progress) -> Desk:
    """The pipeline on a desk, checked anew: its dataset may have been built again since it was defined."""
    pipeline = workshop.resolve(reference)
    workshop.check(pipeline)
    workshop.keep_shipped(pipeline)
    return Desk(workshop, pipeline, progress)


def _rank(workshop: Workshop, progress: Progress, pipeline: str | None = None, **args: Any) -> Answer:
    require_one_way(pipeline, args)
    if pipeline is not None:
        return rank_inputs(_desk(workshop, pipeline, progress), **args)
    return rank_expressions(workshop, progress, **args)


WORK: dict[str, Callable[..., Answer]] = {
    "train": _on_desk(train),
    "backtest": _on_desk(backtest),
    "tune": _on_desk(tune),
    "rank": _rank,
    "submit": submit,
    "frames": frames,
    "simulate": simulate,
    "fresh": fresh,
}
"""Kinds of heavy work by name."""
