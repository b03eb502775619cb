"""A drawn market in a workspace of its own, and pipelines traded on any part of it, beside the ledger."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from factory.core.canonical import digest
from factory.core.progress import no_progress
from factory.expressions.columns import Columns
from factory.flow import Scored, evaluate, fit
from factory.ledger import Entry
from factory.market.build import build, read_series
from factory.market.contracts import Contract
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace
from factory.tasks.registry import WORK
from factory.workshop import Workshop


class SimulatedMarket:
    """A drawn market in a workspace of its own.

    Parameters
    ----------
    root : Path
        Folder of the workspace.
    dataset : str
        The dataset file.
    agent : str
        Who works there.
    sources : Path or None
        Folder of the dataset's files, if it has some.
    """

    def __init__(self, root: Path, dataset: str, agent: str, sources: Path | None = None) -> None:
        self.spec = load_spec(dataset)
        self.workspace = Workspace.open(root)
        build(self.workspace, self.spec, sources)
        self._sources = sources or root
        self.workshop = Workshop(self.workspace, agent)
        self.cache = Cache(self.workspace.cache)
        self._beside = Cache(root / "beside")

    @cached_property
    def parts(self) -> dict[str, Partition]:
        """Train, validation and the sealed part, made anew from its source: the stored one the vault alone opens."""
        name = self.spec.dataset
        opened = {part: open_partition(self.workspace, name, part) for part in ("train", "validation")}
        series, _ = read_series(self.workspace, self.spec, self._sources, no_progress)
        sealed = Partition(
            name, "sealed", *self.spec.bounds("sealed"), series, digest(["sealed", self.spec.model_dump(mode="json")])
        )
        return {**opened, "sealed": sealed}

    def contract(self, pipeline: Pipeline) -> Contract:
        """Return the contract that a pipeline trades."""
        return self.spec.contracts[pipeline.trade.contract]

    def columns(self, part: str) -> Columns:
        """Return the columns of one part, kept."""
        return Columns(self.parts[part], self._beside if part == "sealed" else self.cache)

    def score(self, pipeline: Pipeline, part: str) -> Scored:
        """Score a pipeline that is never refitted, learned on train and traded on one part."""
        fitted = fit(pipeline, self.columns("train"))
        return evaluate(pipeline, self.contract(pipeline), fitted, self.columns(part))


def tried(workshop: Workshop, spec: dict[str, Any]) -> Entry:
    """Return the row of a trial, which is made if there is none yet."""
    made = workshop.define(spec)
    WORK["backtest"](workshop, no_progress, pipeline=made["pipeline"])
    pipeline = workshop.resolve(made["pipeline"])
    entry = workshop.ledger.find_trial(pipeline.id, workshop.score_key(pipeline))
    assert entry is not None, "it was just written"
    return entry


def fast_folder() -> str | None:
    """Return a folder in memory where there is some: a search writes many small files and keeps none."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
