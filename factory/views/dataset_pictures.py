"""A dataset in pictures: prices with jumps and gaps, and distributions, of train and validation alone."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.times import moment
from factory.market.dataset import open_partition
from factory.market.grid import find_missing
from factory.market.series import Series
from factory.market.series_kinds import series_kind
from factory.report import market_charts
from factory.report.charts import Figure
from factory.storage.workspace import Workspace

if TYPE_CHECKING:
    from factory.tracking import Tracker

MOST_COLUMNS = 3
"""Of a series of values, whose columns may be many, that are drawn."""


class Picture(NamedTuple):
    """One picture.

    Parameters
    ----------
    title : str
    figure : Figure
    """

    title: str
    figure: Figure


class SeriesPictures(NamedTuple):
    """The pictures of one series.

    Parameters
    ----------
    name : str
    prices, distributions : list of Picture
    """

    name: str
    prices: list[Picture]
    distributions: list[Picture]


class _Measure(NamedTuple):
    """What is drawn of a series.

    Parameters
    ----------
    price, price_name
        A line in time; None of what has none.
    values : dict of str to (ndarray, bool)
        What is distributed by name, and whether in equal ratios.
    """

    price: NDArray[float64]
    price_name: str
    values: dict[str, tuple[NDArray[float64], bool]]


def draw_dataset(tracker: "Tracker", name: str) -> list[SeriesPictures]:
    """Draw each series of a dataset: train, the gap and validation, and never a sealed row.

    Raises
    ------
    DataError
        If the dataset's files are damaged.
    """
    listed = tracker.catalog.quality(name).items()
    jumps = tuple((key, tuple(one.get("noted", {}).get("jumps", {}).get("at", ()))) for key, one in listed)
    return _draw(tracker.workspace, name, tracker.catalog.fingerprint(name, "validation"), jumps)


@lru_cache(8)
def _draw(workspace: Workspace, name: str, _: str, jumps: tuple[tuple[str, tuple[str, ...]], ...]) -> list[SeriesPictures]:
    """Draw the series once for each fingerprint: a million rows take a second."""
    train, validation = open_partition(workspace, name, "train"), open_partition(workspace, name, "validation")
    ends = train.end, validation.start
    moments = {key: [moment(at) for at in places] for key, places in jumps}
    return [_draw_series(one, ends, moments.get(key, [])) for key, one in validation.series.items()]


def _draw_series(series: Series, ends: tuple[int, int], jumps: list[int]) -> SeriesPictures:
    measure = _measure_series(series)
    gaps = market_charts.find_gaps(series.time, find_missing(series))
    price = market_charts.draw_price(series.time, measure.price, ends, jumps, gaps, measure.price_name)
    train, validation = series.time < ends[0], series.time >= ends[1]
    drawn = {
        title: market_charts.draw_distribution(values[train], values[validation], title, logarithmic=logarithmic)
        for title, (values, logarithmic) in measure.values.items()
    }
    prices = [Picture(f"{series.name}: {measure.price_name}, by time", price)]
    distributions = [Picture(f"{series.name}: {title}", figure) for title, figure in drawn.items() if figure is not None]
    return SeriesPictures(series.name, prices, distributions)


def _measure_series(series: Series) -> _Measure:
    """Choose what to draw of a series, by what its kind holds."""
    kind, columns = series_kind(series.kind), series.columns
    if kind.is_traded:
        close = np.asarray(columns["close"])
        values = {"return from row to row, %": (_returns(close), False)}
        if "volume" in columns:
            values["volume a row"] = np.asarray(columns["volume"]), True
        return _Measure(close, "close", values)
    if kind.holds_books:
        ask, bid = np.asarray(columns["ask_px_1"]), np.asarray(columns["bid_px_1"])
        middle = (ask + bid) / 2
        spread = 10_000 * (ask - bid) / middle
        return _Measure(
            middle, "middle", {"return from row to row, %": (_returns(middle), False), "spread, bp": (spread, True)}
        )
    shown = {name: (np.asarray(values), False) for name, values in [*columns.items()][:MOST_COLUMNS]}
    first = next(iter(shown))
    return _Measure(shown[first][0], first, shown)


def _returns(price: NDArray[float64]) -> NDArray[float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(100 * np.diff(np.log(price), prepend=np.nan))
