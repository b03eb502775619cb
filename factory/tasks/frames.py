"""Make the frames that an agent's own code sees, as Arrow files of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy import float64, int64
from numpy.typing import NDArray
from pyarrow import ipc

from factory.backtest.result import REASONS
from factory.core.answers import Answer
from factory.core.errors import FlowError
from factory.core.hashes import hash_text, hashes_beside
from factory.core.progress import Progress, no_progress
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.flow import evaluate, fit, traded_volatility
from factory.learning.decision_table import read_decisions
from factory.learning.model import Model
from factory.market.dataset import open_partition
from factory.market.series import Partition, Series
from factory.market.series_kinds import series_kind
from factory.pipeline.parts.labels import count_classes
from factory.storage.cache import Cache
from factory.storage.workspace import atomic, write_text
from factory.tasks import frame_plan
from factory.tasks.context import TaskContext
from factory.tasks.masking import STRETCH, hidden_days, mark_telling_rows, mask
from factory.tasks.train import fit_on_train, train
from factory.tracking.tracker import Tracker

LIMIT_BYTES = 2 * 2**30
"""Of all frames kept; the least used go."""
MOMENTS = ("entry_ms", "exit_ms")


def make_frames(
    tracker: Tracker,
    progress: Progress,
    dataset: str | None = None,
    validation: bool = False,
    features: Sequence[str] = (),
    pipeline: str | None = None,
) -> Answer:
    """Make what is missing of some frames; see :func:`factory.tasks.frame_plan.frames`.

    Raises
    ------
    FlowError
        If nothing of a feature, or no trade, lies within the days of validation that code sees.
    """
    asked = frame_plan.plan_frames(tracker, dataset, validation, features, pipeline)
    missing = asked.missing()
    view = cache(lambda partition: _view(tracker, asked.dataset, partition))
    for i, file in enumerate(missing):
        progress(i / len(missing), f"writing {file.kind} {file.name}".strip())
        _write(file.path, _MAKERS[file.kind](tracker, asked, file, view(file.partition)))
    _prune(tracker.workspace.frames, keep={path for paths in asked.paths.values() for path in paths})
    return {"made": len(missing), "frames": " ".join(asked.files), "next": "call execute_python again: its frames are ready"}


@dataclass(frozen=True)
class View:
    """What code may see of a partition.

    Parameters
    ----------
    partition : Partition
        Its rows, missing where code may not see them.
    first : Series
        Its first bars.
    own : ndarray of bool, shape (len(first),)
        Which of those the frames hold.
    """

    partition: Partition
    first: Series
    own: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[int64]:
        """When the bars that the frames hold became known."""
        return self.first.known[self.own]


def _view(tracker: Tracker, data: str, name: str) -> View:
    whole = open_partition(tracker.workspace, data, name)
    share = tracker.catalog.spec(data).validation_share if name == "validation" else 1.0
    days = hidden_days(whole.start, whole.end, share)
    partition = mask(whole, days)
    first = next(series for series in partition.series.values() if series_kind(series.kind).is_traded)
    inside = (first.time >= whole.start) & (first.known <= whole.end)
    return View(partition, first, inside & ~mark_telling_rows(first, days))


def _bars(tracker: Tracker, asked: frame_plan.Frames, file: frame_plan.File, view: View) -> pd.DataFrame:
    """Build the frame of the first bars by their open time, the other series beside them as known at each bar's close."""
    columns = {name: np.asarray(values)[view.own] for name, values in view.first.columns.items()}
    reader = Columns(view.partition, None)
    for series in view.partition.series.values():
        if series.name != view.first.name:
            columns |= {key: reader.at(parse(text), view.known) for key, text in _texts(series).items()}
    return pd.DataFrame(columns, index=_moments(view.first.time[view.own]))


def _feature(tracker: Tracker, asked: frame_plan.Frames, file: frame_plan.File, view: View) -> pd.DataFrame:
    """Compute one expression as known at each bar's close."""
    assert file.expression is not None
    values = Columns(view.partition, Cache(tracker.workspace.cache)).at(file.expression, view.known)
    if file.partition == "validation" and np.isnan(values).all():
        raise FlowError(
            f"features: '{file.name}' is missing on every day of validation that code sees, {STRETCH} in a row: it looks back "
            "beyond them; shorten it, or look at it on train"
        )
    return pd.DataFrame({file.name: values})


