"""The exam: what a frozen pipeline must show on rows that nobody has seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.optimize import brentq

from factory.backtest import Result
from factory.backtest.binary import all_in
from factory.cache import Cache
from factory.decisions import Rows, concatenate, read_rows
from factory.expressions.columns import Columns
from factory.flow import Model, Scored, learn, trade, walk_forward
from factory.market.contracts import Binary, Contract
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.statistics.calibration import log_loss
from factory.statistics.sharpe import ar1_error, autocorrelations, mertens_error, moments, psr
from factory.workspace import Workspace


@dataclass(frozen=True)
class Learned:
    """All that a pipeline takes into the exam; made before a sealed row is read.

    Parameters
    ----------
    model : Model or None
        None for a recipe that is refitted as time passes.
    past : Rows
        Decisions on train; with a refit also those on validation.
    base_rate : float
        Share of ups in train.
    key : str
        Hash of the model, empty without one.
    """

    model: Model | None
    past: Rows
    base_rate: float
    key: str


@dataclass(frozen=True)
class Judgement:
    """Whether all parts of the rule hold, and with which figures.

    Parameters
    ----------
    passed : bool
        All of `checks`.
    checks : dict of str to bool
        decisions, primary, sharpe, model.
    figures : dict of str to float
        p_value, sharpe_p, decisions; log_loss and climatology where a decision has a label.
    """

    passed: bool
    checks: dict[str, bool]
    figures: dict[str, float]


def prepare(workspace: Workspace, pipeline: Pipeline) -> Learned:
    """Learn what the pipeline may know before the exam begins."""
    cache = Cache(workspace.cache)
    train = open_partition(workspace, pipeline.data, "train")
    past = read_rows(pipeline, train, Columns(train, cache))
    base_rate = float(np.mean(past.labels.y[past.labels.y >= 0]))
    if pipeline.refit is None:
        model = learn(pipeline, past, train.fingerprint, cache)
        return Learned(model, past, base_rate, model.key(pipeline, train.fingerprint))
    validation = open_partition(workspace, pipeline.data, "validation")
    return Learned(None, concatenate(past, read_rows(pipeline, validation, Columns(validation, cache))), base_rate, "")


def score(pipeline: Pipeline, contract: Contract, learned: Learned, partition: Partition) -> Scored:
    """The pipeline on a partition that no cache may hold."""
    columns = Columns(partition, None)
    rows = read_rows(pipeline, partition, columns)
    if learned.model is None:
        p = walk_forward(pipeline, learned.past, rows, partition, None)
    else:
        p = learned.model.predict(pipeline, rows)
    return Scored(rows, p, trade(pipeline, contract, partition, columns, rows, p, learned.base_rate))


def judge(scored: Scored, base_rate: float, level: float, needed: float) -> Judgement:
    """Apply the rule of STATISTICS section 2.5: all must hold, each at the look's level.

    Parameters
    ----------
    base_rate : float
        Share of ups in train: what the climatology forecast says.
    level : float
        Of this look.
    needed : float
        Decisions that the claimed edge needs; fewer than half of them fail.
    """
    metrics, y = scored.result.metrics, scored.rows.labels.y
    trades = len(scored.result.trades)
    known = y >= 0
    figures = {
        "decisions": float(trades),
        "p_value": metrics.get("p_value", 1.0),
        "sharpe_p": sharpe_p_value(scored.result.trades.payoff),
    }
    if known.any():
        figures["log_loss"] = metrics["log_loss"]
        figures["climatology"] = log_loss(y[known], np.full(int(known.sum()), base_rate))
    checks = {
        "decisions": trades >= needed / 2,
        "primary": metrics.get("mean_net", 0.0) > 0 and figures["p_value"] <= level,
        "sharpe": figures["sharpe_p"] <= level,
        "model": bool(known.any()) and figures["log_loss"] <= figures["climatology"],
    }
    return Judgement(all(checks.values()), checks, figures)


def sharpe_p_value(payoff: NDArray[float64]) -> float:
    """One-sided p-value of a Sharpe ratio above 0 of net payoffs in order, their tails and autocorrelation minded.

    Negative autocorrelation, which would flatter, counts as none. Source: Mertens 2002;
    López de Prado, Lipton & Zoonekynd 2025 for the correction.
    """
    of = moments(payoff)
    if of is None:
        return 0.0 if len(payoff) > 1 and payoff[0] > 0 else 1.0
    rho = float(autocorrelations(payoff, 1)[0]) if of.n > 2 else 0.0
    error = ar1_error(of, rho) if rho > 0 else mertens_error(of)
    return 1 - psr(of.sharpe, error)


def highest_price(contract: Contract, result: Result, level: float) -> float | None:
    """The assumed price at and below which the same trades would still pass the primary test.

    Returns
    -------
    float or None
        None unless the contract is a binary at an assumed price.
    """
    if not isinstance(contract, Binary) or contract.odds is not None or not len(result.trades):
        return None
    from factory.statistics.intervals import clopper_pearson

    wins, n = int((result.trades.payoff > 0).sum()), len(result.trades)
    most = clopper_pearson(wins, n, 1 - 2 * level)[0]

    def excess(price: float) -> float:
        return float(all_in(contract, np.array([price]))[0]) - most

    return float(brentq(excess, 0.0, 1.0)) if excess(0.0) < 0 < excess(1.0) else None


def report(scored: Scored, contract: Contract, judgement: Judgement, level: float) -> dict[str, Any]:
    """All that the reviewer gets to read of an exam."""
    result = scored.result
    return {
        "verdict": "PASS" if judgement.passed else "FAIL",
        "level": level,
        "checks": judgement.checks,
        "figures": judgement.figures,
        "metrics": dict(result.metrics),
        "counts": {**result.counts, "missing_feature": scored.rows.dropped},
        "twins": {name: dict(twin) for name, twin in result.twins.items()},
        "price": result.assumed or None,
        "highest_price_that_passes": highest_price(contract, result, level),
        "daily": result.daily.net.tolist(),
    }
