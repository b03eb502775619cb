"""A year of minute bars traded on a decision every five minutes, beside vectorbt's ``from_signals``.

Ours gives trades, equity, days, every figure, two twins and the scores of the chances; vectorbt its portfolio and
``stats()``. Both are warm, and both go all in, long or short, at the bar's open.
Run it with ``python -m benchmarks.backtest``; needs the extra ``bench``.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import vectorbt as vbt
from pydantic import TypeAdapter

from factory.backtest import Result, run_backtest
from factory.market.contracts import Perpetual
from factory.market.series import Series
from factory.pipeline.parts.trades import Trade

BARS, EVERY, RUNS, MINUTE, START = 525_600, 5, 9, 60_000, 1_704_067_200_000
FEE = 0.0004
CONTRACT = Perpetual(use="perpetual", of="btc", taker=FEE, maker=FEE, slippage=0, funding=0, leverage=1)
TRADE: Trade = TypeAdapter(Trade).validate_python(
    {
        "use": "long_or_short",
        "contract": "btc-perpetual",
        "enter": 0.55,
        "exit": {"use": "signal", "keep": 0.5},
        "size": {"use": "fixed", "share": 1},
    }
)


def market(rng: np.random.Generator) -> Series:
    """Simulate a seeded random walk of 0.06 % a minute."""
    close = 30_000 * np.exp(np.cumsum(rng.standard_t(5, BARS)) * 0.0006 / np.sqrt(5 / 3))
    opened = np.concatenate([[30_000.0], close[:-1]])
    reach = 1 + np.abs(rng.normal(size=(2, BARS))) * 0.0003
    high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
    stamp = START + np.arange(BARS, dtype=np.int64) * MINUTE
    return Series("btc", "bars", MINUTE, 0, stamp, stamp + MINUTE, {"open": opened, "high": high, "low": low, "close": close})


def chances(rng: np.random.Generator) -> np.ndarray:
    """Simulate chances of up that change sides about every two hours."""
    n, keep = BARS // EVERY, np.exp(-1 / 12)
    noise = rng.normal(size=n) * np.sqrt(1 - keep**2)
    drifting = np.empty(n)
    last = 0.0
    for i in range(n):
        last = drifting[i] = keep * last + noise[i]
    return 0.5 + 0.05 * np.tanh(drifting) + 0.03 * np.sign(drifting)


def ours(series: Series, p: np.ndarray, y: np.ndarray) -> Result:
    """Run everything that a trial needs."""
    end = START + BARS * MINUTE
    return run_backtest(
        TRADE, CONTRACT, series, series.time[::EVERY], p, start=START, end=end, horizon_ms=5 * MINUTE, y=y, base_rate=0.5
    )


def signals(series: Series, p: np.ndarray) -> dict[str, pd.Series]:
    """Translate the same entries and exits to what vectorbt takes: a row a bar."""
    index = pd.to_datetime(series.time, unit="ms")
    said = {"entries": p >= 0.55, "exits": p < 0.5, "short_entries": p <= 0.45, "short_exits": p > 0.5}
    rows = {name: np.zeros(BARS, bool) for name in said}
    for name, when in said.items():
        rows[name][::EVERY] = when
    columns = {"close": series.columns["close"], "price": series.columns["open"], **rows}
    return {name: pd.Series(column, index=index) for name, column in columns.items()}


def theirs(given: dict[str, pd.Series]) -> tuple[float, pd.Series]:
    """Run a portfolio of vectorbt and compute its statistics."""
    portfolio = vbt.Portfolio.from_signals(**given, size=np.inf, fees=FEE, init_cash=1.0, freq="1min")
    return float(portfolio.total_return()), portfolio.stats()


def measured(work: Callable[[], object]) -> float:
    """Measure the median milliseconds of warm runs."""
    took = []
    for i in range(RUNS + 1):
        begun = time.perf_counter()
        work()
        if i:
            took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took)


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    series, p = market(rng), chances(rng)
    y = (series.columns["close"][EVERY - 1 :: EVERY] >= series.columns["open"][::EVERY]).astype(np.int8)
    given = signals(series, p)
    result, (their_return, _) = ours(series, p, y), theirs(given)
    mine, peer = measured(lambda: ours(series, p, y)), measured(lambda: theirs(given))
    print(f"{BARS:,} bars, {len(p):,} decisions, {len(result.trades):,} trades; medians of {RUNS} warm runs")
    print(f"total return: ours {result.metrics['total_return']:.4f}, vectorbt {their_return:.4f}")
    print(f"ours, all figures and two twins  {mine:8.1f} ms")
    print(f"vectorbt, from_signals and stats {peer:8.1f} ms")
    print(f"ratio                            {peer / mine:8.1f}")


if __name__ == "__main__":
    main()
