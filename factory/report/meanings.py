"""What each figure means, with its formula: what a page shows when one points at it, or taps on it."""

from typing import NamedTuple

VALIDATION, BOTH = "validation", "train and validation"


class Meaning(NamedTuple):
    """What a figure means.

    Parameters
    ----------
    says : str
        In a sentence.
    formula : str
        How it is computed, with its source; empty where the sentence is the formula.
    period : str
        The partition that it is of.
    """

    says: str
    formula: str = ""
    period: str = VALIDATION

    def __str__(self) -> str:
        return f"{self.says} {self.formula}".rstrip()


LOG_NORMAL = (
    "exp(M ± z V) with M = sum(w m - (w s)^2 / 2), V^2 = sum((w s)^2), z = 1.96: w is what a trade holds a unit of equity, "
    "m and s the mean payoff and its deviation a trade where direction is a coin."
)

MEANINGS = {
    "trades": Meaning("Decisions that were traded."),
    "win_rate": Meaning(
        "Share of trades whose net payoff is above 0, with its 95 % interval where there are 30 independent blocks of time.",
        "won / trades; the interval is of t on block means.",
    ),
    "break_even": Meaning(
        "Win rate at which these trades earn nothing.",
        "Of a binary the mean all-in price paid; of a perpetual L / (W + L), W and L the mean net win and loss.",
    ),
    "mean_net": Meaning(
        "Mean net payoff a trade: per share of a binary, or per unit of a perpetual's notional at entry.",
        "sum(payoff) / trades, payoff = gross less fees, spread, slippage and funding.",
    ),
    "p_value": Meaning(
        "Chance that trades whose true mean is not above 0 do as well; of this trial alone, not of the best of many.",
        "One-sided t of the mean over its error, both of sums over blocks of time.",
    ),
    "total_return": Meaning("Growth of the account.", "equity at the end - 1; equity starts at 1."),
    "max_drawdown": Meaning(
        "Greatest fall from a peak of equity; it looks inside trades.", "max(1 - lowest equity after a peak / peak)."
    ),
    "sharpe": Meaning(
        "Yearly Sharpe ratio.", "mean / deviation * sqrt(blocks a year), of returns of blocks of whole days; 365 days a year."
    ),
    "sharpe_error": Meaning(
        "Standard error of the Sharpe ratio, with skew and fat tails.",
        "sqrt((1 - skew * S + (kurtosis - 1) / 4 * S^2) / (n - 1)) of the same blocks (Mertens 2002).",
    ),
    "deflated": Meaning(
        "Chance that the true Sharpe ratio is above what the best of all trials shows by luck.",
        "Deflated Sharpe ratio (Bailey & López de Prado 2014), at the ledger's count.",
    ),
    "auc": Meaning(
        "How well the chances rank outcomes: 0.5 is chance, 1 perfect.",
        "Share of pairs of an up and a down where the up was given the higher chance; interval DeLong's (1988) or of blocks.",
    ),
    "null_auc": Meaning(
        "The AUC where every bar's direction is a fair coin: what the label's shape gives away.",
        "Mean over markets drawn with the real bars' sizes and coin-flip signs.",
    ),
    "log_loss": Meaning("How far chances are from what came; 0.693 is a coin's.", "-mean(ln(chance given to what came))."),
    "brier": Meaning("Mean squared distance of chances from what came; 0.25 is a coin's.", "mean((p - y)^2) (Brier 1950)."),
    "slope": Meaning(
        "Whether chances are too sure: 1 is right, below 1 too sure, above 1 not sure enough.",
        "Slope of a logistic regression of the outcome on ln(p / (1 - p)) (Cox 1958).",
    ),
    "unsettled": Meaning("Windows that were wanted and whose outcome nobody recorded; a look counts them as lost."),
    "exposure": Meaning("Share of time with an open position.", "sum(exit - entry) / length of the period."),
    "turnover": Meaning(
        "What was traded in a year, in units of the equity.", "sum(stakes bought and sold / equity at entry) * 365 / days."
    ),
    "costs": Meaning("Fees, spread and slippage paid, in units of the starting equity."),
    "funding": Meaning("Funding paid less what was received of a recorded one, in units of the starting equity."),
    "longest_losing_run": Meaning("Most trades in a row whose net payoff was not above 0."),
    "break_even_cost": Meaning(
        "Where these trades earn nothing: a binary's all-in price of a share, a perpetual's cost of each side.",
        "Of a binary the win rate; of a perpetual mean(payoff + cost) / mean(1 + exit price / entry price).",
    ),
    "null_net": Meaning(
        "Mean net payoff of the same decisions where direction is a coin, and how far it moves between drawn markets.",
        "Mean and standard deviation over drawn markets.",
    ),
    "macro_f1": Meaning("How well the likeliest of down, flat and up was right.", "Mean of the three classes' F1."),
    "class_log_loss": Meaning("Log-loss of three classes.", "-mean(ln(chance given to the class that came))."),
    "interval": Meaning(
        "Where the true win rate of the group is in 95 of 100 cases.",
        "One t on the means of blocks of time, 30 of them at least.",
    ),
    "this_trial": Meaning("The account at the end, which starts at 1, and the share of trades won.", "1 + sum(net)."),
    "coin_flip_twin": Meaning(
        "The account of the same trades, each side drawn by a fair coin.", "One draw of a fixed seed; same stakes, same times."
    ),
    "always_long_twin": Meaning("The account of the same trades, always long, or Up.", "Same stakes, same times."),
    "no_edge_one_trial": Meaning(
        "Where the account of these stakes ends in 95 of 100 markets in which direction is a coin.", LOG_NORMAL
    ),
    "no_edge_best_of_search": Meaning(
        "What the best of all independent trials of this search stays below in 97.5 of 100 such markets, staked as this one.",
        f"{LOG_NORMAL} Here z is the 0.975^(1/N) quantile of a normal for N independent trials.",
    ),
    "return": Meaning("Growth of the account in the month.", "equity at its end / equity at its start - 1.", "the month"),
    "price_paid": Meaning("What a share cost with half the spread and the fee: the win rate at which it earns nothing."),
    "psi": Meaning(
        "How far a feature's values moved from train to validation: below 0.1 little, above 0.25 much.",
        "Population stability index: sum((v - t) * ln(v / t)) over ten bins of equal count in train (Siddiqi 2006).",
        BOTH,
    ),
    "ks": Meaning(
        "The same as a distance: 0 is the same distribution, 1 no overlap.",
        "Kolmogorov-Smirnov: max |share of train below x - share of validation below x|.",
        BOTH,
    ),
    "log_loss_rise": Meaning(
        "How much worse the forest predicts with this input shuffled; read it against the noise column.",
        "Rise of log-loss in nats over five shuffles, 95 % interval over blocks of time (Breiman 2001, section 10).",
    ),
    "auc_fall": Meaning("How much worse the forest ranks with this input shuffled.", "Mean fall of AUC over five shuffles."),
    "difference": Meaning("What the change takes from the mean net payoff.", "mean net under the change - as recorded."),
    "price": Meaning("The market's price at the entry: of the perpetual, or of the bought share."),
    "exit_price": Meaning("The market's price at the exit; a binary's share ends at 0 or 1."),
    "size": Meaning("Share of the equity at entry: notional of a perpetual, all-in stake of a binary."),
    "p": Meaning("Predicted chance of up."),
    "net": Meaning("What the trade earned after all costs, in units of the starting equity.", "gross - cost - funding."),
    "payoff": Meaning("Net of one share of a binary, or of one unit of a perpetual's notional."),
    "ledger": Meaning("Where this trial stands among all that anyone ever scored on these data.", "", "the whole ledger"),
}
"""By the name of a figure, or of a table's column, blanks as underscores."""

