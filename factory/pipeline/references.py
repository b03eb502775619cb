"""Who mentions whom inside a pipeline, and whether the mentioned exist."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from factory.core.errors import did_you_mean
from factory.pipeline.parts.experts import Expert, Rule
from factory.pipeline.parts.labels import Label, TripleBarrier
from factory.pipeline.parts.meta import Meta
from factory.pipeline.parts.samples import Cusum, Sample
from factory.pipeline.parts.trades import Barriers, LongOrShort, Trade, UpOrDown, Volatility


class Stages(Protocol):
    """The stages of a pipeline that mention each other."""

    @property
    def features(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def sample(self) -> Sample: ...  # noqa: D102
    @property
    def label(self) -> Label: ...  # noqa: D102
    @property
    def experts(self) -> Mapping[str, Expert]: ...  # noqa: D102
    @property
    def meta(self) -> Meta: ...  # noqa: D102
    @property
    def trade(self) -> Trade: ...  # noqa: D102


def feature_mentions(pipeline: Stages) -> Iterator[tuple[str, str]]:
    """Path and name of every mention of a feature outside the forest's ``see``."""
    if isinstance(pipeline.sample, Cusum):
        yield "sample.of", pipeline.sample.of
        if isinstance(pipeline.sample.threshold, str):
            yield "sample.threshold", pipeline.sample.threshold
    if isinstance(pipeline.label, TripleBarrier):
        yield "label.unit", pipeline.label.unit
    for name, part in pipeline.experts.items():
        if isinstance(part, Rule):
            yield f"experts.{name}.of", part.of
        else:
            for seen in part.see:
                yield f"experts.{name}.see", seen


def unused(pipeline: Stages) -> list[str]:
    """Paths of features and experts that nothing looks at."""
    seen = {name for _, name in feature_mentions(pipeline)} | set(pipeline.meta.see)
    idle = [f"features.{name}" for name in pipeline.features if name not in seen]
    return idle + [f"experts.{name}" for name in pipeline.experts if name not in pipeline.meta.see]


def mistaken_references(pipeline: Stages) -> list[str]:
    """One line for every stage that does not fit the others."""
    return [*_unresolved(pipeline), *_repeated(pipeline), *_unfitting(pipeline)]


def _unresolved(pipeline: Stages) -> Iterator[str]:
    features, experts = pipeline.features, pipeline.experts
    for path, name in feature_mentions(pipeline):
        if name in experts and name not in features:
            yield f"{path}: '{name}' is an expert, and only the forest sees experts; name features"
        elif name not in features:
            yield f"{path}: no feature '{name}'; {did_you_mean(name, features)}"
    for name in pipeline.meta.see:
        if name not in features and name not in experts:
            yield f"meta.see: no feature or expert '{name}'; {did_you_mean(name, {*features, *experts})}"


def _repeated(pipeline: Stages) -> Iterator[str]:
    for name in pipeline.experts:
        if name in pipeline.features:
            yield f"experts.{name}: a feature has that name too; rename one"
    lists = {f"experts.{name}.see": part.see for name, part in pipeline.experts.items() if not isinstance(part, Rule)}
    for path, see in {**lists, "meta.see": pipeline.meta.see}.items():
        for name in sorted({name for name in see if see.count(name) > 1}):
            yield f"{path}: '{name}' is there twice; keep one"


def _unfitting(pipeline: Stages) -> Iterator[str]:
    trade, label = pipeline.trade, pipeline.label
    if isinstance(trade, LongOrShort) and isinstance(trade.exit, Barriers) and not isinstance(label, TripleBarrier):
        yield (
            f"trade.exit: barriers need a triple_barrier label, here it is {label.use}; "
            f"write exit: {{use: after, hold: {label.horizon}}}"
        )
    if isinstance(trade, UpOrDown) and isinstance(trade.size, Volatility):
        yield "trade.size.use: volatility does not size a bet on up or down; write size: {use: kelly, fraction: 0.2, cap: 0.01}"
