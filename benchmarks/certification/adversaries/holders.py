"""Adversaries that hold one side: what they earn is exposure, funding, or the wait for a price that comes back."""

from collections.abc import Iterator
from typing import ClassVar

from benchmarks.certification.adversaries.base import MEAN_ZERO, Adversary, Spec, label_barriers, make_pipeline, trade_perpetual
from benchmarks.certification.simulated import SimulatedMarket

CYCLE = 76
"""Hours, of which 30 stretches fit into validation and sealed."""
ROWS = 60 * CYCLE


class Holder(Adversary):
    """Holds one side through each cycle and leaves by a signal; where the label's barriers stand makes the chance, not direction."""

    take, stop = 1.0, 3.0
    unit = "0.0004"
    size: ClassVar[Spec] = {"use": "fixed", "share": 0.5}
    starts = 8
    """Hours between the beginnings of the cycles of two proposals."""

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for hour in range(0, CYCLE, self.starts):
            yield self.spec(hour)

    def spec(self, hour: int) -> Spec:
        go = self.hold_condition(hour)
        features = {"go": f"where({go}, 1, 0)", "unit": f"where({go}, {self.unit}, 1)", **self.more_features(go)}
        trade = trade_perpetual({"use": "signal", "keep": 0.62}, enter=0.62)
        label = label_barriers(self.take, self.stop, "unit", "1h")
        see = [name for name in features if name != "unit"]
        return make_pipeline(f"{self.name}-{hour}", features, "15m", label, {**trade, "size": self.size}, see, leaf=12)

    def hold_condition(self, hour: int) -> str:
        """Write the condition of when it wants to hold: all the time but for the last hours of a cycle."""
        return f"{minutes_in_cycle(hour)} < {ROWS - 180}"

    def more_features(self, go: str) -> dict[str, str]:
        """Write further features that the forest sees."""
        return {}


def minutes_in_cycle(hour: int) -> str:
    """Write the minutes since the present cycle began."""
    share = hour / CYCLE
    return f"(elapsed({CYCLE}h) - {share:.8f} + where(elapsed({CYCLE}h) < {share - 1e-6:.8f}, 1, 0)) * {ROWS}"


class Long(Holder):
    """Is always long where prices drift."""

    name = "long"
    about = "always long in a drift"
    kinds = ("drift",)
    level = 0.05


class Funding(Holder):
    """Is always short in a calm market, where the assumed funding is paid to shorts."""

    name = "funding"
    about = "always short, paid an assumed funding"
    kinds = ("calm",)
    take, stop = 3.0, 1.0
    unit = "0.00002"


class Patient(Holder):
    """Leaves by a signal once the price is above its entry, and else waits for the end of a long cycle."""

    name = "patient"
    about = "leaves winners at once, waits with losers"
    kinds = MEAN_ZERO
    level = 0.001
    starts = 4
    gain = 0.001
    """Rise above which it leaves: with what it overshoots by the next decision, a little more than its costs."""

    def hold_condition(self, hour: int) -> str:
        """Write the condition of holding until the price, at a decision, was above that at the cycle's start by the gain."""
        start = f"sum(where(abs(elapsed({CYCLE}h) - {hour / CYCLE:.8f}) < {0.5 / ROWS:.8f}, btc.close, 0), {ROWS})"
        risen = f"elapsed(15m) == 0 and btc.close > {1 + self.gain} * {start}"
        return f"since({risen}, {ROWS}) >= {minutes_in_cycle(hour)} and {super().hold_condition(hour)}"


class Martingale(Patient):
    """Waits in the same way, with a stake that is raised after a cycle that lost: its account grows all the more surely."""

    name = "martingale"
    about = "waits with losers, and raises its stake after them"
    unit = f"where(ret(btc.close, {ROWS}) < -0.01, 0.0004, 0.0008)"
    size: ClassVar[Spec] = {"use": "kelly", "fraction": 0.01, "cap": 1.0}

    def more_features(self, go: str) -> dict[str, str]:
        return {"lost": f"where({go} and ret(btc.close, {ROWS}) < -0.01, 1, 0)"}
