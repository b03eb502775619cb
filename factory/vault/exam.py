"""The exam: what a frozen pipeline must show on rows that nobody has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from factory.backtest import Result
from factory.backtest.quotes import all_in_price, read_quotes
from factory.core.errors import SealError
from factory.evidence.null_twin import count_null_ups
from factory.expressions.columns import Columns
from factory.flow import FittedPipeline, Scored, evaluate, fit
from factory.market.contracts import Binary, Contract
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.statistics.betting import capital_against_losing
from factory.statistics.calibration import log_loss
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace
from factory.vault.frozen_perpetual import FrozenPerpetual
from factory.vault.likeness import compare_trading, is_alike
from factory.vault.primary import Frozen, freeze, measure_information
from factory.vault.readiness import require_one_contract
from factory.vault.unseen import worst_losses

UNSEEN = 0.2
"""What the bound for what was never seen spends over a pool, in the proportions of its looks' levels."""
CAUTION = 0.6
"""Of the wager that would have grown fastest on validation, where the mean was chosen for being high."""
STEPS_OF_LABELS, MOST_DRAWS_OF_LABELS = 100_000_000, 1_000
"""Bars that may be walked for the chances of labels, and draws of each."""


@dataclass(frozen=True)
class Plan:
    """What a look is planned on: the pipeline's decisions on validation, made before a sealed row is read.

    Parameters
    ----------
    partition : Partition
        Validation.
    scored : Scored
        The pipeline on it.
    information : float
        Of :func:`~factory.vault.primary.measure_information`.
    price : float
        Mean all-in price of a binary, 0 for a perpetual.
    """

    partition: Partition
    scored: Scored
    information: float
    price: float

    @property
    def wager(self) -> float:
        """What the bound for the unseen bets: a part of what would have grown fastest on validation."""
        payoff = self.scored.result.trades.payoff
        return CAUTION * float(payoff.mean()) / float(payoff.var()) if np.unique(payoff).size > 1 else 0.0


@dataclass(frozen=True)
class Examined:
    """A pipeline on the sealed part, its decisions frozen.

    Parameters
    ----------
    worst_loss : float
        Greatest that is assumed of a trade of a perpetual, per unit of notional.
    capital : float
        What one who bet on its trades against such losses is left with, from 1; 1 of a binary, whose losses are known.
    """

    pipeline: Pipeline
    contract: Contract
    partition: Partition
    scored: Scored
    frozen: Frozen
    worst_loss: float
    capital: float


@dataclass(frozen=True)
class Judgement:
    """Whether all parts of the rule hold, and with which figures.

    Parameters
    ----------
    passed : bool
        All of `checks`.
    checks : dict of str to bool
        decisions, primary, drift, alike, account, model and, by contract, ties or unseen.
    figures : dict of str to float
        What they were decided by.
    """

    passed: bool
    checks: dict[str, bool]
    figures: dict[str, float]


def prepare(workspace: Workspace, pipeline: Pipeline) -> FittedPipeline:
    """Fit the pipeline on all that it may know before the exam, or a forward test, begins.

    Raises
    ------
    SealError
        If it trades several contracts.
    """
    require_one_contract(pipeline)
    cache = Cache(workspace.cache)
    fitted = fit(pipeline, Columns(open_partition(workspace, pipeline.data, "train"), cache))
    if pipeline.refit is None:
        return fitted
    return fitted.extend(pipeline, Columns(open_partition(workspace, pipeline.data, "validation"), cache))


def plan(workspace: Workspace, pipeline: Pipeline, contract: Contract, fitted: FittedPipeline) -> Plan:
    """Score the pipeline on validation once more: what is fixed of a look before access.

    Raises
    ------
    SealError
        If it took no decision there.
    """
    partition = open_partition(workspace, pipeline.data, "validation")
    scored = evaluate(pipeline, contract, fitted, Columns(partition, Cache(workspace.cache)))
    trades = scored.result.trades
    if not len(trades):
        raise SealError("submit: no trade was taken on validation, so no look can be planned; nothing was spent")
    price = float(np.minimum(trades.paid, 1.0).mean()) if isinstance(contract, Binary) else 0.0
    return Plan(partition, scored, measure_information(pipeline, contract, partition, scored), price)


def examine(
    pipeline: Pipeline,
    contract: Contract,
    fitted: FittedPipeline,
    sealed: Partition,
    information: float,
    price: float,
    wager: float,
    seed: int,
) -> Examined:
    """Let a pipeline trade the sealed part and freeze what it did.

    Parameters
    ----------
    information, price, wager : float
        Of its plan, as they stand in the look's row.
    seed : int
        Of the null's draws: from the look's hash, which nobody chooses.
    """
    # Sealed rows and what is made of them no cache may hold.
    scored = evaluate(pipeline, contract, fitted, Columns(sealed, None))
    frozen = freeze(pipeline, contract, sealed, scored, information, price, seed)
    worst, capital = 0.0, 1.0
    trades = scored.result.trades
    if isinstance(frozen, FrozenPerpetual) and len(trades):
        losses = worst_losses(sealed.series[contract.of], sealed.start, frozen.holds, trades, frozen.payments)
        worst, capital = float(losses.max()), float(capital_against_losing(trades.payoff, losses, wager)[-1])
    return Examined(pipeline, contract, sealed, scored, frozen, worst, capital)


