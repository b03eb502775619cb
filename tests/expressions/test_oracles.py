"""Values against pandas, TA-Lib, scipy and the published vectors, so that anyone can check one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib
from scipy.special import binom

from factory.expressions.columns import Columns
from factory.expressions.compute.window import fractional_weights
from factory.expressions.grammar import parse
from factory.expressions.kernels import apply_kernel, windows
from factory.expressions.kernels.rows import weigh
from tests.expressions.market import market

MARKET = market()
COLUMNS = Columns(MARKET)
BTC = pd.DataFrame(dict(MARKET.series["btc"].columns))
HIGH, LOW, CLOSE, VOLUME = (BTC[name].to_numpy() for name in ("high", "low", "close", "volume"))
C, V = BTC.close, BTC.volume
R = C.pct_change()


def _values(text: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(COLUMNS.column(parse(text)).values)


def _efficiency() -> pd.Series:
    return (C - C.shift(30)).abs() / C.diff().abs().rolling(30).sum()


PANDAS = {
    "lag(btc.close, 3)": C.shift(3),
    "diff(btc.close, 3)": C.diff(3),
    "ret(btc.close, 15)": C.pct_change(15),
    "log_ret(btc.close, 15)": np.log(C).diff(15),
    "sum(btc.volume, 30)": V.rolling(30).sum(),
    "mean(btc.close, 30)": C.rolling(30).mean(),
    "std(ret(btc.close, 1), 30)": R.rolling(30).std(),
    "std(btc.close, 240)": C.rolling(240).std(),
    "var(ret(btc.close, 1), 30)": R.rolling(30).var(),
    "skew(ret(btc.close, 1), 60)": R.rolling(60).skew(),
    "kurt(ret(btc.close, 1), 60)": R.rolling(60).kurt(),
    "zscore(btc.close, 60)": (C - C.rolling(60).mean()) / C.rolling(60).std(),
    "min(btc.low, 30)": BTC.low.rolling(30).min(),
    "max(btc.high, 30)": BTC.high.rolling(30).max(),
    "drawdown(btc.close, 240)": C / C.rolling(240).max() - 1,
    "runup(btc.close, 240)": C / C.rolling(240).min() - 1,
    "position(btc.close, 60)": (C - C.rolling(60).min()) / (C.rolling(60).max() - C.rolling(60).min()),
    "median(btc.volume, 30)": V.rolling(30).median(),
    "quantile(btc.volume, 60, 0.9)": V.rolling(60).quantile(0.9),
    "rank(btc.volume, 60)": V.rolling(60).rank(pct=True),
    "rank(sign(ret(btc.close, 1)), 60)": np.sign(R).rolling(60).rank(pct=True),
    "since_max(btc.high, 30)": BTC.high.rolling(30).apply(lambda w: len(w) - 1 - np.argmax(w), raw=True),
    "since_min(btc.low, 30)": BTC.low.rolling(30).apply(lambda w: len(w) - 1 - np.argmin(w), raw=True),
    "count(btc.close > btc.open, 30)": (BTC.open < C).rolling(30).sum(),
    "since(btc.close > btc.open, 5)": (BTC.open < C).rolling(5).apply(lambda w: np.argmax(w[::-1]) if w.any() else 5, raw=True),
    "corr(ret(btc.close, 1), btc.volume, 60)": R.rolling(60).corr(V),
    "cov(ret(btc.close, 1), btc.volume, 60)": R.rolling(60).cov(V),
    "beta(btc.close, btc.open, 60)": C.rolling(60).cov(BTC.open) / BTC.open.rolling(60).var(),
    "autocorr(ret(btc.close, 1), 60, 1)": R.rolling(60).corr(R.shift(1)),
    "slope(log(btc.close), 60)": np.log(C).rolling(60).apply(lambda w: np.polyfit(np.arange(60), w, 1)[0], raw=True),
    "trend(btc.close, 60)": C.rolling(60).corr(pd.Series(np.arange(len(C)))),
    "efficiency(btc.close, 30)": _efficiency(),
    "wma(btc.close, 30)": C.rolling(30).apply(lambda w: np.average(w, weights=np.arange(1, 31)), raw=True),
    "ema(btc.close, 20)": C.ewm(span=20, adjust=False).mean(),
    "wilder(btc.close, 14)": C.ewm(alpha=1 / 14, adjust=False).mean(),
    "vwap(btc, 60)": ((BTC.high + BTC.low + C) / 3 * V).rolling(60).sum() / V.rolling(60).sum(),
    "obv(btc, 60)": (np.sign(C.diff()) * V).rolling(60).sum() / V.rolling(60).sum(),
    "taker_share(btc, 30)": BTC.taker_buy_volume.rolling(30).sum() / V.rolling(30).sum(),
    "trade_size(btc, 30)": V.rolling(30).sum() / BTC.number_of_trades.rolling(30).sum(),
    "parkinson(btc, 60)": ((np.log(BTC.high / BTC.low) ** 2).rolling(60).mean() / (4 * np.log(2))) ** 0.5,
    "bipower(ret(btc.close, 1), 60)": (np.pi / 2 * (R.abs() * R.abs().shift(1)).rolling(60).mean()) ** 0.5,
    "downside(ret(btc.close, 1), 60)": (R.clip(upper=0) ** 2).rolling(60).mean() ** 0.5,
}  # fmt: skip


@pytest.mark.parametrize(("text", "oracle"), PANDAS.items(), ids=list(PANDAS))
def test_windows_match_pandas(text: str, oracle: pd.Series) -> None:
    values, expected = _values(text), oracle.to_numpy(dtype=np.float64)
    whole = ~np.isnan(values)
    scale = np.nanstd(expected)
    np.testing.assert_allclose(values[whole], expected[whole], rtol=1e-9, atol=1e-9 * scale)
    if not parse(text).recursive and not text.startswith("count"):
        first = parse(text).lookback({"btc": 60_000}) // 60_000 - 1
        np.testing.assert_array_equal(np.isnan(values), np.arange(len(values)) < first)


def _bands(x: np.ndarray) -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
    return talib.BBANDS(x, 20, 2.0, 2.0)


TALIB = {
    "rsi(btc.close, 14)": talib.RSI(CLOSE, 14),
    "cmo(btc.close, 14)": talib.CMO(CLOSE, 14),
    "stoch_rsi(btc.close, 14, 5)": talib.STOCHRSI(CLOSE, 14, 5, 3)[0],
    "macd(btc.close, 12, 26, 9)": talib.MACD(CLOSE)[0],
    "macd_signal(btc.close, 12, 26, 9)": talib.MACD(CLOSE)[1],
    "macd_hist(btc.close, 12, 26, 9)": talib.MACD(CLOSE)[2],
    "ppo(btc.close, 12, 26)": talib.PPO(CLOSE, 12, 26, 1),
    "ema(btc.close, 20)": talib.EMA(CLOSE, 20),
    "dema(btc.close, 20)": talib.DEMA(CLOSE, 20),
    "tema(btc.close, 20)": talib.TEMA(CLOSE, 20),
    "trix(btc.close, 15)": talib.TRIX(CLOSE, 15),
    "kama(btc.close, 10)": talib.KAMA(CLOSE, 10),
    "wma(btc.close, 30)": talib.WMA(CLOSE, 30),
    "bollinger_upper(btc.close, 20, 2)": _bands(CLOSE)[0],
    "bollinger_lower(btc.close, 20, 2)": _bands(CLOSE)[2],
    "stochastic_k(btc, 14, 3)": talib.STOCH(HIGH, LOW, CLOSE, 14, 3, 0, 3, 0)[0],
    "stochastic_d(btc, 14, 3, 3)": talib.STOCH(HIGH, LOW, CLOSE, 14, 3, 0, 3, 0)[1],
    "williams_r(btc, 14)": talib.WILLR(HIGH, LOW, CLOSE, 14),
    "cci(btc, 14)": talib.CCI(HIGH, LOW, CLOSE, 14),
    "mfi(btc, 14)": talib.MFI(HIGH, LOW, CLOSE, VOLUME, 14),
    "ultimate(btc, 7, 14, 28)": talib.ULTOSC(HIGH, LOW, CLOSE, 7, 14, 28),
    "adx(btc, 14)": talib.ADX(HIGH, LOW, CLOSE, 14),
    "plus_di(btc, 14)": talib.PLUS_DI(HIGH, LOW, CLOSE, 14),
    "minus_di(btc, 14)": talib.MINUS_DI(HIGH, LOW, CLOSE, 14),
    "aroon(btc, 14)": talib.AROONOSC(HIGH, LOW, 14),
    "atr(btc, 14)": talib.ATR(HIGH, LOW, CLOSE, 14),
    "natr(btc, 14)": talib.NATR(HIGH, LOW, CLOSE, 14),
    "true_range(btc)": talib.TRANGE(HIGH, LOW, CLOSE),
}


@pytest.mark.parametrize(("text", "expected"), TALIB.items(), ids=list(TALIB))
def test_classic_indicators_match_talib(text: str, expected: np.ndarray) -> None:  # type: ignore[type-arg]
    values = _values(text)
    whole = ~np.isnan(values)
    waits = int((whole & np.isnan(expected)).sum())
    assert waits == (2 if text.startswith("stochastic_k") else 0), "TA-Lib holds %K back until there is a %D"
    assert whole.sum() > 40
    whole &= ~np.isnan(expected)
    np.testing.assert_allclose(values[whole], expected[whole], rtol=1e-9, atol=1e-9 * np.nanstd(expected))


def test_yang_zhang_and_its_kin_match_their_formulas() -> None:
    start = BTC.open
    up, down, inside = np.log(BTC.high / start), np.log(BTC.low / start), np.log(C / start)
    satchell = (up * (up - inside) + down * (down - inside)).rolling(60).mean()
    share = 0.34 / (1.34 + 61 / 59)
    yang = np.log(start / C.shift(1)).rolling(60).var() + share * inside.rolling(60).var() + (1 - share) * satchell
    klass = (0.5 * (up - down) ** 2 - (2 * np.log(2) - 1) * inside**2).rolling(60).mean()
    for text, square in (("rogers_satchell", satchell), ("yang_zhang", yang), ("garman_klass", klass)):
        np.testing.assert_allclose(_values(f"{text}(btc, 60)"), square**0.5, rtol=1e-9)


def test_fractional_weights_are_binomial() -> None:
    k = np.arange(50)
    np.testing.assert_allclose(fractional_weights(0.4, 50), (-1.0) ** k * binom(0.4, k), rtol=1e-12)


def test_fractional_differences_match_the_published_values(shared: Path) -> None:
    vectors = {v["name"]: v for v in json.loads((shared / "reference_vectors.json").read_text())["vectors"]}
    vector = vectors["fracdiff"]
    for d, weights in vector["expected"]["weights"].items():
        np.testing.assert_allclose(fractional_weights(float(d), 12), weights, rtol=1e-9)
    log_price = np.log(np.asarray(vectors["cusum_events"]["inputs"]["price"], dtype=np.float64))
    series = np.asarray(vector["expected"]["ffd_series"], dtype=np.float64)
    values = apply_kernel(weigh, log_price[: len(series)], fractional_weights(0.4, len(vector["expected"]["ffd_weights"])))
    np.testing.assert_allclose(values, series, rtol=1e-9)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_a_large_mean_costs_no_digits(offset: float) -> None:
    noise = np.random.default_rng(3).normal(0, 1e-3, 4_000)
    values = apply_kernel(windows.moments, offset + noise, 30, 11, windows.VAR, 0.0)[29:] ** 0.5
    exact = np.lib.stride_tricks.sliding_window_view((offset + noise) - offset, 30).std(axis=1, ddof=1)
    np.testing.assert_allclose(values, exact, rtol=1e-6 if offset == 1e6 else 1e-9)


@pytest.mark.parametrize("n", [1, 7, 512, 513, 2_000])
def test_extremes_are_the_same_by_either_way(n: int) -> None:
    for text, oracle in ((f"max(btc.high, {n})", BTC.high.rolling(n).max()), (f"min(btc.low, {n})", BTC.low.rolling(n).min())):
        np.testing.assert_array_equal(_values(text), oracle.to_numpy())


def test_a_window_that_does_not_move_deviates_by_zero_and_has_no_score() -> None:
    flat = np.full(100, 0.1)
    assert (apply_kernel(windows.moments, flat, 30, 5, windows.VAR, 0.0)[29:] == 0.0).all()
    assert np.isnan(apply_kernel(windows.moments, flat, 30, 5, windows.ZSCORE, 0.0)).all()
    assert np.isnan(apply_kernel(windows.shape, flat, 30, 5, windows.SKEW)).all()
    assert np.isnan(apply_kernel(windows.comoments, flat, np.arange(100.0), 30, 5, windows.CORR)).all()
