"""What a network on an order book is shown at each decision: the book's last rows, standardised by the past alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import bool_, float32, int64
from numpy.typing import NDArray

from factory.expressions.columns import Columns
from factory.learning.artefacts import content_key, load_or_compute
from factory.learning.windows import Windows, rolling_zscore
from factory.market.book_columns import book_columns
from factory.market.series import Series
from factory.pipeline.parts.experts import Network

STANDARD_ROWS = 1_000
"""Rows of the book, the present one among them, by whose mean and deviation each column is standardised."""


def read_windows(part: Network, columns: Columns, times: NDArray[int64]) -> tuple[Windows, NDArray[bool_]]:
    """Cut the window that a network is shown at each decision.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing.

    Returns
    -------
    windows : Windows
        One a decision, over rows that were known by then; of a decision that has none, the book's first rows.
    there : ndarray of bool, shape (n,)
        Which decisions have one: with all its rows, none of them missing, the last no older than a period and the delay.
    """
    series = columns.partition.series[part.book]
    values = _standardise(part, columns, series)
    ends = np.searchsorted(series.known, times, side="right").astype(int64)
    broken = np.concatenate(([0], np.cumsum(np.isnan(values).any(axis=1))))
    if len(values) < part.steps:
        return Windows(values, np.full(len(times), len(values)), len(values)), np.zeros(len(times), bool)
    whole = np.maximum(ends, part.steps)
    there: NDArray[bool_] = (ends >= part.steps) & (broken[whole] == broken[whole - part.steps])
    there &= times - series.known[whole - 1] <= series.period + series.delay
    return Windows(values, np.where(there, ends, part.steps), part.steps), there


def join_windows(first: Mapping[str, Windows], second: Mapping[str, Windows]) -> dict[str, Windows]:
    """Join the windows of two stretches of time, in their order, by expert."""
    joined = {}
    for name, one in first.items():
        other = second[name]
        values = np.concatenate([one.values, other.values])
        joined[name] = Windows(values, np.concatenate([one.ends, other.ends + len(one.values)]), one.steps)
    return joined


def _standardise(part: Network, columns: Columns, series: Series) -> NDArray[float32]:
    names = list(book_columns(part.levels))

    def compute() -> dict[str, NDArray[Any]]:
        stacked = np.column_stack([series.columns[name] for name in names])
        return {"values": rolling_zscore(stacked, STANDARD_ROWS, int(series.time[0]) // series.period)}

    key = content_key("book.standardised", columns.partition.fingerprint, part.book, names, STANDARD_ROWS)
    return np.asarray(load_or_compute(columns.cache, key, compute)["values"])
