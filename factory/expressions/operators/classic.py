"""Classic indicators as TA-Lib defines them; outputs of one indicator are operators of their own."""

from factory.expressions.signature import (
    Literals,
    Operator,
    Param,
    ema_settling,
    lagged,
    number,
    series,
    whole,
    wilder_settling,
    window,
    x,
)

PERIODS = 10_000
"""Greatest period of an indicator."""

_FAST, _SLOW, _SIGNAL = window("fast", 2, PERIODS, 12), window("slow", 2, PERIODS, 26), window("signal", 1, PERIODS, 9)
_MACD = (x(), _FAST, _SLOW, _SIGNAL)
_BANDS = (x(), window("n", 2, PERIODS, 20), number("width", 0.01, 100, 2))
_HLC = ("high", "low", "close")


def _period(default: int, low: int = 2) -> Param:
    return window("n", low, PERIODS, default)


def _macd(literals: Literals) -> int:
    fast, slow, signal = literals
    return ema_settling(max(fast, slow)) + int(max(fast, slow)) + ema_settling(signal) + int(signal)


def _wilder(literals: Literals) -> int:
    return wilder_settling(literals[0]) + int(literals[0])


def _twice_wilder(literals: Literals) -> int:
    return 2 * _wilder(literals)


def _band(name: str, doc: str, power: int) -> Operator:
    return Operator(name, "indicator", _BANDS, doc, f"{name}(btc.close, 20, 2)", whole, power=power)


def _macd_line(name: str, doc: str) -> Operator:
    return Operator(name, "indicator", _MACD, doc, f"{name}(btc.close, 12, 26, 9)", _macd, recursive=True, exact=False, power=1)


def _directional(name: str, doc: str) -> Operator:
    return Operator(
        name,
        "indicator",
        (series(), _period(14)),
        doc,
        f"{name}(btc, 14)",
        _twice_wilder,
        lambda literals: _HLC,
        recursive=True,
        exact=False,
    )


CLASSIC = (
    Operator(
        "rsi",
        "indicator",
        (x(), _period(14)),
        "Relative strength index, 0..100.",
        "rsi(btc.close, 14)",
        _wilder,
        recursive=True,
        exact=False,
    ),
    Operator(
        "cmo",
        "indicator",
        (x(), _period(14)),
        "Chande momentum oscillator, -100..100.",
        "cmo(btc.close, 14)",
        _wilder,
        recursive=True,
        exact=False,
    ),
    Operator(
        "stoch_rsi",
        "indicator",
        (x(), _period(14), window("k", 1, PERIODS, 5)),
        "Place of the RSI within its last k values, 0..100.",
        "stoch_rsi(btc.close, 14, 5)",
        lambda literals: _wilder(literals) + int(literals[1]),
        recursive=True,
        exact=False,
    ),
    _macd_line("macd", "Fast less slow exponential average."),
    _macd_line("macd_signal", "Exponential average of macd."),
    _macd_line("macd_hist", "macd less its signal."),
    Operator(
        "ppo",
        "indicator",
        (x(), _FAST, _SLOW),
        "Fast over slow exponential average, percent.",
        "ppo(btc.close, 12, 26)",
        lambda literals: ema_settling(max(literals)) + int(max(literals)),
        recursive=True,
        exact=False,
    ),
    _band("bollinger_upper", "Mean plus width standard deviations (n).", 1),
    _band("bollinger_lower", "Mean less width standard deviations (n).", 1),
    _band("bollinger_position", "Place of x between the bands: 0 lower, 1 upper.", 0),
    _band("bollinger_width", "Distance of the bands over the mean.", 0),
    Operator(
        "stochastic_k",
        "indicator",
        (series(), _period(14, 1), window("smooth", 1, PERIODS, 3)),
        "Slow stochastic %K, 0..100.",
        "stochastic_k(btc, 14, 3)",
        lambda literals: int(sum(literals)) - 2,
        lambda literals: _HLC,
    ),
    Operator(
        "stochastic_d",
        "indicator",
        (series(), _period(14, 1), window("smooth", 1, PERIODS, 3), window("signal", 1, PERIODS, 3)),
        "Slow stochastic %D, the mean of %K.",
        "stochastic_d(btc, 14, 3, 3)",
        lambda literals: int(sum(literals)) - 3,
        lambda literals: _HLC,
    ),
    Operator(
        "williams_r",
        "indicator",
        (series(), _period(14)),
        "Williams %R, -100..0.",
        "williams_r(btc, 14)",
        whole,
        lambda literals: _HLC,
    ),
    Operator(
        "cci",
        "indicator",
        (series(), window("n", 2, 2_000, 14)),
        "Commodity channel index.",
        "cci(btc, 14)",
        whole,
        lambda literals: _HLC,
    ),
    Operator(
        "mfi",
        "indicator",
        (series(), _period(14)),
        "Money flow index, 0..100.",
        "mfi(btc, 14)",
        lagged,
        lambda literals: (*_HLC, "volume"),
    ),
    Operator(
        "ultimate",
        "indicator",
        (series(), window("a", 1, PERIODS, 7), window("b", 1, PERIODS, 14), window("c", 1, PERIODS, 28)),
        "Ultimate oscillator, 0..100.",
        "ultimate(btc, 7, 14, 28)",
        lambda literals: int(max(literals)),
        lambda literals: _HLC,
    ),
    _directional("adx", "Average directional index, 0..100."),
    _directional("plus_di", "Positive directional indicator."),
    _directional("minus_di", "Negative directional indicator."),
    Operator(
        "aroon",
        "indicator",
        (series(), _period(14)),
        "Aroon oscillator, -100..100.",
        "aroon(btc, 14)",
        lagged,
        lambda literals: ("high", "low"),
    ),
)
