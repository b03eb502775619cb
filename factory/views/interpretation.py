"""What the figures of a trial mean, in one sentence, at the number of trials that were made."""

from factory.core.answers import Answer
from factory.ledger.ranks import ruined

GRADES = ((0.01, "strong"), (0.05, "fair"), (0.3, "weak"))
"""How good the evidence is called below some chance that luck would do as well; above all of them it is none."""
NONE = "none"


def interpret(metrics: Answer, trials: int, independent: float) -> str:
    """Say what a trial's figures mean.

    Luck is judged at the ledger's count of independent trials: the one-sided p-value of the mean net is multiplied by it
    (Bonferroni), and the grade of the evidence is named with the figure, so that near-identical trials read alike. On trials
    that an agent chose after seeing others this is too optimistic: the chance at the raw count stands beside it, and only
    sealed data settle it.

    Parameters
    ----------
    metrics : dict
        Metrics of :func:`factory.backtest.metrics.figures`, and `one_chance` where all chances are the same.
    trials : int
        Trials on the dataset, this one counted.
    independent : float
        About how many independent ones they amount to, at most `trials`.
    """
    if not metrics.get("trades"):
        said = "no trade was taken: the predicted edge never paid its price"
    elif ruined(metrics):
        said = "ruined: lost everything; stake less"
    elif "p_value" not in metrics:
        said = f"too few independent blocks of trades to judge ({metrics.get('blocks', 0):.0f}); trade more often"
    else:
        said = _judged(metrics, trials, independent) + _account(metrics)
    if "one_chance" in metrics:
        return f"the model learned nothing: it gives every decision the chance {metrics['one_chance']:.4g}; {said}"
    return said


def luck_chance(metrics: Answer, trials: int, independent: float) -> float:
    """Compute the chance that luck does as well among so many independent trials (Bonferroni)."""
    return min(1.0, float(metrics["p_value"]) * min(independent, trials))


def grade_evidence(metrics: Answer, trials: int, independent: float) -> str:
    """Name how good the evidence is that a trial earns: ``strong``, ``fair``, ``weak`` or ``none``."""
    if "p_value" not in metrics or ruined(metrics) or metrics["mean_net"] <= 0:
        return NONE
    chance = luck_chance(metrics, trials, independent)
    return next((name for below, name in GRADES if chance < below), NONE)


def _judged(metrics: Answer, trials: int, independent: float) -> str:
    after = " after costs" if metrics.get("mean_cost") or metrics.get("funding") else ""
    if metrics["mean_high"] <= 0:
        return f"loses{after}"
    if metrics["mean_net"] <= 0:
        return f"earns nothing{after}, within luck (p {metrics['p_value']:.2g})"
    chance = luck_chance(metrics, trials, independent)
    grade = grade_evidence(metrics, trials, independent)
    among = "" if trials == 1 else f" among {trials} trials"
    if round(independent) < trials:
        among = (
            f" among about {independent:.0f} independent trials"
            f" ({min(1.0, metrics['p_value'] * trials):.2g} among all {trials})"
        )
    if chance >= 1:
        return f"earns{after}, evidence {NONE}: no more than luck brings (p {metrics['p_value']:.2g}{among})"
    last = "; sealed data have the last word" if grade in ("strong", "fair") else ""
    return f"earns{after}, evidence {grade}: chance {chance:.2g} that luck does as well{among}{last}"


def _account(metrics: Answer) -> str:
    """Say where the account went the other way than the mean of its trades; empty where it did not."""
    grown = metrics.get("total_return", 0.0)
    if metrics["mean_net"] > 0 > grown:
        return f"; yet the account lost {-grown:.2g} of itself: larger stakes lost, or losses compounded"
    if grown > 0 >= metrics["mean_net"]:
        return f"; yet the account gained {grown:.2g} of itself: larger stakes won"
    return ""
