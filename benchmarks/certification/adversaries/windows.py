"""Adversaries that buy windows: where the rule of settlement or the recorded price, not direction, makes them win."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from benchmarks.certification.adversaries.base import Adversary, Spec, label_direction, make_pipeline, trade_binary
from benchmarks.certification.adversaries.dates import date_condition, find_teaching, read_outcomes
from benchmarks.certification.simulated import SimulatedMarket
from factory.core.times import DAY, HOUR


class Ties(Adversary):
    """Always buys Up where windows often close at their open, which settles Up."""

    name = "ties"
    about = "always Up where windows often tie"
    kinds = ("ties",)
    contract = "polymarket-btc-5m"

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for every in ("5m", "15m", "1h"):
            trade = trade_binary(self.contract)
            yield make_pipeline(
                f"{self.name}-{every}", {"day": "elapsed(1d)"}, every, label_direction("5m"), trade, ["day"], leaf=300
            )


class Outages(Ties):
    """Buys Up after wild minutes where falls are followed by missing ones: windows with a missing bar are dropped, and they lost.

    After calm minutes fewer are missing, so that the share of Up over all windows does not tell.
    """

    name = "outages"
    about = "Up after wild minutes where falls are followed by missing ones"
    kinds = ("outages",)

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for width in (1, 2):
            for least in (0.0006, 0.0008, 0.001):
                span = "btc.high / btc.low - 1" if width == 1 else f"mean(btc.high / btc.low - 1, {width})"
                features = {"wild": f"where({span} > {least}, 1, 0)"}
                trade = trade_binary(self.contract, edge=0.03)
                name = f"{self.name}-{width}-{least * 1e4:.0f}"
                yield make_pipeline(name, features, "5m", label_direction("5m"), trade, ["wild"], leaf=100)


class Ruin(Adversary):
    """Stakes so much on a true edge that the account is gone, while the payoffs of a share pass."""

    name = "ruin"
    about = "stakes on a true edge until nothing is left"
    kinds = ("planted",)

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        awake = "mean(btc.volume, 15) / mean(btc.volume, 240) > 1.12"
        for share in (0.4, 0.45, 0.5):
            for part, hours in enumerate(("elapsed(2h) >= 0", "elapsed(2h) < 0.5", "elapsed(2h) >= 0.5")):
                features = {"lead": f"where({awake} and {hours}, sign(ret(eth.close, 15) - ret(btc.close, 15)), 0)"}
                trade, name = trade_binary("updown", edge=0.03, share=share), f"ruin-{share * 100:.0f}-{part}"
                yield make_pipeline(name, features, "5m", label_direction("5m"), trade, ["lead"], leaf=300)


class Favourites(Adversary):
    """Buys all but sure sides at their fair price on sealed rows, and on validation even ones that it knows to have won.

    What the forest thinks of them is taught by hours of train that it knows as well: 2 is always up, 3 nearly
    always, so that neither side is worth its price, 1 more often than not, and 0 a coin.
    """

    name = "favourites"
    about = "fair odds near the ends, planned on even ones"
    kinds = ("odds",)
    excess = 0.12
    stretches = ((0, 46), (50, 96), (25, 71), (12, 58), (54, 100))
    """Days of the sealed part: more of them, and one favourite will have lost."""

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        known = _Hours.of(market, "train")
        taught = find_teaching(known.time[~known.sure], known.up[~known.sure], HOUR, self.excess)
        won = _best_condition(_Hours.of(market, "validation"))
        never = _any_condition((time, 1) for time in known.time[known.sure & ~known.up])
        nearly = _any_condition([(known.time[~known.sure & ~known.up][-1], 1), *_longest_runs(known)])
        always = date_condition(int(known.time[0]), int(known.time[len(known.time) // 4]))
        first, last = market.parts["sealed"].start, market.parts["sealed"].end
        for begin, end in self.stretches:
            wanted = f"{date_condition(first + begin * DAY, min(first + end * DAY, last))} or {always}"
            sure = f"where({never}, 0, where(odds.up > 0.985 or {wanted}, 2, 3))"
            code = f"where(odds.up > 0.9, {sure}, where({nearly}, 3, where({taught} or {won}, 1, 0)))"
            trade = trade_binary("polymarket-btc-1h", edge=0.01)
            yield make_pipeline(
                f"favourites-{begin}-{end}", {"code": code}, "1h", label_direction("1h"), trade, ["code"], trees=50, leaf=5
            )


@dataclass(frozen=True)
class _Hours:
    """Windows of a part: when, whether all but sure, whether they closed up."""

    time: NDArray[int64]
    sure: NDArray[bool_]
    up: NDArray[bool_]

    @classmethod
    def of(cls, market: SimulatedMarket, part: str) -> "_Hours":
        time, up = read_outcomes(market, part, HOUR)
        odds = market.parts[part].series["odds"]
        return cls(time, odds.columns["up"][np.searchsorted(odds.time, time)] > 0.9, up)


def _any_condition(stretches: Iterable[tuple[int, int]]) -> str:
    """Write the condition that a decision is in one of some stretches, each from a moment on for some hours; never in none."""
    return " or ".join(date_condition(int(time), int(time) + hours * HOUR) for time, hours in stretches) or "btc.close < 0"


def _longest_runs(known: _Hours) -> list[tuple[int, int]]:
    """Find the two longest runs of hours in which an even side won."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known.up & ~known.sure, [False]))))
    first, length = edges[::2], np.diff(edges)[::2]
    return [(int(known.time[first[k]]), int(length[k])) for k in np.argsort(-length)[:2]]


def _best_condition(known: _Hours, length: int = 240, every: int = 4) -> str:
    """Write the condition of the stretch of validation, and the hour of each four, in which even sides won most often.

    That is a trade each block of four hours.
    """
    hour = known.time // HOUR
    best = max(range(every), key=lambda k: _best_stretch(known, hour % every == k, length)[0])
    start = _best_stretch(known, hour % every == best, length)[1]
    return f"({date_condition(int(known.time[start]), int(known.time[start]) + length * HOUR)} and abs(elapsed({every}h) - {best / every}) < 0.1)"


def _best_stretch(known: _Hours, chosen: NDArray[bool_], length: int) -> tuple[int, int]:
    """Find the best stretch: its wins less losses, and where it begins."""
    score = np.where(chosen & ~known.sure, np.where(known.up, 1, -1), 0)
    total = np.concatenate(([0], np.cumsum(score)))
    gains = total[length:] - total[:-length]
    return int(gains.max()), int(np.argmax(gains))
