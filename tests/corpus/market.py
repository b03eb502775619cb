"""A small hourly market: what the corpus' programs look at."""

from factory.market.spec import DatasetSpec, load_spec

SPEC = """\
dataset: hourly
confirmed: true
simulated: {seed: 3, start: 2024-01-01, days: 150, edge: 0.2}
series:
  gold: {kind: bars, underlying: HOURLY-GOLD, period: 1h}
contracts:
  gold-perpetual: {use: perpetual, of: gold, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2024-03-20]
  validation: [2024-03-20, 2024-04-25]
  sealed: [2024-04-25, 2024-05-29]
looks: 5
"""


def hourly_market() -> DatasetSpec:
    """The dataset file."""
    return load_spec(SPEC)
