"""How much of the equity a trade takes."""

from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.market.contracts import Contract
from factory.pipeline.parts.trades import Fixed, Kelly, Size, Volatility

ROUNDING = 1e-9
"""Share by which a product of floats may miss a whole lot or a least notional that it stands for."""


@dataclass(frozen=True, slots=True)
class Chances:
    """What a size may look at, for each decision, on the side that would be taken.

    Parameters
    ----------
    win : ndarray of float64, shape (n,)
        Predicted chance that the side is right.
    gain, loss : ndarray of float64, shape (n,)
        What is won and lost, after costs, for one unit of size.
    volatility : ndarray of float64, shape (n,), or None
        Realised yearly volatility of what is held; None where holding it has none.
    """

    win: NDArray[float64]
    gain: NDArray[float64]
    loss: NDArray[float64]
    volatility: NDArray[float64] | None


def share_of_equity(size: Size, chances: Chances) -> NDArray[float64]:
    """Compute the share of equity for each decision, before the contract's greatest leverage.

    Parameters
    ----------
    size : Size
        The part.
    chances : Chances
        One row a decision.

    Returns
    -------
    ndarray of float64, shape (n,)
        Not positive where the stake is not worth taking, NaN where it cannot be known.

    Raises
    ------
    FlowError
        If the size needs a volatility that the contract does not have.
    """
    match size:
        case Fixed():
            return np.full(len(chances.win), size.share)
        case Kelly():
            return np.minimum(size.fraction * kelly(chances), size.cap)
        case Volatility():
            if chances.volatility is None:
                raise FlowError("trade.size.use: volatility does not fit a binary contract; allowed: fixed, kelly")
            with np.errstate(divide="ignore"):
                wanted = np.minimum(size.yearly / chances.volatility, size.leverage)
            return np.where(chances.volatility > 0, wanted, np.nan)


def kelly(chances: Chances) -> NDArray[float64]:
    """Compute the stake that maximises expected log wealth for two outcomes.

    Kelly 1956: ``win / loss - (1 - win) / gain``.

    Returns
    -------
    ndarray of float64, shape (n,)
        Negative where the bet is unfavourable, also where costs leave nothing to gain.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        stake = chances.win / chances.loss - (1 - chances.win) / chances.gain
    return np.where(chances.gain > 0, stake, np.where(np.isnan(chances.gain), np.nan, -1.0))


def round_to_orders(share: NDArray[float64], price: NDArray[float64], contract: Contract) -> NDArray[float64]:
    """Round wished shares of the contract's account down to orders that an exchange takes.

    Parameters
    ----------
    share : ndarray of float64, shape (n,)
        Of equity, as :func:`share` gives them; what is not positive or missing stays as it is.
    price : ndarray of float64, shape (n,)
        Of one coin of a perpetual or one share of a binary.

    Returns
    -------
    ndarray of float64, shape (n,)
        Shares of equity of whole lots, rounded down; 0 where less than the least notional is left.
    """
    notional = share * contract.equity
    if contract.lot:
        notional = np.floor(notional / price / contract.lot * (1 + ROUNDING)) * contract.lot * price
    return np.where((share > 0) & (notional < contract.minimum_notional * (1 - ROUNDING)), 0.0, notional / contract.equity)
