"""Forty features of a year of minute bars, beside the same forty by TA-Lib calls and by pandas.

One thread, caches of columns off, kernels compiled. All three give the same values where all three have them.
Run it with ``python -m benchmarks.features``.
"""

import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import talib

from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.series import Partition, Series

BARS, RUNS, MINUTE, START = 525_600, 5, 60_000, 1_700_000_040_000
Arrays = dict[str, np.ndarray]


def bars() -> Arrays:
    """Simulate a seeded random walk of 0.06 % a minute."""
    rng = np.random.default_rng(0)
    close = 30_000 * np.exp(np.cumsum(rng.standard_t(5, BARS)) * 0.0006 / np.sqrt(5 / 3))
    open_ = np.concatenate([[30_000.0], close[:-1]])
    reach = 1 + np.abs(rng.normal(size=(2, BARS))) * 0.0003
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    return {"open": open_, "high": high, "low": low, "close": close, "volume": rng.lognormal(1, 0.8, BARS)}


EXPRESSIONS = [
    *(f"ret(btc.close, {n})" for n in (1, 5, 15, 60, 240)),
    *(f"mean(ret(btc.close, 1), {n})" for n in (15, 30)),
    *(f"std(ret(btc.close, 1), {n})" for n in (30, 60, 240, 1440)),
    *(f"zscore(btc.close, {n})" for n in (30, 60, 240)),
    *(f"drawdown(btc.close, {n})" for n in (60, 240)),
    *(f"runup(btc.close, {n})" for n in (60, 240)),
    "max(btc.high, 60) / btc.close",
    "min(btc.low, 60) / btc.close",
    "position(btc.close, 60)",
    "ema(btc.close, 12) / ema(btc.close, 48) - 1",
    "ema(btc.close, 200) / btc.close - 1",
    *(f"rsi(btc.close, {n})" for n in (7, 14, 28)),
    "macd(btc.close, 12, 26, 9)",
    "macd_hist(btc.close, 12, 26, 9)",
    "bollinger_position(btc.close, 20, 2)",
    "bollinger_width(btc.close, 20, 2)",
    "atr(btc, 14) / btc.close",
    "natr(btc, 60)",
    "stochastic_k(btc, 14, 3)",
    "williams_r(btc, 30)",
    "mfi(btc, 14)",
    *(f"corr(ret(btc.close, 1), btc.volume, {n})" for n in (60, 240)),
    "slope(log(btc.close), 60)",
    "zscore(log(btc.volume), 240)",
    "mean(btc.volume, 30) / mean(btc.volume, 240)",
]


def ours(partition: Partition) -> list[np.ndarray]:
    """Compute the features through the feature language."""
    columns = Columns(partition)
    return [columns.column(parse(text)).values for text in EXPRESSIONS]


def with_talib(bar: Arrays) -> list[np.ndarray]:
    """Compute the features by one TA-Lib call each or for a part of one, numpy around it."""
    h, low, c, v = (bar[name] for name in ("high", "low", "close", "volume"))
    r = talib.ROCP(c, 1)
    steps = np.where(np.isnan(r), 0.0, r)
    out = [talib.ROCP(c, n) for n in (1, 5, 15, 60, 240)]
    out += [talib.SMA(r, n) for n in (15, 30)]
    out += [talib.STDDEV(r, n) * np.sqrt(n / (n - 1)) for n in (30, 60, 240, 1440)]
    out += [_score(c, n) for n in (30, 60, 240)]
    out += [c / talib.MAX(c, n) - 1 for n in (60, 240)] + [c / talib.MIN(c, n) - 1 for n in (60, 240)]
    out += [talib.MAX(h, 60) / c, talib.MIN(low, 60) / c]
    least, most = talib.MINMAX(c, 60)
    out += [(c - least) / (most - least), talib.EMA(c, 12) / talib.EMA(c, 48) - 1, talib.EMA(c, 200) / c - 1]
    out += [talib.RSI(c, n) for n in (7, 14, 28)]
    line, _, histogram = talib.MACD(c)
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    out += [line, histogram, (c - lower) / (upper - lower), (upper - lower) / middle]
    out += [talib.ATR(h, low, c, 14) / c, talib.NATR(h, low, c, 60), talib.STOCH(h, low, c, 14, 3, 0, 3, 0)[0]]
    out += [talib.WILLR(h, low, c, 30), talib.MFI(h, low, c, v, 14)]
    out += [talib.CORREL(steps, v, n) for n in (60, 240)]
    return [*out, talib.LINEARREG_SLOPE(np.log(c), 60), _score(np.log(v), 240), talib.SMA(v, 30) / talib.SMA(v, 240)]


def _score(x: np.ndarray, n: int) -> np.ndarray:
    return (x - talib.SMA(x, n)) / (talib.STDDEV(x, n) * np.sqrt(n / (n - 1)))