def _predictions(tracker: Tracker, asked: frame_plan.Frames, file: frame_plan.File, view: View) -> pd.DataFrame:
    """Collect what each expert predicted of the training decisions that it had not seen, and what came."""
    context = _context(tracker, asked)
    train(context)  # counts the exploration, once
    rows = read_decisions(context.pipeline, Columns(view.partition, context.cache))
    model = fit_on_train(context, view.partition, rows)
    labelled = rows.take(rows.labels.known)
    came = {"up": labelled.labels.y} if count_classes(context.pipeline.label) == 2 else {"came": labelled.labels.classes - 1}
    return pd.DataFrame({**_oof_columns(model), **came}, index=_moments(labelled.time))


def _oof_columns(model: Model) -> dict[str, NDArray[float64]]:
    """List each expert's chance of up by its name; of three classes ``name_down``, ``name_flat`` and ``name_up``."""
    columns: dict[str, NDArray[float64]] = {}
    for name, chances in model.oof.items():
        three = {f"{name}_{word}": column for word, column in zip(("down", "flat", "up"), chances.T, strict=False)}
        columns |= {name: chances} if chances.ndim == 1 else three
    return columns


def _trades(tracker: Tracker, asked: frame_plan.Frames, file: frame_plan.File, view: View) -> pd.DataFrame:
    """List what a trial's pipeline trades on the days that code sees, by entry.

    Those of the trial itself would tell of the other days: by chances made of what features look back at, by what a refit
    learned there, by the equity that stakes are a share of.
    """
    context = _context(tracker, asked)
    columns = Columns(view.partition, context.cache)
    fitted = fit(context.pipeline, context.columns("train"))
    scored = evaluate(context.pipeline, context.contract, fitted, columns, most_lost=1.0)
    trades = scored.result.trades
    if not len(trades):
        raise FlowError(
            f"pipeline: {asked.pipeline} trades nothing on the days of validation that code sees, {STRETCH} in a row: it looks "
            f"back beyond them, or trades seldom; leave it out, or show(what='{asked.pipeline}', by='hour')"
        )
    own = trades.columns()
    told: Mapping[str, Any] = {
        "exit": _moments(trades.exit_ms),
        **{name: values for name, values in own.items() if name not in (*MOMENTS, "reason", "decision")},
        "volatility": traded_volatility(context.contracts, columns, scored),
        "reason": np.array(REASONS)[trades.reason],
        **({} if trades.contract is None else {"contract": np.array(context.pipeline.contracts)[trades.contract]}),
    }
    return pd.DataFrame(told, index=_moments(trades.entry_ms))


_MAKERS = {"bars": _bars, "feature": _feature, "predictions": _predictions, "trades": _trades}


def _context(tracker: Tracker, asked: frame_plan.Frames) -> TaskContext:
    assert asked.pipeline is not None
    return TaskContext(tracker, tracker.resolve(asked.pipeline), no_progress)


def _moments(at: NDArray[int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(at.astype("datetime64[ms]"), tz="UTC", name="time")


def _texts(series: Series) -> dict[str, str]:
    return {f"{series.name}_{column}": f"{series.name}.{column}" for column in series.columns}


def _write(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame, which is its own copy of its rows and no slice of more, whole or not at all, and what it holds."""
    table = pa.Table.from_pandas(frame)
    with atomic(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    write_text(hashes_beside(path), hash_text(path))


def _prune(folder: Path, keep: set[Path]) -> None:
    """Drop the least used files above the limit, never those that are about to be read."""
    files = sorted((_last_used(path), path.stat().st_size, path) for path in folder.glob("*.arrow"))
    over = sum(size for _, size, _ in files) - LIMIT_BYTES
    for _, size, path in files:
        if over > 0 and path not in keep:
            path.unlink(missing_ok=True)
            hashes_beside(path).unlink(missing_ok=True)
            over -= size


def _last_used(path: Path) -> float:
    """Return when a file was last asked for, in seconds; 0 of one that an older version wrote."""
    beside = hashes_beside(path)
    return beside.stat().st_mtime if beside.exists() else 0.0
