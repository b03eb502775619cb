"""The frames that an agent's own code sees: what they are made of, known without making them.

Each frame is one or more Arrow files whose columns stand side by side: the bars
of a partition, and one file for each feature that was asked for, so that the
next call that asks for it finds it made. Of validation they hold the days that
the dataset file lets code see, and are made as if there were no others.
"""

import hashlib
import logging
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
from factory.core.hashes import DamageError, hashes_beside, require_whole_alone
from factory.expressions.expression import Expression
from factory.expressions.keys import column_key
from factory.market.series_kinds import series_kind
from factory.pipeline.screening import Reader

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

_log = logging.getLogger(__name__)

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
        """List the files that are still to be made, or are damaged; the others are marked as used."""
        return [file for files in self.files.values() for file in files if not _is_there(file.path)]

    def asked(self) -> dict[str, Any]:
        """Write the request as the worker that makes the files takes it."""
        asked = {"validation": self.validation or None, "features": list(self.features) or None, "pipeline": self.pipeline}
        return {"dataset": self.dataset, **{key: value for key, value in asked.items() if value is not None}}


def _is_there(path: Path) -> bool:
    """Check whether a file holds what was written, and mark it as used."""
    try:
        require_whole_alone(path)
    except FileNotFoundError:
        return False
    except DamageError:
        _log.warning("frames: %s is damaged, and made anew", path.name[:12])
        return False
    with suppress(OSError):
        os.utime(hashes_beside(path))
    return True


def plan_frames(
    tracker: "Tracker",
    dataset: str | None = None,
    validation: bool = False,
    features: Sequence[str] = (),
    pipeline: str | None = None,
) -> Frames:
    """Check what is asked for and name its files; nothing is read, made or written down.

    Parameters
    ----------
    tracker : Tracker
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
    chosen = None if pipeline is None else tracker.resolve(pipeline)
    if validation and chosen and tracker.find_entry(chosen) is None:
        raise PipelineError(
            f"pipeline: {chosen.id} is no trial yet, so validation shows nothing of it; backtest it first, or leave data out"
        )
    data = tracker.dataset(chosen.data if chosen and dataset is None else dataset)
    if chosen and chosen.data != data:
        raise DataError(f"dataset: '{data}' came, but {chosen.id} is about {chosen.data}; leave the dataset out")
    expressions = _expressions(tracker, data, features, chosen)
    parts = ("train", "validation") if validation else ("train",)
    files = {part: (_file(tracker, data, part, "bars"), *_columns(tracker, data, part, expressions)) for part in parts}
    if chosen:
        files["predictions"] = (_file(tracker, data, "train", "predictions", chosen.id),)
        if validation:
            trial = tracker.run_id(chosen, "trial")
            files["trades"] = (_file(tracker, data, "validation", "trades", trial, factory.__version__),)
    return Frames(data, validation, tuple(features), chosen.id if chosen else None, files)


def _expressions(tracker: "Tracker", data: str, features: Sequence[str], pipeline: "Pipeline | None") -> dict[str, Expression]:
    if len(features) > MOST_FEATURES:
        raise PipelineError(f"features: {len(features)} came; at most {MOST_FEATURES} a call")
    own = dict(pipeline.features) if pipeline else {}
    series = tracker.catalog.meta(data)["series"]
    first = next(name for name, one in series.items() if series_kind(one["kind"]).is_traded)
    taken = [name for name in features if name in series[first]["columns"]]
    if taken:
        raise PipelineError(f"features: '{taken[0]}' is a column of the frame already; leave it out, or give its expression")
    return Reader(tracker.catalog, data, first).all_of(features, own)


def _columns(tracker: "Tracker", data: str, partition: str, expressions: dict[str, Expression]) -> list[File]:
    fingerprint = tracker.catalog.fingerprint(data, partition)
    return [
        _file(tracker, data, partition, "feature", name, column_key(expression.text, fingerprint), expression=expression)
        for name, expression in expressions.items()
    ]


def _file(
    tracker: "Tracker", data: str, partition: str, kind: str, name: str = "", *more: str, expression: Expression | None = None
) -> File:
    shown = [tracker.catalog.spec(data).validation_share] if partition == "validation" else []
    key = canonical.digest([VERSION, kind, name, tracker.catalog.fingerprint(data, partition), *shown, *more])
    return File(tracker.workspace.frames / f"{key}.arrow", partition, kind, name, expression)


def record_validation_access(tracker: "Tracker", frames: Frames, code: str) -> None:
    """Write down, before it runs, that code is about to see validation: what is learned there is learned by searching.

    The same code on the same frames is one trial. Errors count too: their words can tell what was seen.
    """
    seen = {"code": hash_code(code), "features": list(frames.features), "pipeline": frames.pipeline}
    share = tracker.catalog.spec(frames.dataset).validation_share
    tracker.ledger.trial(
        f"python:{canonical.short_id(seen)}",
        frames.dataset,
        canonical.digest([tracker.catalog.fingerprint(frames.dataset, "validation"), share]),
        {"what": "execute_python", "agent": tracker.agent, **seen},
    )


def log_code_call(
    tracker: "Tracker", frames: Frames, code: str, *, seconds: float, tokens: int, limit: str | None, output: str | None
) -> str:
    """Log a call of an agent's own code and return its id, under which the output that was kept is paged."""
    return tracker.store.put_call(tracker.agent, frames.dataset, hash_code(code), seconds, tokens, limit, output)


def hash_code(code: str) -> str:
    """Compute the SHA-256 of a piece of code."""
    return hashlib.sha256(code.encode()).hexdigest()
