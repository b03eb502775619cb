"""Single bars that cannot be, or that a person should know of."""

from collections.abc import Mapping

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray

from factory.market.bar_columns import BARS

JUMP_SIZE = 0.03
JUMP_SCALES = 20.0

Mask = NDArray[bool_]
Columns = Mapping[str, NDArray[float64]]


def find_wrong_bars(columns: Columns) -> dict[str, Mask]:
    """Find bars with missing cells, and those whose prices or volumes contradict each other, by what is wrong."""
    bodies = [columns[column] for column in BARS if column in columns]
    opened, high, low, close = bodies[:4]
    wrong = {
        "missing cell": np.logical_or.reduce([np.isnan(values) for values in bodies]),
        "price not positive": np.logical_or.reduce([values <= 0 for values in bodies[:4]]),
        "high or low contradicts": (high < np.maximum(opened, close)) | (low > np.minimum(opened, close)),
    }
    if "volume" not in columns:
        return wrong
    volume = columns["volume"]
    wrong["negative volume"] = volume < 0
    if "taker_buy_volume" in columns:
        taker = columns["taker_buy_volume"]
        wrong["taker volume contradicts"] = (taker < 0) | (taker > volume * (1 + 1e-9))
    return wrong


def has_grown(columns: Columns, early: int, late: int) -> bool:
    """Check whether one bar may be what became of another.

    Opened alike, its range and what was traded no less, not the same.
    """
    if columns["open"][early] != columns["open"][late] or columns["low"][early] < columns["low"][late]:
        return False
    grows = [values for name, values in columns.items() if name not in ("open", "low", "close")]
    return all(values[early] <= values[late] for values in grows) and any(
        values[early] != values[late] for values in columns.values()
    )


def counts_nothing(volume: NDArray[float64]) -> bool:
    """Check whether a volume is zero or missing in every bar."""
    return not np.nan_to_num(volume).any()


def find_jumps(close: NDArray[float64]) -> Mask:
    """Find steps of at least 3 % and twenty robust deviations of the first quarter: a scale that no sealed row moves."""
    steps = np.abs(np.diff(np.log(close), prepend=np.log(close[:1])))
    scale = 1.4826 * float(np.median(steps[: max(1, len(steps) // 4)]))
    jumps: Mask = steps > max(JUMP_SIZE, JUMP_SCALES * scale)
    return jumps
