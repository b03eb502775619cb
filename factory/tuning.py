"""Grids and random search over a pipeline's literals.

Cells are ranked by nested cross-validation inside train: in each outer block
the experts are cross-fitted anew on the other blocks, so that a score never
saw the labels it is judged on. A choice among many cells is still too
optimistic about the winner: that is what validation, and then the sealed
look, are for.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from factory.core import canonical
from factory.core.errors import FlowError
from factory.core.progress import Progress, no_progress, subrange
from factory.pipeline import Pipeline, Range
from factory.storage.cache import Cache

if TYPE_CHECKING:
    from factory.learning.decision_table import DecisionTable

OUTER_BLOCKS = 3


@dataclass(frozen=True)
class Cell:
    """One setting of the literals under search, and the pipeline it makes."""

    values: tuple[Any, ...]
    pipeline: Pipeline


@dataclass(frozen=True)
class CellScore:
    """How a cell did on blocks it was not fitted on.

    Parameters
    ----------
    log_loss, auc : float
        Mean over outer blocks.
    auc_error : float
        Standard error of the AUC from the spread between blocks.
    """

    log_loss: float
    auc: float
    auc_error: float

    def rank(self, by: str) -> float:
        """Return the score by which cells are ordered, smaller is better."""
        return self.log_loss if by == "log_loss" else -self.auc


def searched(pipeline: Pipeline, grid: Mapping[str, Any] | None, most: int) -> list[Cell]:
    """List the cells that a search tries.

    Parameters
    ----------
    grid : mapping or None
        As the pipeline's ``tune`` stage, which it replaces.
    most : int
        Greatest number of cells.

    Raises
    ------
    PipelineError
        If a literal cannot be set.
    FlowError
        If there is nothing to search.
    """
    base = pipeline.changed({"tune": dict(grid)}) if grid else pipeline
    if not base.tune:
        raise FlowError(
            f"tune: {base.id} has no tune stage and no grid came; give one, such as "
            f"tune(pipeline='{base.id}', grid={{'meta.leaf': [50, 100, 200]}})"
        )
    if most < 1:
        raise FlowError(f"cells: {most} asked for; at least 1")
    return cells_of(base, most)


def cells_of(pipeline: Pipeline, most: int) -> list[Cell]:
    """List the cells of a pipeline's ``tune`` stage.

    A grid of at most `most` cells is taken whole; a larger one, and any with
    a range in it, is drawn from by a generator seeded by the pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        With a ``tune`` stage.
    most : int
        Greatest number of cells.

    Returns
    -------
    list of Cell
        Distinct; those of a grid in its order, of which the last literal changes fastest.
    """
    axes = dict(pipeline.tune or {})
    total = combinations(axes)
    if total is not None and total <= most:
        return [_cell(pipeline, axes, values) for values in itertools.product(*axes.values())]
    rng = np.random.default_rng(canonical.seed_for(pipeline.digest, "tune"))
    cells: dict[str, Cell] = {}
    for _ in range(20 * most):
        cell = _cell(pipeline, axes, tuple(_draw(axis, rng) for axis in axes.values()))
        cells.setdefault(cell.pipeline.id, cell)
        if len(cells) == most:
            break
    drawn = list(cells.values())
    return drawn if total is None else sorted(drawn, key=lambda cell: _place(axes, cell))


def combinations(axes: Mapping[str, Any]) -> int | None:
    """Count the cells of a grid; None where a range makes them uncountable."""
    if any(isinstance(axis, Range | Mapping) for axis in axes.values()):
        return None
    return math.prod(len(axis) for axis in axes.values())


def count_changes(pipeline: Pipeline, names: Sequence[str], cells: Sequence[Cell]) -> list[int]:
    """Count the literals in which each cell differs from the pipeline that is searched."""
    own: dict[tuple[str, Any], bool] = {}
    for name, value in {(name, value) for cell in cells for name, value in zip(names, cell.values, strict=True)}:
        own[name, value] = pipeline.changed({name: value}).id == pipeline.id
    return [sum(not own[pair] for pair in zip(names, cell.values, strict=True)) for cell in cells]


def idle_literals(names: Sequence[str], cells: Sequence[Cell], ranks: Sequence[Any]) -> list[str]:
    """Find the literals that changed nothing: cells that differ in one of them alone rank the same, and there are such cells.

    Parameters
    ----------
    names : sequence of str
        Paths of the literals, in the order of the cells' values.
    ranks : sequence
        What the cells are ordered by.
    """
    idle = []
    for place, name in enumerate(names):
        alike: dict[str, list[Any]] = {}
        for cell, rank in zip(cells, ranks, strict=True):
            alike.setdefault(repr((*cell.values[:place], *cell.values[place + 1 :])), []).append(rank)
        several = [group for group in alike.values() if len(group) > 1]
        if several and all(rank == group[0] for group in several for rank in group):
            idle.append(name)
    return idle


def _place(axes: Mapping[str, Any], cell: Cell) -> list[int]:
    """Find where a cell stands in its grid."""
    return [axis.index(value) for axis, value in zip(axes.values(), cell.values, strict=True)]


def _cell(pipeline: Pipeline, axes: dict[str, Any], values: tuple[Any, ...]) -> Cell:
    return Cell(values, pipeline.changed(dict(zip(axes, values, strict=True))))


def _draw(axis: Any, rng: np.random.Generator) -> Any:
    if not isinstance(axis, Range):
        return axis[int(rng.integers(len(axis)))]
    return axis.at(float(rng.uniform()))


def cross_validate(
    pipeline: Pipeline, rows: "DecisionTable", fingerprint: str, cache: Cache | None, progress: Progress = no_progress
) -> CellScore:
    """Estimate how good a whole pipeline is by nested, purged cross-validation inside train.

    Parameters
    ----------
    pipeline : Pipeline
        The cell.
    rows : DecisionTable
        Its decisions in train.
    fingerprint : str
        Of the train partition.

    Returns
    -------
    CellScore

    Raises
    ------
    FlowError
        If there is too little to learn from in train, or in a block's complement.
    """
    from factory.learning.chances import direction_chance
    from factory.learning.model import fit_model, refuse_unlearnable
    from factory.learning.splits import purged_kfold
    from factory.statistics.calibration import log_loss, multiclass_log_loss
    from factory.statistics.roc_auc import auc

    refuse_unlearnable(rows.labels)
    rows = rows.take(rows.labels.known)
    start, end = rows.reach
    span = end[-1] - start[0]
    embargo = int(span / OUTER_BLOCKS / 100)
    losses, areas = [], []
    for k, (fit, judge) in enumerate(purged_kfold(start, end, OUTER_BLOCKS, embargo)):
        step = subrange(progress, k / OUTER_BLOCKS, (k + 1) / OUTER_BLOCKS)
        model = fit_model(
            pipeline, rows.take(fit), fingerprint, cache,
            path=f"tune.{k}.", holdout=pipeline.meta.calibrate != "none", progress=step,
        )  # fmt: skip
        held = rows.take(judge)
        chances = model.predict(pipeline, held)
        two = chances.ndim == 1
        losses.append(log_loss(held.labels.y, chances) if two else multiclass_log_loss(held.labels.classes, chances))
        moved = held.labels.y >= 0
        area = auc(held.labels.y[moved], direction_chance(chances)[moved])
        areas.append(area.value if area else 0.5)
    error = float(np.std(areas, ddof=1)) / math.sqrt(len(areas))
    return CellScore(float(np.mean(losses)), float(np.mean(areas)), error)
