"""Rows in their places: every stamp that the calendar expects, absent ones missing."""

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from factory.market.frames import Frame
from factory.market.series import Series
from factory.market.spec import SeriesSpec
from factory.times import DAY


def anchor(spec: SeriesSpec, time: NDArray[int64]) -> int:
    """Remainder of the expected stamps by the period.

    Bars that divide a day stand at multiples of it, UTC; weekly bars and
    published values go by their first row.
    """
    if spec.kind == "bars" and DAY % spec.period_ms == 0:
        return 0
    return int(time[0]) % spec.period_ms if len(time) else 0


def on_grid(name: str, spec: SeriesSpec, frame: Frame, span: tuple[int, int], remainder: int) -> Series:
    """Lay rows on the dense grid of a dataset's span.

    Parameters
    ----------
    name : str
        Name of the series.
    spec : SeriesSpec
        Its period, delay and kind.
    frame : Frame
        Checked rows: on the grid, inside the span, no stamp twice.
    span : tuple of int
        First and last moment of the dataset, ms UTC.
    remainder : int
        From :func:`anchor`.

    Returns
    -------
    Series
        Over the whole span; NaN in every column where the source has no row.
    """
    period = spec.period_ms
    first = span[0] + (remainder - span[0]) % period
    time = np.arange(first, span[1] - spec.extent_ms + 1, period, dtype=int64)
    time = time[time < span[1]]
    rows = (frame.time - first) // period
    columns = {}
    for column, values in frame.columns.items():
        columns[column] = np.full(len(time), np.nan)
        columns[column][rows] = values
    return Series(name, spec.kind, period, spec.delay_ms, time, time + spec.known_ms, columns)


def missing(series: Series) -> NDArray[bool_]:
    """Rows that hold nothing, shape (n,)."""
    found: NDArray[bool_] = np.logical_and.reduce([np.isnan(values) for values in series.columns.values()])
    return found
