"""CUSUM events, triple-barrier labels and uniqueness weights on a year of minute bars.

The peer in the same run is a plain loop over pandas slices, as labelling is usually written,
timed on the first events and scaled up (it is linear in events).
"""

import statistics
import time

import numpy as np
import pandas as pd

from factory.learning.labels import label, uniqueness_of
from factory.learning.sampling import cusum
from factory.market.series import Series
from factory.pipeline.parts.labels import TripleBarrier

BARS, EVENTS, PEER_EVENTS = 525_600, 20_000, 200
MINUTE, START = 60_000, 1_700_000_040_000
PART = TripleBarrier(use="triple_barrier", of="btc", take=1, stop=1, unit="vol", horizon="4h")


def bars() -> Series:
    """Simulate a seeded random walk of 0.06 % a minute."""
    rng = np.random.default_rng(0)
    close = 30_000 * np.exp(np.cumsum(rng.standard_t(5, BARS)) * 0.0006 / np.sqrt(5 / 3))
    open_ = np.concatenate([[30_000.0], close[:-1]])
    reach = 1 + np.abs(rng.normal(size=(2, BARS))) * 0.0003
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    stamps = START + MINUTE * np.arange(BARS)
    columns = {"open": open_, "high": high, "low": low, "close": close, "volume": np.ones(BARS)}
    return Series("btc", "bars", MINUTE, 0, stamps, stamps + MINUTE, columns)


def band_for(x: np.ndarray, series: Series) -> float:
    """Find the CUSUM threshold that gives about `EVENTS` events."""
    low, high = 1e-4, 1e-1
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        events = len(cusum(x, series.known, middle, 0, 2**62))
        low, high = (middle, high) if events > EVENTS else (low, middle)
    return high


def ours(series: Series, x: np.ndarray, band: float) -> tuple[int, list[float]]:
    """Sample, label and weigh with the product; count the events and measure the seconds of each step."""
    end = int(series.known[-1])
    marks = [time.perf_counter()]
    times = cusum(x, series.known, band, START, end)
    marks.append(time.perf_counter())
    labels = label(PART, series, times, np.full(len(times), 0.006), end)
    marks.append(time.perf_counter())
    uniqueness_of(labels.take(labels.y >= 0))
    marks.append(time.perf_counter())
    return len(times), list(np.diff(marks))


def peer(series: Series, times: np.ndarray) -> float:
    """Measure the seconds of labelling by slices of a frame."""
    frame = pd.DataFrame(dict(series.columns), index=pd.to_datetime(series.time, unit="ms"))
    begun = time.perf_counter()
    for t in pd.to_datetime(times, unit="ms"):
        window = frame.loc[t : t + pd.Timedelta("239min")]
        entry = window["open"].iloc[0]
        window.index[(window["high"] / entry - 1 > 0.006) | (window["low"] / entry - 1 < -0.006)].min()
    return time.perf_counter() - begun


def main() -> None:
    series = bars()
    x = np.log(series.columns["close"])
    band = band_for(x, series)
    ours(series, x, band)
    runs = [ours(series, x, band) for _ in range(7)]
    steps = [statistics.median(seconds) * 1e3 for seconds in zip(*(run[1] for run in runs), strict=True)]
    times = cusum(x, series.known, band, START, int(series.known[-1]))
    sliced = peer(series, times[:PEER_EVENTS]) * len(times) / PEER_EVENTS
    print(f"{runs[0][0]} events of {BARS} bars, one thread")
    for name, ms in zip(("CUSUM", "triple barrier", "uniqueness"), steps, strict=True):
        print(f"{name:16s}{ms:8.2f} ms")
    print(f"{'sum':16s}{sum(steps):8.2f} ms")
    print(f"pandas slices   {sliced * 1e3:8.0f} ms for the labels alone (scaled up from {PEER_EVENTS} events)")


if __name__ == "__main__":
    main()
