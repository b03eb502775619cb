"""Print what each statistic was held against and the greatest difference seen: ``python -m tests.statistics.oracles``."""

import argparse
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.statistics.oracles import all_oracles
from tests.statistics.oracles.common import Oracle


def greatest_difference(oracle: Oracle, examples: int) -> float:
    seen = [0.0]

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(oracle.inputs)
    def ask(asked: tuple[Any, ...]) -> None:
        seen.append(oracle.differs(asked))

    ask()
    return max(seen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.statistics.oracles")
    parser.add_argument("--examples", type=int, default=1_000)
    examples = parser.parse_args().examples
    print("| function | against | greatest difference |\n| --- | --- | --- |")
    for oracle in all_oracles():
        print(f"| {oracle.name} | {oracle.against} | {greatest_difference(oracle, examples):.1e} |", flush=True)
