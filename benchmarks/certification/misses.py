"""Why searches end without a certificate where an edge is planted: which part of the rule their best strategy fails.

    python -m benchmarks.certification.misses benchmarks/certification/measured.csv

The best is the one that stood highest on validation in the end, here with a whole forest. The parts of the rule
are those of an exam at the level of one of five looks.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.certification.agent import Idea
from benchmarks.certification.market import DATASET
from benchmarks.certification.record import Judged, read
from benchmarks.certification.search import FOREST, LOOKS, Market
from factory.core.canonical import seed_for
from factory.core.errors import SealError
from factory.pipeline import Pipeline
from factory.vault import exam
from factory.vault.pools import ALPHA


def failed(one: Judged) -> str:
    """Name the parts of the rule that the best strategy of a search fails on sealed rows."""
    with tempfile.TemporaryDirectory() as folder:
        market = Market(Path(folder), one.edge, one.index)
        pipeline = Pipeline.of(Idea.of(one.idea).spec(DATASET, market.levels, FOREST))
        contract, fitted = market.contract(pipeline), exam.prepare(market.workspace, pipeline)
        try:
            plan = exam.plan(market.workspace, pipeline, contract, fitted)
        except SealError:
            return "no trade on validation, with a whole forest"
        seed = seed_for(pipeline.id, "look")
        examined = exam.examine(
            pipeline, contract, fitted, market.parts["sealed"], plan.information, plan.price, plan.wager, seed
        )
        checks = exam.judge(examined, plan, fitted.base_rate, ALPHA / LOOKS, 0.0, 0).checks
        market.workshop.ledger.close()
    return ", ".join(part for part, held in checks.items() if not held) or "nothing, and was not examined"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path, help="what benchmarks.false_certification wrote")
    whole = [one for one in read(parser.parse_args().record, Judged) if one.edge and one.n == one.trials]
    for edge in sorted({one.edge for one in whole}):
        searches = [one for one in whole if one.edge == edge]
        missed = [one for one in searches if not one.certified("protocol")]
        print(
            f"a true win rate of {0.5 + edge:g}: {len(missed)} of {len(searches)} markets without a certificate; their best fails"
        )
        for parts, count in Counter(map(failed, missed)).most_common():
            print(f"  {count:3}  {parts}")


if __name__ == "__main__":
    main()