def unseen_evidence(looks: Sequence[tuple[Examined, float]], alpha: float) -> float:
    """Compute what bettors on all looks at a pool so far are left with.

    Each is staked by its look's share of alpha.

    No look's trades have a mean above 0 and none loses more than is assumed: then the expectation of it after all looks of
    the pool is at most 1, and it only grows from look to look, so that it ever reaches ``1 / UNSEEN`` with a chance of at
    most that (Markov). Along the path on which all looks before have failed what they examined was fixed without the segment.

    Parameters
    ----------
    looks : sequence of (Examined, float)
        With the own level of each.
    alpha : float
        Of the pool.
    """
    return float(sum(level / alpha * examined.capital for examined, level in looks))


def judge(examined: Examined, planned: Plan, base_rate: float, level: float, evidence: float, needed: float) -> Judgement:
    """Apply the rule of STATISTICS section 9: all must hold.

    Parameters
    ----------
    planned : Plan
        From validation.
    base_rate : float
        Share of ups in train: what the climatology forecast says.
    level : float
        Of this look, given those before it.
    evidence : float
        Of :func:`unseen_evidence` up to this look.
    needed : float
        Decisions that the claimed edge needs; fewer than half of them fail.
    """
    contract, sealed, scored, frozen = examined.contract, examined.partition, examined.scored, examined.frozen
    figures = {"decisions": float(frozen.counted), **frozen.p_values()}
    differing = compare_trading(contract, (planned.partition, planned.scored), (sealed, scored))
    figures |= {f"differs_{name}": value for name, value in differing.items()}
    checks = {
        "decisions": frozen.counted >= needed / 2,
        "primary": figures["p_value"] <= level,
        "drift": figures["drift_p"] <= level,
        "alike": is_alike(differing),
        "account": bool(scored.result.equity[-1] > 1),
    }
    if "untied_p" in figures:
        checks["ties"] = figures["untied_p"] <= level
    if isinstance(frozen, FrozenPerpetual):
        figures |= {"capital": examined.capital, "unseen_evidence": evidence, "worst_loss": examined.worst_loss}
        checks["unseen"] = evidence >= 1 / UNSEEN
    losses = log_losses(examined, base_rate)
    checks["model"] = bool(losses) and losses["log_loss"] <= min(losses["climatology"], losses["null_log_loss"])
    return Judgement(all(checks.values()), checks, figures | losses)


def log_losses(examined: Examined, base_rate: float) -> dict[str, float]:
    """Compute the log-loss of the chances, of train's share of ups, and of what each label's own flips say.

    Empty without labels.

    A chance that is counted in few draws is noisy, which would flatter what is compared with it: its expected excess is
    taken off. Inside a window flips know how far bars will go, which with a move that is half over is more than anybody can:
    there it is the recorded price that must not say more than the model, and decisions without one are left out.
    """
    scored = examined.scored
    known = np.flatnonzero(scored.rows.labels.y >= 0)
    if not len(known):
        return {}
    rows = scored.rows.take(known)
    asked, ups = count_null_ups(examined.pipeline, examined.partition, rows, STEPS_OF_LABELS, MOST_DRAWS_OF_LABELS)
    chance, excess = ups.chance(), ups.excess()
    if isinstance(examined.contract, Binary):
        quotes = read_quotes(examined.contract, examined.partition.series, rows.time[asked])
        inside = rows.time[asked] > quotes.start
        chance, excess = np.where(inside, quotes.mid, chance), np.where(inside, 0.0, excess)
    told = np.flatnonzero(np.isfinite(chance))
    if not len(told):
        return {}
    y, p = rows.labels.y[asked[told]], scored.p[known[asked[told]]]
    return {
        "log_loss": log_loss(y, p),
        "climatology": log_loss(y, np.full(len(y), base_rate)),
        "null_log_loss": log_loss(y, chance[told]) - float(excess[told].mean()),
    }


def highest_price(contract: Contract, result: Result, level: float) -> float | None:
    """Find the assumed price at and below which the same trades would still pass the primary test.

    Returns
    -------
    float or None
        None unless the contract is a binary at an assumed price.
    """
    if not isinstance(contract, Binary) or contract.odds is not None or not len(result.trades):
        return None
    from factory.statistics.intervals import clopper_pearson

    wins, n = int((result.trades.exit_price > 0.5).sum()), len(result.trades)
    most = clopper_pearson(wins, n, 1 - 2 * level)[0]

    def excess(price: float) -> float:
        return float(all_in_price(contract, np.array([price]))[0]) - most

    return float(brentq(excess, 0.0, 1.0)) if excess(0.0) < 0 < excess(1.0) else None


def report(examined: Examined, judgement: Judgement, level: float) -> dict[str, Any]:
    """Build all that the reviewer gets to read of an exam."""
    scored, contract = examined.scored, examined.contract
    result = scored.result
    return {
        "found": "PASS" if judgement.passed else "FAIL",
        "level": level,
        "checks": judgement.checks,
        "figures": judgement.figures,
        "metrics": dict(result.metrics),
        "counts": {**result.counts, "missing_feature": scored.rows.dropped},
        **scored.fits.listing(),
        "twins": {name: dict(twin) for name, twin in result.twins.items()},
        "price": result.assumed or None,
        "highest_price_that_passes": highest_price(contract, result, level),
        "daily": result.daily.net.tolist(),
    }
