"""Operators on a window of rows of any expression."""

from factory.expressions.signature import FILTERED, ORDERED, Operator, lagged, number, whole, window, x

WINDOW = (
    Operator("sum", "window", (x(), window()), "Sum of n rows.", "sum(btc.volume, 30)", whole, power=1),
    Operator("mean", "window", (x(), window()), "Mean of n rows.", "mean(btc.close, 30)", whole, power=1),
    Operator(
        "std", "window", (x(), window("n", 2)), "Standard deviation (n - 1).", "std(ret(btc.close, 1), 30)", whole, power=1
    ),
    Operator("var", "window", (x(), window("n", 2)), "Variance (n - 1).", "var(ret(btc.close, 1), 30)", whole, power=2),
    Operator("skew", "window", (x(), window("n", 3)), "Skewness, unbiased.", "skew(ret(btc.close, 1), 60)", whole),
    Operator("kurt", "window", (x(), window("n", 4)), "Excess kurtosis, unbiased.", "kurt(ret(btc.close, 1), 60)", whole),
    Operator(
        "zscore",
        "window",
        (x(), window("n", 2)),
        "Distance from the mean in standard deviations.",
        "zscore(btc.close, 60)",
        whole,
    ),
    Operator("min", "window", (x(), window()), "Least of n rows.", "min(btc.low, 30)", whole, power=1),
    Operator("max", "window", (x(), window()), "Greatest of n rows.", "max(btc.high, 30)", whole, power=1),
    Operator(
        "position",
        "window",
        (x(), window("n", 2)),
        "Place between the window's least (0) and greatest (1).",
        "position(btc.close, 60)",
        whole,
    ),
    Operator(
        "drawdown", "window", (x(), window("n", 2)), "x over the window's greatest, less 1.", "drawdown(btc.close, 240)", whole
    ),
    Operator("runup", "window", (x(), window("n", 2)), "x over the window's least, less 1.", "runup(btc.close, 240)", whole),
    Operator("median", "window", (x(), window("n", 1, ORDERED)), "Median of n rows.", "median(btc.volume, 30)", whole, power=1),
    Operator(
        "quantile",
        "window",
        (x(), window("n", 1, ORDERED), number("q", 0, 1)),
        "Quantile q of n rows, linear between rows.",
        "quantile(btc.volume, 60, 0.9)",
        whole,
        power=1,
    ),
    Operator(
        "rank",
        "window",
        (x(), window("n", 1, ORDERED)),
        "Rank of the present value among n rows, in (0, 1].",
        "rank(btc.volume, 60)",
        whole,
    ),
    Operator(
        "since_max",
        "window",
        (x(), window("n", 2)),
        "Rows since the window's greatest value.",
        "since_max(btc.high, 30)",
        whole,
    ),
    Operator(
        "since_min", "window", (x(), window("n", 2)), "Rows since the window's least value.", "since_min(btc.low, 30)", whole
    ),
    Operator(
        "count",
        "window",
        (x("condition"), window()),
        "Rows of n where the condition holds.",
        "count(btc.close > btc.open, 30)",
        whole,
    ),
    Operator(
        "since",
        "window",
        (x("condition"), window()),
        "Rows since the condition last held; n where it held in none of n rows.",
        "since(btc.close > btc.open, 30)",
        whole,
    ),
    Operator(
        "slope", "window", (x(), window("n", 2)), "Least-squares slope a row.", "slope(log(btc.close), 60)", whole, power=1
    ),
    Operator("trend", "window", (x(), window("n", 3)), "Correlation with time, -1..1.", "trend(btc.close, 60)", whole),
    Operator(
        "corr", "window", (x("a"), x("b"), window("n", 3)), "Correlation.", "corr(ret(btc.close, 1), btc.volume, 60)", whole
    ),
    Operator(
        "cov",
        "window",
        (x("a"), x("b"), window("n", 2)),
        "Covariance (n - 1).",
        "cov(ret(btc.close, 1), btc.volume, 60)",
        whole,
        power=2,
    ),
    Operator(
        "beta",
        "window",
        (x("y"), x("x"), window("n", 3)),
        "Least-squares slope of y on x.",
        "beta(btc.close, btc.open, 60)",
        whole,
    ),
    Operator(
        "autocorr",
        "window",
        (x(), window("n", 3), window("lag", 1, 1000, 1)),
        "Correlation with its own value some rows before.",
        "autocorr(ret(btc.close, 1), 60, 1)",
        lambda literals: int(literals[0]) - 1 + int(literals[1]),
    ),
    Operator(
        "efficiency",
        "window",
        (x(), window("n", 1)),
        "Net move over n rows divided by the path's length, 0..1.",
        "efficiency(btc.close, 30)",
        lagged,
    ),
    Operator(
        "wma",
        "window",
        (x(), window("n", 1, FILTERED)),
        "Mean of n rows with linearly growing weights.",
        "wma(btc.close, 30)",
        whole,
        power=1,
    ),
)
