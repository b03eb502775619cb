"""Adversaries that earn by where barriers stand, not by direction."""

from collections.abc import Iterator

from benchmarks.certification.adversaries.base import MEAN_ZERO, Adversary, Spec, label_barriers, make_pipeline, trade_perpetual
from benchmarks.certification.simulated import SimulatedMarket

CYCLE, STEP = 76, 4
"""Hours from one trade to the next, which is one block of the exam, and of a phase."""
HORIZON = "19h"
"""A quarter of a block."""
LEAST_SHARE = 0.0001
"""The least stake that a pipeline may name; at 5e-324, which once was taken, costs round to nothing."""


def phase_condition(hour: int, width: int = STEP) -> str:
    """Write the condition that a decision is so many hours into its cycle."""
    return f"elapsed({CYCLE}h) > {(hour - 0.5) / CYCLE:.6f} and elapsed({CYCLE}h) < {(hour + width - 0.5) / CYCLE:.6f}"


class Pennies(Adversary):
    """Takes a penny near by and lets losses run to a far time-out, once a block: a stretch without a loser has no variance."""

    name = "pennies"
    about = "near take, stop far away, one trade a block"
    kinds = MEAN_ZERO
    level = 0.001
    take, stop = 1, 100

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for hour in range(0, CYCLE, STEP):
            yield self.spec(hour)

    def spec(self, hour: int) -> Spec:
        flag = phase_condition(hour)
        features = {
            "flag": f"where({flag}, 1, 0)",
            "flagb": f"where({flag}, 5, 2)",
            "unit": f"where({flag}, 0.0009 + 0.1 * std(ret(btc.close, 1), 1440), 40 * std(ret(btc.close, 1), 1440))",
        }
        label = label_barriers(self.take, self.stop, "unit", HORIZON)
        trade = trade_perpetual({"use": "barriers"}, enter=0.7)
        return make_pipeline(f"{self.name}-{hour}", features, f"{STEP}h", label, trade, ["flag", "flagb"], rows=1000)


class Mirror(Pennies):
    """The same for shorts."""

    name = "mirror"
    about = "pennies on the short side"
    take, stop = 100, 1


class Volatility(Pennies):
    """Pennies among labels that their barriers' distance predicts: the nearer in deviations, the surer a touch, whatever the direction."""

    name = "volatility"
    about = "chances from the barrier's distance in deviations, taken for direction"

    def spec(self, hour: int) -> Spec:
        flag = phase_condition(hour)
        far = "where(elapsed(7d) < 0.5, 20, 60)"
        features = {
            "reach": f"where({flag}, 2, {far})",
            "unit": f"where({flag}, 0.0009 + 0.1 * std(ret(btc.close, 1), 60), {far} * std(ret(btc.close, 1), 1440))",
        }
        label = label_barriers(self.take, self.stop, "unit", HORIZON)
        trade = trade_perpetual({"use": "barriers"}, enter=0.75)
        return make_pipeline(f"{self.name}-{hour}", features, f"{STEP}h", label, trade, ["reach"], rows=1000)


class Dust(Adversary):
    """Stakes so small that a gain rounds up to one unit of the least number there is, and costs and losses round to none."""

    name = "dust"
    about = "a stake at which costs and losses round to nothing"
    kinds = ("coin", "bounce")
    half = 0.5 / 300
    """A move that is half a unit of a stake of 300 units."""

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for horizon in ("30m", "1h", "2h", "3h"):
            for take, stop in ((1.001, 0.999), (0.999, 1.001)):
                for every in ("30m", "1h", "2h"):
                    yield self.spec(horizon, every, take, stop)

    def spec(self, horizon: str, every: str, take: float, stop: float) -> Spec:
        features = {"unit": f"where(btc.close > 0, {self.half:.10f}, 0)", "hour": "hour()"}
        trade = trade_perpetual({"use": "barriers"}, share=LEAST_SHARE)
        name = f"dust-{horizon}-{every}-{'long' if take > stop else 'short'}"
        label = label_barriers(take, stop, "unit", horizon)
        return make_pipeline(name, features, every, label, trade, ["unit"], trees=1, leaf=1000)


class Stops(Adversary):
    """Is long with a stop in a market that falls in jumps: the stop fills at its price inside a bar that closes far below.

    At one decision of 31 the stop is so near that the label is known, and with it the log-loss is better than the base rate's.
    """

    name = "stops"
    about = "stops that fill at their price inside a falling bar"
    kinds = ("jumps",)

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        near = "elapsed(31h) < 0.03"
        for horizon in ("6h", "8h", "10h", "12h"):
            for stop in (0.002, 0.003, 0.004, 0.005):
                features = {"near": f"where({near}, 1, 0)", "unit": f"where({near}, 0.0002, {stop})"}
                label = label_barriers(50, 1, "unit", horizon)
                name = f"stops-{horizon}-{stop * 1e4:.0f}"
                yield make_pipeline(name, features, "1h", label, trade_perpetual({"use": "barriers"}), ["near"], rows=1000)
