"""Every record of the shared corpus, as a user's code: it must run, be stopped by a limit, or be refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Outcome
from tests.sandbox.corpus import Canaries, load, play

FILE = Path(os.environ.get("RFCAT_SHARED", Path(__file__).parents[3] / "shared")) / "sandbox_corpus.jsonl"
RECORDS = load(FILE) if FILE.exists() else []
CATEGORIES = list(dict.fromkeys(record["category"] for record in RECORDS))


@pytest.mark.skipif(not RECORDS, reason="the shared sandbox corpus is not here")
@pytest.mark.slow
@pytest.mark.parametrize("category", CATEGORIES)
def test_corpus_in_policy_mode(category: str, call: Callable[[str], Outcome], canaries: Canaries) -> None:
    records = [record for record in RECORDS if record["category"] == category]
    failures = {record["id"]: why for record in records if (why := play(record, canaries, call))}
    assert not failures, f"{len(failures)} of {len(records)}:\n" + "\n".join(f"{i}: {why}" for i, why in failures.items())
    assert call("print(1)").output == "1\n"
