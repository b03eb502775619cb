"""Fit a pipeline on train and tell how its parts did there, out of fold."""

from collections.abc import Mapping

import numpy as np
from numpy import float64, int8
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.answers import Answer, table
from factory.core.progress import subrange
from factory.evidence.probes.findings import findings_to_dict
from factory.evidence.probes.imported import check_read_faults
from factory.evidence.probes.run import AT_TRAIN, probe_train
from factory.learning.chances import direction_chance
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.learning.model import Model, fit_model
from factory.market.series import Partition
from factory.pipeline.parts.labels import count_classes
from factory.statistics.calibration import log_loss
from factory.statistics.roc_auc import auc
from factory.storage.cache import UNLIMITED, Cache
from factory.tasks.context import TaskContext


def train(context: TaskContext) -> Answer:
    """Fit on train, and score the experts out of fold and the forest on the last fifth.

    An exploration: counted, and shown apart from trials.
    """
    earlier = context.tracker.find_run(context.pipeline, "train")
    if earlier:
        return {**earlier.result, "ledger": context.tracker.ledger_summary(context.pipeline.data)}
    with context.refuse_if_rebuilt():
        columns = context.columns("train")
        context.progress(0.0, "reading train")
        rows = read_decisions(context.pipeline, columns)
        model = fit_on_train(context, columns.partition, rows)
        findings = [
            *check_read_faults(context.pipeline, context.tracker.catalog.meta(context.pipeline.data)["series"]),
            *probe_train(context.pipeline, columns, context.partition("validation"), rows),
        ]
    known = rows.labels.y[rows.labels.known]
    y = known[known >= 0]
    up_share = float(np.mean(y))
    answer = {
        "pipeline": context.pipeline.id,
        "rows": len(known),
        "dropped": rows.dropped,
        "up_share": up_share,
        "flat_share": float(np.mean(known < 0)) if count_classes(context.pipeline.label) == 3 else None,
        "experts": table(("expert", "auc", "log_loss", "gain"), _score_experts(known, model.oof)),
        "unconverged": dict(model.unconverged) or None,
        "forest": {**model.meta.holdout, "on": "last fifth of train"},
        "base_log_loss": log_loss(y, np.full(len(y), up_share)),
        "model": store_model(context, model.key(context.pipeline, columns.partition.fingerprint), model),
        "probes": findings_to_dict(findings, AT_TRAIN),
    }
    context.tracker.count_exploration(context.pipeline, "train")
    return {
        **context.tracker.store_run(context.pipeline, "train", answer),
        "ledger": context.tracker.ledger_summary(context.pipeline.data),
    }


def _score_experts(y: NDArray[int8], oof: Mapping[str, NDArray[float64]]) -> list[list[str | float | None]]:
    """Score experts by AUC, log-loss, and how far that lies below what the share of ups says.

    All on the rows that each of them predicted without having seen them, and that moved: a network with ``cross_fit: holdout``
    predicts the last of them alone, and figures of other rows would not compare.
    """
    directions = {name: direction_chance(chances) for name, chances in oof.items()}
    held = (y >= 0) & np.all([~np.isnan(p) for p in directions.values()], axis=0)
    moved = y[held]
    base = log_loss(moved, np.full(len(moved), np.mean(moved)))
    scores: list[list[str | float | None]] = []
    for name, p in directions.items():
        area, loss = auc(moved, p[held]), log_loss(moved, p[held])
        scores.append([name, area.value if area else None, loss, base - loss])
    return scores


def fit_on_train(context: TaskContext, train: Partition, rows: DecisionTable) -> Model:
    """Fit the pipeline's model on its decisions on train; parts of the same content come from the cache."""
    return fit_model(context.pipeline, rows, train.fingerprint, context.cache, progress=subrange(context.progress, 0.1, 0.8))


def store_model(context: TaskContext, key: str, model: Model) -> str:
    """Store the trained artefact by the hash of its content; return the hash, shortened."""
    Cache(context.tracker.workspace.artefacts, limit=UNLIMITED).put(key, model.arrays())
    return key[: canonical.SHORT]
