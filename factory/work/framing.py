"""Make the frames that an agent's own code sees, as Arrow files of their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy import int64
from numpy.typing import NDArray
from pyarrow import ipc

from factory import framing
from factory.answers import Answer
from factory.backtest.result import REASONS
from factory.cache import UNLIMITED, Cache
from factory.errors import FlowError
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.dataset import open_partition
from factory.market.series import Partition, Series
from factory.progress import Progress
from factory.work.desk import Desk
from factory.work.training import fitted, train
from factory.workshop import Workshop
from factory.workspace import atomic

LIMIT_BYTES = 2 * 2**30
"""Of all frames kept; the least used go."""
MOMENTS = ("entry_ms", "exit_ms")


def frames(
    workshop: Workshop,
    progress: Progress,
    dataset: str | None = None,
    validation: bool = False,
    features: Sequence[str] = (),
    pipeline: str | None = None,
) -> Answer:
    """Make what is missing of some frames; see :func:`factory.framing.frames`."""
    asked = framing.frames(workshop, dataset, validation, features, pipeline)
    missing = asked.missing()
    for i, file in enumerate(missing):
        progress(i / len(missing), f"writing {file.kind} {file.name}".strip())
        _write(file.path, _MAKERS[file.kind](workshop, asked, file))
    _prune(workshop.workspace.frames, keep={path for paths in asked.paths.values() for path in paths})
    return {"made": len(missing), "frames": " ".join(asked.files), "next": "call execute_python again: its frames are ready"}


def _bars(workshop: Workshop, asked: framing.Frames, file: framing.File) -> pd.DataFrame:
    """The first bars by their open time, the other series beside them as known at each bar's close."""
    partition, first, own = _base(workshop, asked.dataset, file.partition)
    columns = {name: np.asarray(values)[own] for name, values in first.columns.items()}
    reader = Columns(partition, None)
    for series in partition.series.values():
        if series.name != first.name:
            columns |= {key: reader.at(parse(text), first.known[own]) for key, text in _texts(series).items()}
    return pd.DataFrame(columns, index=_moments(first.time[own]))


def _feature(workshop: Workshop, asked: framing.Frames, file: framing.File) -> pd.DataFrame:
    """One expression as known at each bar's close."""
    assert file.expression is not None
    partition, first, own = _base(workshop, asked.dataset, file.partition)
    reader = Columns(partition, Cache(workshop.workspace.cache))
    return pd.DataFrame({file.name: reader.at(file.expression, first.known[own])})


def _predictions(workshop: Workshop, asked: framing.Frames, file: framing.File) -> pd.DataFrame:
    """What each expert said of the training decisions it had not seen, and what came."""
    assert asked.pipeline is not None
    pipeline = workshop.resolve(asked.pipeline)
    desk = Desk(workshop, pipeline, lambda *_: None)
    train(desk)  # counts the exploration, once
    partition = desk.partition("train")
    rows, _ = desk.rows(partition)
    model = fitted(desk, partition, rows)
    labelled = rows.take(rows.labels.y >= 0)
    return pd.DataFrame({**model.oof, "up": labelled.labels.y}, index=_moments(labelled.time))


def _trades(workshop: Workshop, asked: framing.Frames, file: framing.File) -> pd.DataFrame:
    """A trial's trades on validation, by entry."""
    kept = Cache(workshop.workspace.runs, limit=UNLIMITED).get(file.name)
    if kept is None:
        raise FlowError(
            f"pipeline: the trades of {asked.pipeline} are gone from the workspace; change it a little and backtest it"
        )
    prefix = "trades."
    trades = {name.removeprefix(prefix): np.asarray(values) for name, values in kept.items() if name.startswith(prefix)}
    columns: Mapping[str, Any] = {
        "exit": _moments(trades["exit_ms"]),
        **{name: values for name, values in trades.items() if name not in (*MOMENTS, "reason", "decision")},
        "reason": np.array(REASONS)[trades["reason"]],
    }
    return pd.DataFrame(columns, index=_moments(trades["entry_ms"]))


_MAKERS = {"bars": _bars, "feature": _feature, "predictions": _predictions, "trades": _trades}


def _base(workshop: Workshop, data: str, name: str) -> tuple[Partition, Series, NDArray[np.bool_]]:
    """A partition, its first bars, and which of them are its own."""
    partition = open_partition(workshop.workspace, data, name)
    first = next(series for series in partition.series.values() if series.kind == "bars")
    return partition, first, (first.time >= partition.start) & (first.known <= partition.end)


def _moments(at: NDArray[int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(at.astype("datetime64[ms]"), tz="UTC", name="time")


def _texts(series: Series) -> dict[str, str]:
    return {f"{series.name}_{column}": f"{series.name}.{column}" for column in series.columns}


def _write(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame, which is its own copy of its rows and no slice of more, whole or not at all."""
    table = pa.Table.from_pandas(frame)
    with atomic(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _prune(folder: Path, keep: set[Path]) -> None:
    """Drop the least used files above the limit, never those that are about to be read."""
    found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*.arrow"))
    over = sum(size for _, size, _ in found) - LIMIT_BYTES
    for _, size, path in found:
        if over > 0 and path not in keep:
            path.unlink(missing_ok=True)
            over -= size
