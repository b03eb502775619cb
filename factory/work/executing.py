"""Run an agent's few lines over train in the sandbox, and over validation when it is counted first."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

import sandbox
from factory import canonical
from factory.answers import Answer
from factory.errors import FlowError
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.dataset import open_partition
from factory.market.series import Partition, Series
from factory.progress import Progress
from factory.workshop import Workshop
from factory.workspace import atomic

HINT = "validation is there with validation=true, which is written down as a trial"


def execute(workshop: Workshop, progress: Progress, code: str, dataset: str | None = None, validation: bool = False) -> Answer:
    """Run code that sees the frame `train`, and `validation` when asked.

    Asking for validation is written into the ledger as a trial before the
    code runs: what is learned there is learned by searching.

    Raises
    ------
    FlowError
        If the code fails or meets a limit.
    """
    data = workshop.dataset(dataset)
    names = ("train", "validation") if validation else ("train",)
    if validation:
        hashed = hashlib.sha256(code.encode()).hexdigest()
        workshop.ledger.trial(
            f"python:{hashed[: canonical.SHORT]}",
            data,
            workshop.catalog.fingerprint(data, "validation"),
            {"what": "execute_python", "code": hashed, "agent": workshop.agent},
        )
    progress(0.1, "writing frames")
    frames = {name: _frame(workshop, data, name) for name in names}
    progress(0.5, "running")
    outcome = sandbox.run(code, frames)
    if outcome.error:
        hint = () if validation or "'validation' is not defined" not in outcome.error else (HINT,)
        counted = (workshop.standing(data),) if validation else ()
        raise FlowError(f"execute_python: {outcome.error}", *hint, *_printed(outcome.output), *counted)
    return {
        "output": outcome.output,
        "truncated": True if outcome.truncated else None,
        "seconds": outcome.seconds,
        "ledger": workshop.standing(data),
    }


def _printed(output: str) -> tuple[str, ...]:
    return (f"printed before: {output[-300:]}",) if output else ()


def _frame(workshop: Workshop, data: str, name: str) -> Path:
    """The Arrow file of one partition's own rows; written once."""
    partition = open_partition(workshop.workspace, data, name)
    path = workshop.workspace.cache / "frames" / f"{partition.fingerprint}.arrow"
    if not path.exists():
        with atomic(path) as temporary:
            _write(partition, temporary)
    return path


def _write(partition: Partition, path: Path) -> None:
    """The first bars by their open time, the other series beside them as known at each bar's close."""
    from sandbox.frames import write

    first = next(series for series in partition.series.values() if series.kind == "bars")
    own = (first.time >= partition.start) & (first.known <= partition.end)
    columns = {name: np.asarray(values)[own] for name, values in first.columns.items()}
    at = first.known[own]
    reader = Columns(partition, None)
    for series in partition.series.values():
        if series.name != first.name:
            columns |= {key: reader.at(parse(text), at) for key, text in _texts(series).items()}
    index = pd.DatetimeIndex(first.time[own].astype("datetime64[ms]"), tz="UTC", name="time")
    write(pd.DataFrame(columns, index=index), path)


def _texts(series: Series) -> dict[str, str]:
    return {f"{series.name}_{column}": f"{series.name}.{column}" for column in series.columns}
