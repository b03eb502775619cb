"""The exam as the product gives it, in process: the only place where adversaries meet it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import nan

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from benchmarks.certification.simulated import SimulatedMarket, tried
from factory.backtest import Trades
from factory.core.canonical import seed_for
from factory.core.errors import FactoryError, SealError
from factory.evidence.probes.findings import blocking_lines
from factory.flow import FittedPipeline
from factory.pipeline import Pipeline
from factory.statistics.alpha import level_after
from factory.vault import exam
from factory.vault.frozen_perpetual import FrozenPerpetual
from factory.vault.levels import level_of_last
from factory.vault.planning import needed_decisions
from factory.vault.pools import ALPHA
from factory.vault.server import refuse_leaking

DRAWS = 999
PASS, FAIL, REFUSED = "PASS", "FAIL", "refused"


@dataclass(frozen=True)
class Verdict:
    """What came of a request for a look.

    Parameters
    ----------
    said : str
        ``PASS``, ``FAIL`` or ``refused``; a refusal spends no look.
    why : str
        The refusal's first line, or the parts of the rule that failed.
    net : float
        True mean net payoff a decision of the sealed trades where prices are fair: minus their costs.
    examined : Examined or None
        What was examined, unless it broke on sealed rows.
    alone : str
        What the exam would have said where only the plan refused.
    """

    said: str
    why: str = ""
    net: float = nan
    examined: exam.Examined | None = None
    alone: str = ""


def examine(
    market: SimulatedMarket, pipeline: Pipeline, claim: Callable[[Mapping[str, float]], float], earlier: Sequence[exam.Examined]
) -> Verdict:
    """Ask for a look at a pipeline, after some that failed in the same pool; refused where the product refuses.

    What only the plan refuses is judged all the same, beside the pool: a gate is no test.

    Parameters
    ----------
    claim : callable
        Mean net payoff a decision, from the trial's figures.
    earlier : sequence of Examined
        What was examined in this pool before, in order.
    """
    level = level_after(ALPHA, market.spec.looks, len(earlier) + 1, 0, (1.0,))
    try:
        metrics = _admitted(market, pipeline)
        fitted = exam.prepare(market.workspace, pipeline)
        plan = exam.plan(market.workspace, pipeline, market.contract(pipeline), fitted)
        refuse_leaking(pipeline, fitted)
    except FactoryError as error:
        return Verdict(REFUSED, str(error.lines[0]))
    try:
        needed = needed_decisions(market.contract(pipeline), metrics, claim(metrics), level)
        if metrics["trades"] * _length(market, "sealed") / _length(market, "validation") < needed:
            raise SealError(f"claim: {claim(metrics):g} needs {needed:.0f} decisions")
    except FactoryError as error:
        alone = _judged(market, pipeline, fitted, plan, earlier, level, 0)
        return Verdict(REFUSED, str(error.lines[0]), alone.net, alone=alone.said)
    return _judged(market, pipeline, fitted, plan, earlier, level, needed)


def _judged(
    market: SimulatedMarket,
    pipeline: Pipeline,
    fitted: FittedPipeline,
    plan: exam.Plan,
    earlier: Sequence[exam.Examined],
    own: float,
    needed: float,
) -> Verdict:
    """Judge a pipeline.

    The look is spent, so that whatever goes wrong is a FAIL, as it is in the vault.
    """
    contract, sealed, seed = market.contract(pipeline), market.parts["sealed"], seed_for(pipeline.id, "look")
    try:
        examined = _draw_once(exam.examine(pipeline, contract, fitted, sealed, plan.information, plan.price, plan.wager, seed))
        looks = [(one, own) for one in (*earlier, examined)]
        level = level_of_last([(one.frozen, its) for one, its in looks], seed_for("pool", "looks"))
        judged = exam.judge(examined, plan, fitted.base_rate, level, exam.unseen_evidence(looks, ALPHA), needed)
    except Exception as error:
        return Verdict(FAIL, f"{type(error).__name__}: {error}")
    failed = " ".join(name for name, held in judged.checks.items() if not held)
    net = _fair_net(examined.scored.result.trades)
    return Verdict(PASS if judged.passed else FAIL, failed, net, examined)


@dataclass(frozen=True)
class DrawnOnce(FrozenPerpetual):
    """Trades that were held, with fewer draws, and those beside other looks made once: they are the same in all of a pool.

    A tenth of the product's draws is as valid at the level of a look, noisier, and fast enough for many markets.
    """

    most_draws: int = DRAWS
    drawn: dict[tuple[int, int], NDArray[float64]] = field(default_factory=dict)

    def joint(self, seed: int, draws: int) -> NDArray[float64]:
        """Draw the gross return on drawn markets, every minute's sign the same for all of one seed."""
        if (seed, draws) not in self.drawn:
            self.drawn[seed, draws] = super().joint(seed, draws)
        return self.drawn[seed, draws]


def _draw_once(examined: exam.Examined) -> exam.Examined:
    frozen = examined.frozen
    if not isinstance(frozen, FrozenPerpetual):
        return examined
    own = {each.name: getattr(frozen, each.name) for each in fields(frozen) if each.name != "most_draws"}
    return replace(examined, frozen=DrawnOnce(**own))


def _admitted(market: SimulatedMarket, pipeline: Pipeline) -> dict[str, float]:
    """Return the figures of the trial, which is written as an agent's `backtest` does and must not be blocked by a probe."""
    trial = tried(market.workshop, pipeline.plain())
    if red := blocking_lines(trial.payload):
        raise SealError(*red)
    return dict(trial.payload["metrics"])


def _length(market: SimulatedMarket, part: str) -> int:
    first, last = market.spec.bounds(part)
    return last - first


def _fair_net(trades: Trades) -> float:
    """Compute what some trades earn where no direction can be known and prices are fair.

    They pay costs, and funding nets to no gain.
    """
    if not len(trades):
        return nan
    return -float(np.mean(trades.unit_cost + trades.funding / trades.unit))
