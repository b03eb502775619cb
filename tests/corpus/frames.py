"""Drawn frames for brokers without a factory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import ipc


def bars(start: str, rows: int, seed: int) -> pd.DataFrame:
    """Hourly bars of a random walk."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(random.normal(0, 0.01, rows).cumsum())
    columns = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": random.uniform(1, 9, rows)}
    return pd.DataFrame(columns, index=pd.date_range(start, periods=rows, freq="h", name="time"))


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write an Arrow file."""
    table = pa.Table.from_pandas(frame)
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return path


def write_both(folder: Path) -> dict[str, list[Path]]:
    """`train` and, strictly later, `validation`."""
    train, validation = bars("2024-01-01", 2000, 1), bars("2024-06-01", 700, 2)
    return {"train": [write(train, folder / "train.arrow")], "validation": [write(validation, folder / "validation.arrow")]}
