"""What every adversary does: it scores its pipelines on validation and spends looks on what looks clean there."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import stdtr

from benchmarks.certification.simulated import SimulatedMarket
from factory.flow import Scored
from factory.market.contracts import Binary, Contract
from factory.pipeline import Pipeline

Spec = dict[str, Any]
FEWEST = 5
"""Trades on validation below which nothing looks clean."""
MEAN_ZERO = ("coin", "skew", "leverage", "bounce", "crash")
"""Kinds of markets without a direction, where whoever trades loses the costs."""


@dataclass(frozen=True)
class Trial:
    """A pipeline and what it did on validation."""

    pipeline: Pipeline
    scored: Scored

    @property
    def metrics(self) -> Mapping[str, float]:
        """Figures of the backtest."""
        return self.scored.result.metrics

    @property
    def p_value(self) -> float:
        """One-sided, of a plain t of the payoffs, for a mean above 0; 1 where it is not above 0."""
        payoff = self.scored.result.trades.payoff
        if len(payoff) < FEWEST or not payoff.mean() > 0:
            return 1.0
        error = float(np.std(payoff, ddof=1)) / np.sqrt(len(payoff))
        return float(stdtr(len(payoff) - 1, -payoff.mean() / error)) if error > 0 else 0.0

    @property
    def calibrated(self) -> bool:
        """Whether its chances are no worse than train's share of ups for all."""
        return self.metrics.get("brier_skill", -1.0) >= 0


class Adversary(ABC):
    """One way to a certificate without an edge.

    Attributes
    ----------
    name : str
        As ``--agent`` takes it.
    about : str
        What it does, in one line.
    kinds : tuple of str
        Markets where it is at home.
    level : float
        p-value on validation at which a pipeline looks clean.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    level: ClassVar[float] = 0.01

    @abstractmethod
    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        """Yield pipelines as `define` takes them; train and validation may be read for them."""

    def clean(self, trial: Trial) -> bool:
        """Check whether a trial is worth a look."""
        return trial.p_value <= self.level and trial.calibrated

    def claim(self, contract: Contract, metrics: Mapping[str, float]) -> float:
        """Compute the greatest claim that the plan admits, which needs the fewest decisions.

        Parameters
        ----------
        metrics : mapping
            Of the trial.
        """
        greatest = metrics.get("mean_high", 2 * metrics["mean_net"])
        return min(greatest, 0.99 * (1 - metrics["break_even"])) if isinstance(contract, Binary) else greatest


def make_pipeline(
    name: str, features: Mapping[str, str], sample: str, label: Spec, trade: Spec, see: list[str], **forest: Any
) -> Spec:
    """Write a pipeline without experts, sampled by the clock."""
    return {
        "pipeline": name,
        "data": "drawn",
        "features": dict(features),
        "sample": {"use": "clock", "every": sample},
        "label": label,
        "meta": {"use": "forest", "see": see, **{"trees": 10, "leaf": 8, **forest}},
        "trade": trade,
    }


def trade_perpetual(exit: Spec, enter: float = 0.5, share: float = 0.5) -> Spec:
    """Write a trade of the perpetual."""
    size = {"use": "fixed", "share": share}
    return {"use": "long_or_short", "contract": "btc-perpetual", "enter": enter, "exit": exit, "size": size}


def trade_binary(contract: str, edge: float = 0.0, share: float = 0.001) -> Spec:
    """Write a trade of a binary contract."""
    return {"use": "up_or_down", "contract": contract, "edge": edge, "size": {"use": "fixed", "share": share}}


def label_barriers(take: float, stop: float, unit: str, horizon: str) -> Spec:
    """Write a label by the barrier touched first."""
    return {"use": "triple_barrier", "of": "btc", "take": take, "stop": stop, "unit": unit, "horizon": horizon}


def label_direction(horizon: str) -> Spec:
    """Write a label by the direction."""
    return {"use": "up_down", "of": "btc", "horizon": horizon}
