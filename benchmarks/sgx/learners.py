"""The project's experts on sessions of a book: candidates, fits and scores."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss

from benchmarks.sgx.sessions import FEATURES, LEVELS, Stretch
from factory.core.progress import no_progress
from factory.learning.chances import direction_chance
from factory.learning.experts import Fitted, fit_expert, fit_network
from factory.learning.labels import Labels, uniqueness_of
from factory.learning.windows import WindowSet
from factory.pipeline.parts.experts import BinCtabl, DeepLob, Expert, GradientBoosting, Logistic, Network
from factory.statistics.roc_auc import auc, block_interval

STEPS = (10, 100)
"""Windows that networks are shown: those of BiN-CTABL and of DeepLOB as published."""
BATCH = 32
"""Of DeepLOB: at its rate of 1e-4 eight epochs of 10,000 windows are too few steps for batches of 128 to leave the majority."""
Candidates = Mapping[str, Sequence[Expert | Network]]
CHEAP: Candidates = {
    "logistic": [Logistic(use="logistic", see=tuple(FEATURES), strength=strength) for strength in (1.0, 0.01)],
    "boosted": [
        GradientBoosting(use="gradient_boosting", see=tuple(FEATURES), rounds=rounds, leaves=7) for rounds in (20, 60, 180)
    ],
}
SEEDED = frozenset({"bin_ctabl"})
"""Learners that a seed changes and whose fits take seconds."""
Chances = NDArray[float64]


class Score(NamedTuple):
    """How good chances of down, flat and up are; the AUC is of up against down where either came."""

    accuracy: float
    f1: float
    loss: float
    auc: float
    interval: tuple[float, float] | None


def networks(epochs: int) -> Candidates:
    """List the networks: two candidates of BiN-CTABL, and one DeepLOB, as each takes minutes."""
    keys = {"book": "book", "levels": LEVELS}
    small = [BinCtabl(use="bin_ctabl", steps=steps, epochs=20, **keys) for steps in STEPS]
    return {"bin_ctabl": small, "deeplob": [DeepLob(use="deeplob", steps=STEPS[1], epochs=epochs, batch=BATCH, **keys)]}


def fit_chosen(
    name: str,
    parts: Sequence[Expert | Network],
    stretches: Mapping[str, Stretch],
    labels: Mapping[str, Labels],
    seeds: Sequence[int],
) -> Iterator[tuple[str, Mapping[str, Chances], float]]:
    """Yield the chances of the candidate with the least loss on validation, and of it again for each further seed."""
    tried = [_run(part, stretches, labels, seeds[0]) for part in parts]
    losses = [score(predicted["validation"], labels["validation"], 0).loss for predicted, _ in tried]
    best = int(np.argmin(losses))
    yield name, *tried[best]
    for seed in seeds[1:] if name in SEEDED else ():
        yield f"  seed {seed}", *_run(parts[best], stretches, labels, seed)


def _run(
    part: Expert | Network, stretches: Mapping[str, Stretch], labels: Mapping[str, Labels], seed: int
) -> tuple[dict[str, Chances], float]:
    """Fit on train, and predict the rest; with the seconds that the fit took."""
    begun = time.perf_counter()
    fitted = fit(part, stretches["train"], labels["train"], seed)
    seconds = time.perf_counter() - begun
    rest = {name: stretches[name] for name in ("validation", "test")}
    return {
        name: fitted.predict(one.windows[part.steps] if isinstance(part, Network) else one.X) for name, one in rest.items()
    }, seconds


def fit(part: Expert | Network, stretch: Stretch, labels: Labels, seed: int) -> Fitted:
    """Fit an expert on the decisions with a label, each weighing what of it is its own."""
    known = labels.known
    own = labels.take(known)
    weight = uniqueness_of(own)
    if not isinstance(part, Network):
        return fit_expert(part, stretch.X[known], own.classes, own.ret, weight, seed, 3)
    windows = stretch.windows[part.steps].take(known)
    return fit_network(part, WindowSet(windows, own.classes, weight, own.start, own.end, 3, no_progress, None), seed)


def score(chances: Chances, labels: Labels, block: int) -> Score:
    """Score chances at the decisions with a label; the interval by blocks of so many ms, none where that is 0."""
    own, chances = labels.take(labels.known), chances[labels.known]
    guess = chances.argmax(axis=1)
    f1 = float(f1_score(own.classes, guess, average="macro", zero_division=0))
    loss = float(log_loss(own.classes, chances, labels=[0, 1, 2]))
    moved = ~own.flat
    area = auc(own.y[moved], direction_chance(chances)[moved])
    interval = block_interval(own.y[moved], area, own.start[moved], block) if area and block else None
    return Score(float(np.mean(guess == own.classes)), f1, loss, area.value if area else np.nan, interval)
