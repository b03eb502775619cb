"""A trial as it was recorded: its figures, trades, chances and days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest.result import REASONS
from factory.core.answers import Answer
from factory.core.times import iso
from factory.market.contracts import Contract
from factory.pipeline import Pipeline


@dataclass(frozen=True)
class RecordedTrial:
    """All that a card is made of.

    Parameters
    ----------
    pipeline : Pipeline
    contract : Contract
        What it trades, at present costs.
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
    opens : tuple of ndarray
        Stamps and opens of the bars that fill, for what a delay would cost.
    review_banners : tuple of str
        What a person's approval lacks.
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
    opens: tuple[NDArray[int64], NDArray[float64]] = field(repr=False)
    review_banners: tuple[str, ...] = ()

    @cached_property
    def trades(self) -> dict[str, NDArray[Any]]:
        """Columns of its trades, by name, in order of entry."""
        prefix = "trades."
        return {name.removeprefix(prefix): np.asarray(one) for name, one in self.arrays.items() if name.startswith(prefix)}

    @property
    def count(self) -> int:
        """Trades."""
        return len(self.trades["net"])

    @property
    def equity(self) -> NDArray[float64]:
        """Equity after each trade, 1 before the first, shape (trades + 1,)."""
        return np.concatenate([[1.0], 1.0 + np.cumsum(self.trades["net"])])


DIGITS = 10
"""Significant ones of a figure in the file: a page holds them all."""
EXPORTED = ("price", "exit_price", "size", "p", "gross", "cost", "funding", "net", "unit", "payoff", "unit_cost")


def export_trades(trial: RecordedTrial) -> str:
    """Write the trades as CSV: moments in ISO 8601, money in units of the starting equity."""
    own = trial.trades
    lines = [",".join(("entry", "exit", "side", "reason", *EXPORTED))]
    for i in range(trial.count):
        moments = (iso(int(own["entry_ms"][i])), iso(int(own["exit_ms"][i])))
        words = ("up" if own["side"][i] > 0 else "down", REASONS[int(own["reason"][i])])
        lines.append(",".join((*moments, *words, *(f"{float(own[name][i]):.{DIGITS}g}" for name in EXPORTED))))
    return "\n".join(lines) + "\n"
