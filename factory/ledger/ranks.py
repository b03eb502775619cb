"""In what order trials stand, and which can be judged."""

from factory.core.answers import Answer

RUIN = -0.999


def ruined(found: Answer) -> bool:
    """Check whether nothing was left of the equity."""
    return bool(found.get("total_return", 0.0) <= RUIN)


def judgeable(found: Answer) -> bool:
    """Check whether there are enough trades to judge, and equity left."""
    return "p_value" in found and not ruined(found)


def rank(found: Answer) -> tuple[bool, float]:
    """Compute a trial's sort key, best first: by Sharpe; the ruined and those with too few trades last."""
    return not judgeable(found), -float(found.get("sharpe", float("-inf")))
