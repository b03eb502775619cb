"""What the statistics answer to each kind of reference vector."""

import re
from collections.abc import Callable, Mapping
from math import comb, log, sqrt
from typing import Any

import numpy as np
from arch.bootstrap import SPA, StepM, optimal_block_length

from factory.expressions.compute.window import fractional_weights
from factory.expressions.kernels import apply_kernel
from factory.expressions.kernels.rows import weigh
from factory.learning.event_kernels import concurrency, cusum_events, first_touch
from factory.learning.labels import return_attribution, time_decay, uniqueness
from factory.learning.splits import combinatorial, purged_kfold, walk_forward
from factory.statistics import alpha, blocks, calibration, deflation, eprocess, intervals, multiplicity, roc_auc, sharpe
from factory.statistics.overfitting import overfitting
from factory.statistics.sharpe import Moments

BINS, CONFIDENCE, DRAWS, SEED = 10, 0.95, 4_000, 1

Values = Mapping[str, Any]
Handler = Callable[[Values], dict[str, Any]]


def _moments(given: Values) -> Moments:
    return Moments(
        given.get("sharpe_per_period", given.get("sharpe", 0.0)),
        given["skew"],
        given["kurtosis_nonexcess"],
        given.get("n_obs", 2),
    )


def _psr(given: Values) -> dict[str, Any]:
    of = _moments(given)
    error = sharpe.mertens_error(of)
    return {"psr": sharpe.psr(of.sharpe, error, given["benchmark"]), "sharpe_std_error": error}


def _ar1(given: Values) -> dict[str, Any]:
    of = _moments(given)
    correlated, independent = sharpe.ar1_error(of, given["rho"]), sharpe.ar1_error(of, 0.0)
    assert correlated
    assert independent
    return {"variance": correlated**2, "variance_rho0": independent**2}


def _expected_maximum(given: Values) -> dict[str, Any]:
    approximate = [deflation.expected_maximum(n) for n in given["N"]]
    return {
        "approx_false_strategy_theorem": approximate,
        "exact_numeric": [deflation.expected_maximum_exact(n) for n in given["N"]],
    }


def _deflated(given: Values) -> dict[str, Any]:
    years = given["periods_per_year"]
    of = Moments(given["sharpe_annual"] / sqrt(years), given["skew"], given["kurtosis_nonexcess"], given["n_obs"])
    variance = given["var_trial_sharpes_annual"] / years
    return {
        "dsr": deflation.deflated_sharpe_ratio(of, given["n_trials"], variance),
        "sr0_per_period": sqrt(variance) * deflation.expected_maximum(given["n_trials"]),
    }


def _deflated_moments(given: Values) -> dict[str, Any]:
    variance = given["trial_sharpe_std"] ** 2
    return {
        "dsr": deflation.deflated_sharpe_ratio(_moments(given), given["n_trials"], variance),
        "sr0_per_period": sqrt(variance) * deflation.expected_maximum(given["n_trials"]),
    }


def _track_record(given: Values) -> dict[str, Any]:
    needed = sharpe.min_track_record(_moments(given), given["benchmark"], given["prob"])
    return {"min_trl_obs": needed}


def _backtest_length(given: Values) -> dict[str, Any]:
    target = given["target_sharpe_annual"]
    years = deflation.min_backtest_length(given["n_trials"], target)
    return {"min_btl_years": years, "upper_bound_years": 2 * log(given["n_trials"]) / target**2}


def _psr_series(given: Values) -> dict[str, Any]:
    of = sharpe.moments(np.array(given["returns"]))
    assert of
    return {
        "psr": sharpe.psr(of.sharpe, sharpe.mertens_error(of), given["benchmark"]),
        "sharpe_ddof1": of.sharpe,
        "skew_population": of.skew,
        "kurtosis_population_nonexcess": of.kurtosis,
    }


