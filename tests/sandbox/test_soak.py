"""Two thousand calls, four at a time: nothing grows and every limit holds."""

import gc
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from sandbox import Broker, Limits, Outcome
from tests.corpus.records import Canaries, code_of, load
from tests.sandbox.test_corpus import FILE

CALLS, AT_ONCE = 2_000, 4
LIMITS = Limits(wall=3.0, cpu=1, memory=512 << 20, output=20_000)
LATE = 3.0
"""Seconds over the wall that a busy machine may take to end a call."""
GROWTH = 24 << 20


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="the shared sandbox corpus is not here")
def test_two_thousand_calls_leave_nothing_behind(frames: dict[str, list[Path]], canaries: Canaries) -> None:
    me = psutil.Process()
    broker = Broker(LIMITS, at_once=AT_ONCE)
    codes = [canaries.fill(code_of(record)) for record in load(FILE)]
    random.Random(0).shuffle(codes)

    def call(code: str) -> Outcome:
        return broker.run(code, frames)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        check(list(pool.map(call, codes[:200])), canaries)
        gc.collect()
        before = me.num_fds(), len(me.children(recursive=True)), me.num_threads(), me.memory_info().rss
        for start in range(200, CALLS, 200):
            check(list(pool.map(call, [codes[i % len(codes)] for i in range(start, start + 200)])), canaries)
        gc.collect()
        after = me.num_fds(), len(me.children(recursive=True)), me.num_threads(), me.memory_info().rss
    assert after[:3] == before[:3], "descriptors, processes, threads"
    assert after[3] - before[3] < GROWTH
    assert call("print(1)").output == "1\n"
    broker.close()


def check(outcomes: list[Outcome], canaries: Canaries) -> None:
    for outcome in outcomes:
        assert outcome.seconds < LIMITS.wall + LATE, outcome
        assert len(outcome.output) <= 2 * LIMITS.output
        assert outcome.limit != "busy"
        assert "could not be set up" not in str(outcome.error), outcome
        assert canaries.tripped(outcome.output + str(outcome.error)) is None
