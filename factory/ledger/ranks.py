"""In what order trials stand, and which can be judged."""

from factory.core.answers import Answer

RUIN = -0.999


def ruined(metrics: Answer) -> bool:
    """Check whether nothing was left of the equity."""
    return bool(metrics.get("total_return", 0.0) <= RUIN)


def judgeable(metrics: Answer) -> bool:
    """Check whether there are enough trades to judge, and equity left."""
    return "p_value" in metrics and not ruined(metrics)


def rank(metrics: Answer) -> tuple[bool, float]:
    """Compute a trial's sort key, best first: by Sharpe; the ruined and those with too few trades last."""
    return not judgeable(metrics), -float(metrics.get("sharpe", float("-inf")))