def _deflated_series(given: Values) -> dict[str, Any]:
    moments = [sharpe.moments(column) for column in np.array(given["returns_matrix_rows_time"]).T]
    sharpes = np.array([of.sharpe for of in moments if of])
    best, variance = int(sharpes.argmax()), float(sharpes.var(ddof=1))
    chosen = moments[best]
    assert chosen
    return {
        "best_column": best,
        "trial_sharpes": sharpes,
        "var_trial_sharpes_ddof1": variance,
        "sr0": sqrt(variance) * deflation.expected_maximum(given["n_trials"]),
        "dsr": deflation.deflated_sharpe_ratio(chosen, given["n_trials"], variance),
    }


def _effective(given: Values) -> dict[str, Any]:
    trials = deflation.effective_trials(np.array(given["returns_matrix"]))
    return {
        "avg_corr": trials.average_correlation,
        "n_avg_corr_unrounded": trials.by_correlation,
        "n_avg_corr_briones_roundup": int(trials.by_correlation) + 1,
        "effective_rank_entropy": trials.by_entropy,
        "participation_ratio": trials.by_participation,
    }


def _shape(given: Values) -> dict[str, Any]:
    rows, columns = np.shape(given["returns_matrix_rows_time"])
    return {"n_obs": rows, "n_configs": columns}


def _overfitting(given: Values) -> dict[str, Any]:
    result = overfitting(np.array(given["returns_matrix"]), given["n_splits"])
    return {
        "pbo_logit_le_0": result.probability,
        "pbo_logit_lt_0": float(np.mean(result.logits < -1e-12)),
        "n_combinations": len(result.logits),
        "logits_sorted": np.sort(result.logits),
        "prob_oos_loss": result.loss,
    }


def _reality_check(given: Values) -> dict[str, Any]:
    """arch itself, which advice calls: whether the installed one still says the same."""
    losses = np.array(given["model_losses_rows_time"])
    benchmark = np.array(given["benchmark_losses"]) if isinstance(given["benchmark_losses"], list) else np.zeros(len(losses))
    asked = {"block_size": given["block_size"], "reps": given.get("reps", DRAWS), "seed": SEED}
    test, stepwise = SPA(benchmark, losses, **asked), StepM(benchmark, losses, **asked)
    test.compute()
    stepwise.compute()
    p_values = {f"p_{name}": float(value) for name, value in test.pvalues.items()}
    return {**p_values, "stepm_superior": stepwise.superior_models}


def _block_length(given: Values) -> dict[str, Any]:
    return optimal_block_length(np.array(given["series"])).iloc[0].to_dict()


def _binomial(given: Values) -> dict[str, Any]:
    wins, n, confidence = given["wins"], given["n"], given["confidence"]
    tails = {}
    for key in given["wanted"]:
        if rate := re.fullmatch(r"p_one_sided_gt_(\d+)_(\d+)", key):
            tails[key] = intervals.binomial_tail(wins, n, float(".".join(rate.groups())))
    return {
        "wilson": intervals.wilson(wins, n, confidence),
        "clopper_pearson": intervals.clopper_pearson(wins, n, confidence),
        "jeffreys": intervals.jeffreys(wins, n, confidence),
        **tails,
    }


def _delong(given: Values) -> dict[str, Any]:
    y = np.array(given["labels"])
    a, b = (roc_auc.auc(y, np.array(given[key])) for key in ("score_a", "score_b"))
    assert a
    assert b
    variance, low, high = roc_auc.delong(y, a, CONFIDENCE)
    covariance, z, p = roc_auc.delong_difference(y, a, b)
    return {
        "auc_a": a.value,
        "auc_b": b.value,
        "var_a": variance,
        "var_b": roc_auc.delong(y, b)[0],
        "cov_ab": covariance,
        "z": z,
        "p_two_sided": p,
        "ci95_a": (low, high),
    }


