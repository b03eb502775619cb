"""Experts cross-fitted inside train, and the meta forest over their out-of-fold predictions."""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import float64, int8
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.answers import Answer
from factory.core.errors import UnlearnableError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.settings import FitSettings
from factory.learning.artefacts import content_key, load_or_compute
from factory.learning.decision_table import DecisionTable
from factory.learning.experts import Fitted, cross_fit, load_fitted
from factory.learning.labels import Labels, uniqueness_of
from factory.learning.meta_forest import Meta, fit_forest
from factory.learning.nested_forest import NestedMeta, fit_nested_forest
from factory.learning.windows import Windows
from factory.pipeline import Pipeline
from factory.pipeline.parts.experts import Learner, Network
from factory.pipeline.parts.labels import count_classes
from factory.storage.cache import Cache

FEWEST_ROWS = 200


def threads() -> int:
    """Return how many folds or trees are fitted at once: ``RFCAT_THREADS``, else one a core."""
    return FitSettings.read().threads


@dataclass(frozen=True)
class Model:
    """What a pipeline learned: its fitted experts and its meta forest.

    Parameters
    ----------
    experts : mapping of str to Fitted
        By name.
    meta : Meta or NestedMeta
        The calibrated forest, or the two of three classes, with its score on the last fifth of train.
    oof : mapping of str to ndarray of float64, shape (n,) or (n, 3)
        Each expert's out-of-fold chances on the training rows.
    unconverged : mapping of str to int
        Fits whose solver did not reach its solution, by expert and ``meta``; empty as a rule.
    """

    experts: Mapping[str, Fitted]
    meta: Meta | NestedMeta
    oof: Mapping[str, NDArray[float64]]
    unconverged: Mapping[str, int]

    def inputs(self, pipeline: Pipeline, rows: DecisionTable) -> NDArray[float64]:
        """Compute the meta forest's inputs of `rows`, shape (n, k): see :func:`meta_inputs`."""
        return meta_inputs(
            pipeline, rows, {name: fitted.predict(expert_inputs(pipeline, rows, name)) for name, fitted in self.experts.items()}
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows, as plain arrays."""
        arrays = {f"meta.{key}": array for key, array in self.meta.arrays().items()}
        for name, fitted in self.experts.items():
            arrays |= {f"experts.{name}.{key}": array for key, array in fitted.arrays().items()}
        return arrays

    def key(self, pipeline: Pipeline, fingerprint: str) -> str:
        """Compute the artefact's hash: of the recipe, the rows that it learned from, and all that it knows."""
        arrays = self.arrays()
        return content_key("model", pipeline.digest, fingerprint, *(arrays[name] for name in sorted(arrays)))

    def predict(self, pipeline: Pipeline, rows: DecisionTable) -> NDArray[float64]:
        """Predict the chance of up at each row, shape (n,); of three classes those of down, flat and up, shape (n, 3)."""
        if not len(rows.time):
            return np.empty(0) if isinstance(self.meta, Meta) else np.empty((0, 3))
        return self.meta.predict(self.inputs(pipeline, rows))


@dataclass(frozen=True)
class Fits:
    """How the fits behind some chances went.

    Parameters
    ----------
    unconverged : mapping of str to int
        As of :class:`Model`, over all refits.
    fitted : int
        Windows that a recipe was refitted on; 0 without a refit.
    kept : mapping of str to int
        Windows that could not be learned from, so that the model before them went on, by reason.
    """

    unconverged: Mapping[str, int]
    fitted: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)

    def listing(self) -> Answer:
        """Describe the fits for a trial's answer and an exam's report.

        Nothing where all went as it should without a refit.
        """
        kept = {"kept": sum(self.kept.values()), "why": dict(self.kept)} if self.kept else {}
        refits = {"refits": {"fitted": self.fitted, **kept}} if self.fitted else {}
        return refits | ({"unconverged": dict(self.unconverged)} if self.unconverged else {})


def fit_model(
    pipeline: Pipeline,
    rows: DecisionTable,
    fingerprint: str,
    cache: Cache | None,
    *,
    path: str = "",
    holdout: bool = True,
    progress: Progress = no_progress,
) -> Model:
    """Cross-fit the experts and fit the meta forest on their out-of-fold predictions.

    Parameters
    ----------
    pipeline : Pipeline
        The recipe.
    rows : DecisionTable
        Training decisions; those without a label are left out.
    fingerprint : str
        Of the partition the recipe belongs to; seeds come from it.
    cache : Cache or None
        Keeps fitted parts by the content they were fitted on.
    path : str
        Prefix of the parts' paths in their seeds, e.g. ``"refit.3."``.
    holdout : bool
        Whether to score (and calibrate on) the last fifth.

    Raises
    ------
    UnlearnableError
        If too few decisions are labelled, or all, or those of a part that must be learned from, are of one class.
    """
    refuse_unlearnable(rows.labels)
    rows = rows.take(rows.labels.known)
    uniqueness = uniqueness_of(rows.labels)
    weight = uniqueness / uniqueness.mean()
    experts: dict[str, Fitted] = {}
    oof: dict[str, NDArray[float64]] = {}
    unconverged: Counter[str] = Counter()
    share = 0.6 / max(len(pipeline.experts), 1)
    for i, name in enumerate(pipeline.experts):
        step = subrange(progress, i * share, (i + 1) * share)
        oof[name], experts[name], unconverged[name] = _fit_expert(pipeline, name, rows, weight, fingerprint, cache, path, step)
    progress(0.6, "fitting the meta forest")
    X, labels = meta_inputs(pipeline, rows, oof), rows.labels
    predicted = np.flatnonzero(~np.isnan(X).any(axis=1))
    if len(predicted) < len(X):  # Rows that a network with `cross_fit: holdout` was fitted on teach the forest nothing.
        X, labels, weight, uniqueness = X[predicted], labels.take(predicted), weight[predicted], uniqueness[predicted]
        refuse_unlearnable(labels)
    y, start, end = _targets(pipeline, labels), labels.start, labels.end
    seed = canonical.seed_for(fingerprint, f"{path}meta")
    mean_uniqueness = float(uniqueness.mean())

    fit_meta, load_meta = (
        (fit_forest, Meta.from_arrays) if count_classes(pipeline.label) == 2 else (fit_nested_forest, NestedMeta.from_arrays)
    )

    def fit() -> dict[str, NDArray[Any]]:
        return fit_meta(
            pipeline.meta, X, y, weight, start, end,
            uniqueness_share=mean_uniqueness, seed=seed, threads=threads(), holdout=holdout,
            progress=subrange(progress, 0.6, 1.0),
        ).arrays()  # fmt: skip

    key = content_key("meta", pipeline.meta.model_dump(), seed, holdout, mean_uniqueness, X, y, weight, start, end)
    meta = load_meta(load_or_compute(cache, key, fit))
    unconverged["meta"] += not meta.has_converged
    return Model(experts, meta, oof, +unconverged)


