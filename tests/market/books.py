"""Order books for tests: drawn ones, and rows of a series worked out in plain Python."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from factory.core.times import DAY, HOUR
from factory.market.book_columns import book_columns
from factory.market.series_spec import SeriesSpec

Floats = NDArray[np.float64]


def books(time: NDArray[np.int64], levels: int) -> dict[str, Floats]:
    """Books that are a pure function of the time."""
    mid = 100 + np.sin(time / DAY * 40) / 3
    columns = {}
    for level in range(1, levels + 1):
        away = 0.01 * level * (1.5 + np.cos(time / HOUR))
        columns[f"ask_px_{level}"], columns[f"ask_qty_{level}"] = mid + away, 2 + np.sin(time / HOUR * 7 + level)
        columns[f"bid_px_{level}"], columns[f"bid_qty_{level}"] = mid - away, 2 + np.cos(time / HOUR * 5 + level)
    return columns


def depth_spec(levels: int, period: str = "100ms", **more: object) -> SeriesSpec:
    """A series of books."""
    source = {"use": "files", "files": "x", **{key: more.pop(key) for key in ("format", "zone", "date", "step") if key in more}}
    raw = {"kind": "depth", "underlying": "X", "period": period, "levels": levels, "source": source, **more}
    return SeriesSpec.model_validate(raw)


def parquet(path: Path, columns: dict[str, NDArray[np.generic]], row_group: int | None = None) -> Path:
    """Write columns, stamps under `timestamp` as UTC moments."""
    cells = {name: pa.array(values) for name, values in columns.items()}
    cells["timestamp"] = cells["timestamp"].cast(pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table(cells), path, row_group_size=row_group)
    return path


def flow(old: Sequence[float], new: Sequence[float]) -> float:
    """Order-flow imbalance from one ask price, ask size, bid price, bid size to the next, case by case."""
    ask0, ask_size0, bid0, bid_size0 = old
    ask, ask_size, bid, bid_size = new
    buys = bid_size if bid > bid0 else -bid_size0 if bid < bid0 else bid_size - bid_size0
    sells = ask_size if ask < ask0 else -ask_size0 if ask > ask0 else ask_size - ask_size0
    return buys - sells


def slow_rows(
    time: Sequence[int], states: Sequence[Sequence[float]], period: int, max_age: int, until: int | None = None
) -> dict[int, list[float]]:
    """Rows by their stamps, up to that of a moment or with that of the last event: the book, the number of events and the
    flow of each level; one event after the other."""
    levels = len(states[0]) // 4
    rows = {}
    for row in range(time[0] // period, time[-1] // period + 1 if until is None else until // period):
        start, end = row * period, (row + 1) * period
        before = [place for place, at in enumerate(time) if at < end]
        if end - time[before[-1]] > max_age:
            continue
        inside = [place for place in before if time[place] >= start]
        flows = [0.0] * levels
        for place in inside:
            if place and time[place] - time[place - 1] <= max_age:
                for level in range(levels):
                    cells = slice(4 * level, 4 * level + 4)
                    flows[level] += flow(states[place - 1][cells], states[place][cells])
        rows[start] = [*states[before[-1]], float(len(inside)), *flows]
    return rows


def names(levels: int) -> list[str]:
    """Columns of :func:`slow_rows`."""
    return [*book_columns(levels), "events", *(f"ofi_{level}" for level in range(1, levels + 1))]