def _probabilities(given: Values) -> dict[str, Any]:
    y, p = np.array(given["labels"]), np.array(given["prob"])
    key = next((key for key in given["wanted"] if key.startswith("ece")), f"ece_{BINS}")
    bins = int(re.findall(r"\d+", key)[0])
    return {
        "brier": calibration.brier(y, p),
        "log_loss": calibration.log_loss(y, p),
        key: calibration.expected_error(y, p, bins),
    }


def _newey_west(given: Values) -> dict[str, Any]:
    mean, error = blocks.newey_west(np.array(given["series"]), given["lags"])
    return {"mean": mean, "se": error, "t": mean / error}


def _eta(given: Values) -> dict[str, Any]:
    correlations = sharpe.autocorrelations(np.array(given["series"]), given["q"] - 1)
    key = next((key for key in given["wanted"] if key.startswith("acf")), "acf")
    return {key: correlations, "eta": sharpe.aggregation(correlations)}


def _multiplicity(given: Values) -> dict[str, Any]:
    p = np.array(given["p"])
    return {"bonferroni": multiplicity.bonferroni(p), "holm": multiplicity.holm(p), "bh": multiplicity.benjamini_hochberg(p)}


def _online(given: Values) -> dict[str, Any]:
    p, level = np.array(given["p"]), given["alpha"]
    lord, saffron, addis = given["lord"], given["saffron"], given["addis"]
    decisions = {
        "lord_pp": multiplicity.lord(p, level, lord["w0"]),
        "saffron": multiplicity.saffron(p, level, saffron["w0"], saffron["lambda_"]),
        "addis": multiplicity.addis(p, level, addis["w0"], addis["lambda_"], addis["tau"]),
    }
    return {name: {"levels": levels, "rejected": rejected} for name, (levels, rejected) in decisions.items()}


def _spending(given: Values) -> dict[str, Any]:
    level, looks = given["alpha"], given["K"]
    nodes = {
        f"k={k},m={m}": alpha.level_after(level, looks, k, m, (0.8, 0.2)) for k in range(1, looks + 1) for m in range(min(k, 2))
    }
    return {
        "equal": alpha.equal_levels(level, looks),
        "pi_squared": alpha.open_levels(level, looks),
        "node_levels_pass_allowed": nodes,
    }


def _break_even(given: Values) -> dict[str, Any]:
    def one(case: Values) -> float:
        if "price" in case:
            return intervals.break_even(1 - case["price"], case["price"], case.get("fee", 0.0))
        return intervals.break_even(case["payout"], case["stake"], case.get("fee", 0.0))

    return {"break_even": [one(case) for case in given["cases"]]}


def _sets(splits: list[tuple[Any, Any]]) -> list[dict[str, list[int]]]:
    return [{"test": test.tolist(), "train": train.tolist()} for train, test in splits]


def _purged(given: Values) -> dict[str, Any]:
    start, span, folds = np.arange(given["n"]), given["label_span_bars"], given["n_splits"]
    embargo = given["embargo_rows"]
    return {
        "closed_interval_sets": _sets(purged_kfold(start, start + span, folds)),
        "half_open_sets": _sets(purged_kfold(start, start + span - 1, folds)),
        f"closed_embargo_{embargo}": _sets(purged_kfold(start, start + span, folds, embargo)),
    }


def _combinatorial(given: Values) -> dict[str, Any]:
    start, folds, tested = np.arange(given["n"]), given["n_folds"], given["n_test_folds"]
    splits = combinatorial(start, start + given["label_span_bars"], folds, tested, given["embargo_rows"])
    return {"splits": _sets(splits), "n_splits": len(splits), "n_paths": comb(folds - 1, tested - 1)}


def _walk(given: Values) -> dict[str, Any]:
    splits = walk_forward(given["n"], given["train_size"], given["test_size"], given["purged_size"])
    ends = [
        {name: [int(part[0]), int(part[-1])] for name, part in zip(("train", "test"), split, strict=True)} for split in splits
    ]
    return {"ranges_inclusive": ends}


