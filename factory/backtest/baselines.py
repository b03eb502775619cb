"""What the same trades would have earned without an opinion."""

import numpy as np
from numpy import int8
from numpy.typing import NDArray

from factory.backtest.result import Trades


def twin_sides(trades: Trades, seed: int) -> dict[str, NDArray[int8]]:
    """Draw the sides of the twins of equal exposure.

    A twin trades at the same decisions, at the same sizes and for the same
    time; what is left is what the strategy's choice of side was worth.

    Parameters
    ----------
    trades : Trades
        The strategy's.
    seed : int
        Of the coin.

    Returns
    -------
    dict of str to ndarray of int8, shape (trades,)
        ``coin`` draws each side, ``long`` always buys (Up, for a binary).
    """
    coin = np.random.default_rng(seed).integers(0, 2, len(trades)) * 2 - 1
    return {"coin": coin.astype(int8), "long": np.ones(len(trades), int8)}
