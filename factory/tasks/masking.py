"""Validation as agents' own code sees it: some of its days, and nothing that could tell of the others.

Rows of the other days are missing before anything is computed, as gaps are. So no feature, decision or trade
reaches them, whatever an expression looks back at: all that comes out is made of earlier rows and of the days shown.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.learning.artefacts import content_key
from factory.market.series import Partition, Series

STRETCH = 3
"""Days in a row that are shown or hidden together: what looks back a day has values on two of them."""
BASE = 3

Days = NDArray[int64]
"""Whole UTC days by their number since 1970, increasing."""


def hidden_days(start: int, end: int, share: float) -> Days:
    """Choose the days of a partition that agents' own code does not see.

    All days stand in one order, evenly spread, that depends on their dates alone, and the first of them are shown: a
    dataset that is built anew or beside another over the same time shows the same days, one with more bars but for a
    stretch at the margin.

    Parameters
    ----------
    start, end : int
        Bounds of the partition, ms UTC.
    share : float
        Of its days that are shown, in (0, 1]; at least one is.
    """
    days = np.arange(start // DAY, -(-end // DAY), dtype=int64)
    order = np.lexsort((days, _place(days // STRETCH)))
    return np.sort(days[order[max(1, int(share * len(days))) :]])


def _place(number: NDArray[int64]) -> NDArray[float64]:
    """Mirror the digits of whole numbers at the point (van der Corput 1935): neighbours lie far apart in [0, 1)."""
    place, weight = np.zeros(len(number)), 1 / BASE
    while number.any():
        place += weight * (number % BASE)
        number, weight = number // BASE, weight / BASE
    return place


def mark_telling_rows(series: Series, days: Days) -> NDArray[bool_]:
    """Mark the rows that may tell of one of some days: a bar in its period, a value until it is published."""
    first, last = series.time // DAY, (np.maximum(series.ends, series.time + 1) - 1) // DAY
    telling: NDArray[bool_] = np.searchsorted(days, last, side="right") > np.searchsorted(days, first)
    return telling


def mask(partition: Partition, days: Days) -> Partition:
    """Mark every row of a partition as missing that tells of one of some days."""
    if not len(days):
        return partition
    series = {name: _mask_rows(one, mark_telling_rows(one, days)) for name, one in partition.series.items()}
    rows = [part for one in series.values() for part in (one.name, one.period, one.delay, one.time, *_flat(one.columns))]
    rows += [one.known for one in series.values() if one.least_delay is not None]
    return replace(partition, series=series, fingerprint=content_key("masked", partition.start, partition.end, *rows))


def _flat(columns: Mapping[str, NDArray[float64]]) -> list[Any]:
    return [part for item in columns.items() for part in item]


def _mask_rows(series: Series, rows: NDArray[bool_]) -> Series:
    return replace(series, columns={name: np.where(rows, np.nan, values) for name, values in series.columns.items()})
