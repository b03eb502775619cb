"""What costs, prices and delays would leave of a trial's trades.

The trades stay those that were taken: a dearer market would have been traded less, so that what is told here is no forecast
of what the pipeline would then do, but how thin the ice is under what it did.
"""

from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.backtest.quotes import all_in_price
from factory.backtest.result import REASONS, TAKE
from factory.market.contracts import Binary, Contract, Perpetual
from factory.pipeline.parts.trades import Limit, UpOrDown
from factory.report.trial import RecordedTrial

PRICES = (0.49, 0.50, 0.51, 0.52, 0.53)
"""Of a binary's share, whichever side is bought."""
SLIPPAGES = (0.0001, 0.0002, 0.0005)
"""More than the contract's, at each market fill of a perpetual."""
DELAYS = (1, 5)
"""Bars."""
TIMED = [REASONS.index(name) for name in ("time", "signal", "end")]
"""Reasons of exits that come at a bar's open, and so come later where fills do."""


class Stress(NamedTuple):
    """What is left under one change.

    Parameters
    ----------
    change : str
    mean_net : float
        Per share of a binary or unit of notional.
    difference : float
        From what was recorded.
    """

    change: str
    mean_net: float
    difference: float


def stress_trades(trial: RecordedTrial) -> list[Stress]:
    """Compute the mean net payoff of a trial's trades under dearer fees, other prices and late fills."""
    if not trial.count:
        return []
    recorded, parts = float(trial.trades["payoff"].mean()), [part for part in trial.split_by_contract() if part.count]
    stressed = [_stress(part, part.contract) for part in parts]
    # What one contract has not, such as recorded funding, changes nothing of its trades.
    changes = dict.fromkeys(change for changed in stressed for change in changed)
    means = {
        change: float(
            np.concatenate([one.get(change, part.trades["payoff"]) for one, part in zip(stressed, parts, strict=True)]).mean()
        )
        for change in changes
    }
    return [Stress("as recorded", recorded, 0.0), *(Stress(change, mean, mean - recorded) for change, mean in means.items())]


def break_even_cost(trial: RecordedTrial) -> float | None:
    """Compute the cost at which these trades earn nothing: a binary's all-in price, a perpetual's cost of a side.

    Returns
    -------
    float or None
        A side's cost as a share of what is traded; None without trades.
    """
    if not trial.count:
        return None
    own = trial.trades
    if isinstance(trial.contract, Binary):
        return float((own["exit_price"] > 0.5).mean())
    gross = own["payoff"] + own["unit_cost"]
    return float(gross.mean() / np.mean(1 + own["exit_price"] / own["price"]))


def _stress(trial: RecordedTrial, contract: Contract) -> dict[str, NDArray[float64]]:
    return _stress_binary(trial, contract) if isinstance(contract, Binary) else _stress_perpetual(trial, contract)


def _stress_binary(trial: RecordedTrial, contract: Binary) -> dict[str, NDArray[float64]]:
    own = trial.trades
    paid = own["exit_price"]
    if isinstance(trade := trial.pipeline.trade, UpOrDown) and isinstance(trade.order, Limit):
        return {"without rebates": paid - own["price"]}
    prices = {f"every share at {price:.2f}": np.full(trial.count, price) for price in PRICES} if contract.odds is None else {}
    changed = {name: paid - all_in_price(contract, price) for name, price in prices.items()}
    dear = contract.model_copy(update={"fee": 2 * contract.fee})
    wide = contract.model_copy(update={"half_spread": 2 * contract.half_spread})
    usual = all_in_price(contract, own["price"])  # a window's own terms, where recorded, are paid besides
    return changed | {
        "fees x 2": own["payoff"] - (all_in_price(dear, own["price"]) - usual),
        "spread x 2": own["payoff"] - (all_in_price(wide, own["price"]) - usual),
    }


def _stress_perpetual(trial: RecordedTrial, contract: Perpetual) -> dict[str, NDArray[float64]]:
    own = trial.trades
    relative = own["exit_price"] / own["price"]
    leaves_by_limit = own["reason"] == TAKE
    fees = contract.taker + relative * np.where(leaves_by_limit, contract.maker, contract.taker)
    changed = {"fees x 2": own["payoff"] - fees}
    for more in SLIPPAGES:
        changed[f"slippage + {more * 1e4:g} bp"] = own["payoff"] - more * (1 + np.where(leaves_by_limit, 0.0, relative))
    if contract.funding_column:
        funding = own["funding"] / own["unit"]
        changed["funding received is nothing"] = own["payoff"] + np.minimum(funding, 0.0)
        changed["funding paid x 2"] = own["payoff"] - np.maximum(funding, 0.0)
    for bars in DELAYS:
        name = f"filled {bars} bar{'s' if bars > 1 else ''} later"
        changed[name] = own["payoff"] + _shift_fills(trial, bars)
    return changed


def _shift_fills(trial: RecordedTrial, bars: int) -> NDArray[float64]:
    """Compute what later fills change in each payoff; an exit at a barrier keeps its price, one beyond the last bar too."""
    own, time, opened = trial.trades, trial.bars.time, trial.bars.open
    last = len(time) - 1

    def later(moments: NDArray[np.int64], price: NDArray[float64]) -> NDArray[float64]:
        row = np.searchsorted(time, moments)
        there = (row + bars <= last) & ~np.isnan(opened[np.minimum(row + bars, last)])
        return np.where(there, opened[np.minimum(row + bars, last)], price)

    entry = later(own["entry_ms"], own["price"])
    exit_price = np.where(np.isin(own["reason"], TIMED), later(own["exit_ms"], own["exit_price"]), own["exit_price"])
    return np.asarray(own["side"] * (exit_price / entry - own["exit_price"] / own["price"]))