def _evidence(given: Values) -> dict[str, Any]:
    log_e = [eprocess.log_e_value(wins, n, rate) for wins, n, rate in given["wins_n_p0"]]
    return {"log_e": log_e, "certify_at_alpha_0_05": [value >= log(1 / 0.05) for value in log_e]}


def _cusum(given: Values) -> dict[str, Any]:
    price = np.array(given["price"])
    measured = np.log(price) if given["returns"] == "log" else price
    return {"event_positions": cusum_events(measured, np.array([given["threshold"]]))}


def _barriers(given: Values) -> dict[str, Any]:
    price, events = np.array(given["price"]), np.array(given["event_positions"])
    sides = np.array(given.get("side", np.ones(len(events))))
    take, stop = (np.full(1, given["target"] * given[name]) for name in ("pt_multiple", "sl_multiple"))
    last = np.minimum(events + given["horizon_bars"], len(price) - 1)
    rows, touched, returns = [], [], []
    for k in range(len(events)):
        path = price ** sides[k]
        one = slice(k, k + 1)
        row, side, ret = first_touch(path, path, path, path, path[events[one]], events[one] + 1, last[one], take, stop)
        rows.append(int(row[0]))
        touched.append(int(side[0]))
        returns.append(float(ret[0]))
    wins = [int(side > 0) for side in touched]
    return {
        "t1_positions": rows,
        "simple_return": returns,
        "side_adjusted_return": returns,
        "label": touched,
        "meta_label": wins,
    }


def _weights(given: Values) -> dict[str, Any]:
    price = np.array(given["price"])
    first, last = (np.array(given[name]) for name in ("event_positions", "t1_positions"))
    unique = uniqueness(first, last, len(price))
    return {
        "concurrency": concurrency(first, last, len(price)),
        "average_uniqueness": unique,
        "mean_uniqueness": unique.mean(),
        "return_attribution_weights": return_attribution(first, last, np.diff(np.log(price), prepend=np.nan)),
        "time_decay_weights": time_decay(unique, given["decay"]),
    }


def _fractional(given: Values) -> dict[str, Any]:
    d, threshold = given["ffd"]["d"], given["ffd"]["threshold"]
    many = fractional_weights(d, 1_000)
    kept = many[: int(np.argmax(np.abs(many) < threshold))]
    values = apply_kernel(weigh, np.log(np.array(given["price"])), kept)
    return {
        "weights": {text: fractional_weights(float(text), given["size"]) for text in given["d_list"]},
        "ffd_weights": kept,
        "ffd_series": values,
    }


HANDLERS: dict[str, Handler] = {
    "psr_moments": _psr,
    "psr_null_variance_form": lambda given: {"psr": sharpe.psr_at_benchmark(_moments(given), given["benchmark"])},
    "psr_series": _psr_series,
    "sharpe_variance_ar1": _ar1,
    "expected_max_normal": _expected_maximum,
    "dsr_paper": _deflated,
    "dsr_moments": _deflated_moments,
    "dsr_series": _deflated_series,
    "min_trl": _track_record,
    "min_btl": _backtest_length,
    "effective_trials": _effective,
    "pbo_matrix": _shape,
    "pbo_S": _overfitting,
    "spa": _reality_check,
    "optimal_block_length": _block_length,
    "binom_ci": _binomial,
    "delong": _delong,
    "probability_scores": _probabilities,
    "newey_west_mean": _newey_west,
    "lo_eta_q": _eta,
    "multiplicity": _multiplicity,
    "online_fdr": _online,
    "sealed_alpha_spending": _spending,
    "break_even_win_rate": _break_even,
    "purged_kfold": _purged,
    "cpcv": _combinatorial,
    "walk_forward": _walk,
    "e_process_binomial": _evidence,
    "cusum_events": _cusum,
    "triple_barrier": _barriers,
    "uniqueness_and_weights": _weights,
    "fracdiff": _fractional,
}
"""By the beginning of a vector's name."""
