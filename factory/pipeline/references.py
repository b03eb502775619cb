"""Whether what the stages of a pipeline mention exists, and whether the stages fit each other."""

from collections.abc import Collection, Iterator, Mapping, Sequence

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


def check_stages(trades: Mapping[str, Trade], label: Label) -> Iterator[str]:
    """Yield a line for every stage that does not fit another.

    Parameters
    ----------
    trades : mapping of str to Trade
        By path.
    """
    for path, trade in trades.items():
        yield from _check_trade(path, trade, label)
    if len(trades) > 1:
        yield from _check_beside(trades)


def _check_trade(path: str, trade: Trade, label: Label) -> Iterator[str]:
    if isinstance(trade, LongOrShort) and isinstance(trade.exit, Barriers) and not isinstance(label, TripleBarrier):
        yield (
            f"{path}.exit: barriers need a triple_barrier label, here it is {label.use}; "
            f"write exit: {{use: after, hold: {label.horizon}}}"
        )
    if isinstance(trade, LongOrShort) and trade.enter < 0.5 and count_classes(label) == 2:
        yield f"{path}.enter: {trade.enter:g} is below one half, so that both sides could be taken; write 0.5 or more"
    if isinstance(trade, UpOrDown) and isinstance(trade.size, Volatility):
        size = "{use: kelly, fraction: 0.2, cap: 0.01}"
        yield f"{path}.size.use: volatility does not size a bet on up or down; write size: {size}"


def _check_beside(trades: Mapping[str, Trade]) -> Iterator[str]:
    """Yield a line for each of several trades that has no place in one account with the others."""
    taken: dict[str, str] = {}
    for path, trade in trades.items():
        if isinstance(trade, UpOrDown):
            mend = "leave also out" if path == "trade" else f"remove {path}"
            yield f"{path}.use: {trade.use} bets on windows, and only perpetuals share an account; {mend}"
        elif trade.contract in taken:
            other = taken[trade.contract]
            yield f"{path}.contract: {trade.contract} is traded by {other} already; name another contract, or remove {path}"
        taken.setdefault(trade.contract, path)
