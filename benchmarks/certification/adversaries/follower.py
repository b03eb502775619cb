"""What the rule leaves to one who has an edge on a perpetual."""

from collections.abc import Iterator

from benchmarks.certification.adversaries.base import Adversary, Spec, label_direction, make_pipeline, trade_perpetual
from benchmarks.certification.simulated import SimulatedMarket


class Follower(Adversary):
    """Goes the way that volume tells, at five sizes of leaf: an honest search with an edge of 14 bp a trade."""

    name = "follower"
    about = "an edge that is there: the rate is power, not error"
    kinds = ("lead",)
    level = 0.05

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        ratio = "mean(eth.volume, 15) / mean(eth.volume, 240)"
        features = {"told": f"where({ratio} > 2, 1, where({ratio} < 0.5, -1, 0))"}
        trade = trade_perpetual({"use": "after", "hold": "2h"}, enter=0.57)
        for leaf in (10, 15, 20, 25, 30):
            yield make_pipeline(f"follower-{leaf}", features, "2h", label_direction("2h"), trade, ["told"], trees=20, leaf=leaf)
