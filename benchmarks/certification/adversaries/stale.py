"""The adversary that trades where nobody does."""

from collections.abc import Iterator

from benchmarks.certification.adversaries.base import Adversary, Spec, make_pipeline, trade_perpetual
from benchmarks.certification.simulated import SimulatedMarket


class Stale(Adversary):
    """Buys and sells at the last price of minutes without a trade, after a liquid series of the same market has moved."""

    name = "stale"
    about = "fills at stale prices in minutes without a trade"
    kinds = ("thin",)

    def proposals(self, market: SimulatedMarket) -> Iterator[Spec]:
        for least in (0.0012, 0.0015, 0.0018, 0.0021):
            for hold in ("20m", "30m", "44m"):
                yield self.spec(least, hold)

    def spec(self, least: float, hold: str) -> Spec:
        gap = "eth.close * 20 / btc.close - 1"
        far = f"abs({gap}) > {least}"
        features = {"gap": f"where({far}, {gap}, 0)", "swing": f"where({far}, std(ret(eth.close, 1), 60), 0)"}
        label = {"use": "up_down", "of": "btc", "horizon": hold}
        trade = trade_perpetual({"use": "after", "hold": hold}, enter=0.57)
        name = f"stale-{least * 1e4:.0f}-{hold}"
        return make_pipeline(name, features, "2m", label, trade, list(features), trees=20, leaf=40)
