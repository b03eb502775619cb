"""Features that people start from, by family."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from factory.expressions.grammar import Expression, parse


@dataclass(frozen=True, slots=True)
class Recipe:
    """A feature with its series left open.

    Parameters
    ----------
    name, family : str
        How it is listed.
    template : str
        Expression with ``{s}`` for the series and, in the cross-asset
        family, ``{t}`` for another one.
    doc : str
        One line.
    """

    name: str
    family: str
    template: str
    doc: str

    def on(self, series: str, other: str = "eth") -> Expression:
        """Apply the recipe to a series, beside another where it needs one."""
        return parse(self.template.format(s=series, t=other))


_FAMILIES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "momentum": (
        ("ret_1", "ret({s}.close, 1)", "Return of the last row."),
        ("ret_5", "ret({s}.close, 5)", "Return over 5 rows."),
        ("ret_15", "ret({s}.close, 15)", "Return over 15 rows."),
        ("ret_60", "ret({s}.close, 60)", "Return over 60 rows."),
        ("ret_day", "ret({s}.close, 1440)", "Return over 1,440 rows: a day of minutes."),
        ("drift", "mean(ret({s}.close, 1), 60) / std(ret({s}.close, 1), 60)", "Mean return over its deviation."),
        ("ema_cross", "ema({s}.close, 12) / ema({s}.close, 48) - 1", "Fast over slow average."),
        ("macd_share", "macd_hist({s}.close, 12, 26, 9) / {s}.close", "MACD histogram in units of price."),
        ("trend_60", "trend({s}.close, 60)", "How straight the last 60 rows rose."),
        ("slope_60", "slope(log({s}.close), 60)", "Growth a row, fitted."),
        ("efficiency_30", "efficiency({s}.close, 30)", "Net move over the path walked."),
        ("up_share", "count({s}.close > {s}.open, 30) / 30", "Share of rising bars."),
        ("acceleration", "ret({s}.close, 5) - lag(ret({s}.close, 5), 5)", "Change of the 5-row return."),
        ("adx_signed", "adx({s}, 14) * sign(plus_di({s}, 14) - minus_di({s}, 14))", "Strength of the trend with its side."),
        ("aroon_25", "aroon({s}, 25)", "Whether highs or lows are the fresher."),
        ("breakout", "{s}.close / lag(max({s}.high, 60), 1) - 1", "Distance above the 60-row high before."),
    ),
    "mean reversion": (
        ("zscore_60", "zscore({s}.close, 60)", "Distance from the hour's mean in deviations."),
        ("zscore_day", "zscore({s}.close, 1440)", "Distance from the day's mean in deviations."),
        ("rsi_14", "rsi({s}.close, 14)", "Relative strength index."),
        ("rsi_2", "rsi({s}.close, 2)", "Connors's short RSI."),
        ("bands", "bollinger_position({s}.close, 20, 2)", "Place between the Bollinger bands."),
        ("stochastic", "stochastic_k({s}, 14, 3)", "Slow stochastic."),
        ("williams", "williams_r({s}, 14)", "Williams %R."),
        ("cci_20", "cci({s}, 20)", "Commodity channel index."),
        ("to_vwap", "{s}.close / vwap({s}, 240) - 1", "Distance from the mean traded price."),
        ("to_day_vwap", "{s}.close / vwap_day({s}) - 1", "Distance from the day's mean traded price."),
        ("close_in_bar", "({s}.close - {s}.low) / ({s}.high - {s}.low)", "Place of the close in its bar."),
        ("range_place", "position({s}.close, 240)", "Place in the range of 240 rows."),
        ("drawdown_240", "drawdown({s}.close, 240)", "Distance below the high of 240 rows."),
        ("reversal", "autocorr(ret({s}.close, 1), 120, 1)", "Whether returns follow or turn."),
    ),
    "volatility": (
        ("vol_30", "std(ret({s}.close, 1), 30)", "Deviation of returns, 30 rows."),
        ("vol_240", "std(ret({s}.close, 1), 240)", "Deviation of returns, 240 rows."),
        ("vol_ratio", "std(ret({s}.close, 1), 30) / std(ret({s}.close, 1), 480)", "Short over long volatility."),
        ("vol_rank", "rank(std(ret({s}.close, 1), 30), 1440)", "Rank of volatility within the day."),
        ("vol_yearly", "std(ret({s}.close, 1), 1440) * 724.98", "Yearly volatility from a day of minutes."),
        ("parkinson_60", "parkinson({s}, 60)", "Volatility from highs and lows."),
        ("garman_klass_60", "garman_klass({s}, 60)", "Volatility from whole bars."),
        ("yang_zhang_60", "yang_zhang({s}, 60)", "Volatility free of drift and jumps."),
        ("jumps", "1 - bipower(ret({s}.close, 1), 120) / std(ret({s}.close, 1), 120)", "Share of volatility from jumps."),
        ("atr_share", "atr({s}, 14) / {s}.close", "Average true range in units of price."),
        ("band_width", "bollinger_width({s}.close, 20, 2)", "Width of the Bollinger bands."),
        ("skew_240", "skew(ret({s}.close, 1), 240)", "Lopsidedness of returns."),
        ("kurt_240", "kurt(ret({s}.close, 1), 240)", "Fat tails of returns."),
        ("downside_share", "downside(ret({s}.close, 1), 120) / std(ret({s}.close, 1), 120)", "Volatility of falls over all."),
    ),
    "volume and flow": (
        ("volume_burst", "zscore(log({s}.volume + 1), 240)", "Volume against its usual."),
        ("volume_rank", "rank({s}.volume, 240)", "Rank of the last row's volume."),
        ("volume_trend", "mean({s}.volume, 30) / mean({s}.volume, 240)", "Recent over usual volume."),
        ("signed_volume", "obv({s}, 60)", "Volume with the side of each bar."),
        ("money_flow_20", "money_flow({s}, 20)", "Volume by the close's place in its bar."),
        ("mfi_14", "mfi({s}, 14)", "Money flow index."),
        ("price_with_volume", "corr(ret({s}.close, 1), {s}.volume, 120)", "Whether volume comes with rises or falls."),
        ("illiquidity", "log(amihud({s}, 240))", "Price moved per unit traded."),
        ("takers", "taker_share({s}, 15) - taker_share({s}, 240)", "Taker buying against its usual."),
        ("trade_size_rank", "rank(trade_size({s}, 5), 240)", "Whether trades are large now."),
    ),
    "cross-asset": (
        ("lead", "ret({t}.close, 5) - ret({s}.close, 5)", "What the other moved more."),
        ("beta_240", "beta(ret({s}.close, 1), ret({t}.close, 1), 240)", "Sensitivity to the other."),
        ("corr_240", "corr(ret({s}.close, 1), ret({t}.close, 1), 240)", "Correlation with the other."),
        ("spread_z", "zscore(log({s}.close) - log({t}.close), 1440)", "How far the pair has parted."),
        ("lagged_corr", "corr(ret({s}.close, 1), lag(ret({t}.close, 1), 1), 240)", "Whether the other leads by a row."),
        ("residual", "ret({s}.close, 15) - beta(ret({s}.close, 1), ret({t}.close, 1), 240) * ret({t}.close, 15)",
         "Return the other does not explain."),
        ("relative_volume", "zscore(log({s}.volume + 1), 240) - zscore(log({t}.volume + 1), 240)",
         "Volume burst against the other's."),
    ),
    "clock": (
        ("day_sine", "hour_sin()", "Time of day, sine."),
        ("day_cosine", "hour_cos()", "Time of day, cosine."),
        ("weekend", "weekday() >= 5", "Whether it is Saturday or Sunday."),
        ("us_session", "hour() >= 13 and hour() < 20", "Whether New York trades, UTC hours."),
        ("funding_clock", "elapsed(8h)", "Share of the 8-hour funding stretch that has passed."),
        ("hour_clock", "elapsed(1h)", "Share of the hour that has passed."),
    ),
    "fractional differencing": (
        ("frac_03", "fracdiff(log({s}.close), 0.3, 240)", "Log price with long memory, nearly stationary."),
        ("frac_04", "fracdiff(log({s}.close), 0.4, 120)", "Log price of order 0.4."),
        ("frac_06", "fracdiff(log({s}.close), 0.6, 60)", "Log price of order 0.6, short memory."),
        ("frac_z", "zscore(fracdiff(log({s}.close), 0.4, 120), 240)", "The same against its usual."),
        ("frac_volume", "fracdiff(log({s}.volume + 1), 0.4, 120)", "Volume of order 0.4."),
    ),
    "higher time frames": (
        ("hour_ret", "at(1h, ret({s}.close, 1))", "Return of the last whole hour."),
        ("hour_zscore", "at(1h, zscore({s}.close, 24))", "Distance from the mean of 24 hours."),
        ("hour_trend", "at(1h, trend({s}.close, 24))", "Trend of 24 hours."),
        ("hour_vol", "at(1h, yang_zhang({s}, 24))", "Volatility of 24 hours."),
        ("quarter_rsi", "at(15m, rsi({s}.close, 14))", "RSI of quarter hours."),
        ("quarter_burst", "at(15m, zscore({s}.volume, 96))", "Volume of the quarter against the day's."),
        ("four_hour_ret", "at(4h, ret({s}.close, 6))", "Return of the last day, in 4-hour bars."),
        ("day_range", "at(1d, position({s}.close, 20))", "Place in the range of 20 days."),
        ("since_hour", "{s}.close / at(1h, {s}.close) - 1", "Move since the last whole hour."),
    ),
}  # fmt: skip

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {name: Recipe(name, family, template, doc) for family, rows in _FAMILIES.items() for name, template, doc in rows}
)
"""Every recipe by name, families in order."""
