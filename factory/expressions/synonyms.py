"""What the field calls the operators: names of pandas, TA-Lib, Qlib and WorldQuant, and words that people look for."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType

NEAR = 0.8
"""How alike two spellings must be for one to be taken for the other."""
SHORT = 4
"""Letters below which synonyms are too alike to be guessed at."""
BACK = "lag"
AHEAD = frozenset({"lead", "future", "forward", "fwd", "next", "ahead", "lookahead", "tomorrow"})
"""First words of names for what only later rows tell."""
NO_FUTURE = "looking ahead does not exist"

_TABLE: Mapping[str, str] = {
    "log": "ln log1p natural_log",
    "exp": "expm1",
    "sqrt": "square_root",
    "abs": "fabs absolute",
    "tanh": "sigmoid squash",
    "clip": "winsorize winsorise truncate clamp cap",
    "least": "minimum min2 lesser",
    "greatest": "maximum max2 greater",
    "where": "if_else ifelse iff cond select np_where trade_when",
    "lag": "delay shift ref ts_delay ts_lag prev previous rolling_shift backshift",
    "diff": "delta ts_delta difference change mom momentum price_change",
    "ret": "pct_change pctchange pct_chg returns return ts_returns roc rocp rocr rate_of_change momentum percent_change",
    "log_ret": "log_return log_returns logret logreturn log_diff",
    "fracdiff": "frac_diff fractional_difference fractional_differencing ffd long_memory",
    "sum": "ts_sum rolling_sum cumsum moving_sum",
    "mean": "sma ma avg average ts_mean ts_avg rolling_mean rolling_average moving_average simple_moving_average mean_n",
    "std": "stdev stddev stdev_n std_dev ts_std ts_stddev ts_std_dev rolling_std standard_deviation deviation sd mad "
    "volatility realized_volatility realised_volatility hist_vol rolling_volatility",
    "var": "variance ts_var rolling_var",
    "skew": "skewness ts_skewness ts_skew rolling_skew",
    "kurt": "kurtosis ts_kurtosis ts_kurt rolling_kurt",
    "zscore": "z_score ts_zscore rolling_zscore standardize standardise standard_score normalize normalise scale "
    "outlier spike surge anomaly",
    "min": "ts_min rolling_min llv lowest donchian donchian_low lowest_low support",
    "max": "ts_max rolling_max hhv highest donchian donchian_high highest_high resistance",
    "position": "minmax min_max min_max_scale ts_scale percent_b range_position",
    "drawdown": "max_drawdown dd from_high",
    "runup": "run_up from_low",
    "median": "med ts_median rolling_median midpoint",
    "quantile": "percentile ts_quantile ts_percentage rolling_quantile qtlu qtld",
    "rank": "ts_rank rolling_rank pct_rank percent_rank percentrank percentile_rank",
    "since_max": "argmax ts_argmax ts_arg_max idxmax imax highestbars maxindex bars_since_high",
    "since_min": "argmin ts_argmin ts_arg_min idxmin imin lowestbars minindex bars_since_low",
    "count": "countif count_if rolling_count ts_count",
    "since": "barssince bars_since barslast days_from_last_change",
    "slope": "linreg linearreg linearreg_slope linreg_slope ts_slope ts_regression regression_slope polyfit linear_regression",
    "trend": "rsquare r_squared r2 trend_strength",
    "corr": "correl correlation ts_corr rolling_corr pearson",
    "cov": "covariance ts_cov ts_covariance rolling_cov",
    "beta": "ols regression_beta hedge_ratio rolling_beta",
    "autocorr": "autocorrelation acf serial_correlation hurst hurst_exponent",
    "efficiency": "efficiency_ratio kaufman_efficiency er hurst hurst_exponent choppiness chop",
    "wma": "decay_linear ts_decay_linear linear_decay weighted_moving_average hma hull_moving_average",
    "ema": "ewm ewma ewmean ts_ema exp_moving_average exponential_moving_average ts_decay_exp_window",
    "wilder": "rma smma smoothed_moving_average wilders_moving_average",
    "dema": "double_exponential_moving_average",
    "tema": "triple_exponential_moving_average t3",
    "trix": "triple_exponential_oscillator",
    "kama": "adaptive_moving_average kaufman_moving_average mama",
    "rsi": "relative_strength relative_strength_index overbought oversold oscillator",
    "cmo": "chande chande_momentum_oscillator",
    "stoch_rsi": "stochrsi stochastic_rsi",
    "macd": "apo macdext moving_average_convergence_divergence",
    "macd_signal": "macdsignal signal_line",
    "macd_hist": "macdhist macd_histogram macd_diff",
    "ppo": "pvo percentage_price_oscillator",
    "bollinger_upper": "bbands bollinger bollinger_bands bb_upper bbu upper_band",
    "bollinger_lower": "bbands bollinger bollinger_bands bb_lower bbl lower_band",
    "bollinger_position": "bbands bollinger bollinger_bands bbp pct_b bb_position overbought oversold",
    "bollinger_width": "bbands bollinger bollinger_bands bbw bb_width bandwidth squeeze",
    "stochastic_k": "stoch stochastic stochf stoch_k stochastics stochastic_oscillator kdj overbought oversold",
    "stochastic_d": "stoch stochastic stoch_d stochastics stochastic_oscillator",
    "williams_r": "willr williams wpr williams_percent_r overbought oversold oscillator",
    "cci": "commodity_channel overbought oversold oscillator",
    "mfi": "money_flow_index overbought oversold",
    "ultimate": "ultosc uo ultimate_oscillator",
    "adx": "dx adxr directional_movement trend_strength",
    "plus_di": "pdi di_plus plus_dm",
    "minus_di": "mdi ndi di_minus minus_dm",
    "aroon": "aroonosc aroon_oscillator aroon_up aroon_down",
    "true_range": "tr trange",
    "atr": "average_true_range keltner supertrend",
    "natr": "atrp normalized_atr normalised_atr",
    "yang_zhang": "ohlc_volatility",
    "bipower": "jump bipower_variation",
    "downside": "semivariance semideviation downside_deviation semi_deviation",
    "vwap": "vwma volume_weighted_average_price",
    "vwap_day": "session_vwap anchored_vwap daily_vwap",
    "obv": "on_balance_volume",
    "money_flow": "cmf chaikin chaikin_money_flow adosc accumulation_distribution",
    "force": "force_index efi",
    "amihud": "illiquidity kyle_lambda price_impact",
    "taker_share": "buy_ratio taker_buy_ratio buy_pressure",
    "trade_imbalance": "trade_flow_imbalance tfi volume_delta signed_flow cvd",
    "trade_size": "avg_trade_size average_trade_size",
    "mid": "mid_price midprice",
    "spread": "bid_ask_spread",
    "microprice": "micro_price weighted_mid_price",
    "imbalance": "obi book_imbalance order_book_imbalance queue_imbalance",
    "depth": "book_depth market_depth",
    "order_flow": "order_flow_imbalance",
    "weighted_mid": "depth_weighted_mid book_vwap",
    "pressure": "book_pressure weighted_imbalance",
    "book_slope": "order_book_slope lob_slope depth_slope",
    "bid_change": "queue_change bid_queue_change",
    "ask_change": "queue_change ask_queue_change",
    "ofi": "order_flow_imbalance level_ofi",
    "ofi_all": "multi_level_ofi mlofi integrated_ofi",
    "signed_volume": "trade_sign_imbalance signed_trade_volume tfi",
    "events": "updates update_count event_rate",
    "hour": "hour_of_day hourofday",
    "weekday": "dayofweek day_of_week dow",
    "minute_of_day": "minute time_of_day minuteofday",
    "elapsed": "time_since_open session_progress",
    "at": "resample timeframe higher_timeframe multi_timeframe request_security",
    "volume_burst": "volume_spike volume_surge rvol abnormal_volume",
    "volume_trend": "relative_volume volume_ratio volume_spike",
    "ema_cross": "crossover moving_average_crossover golden_cross",
    "breakout": "donchian_breakout new_high",
    "vol_ratio": "volatility_regime",
}

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType({name: tuple(words.split()) for name, words in _TABLE.items()})
"""Other names and words by the operator, or the recipe, that comes nearest to them."""

FAMILIES: Mapping[str, str] = MappingProxyType(dict.fromkeys(("order_book", "orderbook", "order_books", "lob"), "book"))
"""Families of operators by what the field calls what they are of."""


def looks_ahead(name: str) -> bool:
    """Check whether a name asks for later rows."""
    return name.lower().removeprefix("ts_").partition("_")[0] in AHEAD


def match_names(name: str, known: Collection[str]) -> list[str]:
    """List those of `known` that a name stands for in the field, whatever its case."""
    word = name.lower()
    return [word] if word in known else [one for one in known if word in SYNONYMS.get(one, ())]


def find_nearest(name: str, known: Collection[str]) -> list[str]:
    """List those of `known` that a name stands for; else those that are spelt much like it, or have such a synonym."""
    matches = match_names(name, known)
    if matches:
        return matches
    guessed = [word for one in known for word in SYNONYMS.get(one, ()) if len(word) >= SHORT]
    near = get_close_matches(name.lower()[:64], [*known, *guessed], n=1, cutoff=NEAR)
    return match_names(near[0], known) if near else []
