"""Operators row by row, changes over rows, and smoothing."""

from factory.expressions.signature import FILTERED, Operator, ema_settling, lagged, number, window, x

MATH = (
    Operator("log", "math", (x(),), "Natural logarithm.", "log(btc.close)", power=None),
    Operator("exp", "math", (x(),), "e to the power of x.", "exp(ret(btc.close, 5))", power=None),
    Operator("sqrt", "math", (x(),), "Square root.", "sqrt(btc.volume)", power=0.5),
    Operator("abs", "math", (x(),), "Absolute value.", "abs(ret(btc.close, 1))", power=1),
    Operator("sign", "math", (x(),), "-1, 0 or 1.", "sign(ret(btc.close, 5))"),
    Operator("tanh", "math", (x(),), "Squashes to -1..1.", "tanh(ret(btc.close, 5) * 100)", power=None),
    Operator(
        "clip",
        "math",
        (x(), number("low", -1e9, 1e9), number("high", -1e9, 1e9)),
        "x kept within low..high.",
        "clip(ret(btc.close, 1), -0.01, 0.01)",
        power=None,
    ),
    Operator("least", "math", (x("a"), x("b")), "The smaller of two values.", "least(btc.open, btc.close)", power=1),
    Operator("greatest", "math", (x("a"), x("b")), "The greater of two values.", "greatest(btc.open, btc.close)", power=1),
    Operator(
        "where",
        "math",
        (x("condition"), x("a"), x("b")),
        "a where the condition holds, else b.",
        "where(btc.close > btc.open, btc.volume, 0)",
        power=1,
    ),
)

CHANGE = (
    Operator("lag", "change", (x(), window()), "Value n rows ago.", "lag(btc.close, 3)", lagged, power=1),
    Operator("diff", "change", (x(), window()), "Change over n rows.", "diff(btc.close, 3)", lagged, power=1),
    Operator("ret", "change", (x(), window()), "Relative change over n rows, x / lag(x, n) - 1.", "ret(btc.close, 15)", lagged),
    Operator(
        "log_ret", "change", (x(), window()), "Logarithm of x over its value n rows ago.", "log_ret(btc.close, 15)", lagged
    ),
    Operator(
        "fracdiff",
        "change",
        (x(), number("d", 0, 2), window("n", 2, FILTERED)),
        "Fractional difference of order d, its weights cut after n rows.",
        "fracdiff(log(btc.close), 0.4, 100)",
        lambda literals: int(literals[1]) - 1,
        power=1,
    ),
)

SMOOTHING = (
    Operator(
        "ema",
        "smoothing",
        (x(), window("n", 2)),
        "Exponential average of span n.",
        "ema(btc.close, 20)",
        lambda literals: ema_settling(literals[0]),
        recursive=True,
        exact=False,
        power=1,
    ),
    Operator(
        "wilder",
        "smoothing",
        (x(), window("n", 2)),
        "Wilder's average: each row moves it by 1/n.",
        "wilder(btc.close, 14)",
        lambda literals: ema_settling(2 * literals[0] - 1),
        recursive=True,
        exact=False,
        power=1,
    ),
    Operator(
        "dema",
        "smoothing",
        (x(), window("n", 2, 10_000)),
        "Double exponential average.",
        "dema(btc.close, 20)",
        lambda literals: 2 * (ema_settling(literals[0]) + int(literals[0])),
        recursive=True,
        exact=False,
        power=1,
    ),
    Operator(
        "tema",
        "smoothing",
        (x(), window("n", 2, 10_000)),
        "Triple exponential average.",
        "tema(btc.close, 20)",
        lambda literals: 3 * (ema_settling(literals[0]) + int(literals[0])),
        recursive=True,
        exact=False,
        power=1,
    ),
    Operator(
        "trix",
        "smoothing",
        (x(), window("n", 2, 10_000)),
        "Change of a triple exponential average, percent a row.",
        "trix(btc.close, 15)",
        lambda literals: 3 * (ema_settling(literals[0]) + int(literals[0])) + 1,
        recursive=True,
        exact=False,
    ),
    Operator(
        "kama",
        "smoothing",
        (x(), window("n", 2, 10_000)),
        "Kaufman's adaptive average.",
        "kama(btc.close, 10)",
        lambda literals: 6_640 + int(literals[0]),
        recursive=True,
        exact=False,
        power=1,
    ),
)