def with_pandas(bar: Arrays) -> list[np.ndarray]:
    """Compute the features by rolling and exponential windows of pandas."""
    h, low, c, v = (pd.Series(bar[name]) for name in ("high", "low", "close", "volume"))
    r, logv, logc = c.pct_change(), np.log(v), np.log(c)
    out = [c.pct_change(n) for n in (1, 5, 15, 60, 240)]
    out += [r.rolling(n).mean() for n in (15, 30)]
    out += [r.rolling(n).std() for n in (30, 60, 240, 1440)]
    out += [(c - c.rolling(n).mean()) / c.rolling(n).std() for n in (30, 60, 240)]
    out += [c / c.rolling(n).max() - 1 for n in (60, 240)] + [c / c.rolling(n).min() - 1 for n in (60, 240)]
    out += [h.rolling(60).max() / c, low.rolling(60).min() / c]
    least, most = c.rolling(60).min(), c.rolling(60).max()
    out += [(c - least) / (most - least), _ema(c, 12) / _ema(c, 48) - 1, _ema(c, 200) / c - 1]
    out += [_rsi(c, n) for n in (7, 14, 28)]
    line = _ema(c, 12) - _ema(c, 26)
    middle, half = c.rolling(20).mean(), 2 * c.rolling(20).std(ddof=0)
    out += [line, line - _ema(line, 9), (c - middle + half) / (2 * half), 2 * half / middle]
    spread = np.maximum(h, c.shift(1)) - np.minimum(low, c.shift(1))
    out += [spread.ewm(alpha=1 / 14, adjust=False).mean() / c, 100 * spread.ewm(alpha=1 / 60, adjust=False).mean() / c]
    floor, roof = low.rolling(14).min(), h.rolling(14).max()
    out.append((100 * (c - floor) / (roof - floor)).rolling(3).mean())
    floor, roof = low.rolling(30).min(), h.rolling(30).max()
    out += [-100 * (roof - c) / (roof - floor), _money_flow(h, low, c, v)]
    out += [r.rolling(n).corr(v) for n in (60, 240)]
    out.append(logc.rolling(60).cov(pd.Series(np.arange(len(c), dtype=float))) / (60 * 61 / 12))
    out.append((logv - logv.rolling(240).mean()) / logv.rolling(240).std())
    out.append(v.rolling(30).mean() / v.rolling(240).mean())
    return [column.to_numpy() for column in out]


def _ema(x: pd.Series, n: int) -> pd.Series:
    return x.ewm(span=n, adjust=False).mean()


def _rsi(c: pd.Series, n: int) -> pd.Series:
    step = c.diff()
    up, down = (side.ewm(alpha=1 / n, adjust=False).mean() for side in (step.clip(lower=0), -step.clip(upper=0)))
    return 100 * up / (up + down)


def _money_flow(h: pd.Series, low: pd.Series, c: pd.Series, v: pd.Series) -> pd.Series:
    typical = (h + low + c) / 3
    flow, step = typical * v, typical.diff()
    up, down = (flow.where(side, 0.0).rolling(14).sum() for side in (step > 0, step < 0))
    return 100 * up / (up + down)


def timed(engines: dict[str, Callable[[], list[np.ndarray]]]) -> dict[str, tuple[float, float]]:
    """Measure the median wall and CPU seconds of each engine.

    They are taken in turn so that a busy machine is busy for all.
    """
    marks: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(RUNS):
        for name, work in engines.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            marks[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(m[0] for m in runs), statistics.median(m[1] for m in runs)) for name, runs in marks.items()
    }


def worst(mine: list[np.ndarray], other: list[np.ndarray]) -> float:
    """Compute the greatest difference in standard deviations of a feature, where both have a value after the first tenth."""
    tail = slice(BARS // 10, None)
    return max(float(np.nanmax(np.abs(a[tail] - b[tail])) / np.nanstd(a)) for a, b in zip(mine, other, strict=True))


def main() -> None:
    bar = bars()
    stamps = START + MINUTE * np.arange(BARS)
    series = Series("btc", "bars", MINUTE, 0, stamps, stamps + MINUTE, bar)
    partition = Partition("bench", "train", START, int(stamps[-1]) + MINUTE, {"btc": series}, "bench")
    ours(Partition("warm", "train", START, START, {"btc": _head(series)}, "warm"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mine = ours(partition)
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(EXPRESSIONS)} features, {BARS:,} bars, median of {RUNS}; memory at its peak {added:,.0f} MB more")
    engines = {"ours": lambda: ours(partition), "TA-Lib": lambda: with_talib(bar), "pandas": lambda: with_pandas(bar)}
    times = timed(engines)
    for name, (wall, cpu) in times.items():
        ratio = f"{wall / times['ours'][0]:.2f} of ours (CPU {cpu / times['ours'][1]:.2f})"
        print(f"{name:8} {wall * 1e3:8.1f} ms   CPU {cpu * 1e3:8.1f} ms   {ratio}")
    print(
        "greatest difference in standard deviations of a feature: "
        f"TA-Lib {worst(mine, with_talib(bar)):.1e}, pandas {worst(mine, with_pandas(bar)):.1e}"
    )


def _head(series: Series) -> Series:
    columns = {name: values[:5_000] for name, values in series.columns.items()}
    return Series("btc", "bars", MINUTE, 0, series.time[:5_000], series.known[:5_000], columns)


if __name__ == "__main__":
    main()
