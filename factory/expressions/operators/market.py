"""Operators on whole bars, the clock, and higher time frames."""

from factory.core.times import DAY, MINUTE
from factory.expressions.signature import Literals, Operator, Param, lagged, series, whole, wilder_settling, window, x

_OHLC = ("open", "high", "low", "close")
_HLC = ("high", "low", "close")


def _wilder(literals: Literals) -> int:
    return wilder_settling(literals[0]) + int(literals[0])


VOLATILITY = (
    Operator(
        "true_range",
        "volatility",
        (series(),),
        "Greatest of high - low and both distances from the close before.",
        "true_range(btc)",
        lambda literals: 1,
        lambda literals: _HLC,
        power=1,
    ),
    Operator(
        "atr",
        "volatility",
        (series(), window("n", 2, 10_000, 14)),
        "Average true range (Wilder), in price.",
        "atr(btc, 14)",
        _wilder,
        lambda literals: _HLC,
        recursive=True,
        exact=False,
        power=1,
    ),
    Operator(
        "natr",
        "volatility",
        (series(), window("n", 2, 10_000, 14)),
        "Average true range, percent of the close.",
        "natr(btc, 14)",
        _wilder,
        lambda literals: _HLC,
        recursive=True,
        exact=False,
    ),
    Operator(
        "parkinson",
        "volatility",
        (series(), window()),
        "Parkinson's volatility a row, from high and low.",
        "parkinson(btc, 60)",
        whole,
        lambda literals: ("high", "low"),
    ),
    Operator(
        "garman_klass",
        "volatility",
        (series(), window()),
        "Garman and Klass's volatility a row.",
        "garman_klass(btc, 60)",
        whole,
        lambda literals: _OHLC,
    ),
    Operator(
        "rogers_satchell",
        "volatility",
        (series(), window()),
        "Rogers and Satchell's volatility a row; free of drift.",
        "rogers_satchell(btc, 60)",
        whole,
        lambda literals: _OHLC,
    ),
    Operator(
        "yang_zhang",
        "volatility",
        (series(), window("n", 2)),
        "Yang and Zhang's volatility a row; drift and opening jumps.",
        "yang_zhang(btc, 60)",
        lagged,
        lambda literals: _OHLC,
    ),
    Operator(
        "bipower",
        "volatility",
        (x(), window("n", 2)),
        "Volatility a row of returns x without their jumps (bipower).",
        "bipower(ret(btc.close, 1), 60)",
        lagged,
        power=1,
    ),
    Operator(
        "downside",
        "volatility",
        (x(), window()),
        "Root mean square of the negative values of x.",
        "downside(ret(btc.close, 1), 60)",
        whole,
        power=1,
    ),
)

FLOW = (
    Operator(
        "vwap",
        "flow",
        (series(), window()),
        "Mean typical price of n rows, weighted by volume.",
        "vwap(btc, 60)",
        whole,
        lambda literals: (*_HLC, "volume"),
        power=1,
    ),
    Operator(
        "vwap_day",
        "flow",
        (series(),),
        "Mean typical price since midnight UTC, or since its session began, weighted by volume.",
        "vwap_day(btc)",
        needs=lambda literals: (*_HLC, "volume"),
        reach=DAY,
        power=1,
    ),
    Operator(
        "obv",
        "flow",
        (series(), window()),
        "Volume of n rows, signed by each row's change of close, over all volume: -1..1.",
        "obv(btc, 60)",
        lagged,
        lambda literals: ("close", "volume"),
    ),
    Operator(
        "money_flow",
        "flow",
        (series(), window()),
        "Chaikin money flow: volume weighted by the close's place in the bar, -1..1.",
        "money_flow(btc, 20)",
        whole,
        lambda literals: (*_HLC, "volume"),
    ),
    Operator(
        "force",
        "flow",
        (series(), window()),
        "Mean over n rows of the relative change of close times volume.",
        "force(btc, 20)",
        lagged,
        lambda literals: ("close", "volume"),
        volume=1,
    ),
    Operator(
        "amihud",
        "flow",
        (series(), window()),
        "Illiquidity: mean absolute return per unit of traded value.",
        "amihud(btc, 60)",
        lagged,
        lambda literals: ("close", "volume"),
        power=-1,
        volume=-1,
    ),
    Operator(
        "taker_share",
        "flow",
        (series(), window()),
        "Share of n rows' volume that takers bought, 0..1.",
        "taker_share(btc, 30)",
        whole,
        lambda literals: ("volume", "taker_buy_volume"),
    ),
    Operator(
        "trade_imbalance",
        "flow",
        (series(), window()),
        "Taker buys less taker sells over all volume of n rows, -1..1.",
        "trade_imbalance(btc, 30)",
        whole,
        lambda literals: ("volume", "taker_buy_volume"),
    ),
    Operator(
        "trade_size",
        "flow",
        (series(), window()),
        "Mean size of a trade over n rows.",
        "trade_size(btc, 30)",
        whole,
        lambda literals: ("volume", "number_of_trades"),
        volume=1,
    ),
)

CLOCK = (
    Operator("hour", "clock", (), "Hour of the decision, UTC, 0..23.", "hour()"),
    Operator("weekday", "clock", (), "Day of the decision, Monday 0.", "weekday()"),
    Operator("minute_of_day", "clock", (), "Minutes since midnight UTC.", "minute_of_day()"),
    Operator("hour_sin", "clock", (), "Sine of the time of day.", "hour_sin()"),
    Operator("hour_cos", "clock", (), "Cosine of the time of day.", "hour_cos()"),
    Operator(
        "elapsed",
        "clock",
        (Param("every", "duration", MINUTE, 7 * DAY),),
        "Share of the present stretch of that length, counted from 1970, that has passed, 0..1.",
        "elapsed(8h)",
    ),
)

FRAME = (
    Operator(
        "at",
        "frame",
        (Param("bar", "duration", 1_000, DAY), x()),
        "The expression on completed bars of that length, known at their close.",
        "at(1h, zscore(btc.close, 24))",
        power=1,
    ),
)
