"""P8, P10 and P11: leaks that lie in the data themselves."""

import re
from collections.abc import Mapping

import numpy as np

from factory.core import canonical
from factory.core.times import DAY, spell_period
from factory.evidence.probes.findings import BLOCK, Finding
from factory.expressions.expression import Expression
from factory.market.seal_registry import chunk_hashes
from factory.market.series import Partition, Series
from factory.market.series_kinds import series_kind
from factory.storage.cache import Cache

VERSION = 1
SETTLEMENT = re.compile(
    r"settle|expir|outcome|resol|payout|winner|final|result|(time|seconds|minutes|ms|secs|mins)_(to|till|until|left)"
)
"""Columns that a contract's end defines, or that measure the way to it."""


def check_publication(expressions: Mapping[str, Expression], partition: Partition) -> list[Finding]:
    """Check P8: each slow series must be known when it is published, and not on the day that it tells of.

    Parameters
    ----------
    expressions : mapping of str to Expression
        Features by name.
    partition : Partition
    """
    findings = []
    for name, expression in expressions.items():
        for series in sorted(expression.series):
            one = partition.series[series]
            if series_kind(one.kind).needs_delay and one.period >= DAY and bool((one.known <= one.time).any()):
                says = (
                    f"features.{name}: series '{series}' has a row each {spell_period(one.period)} and counts as published "
                    "on the date that it tells of; a person sets its delay in the dataset file"
                )
                findings.append(Finding("P8", BLOCK, says))
            elif not _in_time(one):
                says = f"features.{name}: rows of series '{series}' count as known before they were"
                findings.append(Finding("P8", BLOCK, says))
    return findings


def _in_time(series: Series) -> bool:
    if series.sessions is not None:
        return bool(np.all(series.known >= series.ends + series.delay))
    least = series.delay if series.least_delay is None else series.least_delay
    return bool(np.all(series.known - series.time >= series_kind(series.kind).known_after(series.period, least)))


def check_settlement(expressions: Mapping[str, Expression], partition: Partition) -> list[Finding]:
    """Check P10: a column that the contract's end defines may carry its outcome."""
    return [
        Finding("P10", BLOCK, f"features.{name}: column '{series}.{column}' is defined by the contract's end; leave it out")
        for name, expression in expressions.items()
        for series, column in sorted(expression.columns)
        if SETTLEMENT.search(column) and series_kind(partition.series[series].kind).takes_any_column
    ]


def check_repeats(train: Partition, validation: Partition, cache: Cache | None) -> list[Finding]:
    """Check P11: the same stretch of rows must not stand on both sides of the split.

    Compared are hashes of 30 rows that begin at the same minute of their day's grid; stretches that stand still say nothing.
    """
    key = canonical.digest(["probes.repeated", VERSION, train.fingerprint, validation.fingerprint])
    kept = cache.get(key) if cache else None
    if kept is None:
        kept = {name: np.array([_shared(train, validation.series[name])]) for name in train.series}
        if cache:
            cache.put(key, kept)
    return [
        Finding("P11", BLOCK, f"series.{name}: {int(count[0])} stretches of 30 rows stand in train and in validation alike; "
                "a person mends the files and builds the dataset again")
        for name, count in kept.items() if count[0]
    ]  # fmt: skip


def _shared(train: Partition, series: Series) -> int:
    cut = int(np.searchsorted(series.time, train.end))
    parts = []
    for rows in (slice(None, cut), slice(cut, None)):
        hashes = chunk_hashes(series.cut(rows))[1]
        parts.append(np.unique(hashes[hashes != 0]))
    return int(np.isin(parts[0], parts[1], assume_unique=True).sum())
