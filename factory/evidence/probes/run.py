"""All probes of a pipeline on its rows."""

from dataclasses import replace

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.answers import Answer
from factory.evidence.probes import learned, regime, stored
from factory.evidence.probes.causal import check_causality
from factory.evidence.probes.findings import Finding, findings_to_dict
from factory.evidence.probes.strike import check_known_strike
from factory.expressions.columns import Columns
from factory.expressions.expression import Expression
from factory.expressions.grammar import parse
from factory.expressions.keys import KERNELS
from factory.learning.decision_table import DecisionTable, label_without_past
from factory.learning.labels import uniqueness_of
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.pipeline.parts.experts import Network
from factory.pipeline.parts.labels import knows_past
from factory.statistics.roc_auc import auc

VERSION = 2
"""Raised when a probe would find something else in the same rows."""
AT_TRAIN = ("P1", "P2", "P7", "P8", "P10", "P11", "P12")
AT_BACKTEST = ("P4", "P5", "P6", "P9")
AT_VAULT = ("P3",)


OF_BOOKS = (
    "imbalance({book}, 1)",
    "imbalance({book}, {levels})",
    "mean(imbalance({book}, 1), 10)",
    "microprice({book}) / mid({book}) - 1",
)


def probe_train(pipeline: Pipeline, columns: Columns, validation: Partition, history: DecisionTable) -> list[Finding]:
    """Run P1, P2, P7, P8, P10, P11 and P12; of validation only hashes of its rows are compared."""
    expressions, partition, cache = pipeline.expressions(), columns.partition, columns.cache
    history = label_without_past(pipeline, partition, history)
    return [
        *check_causality(expressions, partition, history.time, cache),
        *learned.single_feature_auc(_seen(pipeline, columns, history), count_effective_labels(history)),
        *stored.check_publication(expressions, partition),
        *stored.check_settlement(expressions, partition),
        *stored.check_repeats(partition, validation, cache),
        *check_known_strike(partition.contracts.get(pipeline.trade.contract), partition, history),
    ]


def probe_validation(
    pipeline: Pipeline,
    history: DecisionTable,
    rows: DecisionTable,
    columns: tuple[Columns, Columns],
    p: NDArray[float64],
    area: float | None,
    registered: str | None,
) -> list[Finding]:
    """Run P4, P5, P6 and P9: only what validation shows.

    Parameters
    ----------
    history, rows : DecisionTable
        Decisions on train and on validation.
    columns : tuple of Columns
        From which both were read.
    p : ndarray of float64, shape (n,)
        Chance of up at each decision on validation.
    area : float or None
        AUC of these chances.
    registered : str or None
        The dataset's baseline, as ``series.column``.
    """
    seed = canonical.seed_for(pipeline.id, "probes")
    step, n_eff = learned.decision_step(rows.time), count_effective_labels(rows)
    history, rows = (
        label_without_past(pipeline, read.partition, _seen(pipeline, read, table))
        for read, table in zip(columns, (history, rows), strict=True)
    )
    if knows_past(pipeline.label):
        known = rows.labels.y >= 0
        ranked = auc(rows.labels.y[known], p[known])
        area = ranked.value if ranked else None
    written = pipeline.expressions() | _book_features(pipeline)
    expressions = {name: one for name, one in written.items() if name in rows.features}
    prints = [read.partition.fingerprint for read in columns]
    texts = [one.text for one in expressions.values()]
    key = canonical.digest(["probes.apart", VERSION, texts, pipeline.sample.model_dump(mode="json"), *prints])
    return [
        *learned.check_validation(history, rows, expressions, columns, step, area, n_eff, seed, registered),
        *regime.adversarial_validation(
            history, rows, canonical.seed_for(key, "probes"), columns[1].cache, canonical.digest([key, KERNELS, "slow"])
        ),
    ]


def trial_findings(findings: list[Finding]) -> Answer:
    """Tell all findings of a trial, for its answer and its row."""
    return findings_to_dict(findings, sorted((*AT_TRAIN, *AT_BACKTEST), key=lambda probe: int(probe[1:])))


def _seen(pipeline: Pipeline, columns: Columns, rows: DecisionTable) -> DecisionTable:
    """Keep the features that something learns from, and add those that stand for the books that networks see.

    Features that only sample, label or size go.
    """
    learned_from = pipeline.learned_from
    seen = {name: values for name, values in rows.features.items() if name in learned_from}
    books = {name: np.nan_to_num(columns.at(one, rows.time)) for name, one in _book_features(pipeline).items()}
    return replace(rows, features=seen | books)


def _book_features(pipeline: Pipeline) -> dict[str, Expression]:
    """Write the features by which probes look at what networks see: a book that knows the future shows in its plainest ones."""
    networks = [part for part in pipeline.experts.values() if isinstance(part, Network)]
    texts = [text.format(book=part.book, levels=part.levels) for part in networks for text in OF_BOOKS]
    return {text: parse(text) for text in dict.fromkeys(texts)}


def count_effective_labels(rows: DecisionTable) -> float:
    """Estimate how many independent labels some decisions have: the sum of their average uniqueness."""
    known = rows.labels.y >= 0
    return float(np.sum(uniqueness_of(rows.labels.take(known)))) if known.any() else 0.0
