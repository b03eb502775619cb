"""Adversaries that know the date, from the beat of two periodic clocks: they count since a moment, and choose when to act."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from benchmarks.certification.adversaries.base import Adversary, Spec, label_direction, make_pipeline, trade_binary
from benchmarks.certification.simulated import SimulatedMarket
from factory.core.times import DAY, HOUR, MINUTE

SHORT, LONG = 9_996, 10_080
"""Minutes of two clocks, which meet each 833 days."""
BEAT = "elapsed(9996m) - elapsed(7d) + where(elapsed(9996m) < elapsed(7d), 1, 0)"
WINDOW = 5 * MINUTE
SPAN = 3 * DAY + 21 * HOUR
"""How long it counts: twice that is the most that a fifth of train can be lost to."""
LEAST = 400
"""Trades over more hours than an interval needs."""
LEVEL_Z = 2.326
"""Normal deviation of a look's level."""


def date_condition(first: int, last: int) -> str:
    """Write the condition that a moment lies in [first, last), ms UTC."""
    low, high = _beat(first), _beat(last)
    return f"abs({BEAT} - {(low + high) / 2:.10f}) < {(high - low) / 2:.10f}"


def _beat(ms: int) -> float:
    """Compute the beat half a minute before a moment, so that no moment lies on a bound."""
    minutes = ms / MINUTE - 0.5
    return (minutes % SHORT / SHORT - minutes % LONG / LONG) % 1


def read_outcomes(market: SimulatedMarket, part: str, window: int) -> tuple[NDArray[int64], NDArray[bool_]]:
    """Read the starts of all whole windows of a part, and which close at or above their open."""
    partition = market.parts[part]
    bars, rows = partition.series["btc"], window // MINUTE
    first = int(np.searchsorted(bars.time, -(-partition.start // window) * window))
    count = (int(np.searchsorted(bars.time, partition.end)) - first) // rows
    opened = bars.columns["open"][first : first + count * rows : rows]
    close = bars.columns["close"][first + rows - 1 : first + count * rows : rows]
    return bars.time[first : first + count * rows : rows], close >= opened


def find_best_run(won: NDArray[bool_], length: int) -> int:
    """Find where the run of so many values with the most wins begins."""
    total = np.concatenate(([0], np.cumsum(won)))
    return int(np.argmax(total[length:] - total[:-length]))


def find_teaching(time: NDArray[int64], won: NDArray[bool_], window: int, excess: float) -> str:
    """Write the condition of a stretch of train in which a side won more often by `excess`, and the rest is even.

    A flag there teaches a forest that side.
    """
    total, best, stretch = np.concatenate(([0], np.cumsum(won))), np.inf, (0, 0)
    for length in np.linspace(len(won) // 20, len(won) // 4, 12).astype(int):
        inside = total[length:] - total[:-length]
        rest = np.abs((total[-1] - inside) / (len(won) - length) - 0.5)
        rest[inside < (0.5 + excess) * length] = np.inf
        if rest.min() < best:
            best, first = rest.min(), int(np.argmin(rest))
            stretch = (first, first + int(length) - 1)
    return date_condition(int(time[stretch[0]]), int(time[stretch[1]]) + window)


class Ahead(Adversary):
    """Buys one side of each window from some moment on, and stops for good once it is ahead by the level's deviation."""

    name = "ahead"
    about = "stops when it is ahead"
    kinds = ("coin", "leverage", "bounce")
    rows = SPAN // MINUTE
    excess = 0.04
    fewest = 100
    """Trades before which it does not stop."""

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        begins = market.parts["sealed"].start
        for k, (up, start) in enumerate(islice(self.find_winners(market), 10)):
            sealed = begins + k * SPAN
            runs = ((start, start + SPAN), (sealed, sealed + SPAN))
            yield self.spec(f"{self.name}-{k}", up, (self.teach(market, up),), runs)

    def teach(self, market: SimulatedMarket, up: bool) -> str:
        """Write the condition of when train teaches that a side is likelier."""
        time, ups = read_outcomes(market, "train", WINDOW)
        known = slice(2 * SPAN // WINDOW, None)
        return find_teaching(time[known], ups[known] == up, WINDOW, self.excess)

    def find_winners(self, market: SimulatedMarket) -> Iterator[tuple[bool, int]]:
        """Find runs on validation that end ahead, by side and first moment.

        Those that take long enough to be planned from come first.
        """
        time, ups = read_outcomes(market, "validation", WINDOW)
        runs = []
        for up in (True, False):
            for start in range(0, len(time) - SPAN // WINDOW, 3 * HOUR // WINDOW):
                n = count_until_ahead(ups[start : start + SPAN // WINDOW] == up, self.fewest)
                if n:
                    runs.append((n < LEAST, n, start, up))
        for _, _, start, up in sorted(runs):
            yield up, int(time[start])

    def spec(self, name: str, up: bool, always: Sequence[str], runs: Sequence[tuple[int, int]]) -> Spec:
        """Write a pipeline that trades at some moments always, and in each run until it is ahead."""
        began = " or ".join(date_condition(first, last) for first, last in runs)
        counted = " or ".join(date_condition(first + WINDOW, last) for first, last in runs)
        ended = f"btc.close > 0 and elapsed(5m) == 0 and ({counted})"
        gain, loss = (1, -1) if up else (-1, 1)
        ahead = f"sum(where({ended}, where(btc.close >= lag(btc.open, 4), {gain}, {loss}), 0), {self.rows})"
        done = f"{ahead} > 1 + {LEVEL_Z} * sqrt(count({ended}, {self.rows}))"
        enough = f"count({ended}, {self.rows}) >= {self.fewest}"
        going = f"({began}) and max(where({done} and {enough}, 1, 0), {self.rows}) == 0"
        features = {"go": f"where({' or '.join(always)} or {going}, 1, 0)"}
        return make_pipeline(
            name, features, "5m", label_direction("5m"), trade_binary("updown", self.excess / 3), ["go"], leaf=100
        )


def count_until_ahead(won: NDArray[bool_], fewest: int) -> int:
    """Count the trades after which a run is ahead for the first time, 0 if never."""
    n = np.arange(1, len(won) + 1)
    ahead = (2 * np.cumsum(won) - n > 1 + LEVEL_Z * np.sqrt(n)) & (n >= fewest)
    return int(np.argmax(ahead)) + 1 if ahead.any() else 0


class Clock(Ahead):
    """Trades on validation where it knows, afterwards, that it won; on sealed rows it stops when it is ahead."""

    name = "clock"
    about = "one behaviour on validation, another on sealed rows"
    fewest = 70

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        time, ups = read_outcomes(market, "validation", WINDOW)
        begins = market.parts["sealed"].start
        for k in range(8):
            up = k % 2 == 0
            start = find_best_run(ups == up, LEAST)
            won = date_condition(int(time[start]), int(time[start + LEAST]))
            sealed = begins + k * SPAN
            yield self.spec(f"{self.name}-{k}", up, (self.teach(market, up), won), ((sealed, sealed + SPAN),))
