"""Small raw files and dataset files for the tests of the market."""

from pathlib import Path

import numpy as np

from factory.core.times import DAY, MINUTE, moment
from factory.market.spec import DatasetSpec, load_spec

START = moment("2024-01-01")
DAYS = 12

SPEC = """
dataset: small
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
contracts:
  up: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-07]
  validation: [2024-01-07, 2024-01-10]
  sealed: [2024-01-10, 2024-01-13]
"""


def spec(*changes: tuple[str, str]) -> DatasetSpec:
    """The small dataset file with pieces of its text replaced."""
    text = SPEC
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load_spec(text)


def rows(days: int = DAYS, start: int = START, seed: int = 1) -> dict[str, np.ndarray]:
    """Sound minute bars with their stamps under `timestamp`."""
    rng = np.random.default_rng(seed)
    count = days * DAY // MINUTE
    close = 100 * np.exp(np.cumsum(rng.normal(0, 5e-4, count)))
    opened = np.concatenate(([100.0], close[:-1]))
    return {
        "timestamp": start + MINUTE * np.arange(count),
        "open": opened,
        "high": np.maximum(opened, close) * 1.0002,
        "low": np.minimum(opened, close) * 0.9998,
        "close": close,
        "volume": rng.gamma(2.0, 1.0, count),
    }


def csv(path: Path, columns: dict[str, np.ndarray], keep: np.ndarray | None = None) -> Path:
    """Write columns as CSV with a header, every float in full."""
    chosen = [values if keep is None else values[keep] for values in columns.values()]
    lines = [
        ",".join(columns),
        *(",".join(str(cell) for cell in row) for row in zip(*(c.tolist() for c in chosen), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
