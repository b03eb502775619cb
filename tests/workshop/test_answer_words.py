"""docs/answers.md explains every key that an answer about a trial, a search or a look holds, and every probe."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from factory.backtest.result import OUTCOMES
from factory.evidence.probes.run import AT_BACKTEST, AT_TRAIN, AT_VAULT
from factory.views.lists import BOARD, STALE
from factory.workshop import Workshop
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
TOLD = set(re.findall(r"`([^`\n]+)`", PAGE))
NAMED = ("unconverged", "why", "differences")
"""Keys under which the keys are names of the author's, or words of their own."""


def keys(answer: Any) -> Iterator[str]:
    """Every key of an answer and every column of its tables, all the way down."""
    if isinstance(answer, Mapping):
        is_table = {"columns", "rows"} <= set(answer)
        yield from answer["columns"] if is_table else ()
        for key, value in answer.items():
            if is_table and key in ("columns", "rows"):
                continue
            yield key
            yield from keys(value) if key not in NAMED else ()
    elif isinstance(answer, list):
        for one in answer:
            yield from keys(one)


def explained(answer: Mapping[str, Any]) -> set[str]:
    """Keys of an answer that the page does not have; literals of a search are the author's."""
    return {key for key in keys(answer) if key not in TOLD and "." not in key}


def test_every_key_of_a_trial_a_search_and_a_ranking_is_explained(workshop: Workshop, binary: str, perpetual: str, do) -> None:
    answers = [do("train", pipeline=binary), *(do("backtest", pipeline=one) for one in (binary, perpetual, binary))]
    answers += [
        do("backtest", pipeline=workshop.resolve_or_derive(binary, changes={"trade.edge": edge})) for edge in (0.2, 0.45)
    ]
    grid = {"meta.leaf": [50, 200], "trade.edge": [0.01, 0.02]}
    answers += [do("tune", pipeline=binary, grid=grid), do("tune", pipeline=binary, grid=grid, judge="validation")]
    answers += [do("rank", pipeline=binary), do("rank", pipeline=binary, raw=True), do("rank", family="momentum")]
    answers += [workshop.show("leaderboard"), workshop.show("summary")]
    assert [explained(answer) - {"total", "sorted", "next_page", "name", "parent"} for answer in answers] == [set()] * len(
        answers
    )
    assert {"refits", "seen_before", "no_difference", "lag_5m", "auc_error", "says"} <= {
        key for one in answers for key in keys(one)
    }


def test_every_probe_and_every_fate_of_a_decision_is_explained() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))
    assert {*AT_TRAIN, *AT_BACKTEST, *AT_VAULT} <= rows
    assert {*OUTCOMES, "missing_feature"} <= rows
    assert {*BOARD, STALE} - {"name"} <= TOLD


def test_the_page_is_reached_from_the_readme() -> None:
    assert "(docs/answers.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
