"""What the figures of a trial mean, in one sentence, at the number of trials that were made."""

from factory.answers import Answer

FEWEST_TRADES = 30
LEVEL = 0.05
RUIN = -0.999


def reading(found: Answer, trials: int) -> str:
    """Say what a trial's figures mean.

    Luck is judged at the ledger's count: the one-sided p-value of the mean
    net is multiplied by the trials made on these data (Bonferroni). On trials
    that an agent chose after seeing others this is still too optimistic, and
    only sealed data settle it.

    Parameters
    ----------
    found : dict
        Metrics of :func:`factory.backtest.metrics.figures`.
    trials : int
        Trials on the dataset, this one counted.
    """
    trades = found.get("trades", 0)
    if not trades:
        return "no trade was taken: the predicted edge never paid its price"
    if ruined(found):
        return "ruined: lost everything; stake less"
    if found.get("mean_net", 0.0) <= 0:
        return "loses after costs"
    if trades < FEWEST_TRADES or "p_value" not in found:
        return f"too few trades to judge ({trades:.0f})"
    if found["p_value"] > LEVEL:
        return "earns after costs, but by no more than luck would explain"
    chance = min(1.0, found["p_value"] * trials)
    if chance > LEVEL:
        return f"earns after costs; among {trials} trials luck would do as well (p x trials {chance:.2g})"
    return f"earns after costs, beyond luck at {trials} trials (p x trials {chance:.2g}); sealed data have the last word"


def ruined(found: Answer) -> bool:
    """Whether nothing was left of the equity."""
    return bool(found.get("total_return", 0.0) <= RUIN)


def rank(found: Answer) -> tuple[bool, float]:
    """Sort key, best first: by Sharpe; the ruined and those with too few trades last."""
    judgeable = found.get("trades", 0) >= FEWEST_TRADES and not ruined(found)
    return not judgeable, -float(found.get("sharpe", float("-inf")))
