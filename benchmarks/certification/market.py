"""A drawn market as a dataset: without an edge, or with one whose true size is known."""

from datetime import date, timedelta

from factory.core.canonical import seed_for

NULL_DAYS, PLANTED_DAYS = 60, 180
START = "2024-01-01"
DATASET = "drawn"

SPEC = """\
dataset: {dataset}
confirmed: true
simulated: {{seed: {seed}, start: {start}, days: {days}, edge: {edge}}}
series:
  btc: {{kind: bars, underlying: DRAWN-BTC, period: 1m}}
  eth: {{kind: bars, underlying: DRAWN-ETH, period: 1m}}
  gold: {{kind: bars, underlying: DRAWN-GOLD, period: 1h}}
contracts:
  updown: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}}
split:
  train: [{start}, {train}]
  validation: [{train}, {validation}]
  sealed: [{validation}, {sealed}]
looks: 5
"""
"""Half of the days are train, a quarter each validation and sealed; no costs, which is the least favourable null."""


def spec_text(index: int, edge: float) -> str:
    """Write the dataset file of one market.

    Parameters
    ----------
    index : int
        Which one; markets of different edges share no draw.
    edge : float
        True win rate above one half where the planted rule is active; 0 for none.
    """
    days = PLANTED_DAYS if edge else NULL_DAYS
    seed = seed_for(f"certification.{edge:g}", str(index)) % 2**31
    return SPEC.format(
        dataset=DATASET, seed=seed, days=days, edge=edge, start=START,
        train=day(days // 2), validation=day(days * 3 // 4), sealed=day(days),
    )  # fmt: skip


def day(after: int) -> str:
    """Return the date so many days after the first."""
    return str(date.fromisoformat(START) + timedelta(days=after))