def _fit_expert(
    pipeline: Pipeline,
    name: str,
    rows: DecisionTable,
    weight: NDArray[float64],
    fingerprint: str,
    cache: Cache | None,
    path: str,
    progress: Progress,
) -> tuple[NDArray[float64], Fitted, int]:
    part = pipeline.experts[name]
    X = expert_inputs(pipeline, rows, name)
    labels, y, classes = rows.labels, _targets(pipeline, rows.labels), count_classes(pipeline.label)
    start, end = labels.start, labels.end
    if isinstance(part, Learner) and part.target:
        told = rows.targets[part.target]
        y, start, end = told.y, np.minimum(start, told.start), np.maximum(end, told.end)
    seed = canonical.seed_for(fingerprint, f"{path}experts.{name}")
    progress(0.0, f"cross-fitting {name}")

    def fit() -> dict[str, NDArray[Any]]:
        checkpoints = cache.root / "checkpoints" / key if cache and isinstance(part, Network) else None
        oof, fitted, unconverged = cross_fit(
            part, X, y, labels.ret, weight, start, end,
            seed=seed, threads=threads(), classes=classes, checkpoints=checkpoints, progress=progress,
        )  # fmt: skip
        if checkpoints:
            shutil.rmtree(checkpoints, ignore_errors=True)
        counted = {"oof": oof, "unconverged": np.array([unconverged])}
        return counted | {f"fitted.{key}": array for key, array in fitted.arrays().items()}

    seen = (X.values, X.ends, X.steps) if isinstance(X, Windows) else (X,)
    key = content_key("expert", part.model_dump(), seed, *seen, y, labels.ret, weight, start, end)
    arrays = load_or_compute(cache, key, fit)
    return np.asarray(arrays["oof"]), load_fitted(part, _below("fitted.", arrays)), int(arrays["unconverged"][0])


def _targets(pipeline: Pipeline, labels: Labels) -> NDArray[int8]:
    """Encode what learners are told came: 1 up, 0 down; of three classes 0 down, 1 flat, 2 up."""
    return labels.y if count_classes(pipeline.label) == 2 else labels.classes


def refuse_unlearnable(labels: Labels) -> None:
    """Refuse labels from which nothing can be learned.

    Raises
    ------
    UnlearnableError
        If they are too few, or of one class.
    """
    n, ups, moved = int(labels.known.sum()), int((labels.y == 1).sum()), int((labels.y >= 0).sum())
    if len(labels) < FEWEST_ROWS:
        raise UnlearnableError(
            f"sample: {n} labelled decisions to learn from, at least {FEWEST_ROWS} are needed; sample more often"
        )
    if n < FEWEST_ROWS:
        raise UnlearnableError(
            f"label: {n} of {len(labels)} decisions have one, at least {FEWEST_ROWS} are needed; "
            "use a unit above 0, a shorter horizon, or a series without gaps"
        )
    if not moved:
        raise UnlearnableError(f"label: all {n} labels are flat; use a lower threshold or a longer horizon")
    if ups in (0, moved):
        which = f"all {n} labels" if moved == n else f"all {moved} labels that are not flat"
        raise UnlearnableError(f"label: {which} are {'up' if ups else 'down'}; use a nearer barrier or another horizon")


def expert_inputs(pipeline: Pipeline, rows: DecisionTable, expert: str) -> NDArray[float64] | Windows:
    """Read what one expert looks at: features, shape (n, k), or windows of a book."""
    if expert in rows.windows:
        return rows.windows[expert]
    return rows.matrix(pipeline.experts[expert].inputs)


def meta_inputs(pipeline: Pipeline, rows: DecisionTable, predictions: Mapping[str, NDArray[float64]]) -> NDArray[float64]:
    """Lay experts' chances and features side by side in the order of ``meta.see``, shape (n, k).

    Of three classes an expert has two columns: its chances of down and of up.
    """
    return np.column_stack(
        [_columns_of(predictions[name]) if name in predictions else rows.features[name] for name in pipeline.meta.see]
    )


def _columns_of(chances: NDArray[float64]) -> NDArray[float64]:
    return chances if chances.ndim == 1 else chances[:, ::2]


def meta_columns(pipeline: Pipeline) -> list[str]:
    """Name the columns of :func:`meta_inputs`; of three classes an expert's are ``name.down`` and ``name.up``."""
    if count_classes(pipeline.label) == 2:
        return list(pipeline.meta.see)
    return [
        column
        for name in pipeline.meta.see
        for column in ((f"{name}.down", f"{name}.up") if name in pipeline.experts else (name,))
    ]


def _below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
