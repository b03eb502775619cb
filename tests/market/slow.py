"""A dataset of hourly bars and one weekly series, and what both are built of."""

from pathlib import Path
from typing import Any

import numpy as np

from factory.core.times import DAY, HOUR, iso, moment
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.publication import Publication
from factory.market.series import Partition
from factory.market.spec import DatasetSpec, load_spec
from factory.storage.workspace import Workspace
from tests.market.bars import csv

WEEK = 7 * DAY
PUBLISHED = '{weekday: thursday, time: "16:15", zone: America/New_York, after: 7d}'
RELEASE = Publication(weekday="thursday", time="16:15", zone="America/New_York", after="7d")
FROM, WEEKS = "2023-01-04", 120
SPEC = """
dataset: slow
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1h, source: {use: files, files: btc.csv}}
  fails: {FAILS}
contracts:
  perp: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 3}
split:
  train: [2023-03-01, 2024-03-01]
  validation: [2024-03-01, 2024-09-01]
  sealed: [2024-09-01, 2025-03-01]
"""
FILE = f"{{kind: values, underlying: FAILS, period: 7d, published: {PUBLISHED}, source: {{use: files, files: fails.csv}}}}"


def dataset(fails: str) -> DatasetSpec:
    return load_spec(SPEC.replace("{FAILS}", fails))


def days(count: int = WEEKS, first: str = FROM) -> list[str]:
    """Wednesdays."""
    return [iso(moment(first) + WEEK * week) for week in range(count)]


def amounts(count: int = WEEKS, seed: int = 1) -> list[float]:
    """Millions of dollars, each another."""
    return [float(amount) for amount in np.random.default_rng(seed).permutation(200_000)[:count]]


def hours(folder: Path) -> None:
    """Hourly bars over all weeks."""
    time = np.arange(moment("2023-01-01"), moment("2025-04-01"), HOUR)
    close = 100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 2e-3, len(time))))
    csv(
        folder / "btc.csv", {"timestamp": time, "open": close, "high": close, "low": close, "close": close, "volume": 1 + close}
    )


def write(folder: Path, text: str, name: str = "fails.csv") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def fred(values: list[Any], header: str = "DATE,VALUE", first: str = FROM) -> str:
    """A CSV as FRED has it."""
    return "\n".join([header, *(f"{day},{value}" for day, value in zip(days(len(values), first), values, strict=True))]) + "\n"


def parts_of(folder: Path, fails: str) -> tuple[Workspace, Partition, Partition]:
    workspace = Workspace.open(folder / "workspace")
    build(workspace, dataset(fails), folder)
    train, validation = (open_partition(workspace, "slow", name) for name in ("train", "validation"))
    return workspace, train, validation
