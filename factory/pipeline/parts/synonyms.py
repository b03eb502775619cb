"""What the field calls the parts of a pipeline: names of other libraries, and words that people look for."""

from collections.abc import Mapping
from types import MappingProxyType

_TABLE: Mapping[str, str] = {
    "clock": "schedule interval time_bars",
    "cusum": "event_sampling event_filter",
    "events": "event_bars tick_bars update_bars",
    "up_down": "direction binary_label",
    "window_end": "binary_outcome window_outcome market_outcome resolution",
    "fixed_return": "fixed_horizon forward_return",
    "triple_barrier": "stop_loss take_profit profit_target trailing_stop barriers",
    "mid_move": "mid_price_movement smoothed_label",
    "logistic": "logistic_regression logit",
    "linear": "linear_regression ridge ridge_regression ols",
    "gradient_boosting": "xgboost xgb lightgbm lgbm catboost gbm gbdt boosting boosted_trees hist_gradient_boosting",
    "extra_trees": "extremely_randomized_trees extratrees",
    "rule": "threshold_rule if_then",
    "deeplob": "cnn lstm neural_network neural_net deep_learning",
    "bin_ctabl": "tabl attention transformer neural_network neural_net deep_learning",
    "forest": "random_forest randomforest rf meta_labeling meta_labelling stacking ensemble",
    "up_or_down": "polymarket prediction_market binary_option",
    "long_or_short": "perpetual futures long_short",
    "fixed": "fixed_fraction position_size position_sizing",
    "kelly": "kelly_criterion position_size position_sizing",
    "volatility": "volatility_target volatility_targeting vol_target position_size position_sizing",
    "barriers": "stop_loss take_profit profit_target stop_out",
    "after": "time_exit time_stop holding_period",
    "signal": "signal_exit reversal",
    "market": "market_order taker fill_or_kill",
    "limit": "limit_order maker post_only resting_order",
    "refit": "walk_forward retrain retraining rolling_refit",
}

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType({name: tuple(words.split()) for name, words in _TABLE.items()})
"""Other names and words by the part that comes nearest to them: its ``use``, or its stage where it has none."""
