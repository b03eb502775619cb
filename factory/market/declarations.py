"""What a person declared of a series in the dataset file, done to its rows; and a volume that nobody counted, left out."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.times import moment
from factory.market.raw_rows import RawRows
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec

REVISIONS, LATE = "revisions of what was published before, left out", "published later than the delay, left out"


def apply_declarations(spec: SeriesSpec, frame: RawRows) -> RawRows:
    """Put rows on the scale of the latest, without a column of volume in which nothing is counted.

    Those of a publisher with a calendar are known when it publishes them.

    A factor is of the whole file: rows before its moment are told on a scale that was only known later, as adjusted prices
    are everywhere. Returns, ratios and whatever is free of scale are as they were.
    """
    columns = dict(frame.columns)
    for one in spec.adjust:
        columns = _rescale(spec, frame.time < one.moment, columns, one.factor)
    for name in series_kind(spec.kind).find_uncounted(columns):
        del columns[name]
    return replace(frame, columns=columns, known=spec.published.find_moments(frame.time) if spec.published else frame.known)


def name_prior(column: str, count: int) -> str:
    """Name the column of what another stood at, so many observations before."""
    return f"{column}_prior_{count}"


def select_own(spec: SeriesSpec, columns: Mapping[str, NDArray[float64]]) -> dict[str, NDArray[float64]]:
    """Select the columns that the files hold, without those of earlier observations."""
    priors = {name_prior(column, count) for column in columns for count in spec.priors}
    return {name: values for name, values in columns.items() if name not in priors}


def find_excluded(spec: SeriesSpec, time: NDArray[int64]) -> NDArray[bool_]:
    """Find the rows in a stretch that a person left out, shape (n,): they are missing, as in a gap."""
    excluded = np.zeros(len(time), bool)
    for first, last in spec.exclude:
        excluded |= (time >= moment(first)) & (time < moment(last))
    return excluded


def find_unused(spec: SeriesSpec, frame: RawRows) -> dict[str, NDArray[bool_]]:
    """Find the rows of a source with vintages that no row of the series is made of, by why, shape (n,) each.

    Of a stamp the first row published counts that holds a value: a decision before a revision used what there was.
    """
    if not spec.has_vintages or frame.known is None:
        return {}
    empty = np.logical_and.reduce([np.isnan(values) for values in select_own(spec, frame.columns).values()])
    order = np.lexsort((frame.known, empty, frame.time))
    again = np.zeros(len(frame), bool)
    again[order[1:]] = np.diff(frame.time[order]) == 0
    return {REVISIONS: again, LATE: ~again & (frame.known - frame.time > spec.delay_ms)}


def _rescale(
    spec: SeriesSpec, before: NDArray[bool_], columns: Mapping[str, NDArray[float64]], factor: float
) -> dict[str, NDArray[float64]]:
    rescaled = {}
    for name, values in columns.items():
        power = series_kind(spec.kind).adjustment_power(name)
        scaled = values / factor if power < 0 else values * factor
        rescaled[name] = np.where(before, scaled, values) if power else values
    return rescaled
