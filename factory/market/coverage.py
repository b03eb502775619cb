"""How much of each part of a split a series has rows for."""

import numpy as np

from factory.market.grid import find_missing
from factory.market.series import Series
from factory.market.spec import PARTITIONS, DatasetSpec

WHOLE = 0.95
"""Share of the expected rows below which a person is told that a series covers only some of a part."""


def measure_coverage(spec: DatasetSpec, series: Series) -> dict[str, float]:
    """Measure the share of the expected rows of each partition, as the split is written, that a series has."""
    there = ~find_missing(series)
    shares = {}
    for partition in PARTITIONS:
        first, last = np.searchsorted(series.time, spec.split.span(partition))
        shares[partition] = float(np.mean(there[first:last])) if last > first else 0.0
    return shares


def warn_of_thin(name: str, shares: dict[str, float]) -> str | None:
    """Warn the person who builds of parts that a series covers only some of; sealed shares go to nobody else."""
    thin = [f"{share:.1%} of {partition}" for partition, share in shares.items() if share < WHOLE]
    if not thin:
        return None
    return f"series.{name}: has rows for only {', '.join(thin)}; elsewhere what reads it is missing and decisions are dropped"
