"""Frames inside the sandbox: Arrow files, mapped read-only."""

import mmap
import os
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
from pyarrow import ipc


def read(descriptors: Sequence[int]) -> pd.DataFrame:
    """Map one frame, without a copy and without threads.

    Parameters
    ----------
    descriptors : sequence of int
        Arrow files of equally many rows, whose columns stand side by side; closed here.
        The index is the first one's.

    Returns
    -------
    DataFrame
        Its columns cannot be written to in place.
    """
    table, *others = map(_table, descriptors)
    for other in others:
        for name in other.column_names:
            table = table.append_column(name, other.column(name))
    frame: pd.DataFrame = table.to_pandas(use_threads=False, split_blocks=True)
    return frame


def _table(descriptor: int) -> pa.Table:
    memory = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
    os.close(descriptor)
    return ipc.open_file(pa.py_buffer(memory)).read_all()
