"""Whether what the stages of a pipeline mention exists, and whether the stages fit each other."""

from collections.abc import Collection, Iterator, Sequence

from factory.core.errors import did_you_mean
from factory.pipeline.parts.labels import Label, TripleBarrier, count_classes
from factory.pipeline.parts.trades import Barriers, LongOrShort, Trade, UpOrDown, Volatility

META = "meta.see"
"""The only place that experts are seen from."""
Mentions = Sequence[tuple[str, str]]
"""Paths, each with a name that it mentions."""


def find_unused(features: Collection[str], experts: Collection[str], mentions: Mentions) -> list[str]:
    """List the paths of features and experts that nothing looks at."""
    seen = {name for _, name in mentions}
    return [
        *(f"features.{name}" for name in features if name not in seen),
        *(f"experts.{name}" for name in experts if (META, name) not in mentions),
    ]


def check_references(features: Collection[str], experts: Collection[str], mentions: Mentions) -> Iterator[str]:
    """Yield a line for every mention of what does not exist or stands twice, and for every name of two things."""
    for path, name in mentions:
        if path == META:
            if name not in features and name not in experts:
                yield f"{path}: no feature or expert '{name}'; {did_you_mean(name, {*features, *experts})}"
        elif name in experts and name not in features:
            yield f"{path}: '{name}' is an expert, and only the forest sees experts; name features"
        elif name not in features:
            yield f"{path}: no feature '{name}'; {did_you_mean(name, features)}"
    for name in experts:
        if name in features:
            yield f"experts.{name}: a feature has that name too; rename one"
    for path, name in sorted({one for one in mentions if mentions.count(one) > 1}):
        yield f"{path}: '{name}' is there twice; keep one"


def check_stages(trade: Trade, label: Label) -> Iterator[str]:
    """Yield a line for every stage that does not fit another."""
    if isinstance(trade, LongOrShort) and isinstance(trade.exit, Barriers) and not isinstance(label, TripleBarrier):
        yield (
            f"trade.exit: barriers need a triple_barrier label, here it is {label.use}; "
            f"write exit: {{use: after, hold: {label.horizon}}}"
        )
    if isinstance(trade, LongOrShort) and trade.enter < 0.5 and count_classes(label) == 2:
        yield f"trade.enter: {trade.enter:g} is below one half, so that both sides could be taken; write 0.5 or more"
    if isinstance(trade, UpOrDown) and isinstance(trade.size, Volatility):
        yield "trade.size.use: volatility does not size a bet on up or down; write size: {use: kelly, fraction: 0.2, cap: 0.01}"
