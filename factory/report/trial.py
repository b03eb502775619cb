"""A trial as it was recorded: its figures, trades, chances and days."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest.result import REASONS
from factory.core.answers import Answer
from factory.core.times import iso, to_ms
from factory.market.contracts import Binary, Contract
from factory.pipeline import Change, Pipeline
from factory.report.groups import find_block
from factory.statistics.drift import Drift


class Bars(NamedTuple):
    """Stamps and prices of bars, shape (n,) each."""

    time: NDArray[int64]
    open: NDArray[float64]
    high: NDArray[float64]
    low: NDArray[float64]
    close: NDArray[float64]


@dataclass(frozen=True)
class RecordedTrial:
    """All that a card is made of.

    Parameters
    ----------
    pipeline : Pipeline
    contract : Contract
        What it trades, of several the first, at present costs.
    metrics : mapping of str to float
        Of the ledger's row, unrounded.
    answer : dict
        What is told of the trial.
    null : mapping of str to float
        Its null twin: mean_net and mean_spread, auc.
    facts : mapping of str to str
        Where it stands, by label, in the order of reading: name, dataset, who, when, parent.
    verdicts : sequence of mapping
        Sealed looks at it, as an agent may know them.
    independent : float
        About how many independent trials those on the dataset amount to.
    arrays : mapping of str to ndarray
        As :func:`factory.tasks.backtest.run_arrays` stores them.
    is_simulated : bool
        Whether the market was drawn.
    bars : Bars
        Those that fill, for what a delay would cost and for the chart of each trade.
    period : str
        The first and last day of validation.
    changes : sequence of Change
        What it has otherwise than the pipeline that it was changed from.
    probes : mapping
        What the probes found, as the ledger holds it.
    importance : mapping or None
        Its last ranking, as :func:`factory.tasks.rank.rank_inputs` answered it.
    review_banners : tuple of str
        What a person's approval lacks.
    beside : tuple of (Contract, Bars)
        What else it trades in the same account, in the order of the pipeline's trades, and the bars that fill it.
    """

    pipeline: Pipeline
    contract: Contract
    metrics: Mapping[str, float]
    answer: Answer
    null: Mapping[str, float]
    facts: Mapping[str, str]
    verdicts: tuple[Mapping[str, Any], ...]
    independent: float
    arrays: Mapping[str, NDArray[Any]]
    is_simulated: bool
    bars: Bars = field(repr=False)
    period: str
    changes: tuple[Change, ...] = ()
    probes: Mapping[str, Any] = field(default_factory=dict)
    importance: Mapping[str, Any] | None = None
    review_banners: tuple[str, ...] = ()
    beside: tuple[tuple[Contract, Bars], ...] = field(default=(), repr=False)

    @cached_property
    def trades(self) -> dict[str, NDArray[Any]]:
        """Columns of its trades, by name, in order of entry."""
        prefix = "trades."
        own = {name.removeprefix(prefix): np.asarray(one) for name, one in self.arrays.items() if name.startswith(prefix)}
        for name in TWINS:
            kept = self.arrays.get(f"twins.{name}")
            own |= {} if kept is None else {f"{name}_{column}": kept[i] for i, column in enumerate(TWIN_COLUMNS)}
        return name_contracts(own, self.pipeline)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """All that it trades."""
        return (self.contract, *(contract for contract, _ in self.beside))

    def split_by_contract(self) -> list["RecordedTrial"]:
        """Split it into what it did on each contract."""
        if not self.beside:
            return [self]
        of = self.arrays["trades.contract"]
        parts = []
        for k, (contract, bars) in enumerate([(self.contract, self.bars), *self.beside]):
            own = {name: column[..., of == k] for name, column in self.arrays.items() if name.startswith(("trades.", "twins."))}
            parts.append(replace(self, contract=contract, bars=bars, beside=(), arrays={**self.arrays, **own}))
        return parts

    def bars_of(self, trade: int) -> Bars:
        """Return the bars that filled a trade."""
        k = int(self.arrays["trades.contract"][trade]) if self.beside else 0
        return self.beside[k - 1][1] if k else self.bars

    @cached_property
    def closing(self) -> NDArray[int64]:
        """Positions of its trades in the order in which they end."""
        return np.argsort(self.trades["exit_ms"], kind="stable")

    @property
    def count(self) -> int:
        """Trades."""
        return len(self.trades["net"])

    @cached_property
    def block(self) -> int:
        """Length of the blocks by which its errors are taken, in ms."""
        return find_block(self.trades, int(np.diff(self.bars.time).min()), to_ms(self.pipeline.label.horizon))

    @property
    def is_binary(self) -> bool:
        """Whether shares of an outcome were bought."""
        return isinstance(self.contract, Binary)

    @property
    def equity(self) -> NDArray[float64]:
        """Equity after each trade in the order in which they end, 1 before the first, shape (trades + 1,)."""
        return np.concatenate([[1.0], 1.0 + np.cumsum(self.trades["net"][self.closing])])

    @property
    def twins(self) -> dict[str, NDArray[float64]]:
        """Equity of the coin-flip and the always-long twin after each trade, where the trial has recorded them."""
        recorded = {name: self.trades.get(f"{name}_net") for name in TWINS}
        return {
            name: np.concatenate([[1.0], 1.0 + np.cumsum(np.nan_to_num(net)[self.closing])])
            for name, net in recorded.items()
            if net is not None
        }

    @property
    def drift(self) -> dict[str, Drift]:
        """How far each feature moved from train to validation, by name."""
        if "drift" not in self.arrays:
            return {}
        measured = self.arrays["drift"].tolist()
        return {name: Drift(*one) for name, one in zip(self.pipeline.features, measured, strict=True) if isfinite(one[0])}


TWINS = ("coin", "long")
TWIN_COLUMNS = ("side", "net", "payoff")
"""What is kept of the trades of each twin, row by row of one array."""
DIGITS = 10
"""Significant ones of a figure in the file: a page holds them all."""
EXPORTED = ("price", "exit_price", "size", "p", "gross", "cost", "funding", "net", "unit", "payoff", "unit_cost")
EXPORTED_WHERE_RECORDED = ("coin_side", "coin_net", "long_net", "above", "below")
"""Of the twins, empty where theirs had ended, and how far from the fill the barriers were, as a share of it."""


def name_contracts(trades: Mapping[str, NDArray[Any]], pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    """Name the contracts of trades, where there are several."""
    of = trades.get("contract")
    return {**trades} if of is None else {**trades, "contract": np.array(pipeline.contracts)[np.asarray(of)]}


def export_trades(trial: RecordedTrial, first: int = 0) -> str:
    """Write the trades from one on as CSV: moments in ISO 8601, money in units of the starting equity."""
    own = {name: column[first:].tolist() for name, column in trial.trades.items()}
    columns = [name for name in (*EXPORTED, *EXPORTED_WHERE_RECORDED) if name in own]
    named = [name for name in ("contract",) if name in own]
    words = (
        map(iso, own["entry_ms"]),
        map(iso, own["exit_ms"]),
        *(own[name] for name in named),
        ("up" if side > 0 else "down" for side in own["side"]),
        (REASONS[reason] for reason in own["reason"]),
        *(map(_write, own[name]) for name in columns),
    )
    heads = ",".join(("entry", "exit", *named, "side", "reason", *columns))
    return "\n".join([heads, *map(",".join, zip(*words, strict=True))]) + "\n"


def _write(value: float) -> str:
    return f"{value:.{DIGITS}g}" if isfinite(value) else ""
