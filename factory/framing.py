"""The frames that an agent's own code sees: what they are made of, known without making them.

Each frame is one or more Arrow files whose columns stand side by side: the bars
of a partition, and one file for each feature that was asked for, so that the
next call that asks for it finds it made. Of validation they hold the days that
the dataset file lets code see, and are made as if there were no others.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import factory
from factory.core import canonical
from factory.core.errors import DataError, PipelineError
from factory.expressions.expression import Expression
from factory.expressions.keys import column_key
from factory.screening import Reader

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.workshop import Workshop

VERSION = 3
"""Raised whenever a frame would hold something else for the same request."""
MOST_FEATURES = 30


@dataclass(frozen=True)
class File:
    """One Arrow file.

    Parameters
    ----------
    path : Path
        Named by the hash of what it is made from.
    partition : str
        Whose rows it has.
    kind : str
        ``bars``, ``feature``, ``predictions`` or ``trades``.
    name : str
        Of a feature's column, as it was asked for.
    expression : Expression or None
        What that column holds.
    """

    path: Path
    partition: str
    kind: str
    name: str = ""
    expression: Expression | None = None


@dataclass(frozen=True)
class Frames:
    """What one call of an agent's code is to see.

    Parameters
    ----------
    dataset : str
        Whose rows.
    validation : bool
        Whether rows of validation are among them.
    features : sequence of str
        As asked for.
    pipeline : str or None
        Id.
    files : mapping of str to sequence of File
        By the name of the frame.
    """

    dataset: str
    validation: bool
    features: tuple[str, ...]
    pipeline: str | None
    files: dict[str, tuple[File, ...]]

    @cached_property
    def paths(self) -> dict[str, list[Path]]:
        """The files of each frame."""
        return {name: [file.path for file in files] for name, files in self.files.items()}

    @property
    def of_validation(self) -> set[str]:
        """Names of the frames that are made of validation."""
        return {name for name, files in self.files.items() if any(file.partition == "validation" for file in files)}

    def missing(self) -> list[File]:
        """Files that are still to be made; the others are marked as used."""
        absent = []
        for file in (file for files in self.files.values() for file in files):
            with suppress(FileNotFoundError):
                os.utime(file.path)
                continue
            absent.append(file)
        return absent

    def asked(self) -> dict[str, Any]:
        """The request, as the worker that makes the files takes it."""
        asked = {"validation": self.validation or None, "features": list(self.features) or None, "pipeline": self.pipeline}
        return {"dataset": self.dataset, **{key: value for key, value in asked.items() if value is not None}}


def frames(
    workshop: "Workshop",
    dataset: str | None = None,
    validation: bool = False,
    features: Sequence[str] = (),
    pipeline: str | None = None,
) -> Frames:
    """Check what is asked for and name its files; nothing is read, made or written down.

    Parameters
    ----------
    workshop : Workshop
    dataset : str or None
        Default: the pipeline's, else the only one.
    validation : bool
        Add the frame `validation`, and `trades` when a pipeline is named: what it trades on those days alone.
    features : sequence of str
        Expressions, names of the pipeline's features, or names of recipes, on the first bars: a column each.
    pipeline : str or None
        Id or name; adds the frame `predictions`.

    Raises
    ------
    PipelineError
        If the pipeline or an expression is unknown or wrong; with validation, if the pipeline is no trial yet.
    DataError
        If the dataset is unknown, or is not the pipeline's.
    """
    chosen = None if pipeline is None else workshop.resolve(pipeline)
    if validation and chosen and workshop.known(chosen) is None:
        raise PipelineError(
            f"pipeline: {chosen.id} is no trial yet, so validation shows nothing of it; backtest it first, or leave data out"
        )
    data = workshop.dataset(chosen.data if chosen and dataset is None else dataset)
    if chosen and chosen.data != data:
        raise DataError(f"dataset: '{data}' came, but {chosen.id} is about {chosen.data}; leave the dataset out")
    expressions = _expressions(workshop, data, features, chosen)
    parts = ("train", "validation") if validation else ("train",)
    files = {part: (_file(workshop, data, part, "bars"), *_columns(workshop, data, part, expressions)) for part in parts}
    if chosen:
        files["predictions"] = (_file(workshop, data, "train", "predictions", chosen.id),)
        if validation:
            trial = workshop.run_id(chosen, "trial")
            files["trades"] = (_file(workshop, data, "validation", "trades", trial, factory.__version__),)
    return Frames(data, validation, tuple(features), chosen.id if chosen else None, files)


def _expressions(
    workshop: "Workshop", data: str, features: Sequence[str], pipeline: "Pipeline | None"
) -> dict[str, Expression]:
    if len(features) > MOST_FEATURES:
        raise PipelineError(f"features: {len(features)} came; at most {MOST_FEATURES} a call")
    own = dict(pipeline.features) if pipeline else {}
    series = workshop.catalog.meta(data)["series"]
    first = next(name for name, one in series.items() if one["kind"] == "bars")
    taken = [name for name in features if name in series[first]["columns"]]
    if taken:
        raise PipelineError(f"features: '{taken[0]}' is a column of the frame already; leave it out, or give its expression")
    return Reader(workshop.catalog, data, first).all_of(features, own)


def _columns(workshop: "Workshop", data: str, partition: str, expressions: dict[str, Expression]) -> list[File]:
    fingerprint = workshop.catalog.fingerprint(data, partition)
    return [
        _file(workshop, data, partition, "feature", name, column_key(expression.text, fingerprint), expression=expression)
        for name, expression in expressions.items()
    ]


def _file(
    workshop: "Workshop", data: str, partition: str, kind: str, name: str = "", *more: str, expression: Expression | None = None
) -> File:
    shown = [workshop.catalog.spec(data).validation_share] if partition == "validation" else []
    key = canonical.digest([VERSION, kind, name, workshop.catalog.fingerprint(data, partition), *shown, *more])
    return File(workshop.workspace.frames / f"{key}.arrow", partition, kind, name, expression)