TITLES = {
    "p_value": "p-value",
    "sharpe": "Sharpe ratio",
    "sharpe_error": "Sharpe error",
    "deflated": "deflated Sharpe",
    "auc": "AUC",
    "null_auc": "AUC without an edge",
    "null_net": "mean net without an edge",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "slope": "calibration slope",
    "break_even": "break-even win rate",
    "break_even_cost": "break-even cost",
    "psi": "PSI",
    "ks": "KS distance",
    "p": "chance of up",
}
"""What some figures are called on a page."""

PROBES = {
    "P1": "Does a feature change when all rows after the decision are cut off?",
    "P2": "Does a feature change when the rows after the decision are shuffled, scaled or turned round?",
    "P3": "Do models learned from shifted labels do as well? Asked before a sealed look.",
    "P4": "Does the AUC break down when the features come one decision later, as of a leak it would?",
    "P5": "Is the AUC on validation better than honest data of this kind give?",
    "P6": "Does one feature carry nearly all of what the model knows?",
    "P7": "Does one feature alone rank the outcomes on train beyond chance, so that it needs a reason?",
    "P8": "Was every slow series used only once it was published?",
    "P9": "Do the features of validation look unlike those of train, so that the market was another?",
    "P10": "Does a column hold something that only the end of a contract decides?",
    "P11": "Do the same rows stand on both sides of the split?",
    "P12": "Does the side that is ahead at the decision win more often than its price says?",
}
"""What each probe asks."""
