"""Why searches end without a certificate where an edge is planted: which part of the rule their best strategy fails.

    python -m benchmarks.certification.misses benchmarks/certification/measured.csv

The best is the one that stood highest on validation in the end, here with a whole forest. The parts of the rule
are those of an exam at the level of one of five looks: mean payoff, Sharpe ratio, and log-loss no worse than
train's share of ups.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.certification.agent import Idea
from benchmarks.certification.record import Judged, read
from benchmarks.certification.search import FOREST, LOOKS, Market
from factory.vault.exam import judge
from factory.vault.pools import ALPHA

PARTS = ("primary", "sharpe", "model")


def failed(one: Judged) -> str:
    """Parts of the rule that the best strategy of a search fails on sealed rows."""
    with tempfile.TemporaryDirectory() as folder:
        market = Market(Path(folder), one.edge, one.index)
        checks = judge(market.scored(Idea.of(one.idea), "sealed", FOREST), market.ups, ALPHA / LOOKS, 0).checks
        market.workshop.ledger.close()
    return ", ".join(part for part in PARTS if not checks[part]) or "nothing, and was not examined"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path, help="what benchmarks.false_certification wrote")
    whole = [one for one in read(parser.parse_args().record) if one.edge and one.n == one.trials]
    for edge in sorted({one.edge for one in whole}):
        found = [one for one in whole if one.edge == edge]
        missed = [one for one in found if not one.certified("protocol")]
        print(
            f"a true win rate of {0.5 + edge:g}: {len(missed)} of {len(found)} markets without a certificate; their best fails"
        )
        for parts, count in Counter(map(failed, missed)).most_common():
            print(f"  {count:3}  {parts}")


if __name__ == "__main__":
    main()
