"""What the figures of a trial mean, in one sentence, at the number of trials that were made."""

from factory.core.answers import Answer
from factory.ledger.ranks import ruined

GRADES = ((0.01, "strong"), (0.05, "fair"), (0.3, "weak"))
"""How good the evidence is called below some chance that luck would do as well; above all of them it is none."""
NONE = "none"


def interpret(found: Answer, trials: int, independent: float) -> str:
    """Say what a trial's figures mean.

    Luck is judged at the ledger's count of independent trials: the one-sided p-value of the mean net is multiplied by it
    (Bonferroni), and the grade of the evidence is named with the figure, so that near-identical trials read alike. On trials
    that an agent chose after seeing others this is too optimistic: the chance at the raw count stands beside it, and only
    sealed data settle it.

    Parameters
    ----------
    found : dict
        Metrics of :func:`factory.backtest.metrics.figures`, and `one_chance` where all chances are the same.
    trials : int
        Trials on the dataset, this one counted.
    independent : float
        About how many independent ones they amount to, at most `trials`.
    """
    if not found.get("trades"):
        said = "no trade was taken: the predicted edge never paid its price"
    elif ruined(found):
        said = "ruined: lost everything; stake less"
    elif "p_value" not in found:
        said = f"too few independent blocks of trades to judge ({found.get('blocks', 0):.0f}); trade more often"
    else:
        said = _judged(found, trials, independent) + _account(found)
    if "one_chance" in found:
        return f"the model learned nothing: it gives every decision the chance {found['one_chance']:.4g}; {said}"
    return said


def _judged(found: Answer, trials: int, independent: float) -> str:
    after = " after costs" if found.get("mean_cost") or found.get("funding") else ""
    if found["mean_high"] <= 0:
        return f"loses{after}"
    if found["mean_net"] <= 0:
        return f"earns nothing{after}, within luck (p {found['p_value']:.2g})"
    chance = min(1.0, found["p_value"] * min(independent, trials))
    grade = next((name for below, name in GRADES if chance < below), NONE)
    among = "" if trials == 1 else f" among {trials} trials"
    if round(independent) < trials:
        among = (
            f" among about {independent:.0f} independent trials ({min(1.0, found['p_value'] * trials):.2g} among all {trials})"
        )
    if chance >= 1:
        return f"earns{after}, evidence {NONE}: no more than luck brings (p {found['p_value']:.2g}{among})"
    last = "; sealed data have the last word" if grade in ("strong", "fair") else ""
    return f"earns{after}, evidence {grade}: chance {chance:.2g} that luck does as well{among}{last}"


def _account(found: Answer) -> str:
    """Say where the account went the other way than the mean of its trades; empty where it did not."""
    grown = found.get("total_return", 0.0)
    if found["mean_net"] > 0 > grown:
        return f"; yet the account lost {-grown:.2g} of itself: larger stakes lost, or losses compounded"
    if grown > 0 >= found["mean_net"]:
        return f"; yet the account gained {grown:.2g} of itself: larger stakes won"
    return ""
