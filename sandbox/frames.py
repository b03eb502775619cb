"""Frames on their way into the sandbox: Arrow files, mapped read-only on the other side."""

import mmap
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import ipc


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as an Arrow file that a worker can map.

    Parameters
    ----------
    frame : DataFrame
        Its own copy of the rows: never a slice of a frame that holds rows the worker must not see.
    path : Path
        Replaced if it is there.
    """
    table = pa.Table.from_pandas(frame)
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read(descriptor: int) -> pd.DataFrame:
    """Map the Arrow file behind a descriptor, without a copy and without threads.

    Parameters
    ----------
    descriptor : int
        Open for reading; closed here.

    Returns
    -------
    DataFrame
        With the index it was written with; its columns cannot be written to in place.
    """
    memory = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    os.close(descriptor)
    table = ipc.open_file(pa.py_buffer(memory)).read_all()
    frame: pd.DataFrame = table.to_pandas(use_threads=False, split_blocks=True)
    return frame
