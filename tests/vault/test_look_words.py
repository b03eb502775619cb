"""docs/answers.md explains every key that an answer about a look holds, at once and while its verdict waits."""

import numpy as np
import pytest

from factory.evidence.advice import advise
from factory.tasks import perform
from factory.workshop import Workshop
from tests.vault.market import FAST
from tests.workshop.test_answer_words import explained


@pytest.mark.parametrize("seconds", ["0", "60"])
def test_every_key_of_a_look_is_explained(workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", seconds)
    other = workshop.define(FAST.replace("leaf: 100", "leaf: 150").replace("fast-up", "other-up"))["pipeline"]
    trial = perform(str(workshop.workspace.root), "backtest", {"pipeline": other, "agent": "tester"})
    told = submit(other, claim=trial["ready"]["claim"][1])
    shown = workshop.show(told["look"])
    assert (explained(trial), explained(told), explained(shown)) == (set(), set(), set())
    assert "shifted_labels" in told["advice"]
    assert ("verdict_at" in told) == (seconds != "0")


def test_every_advice_is_explained() -> None:
    days = np.random.default_rng(1).normal(0, 1, (2, 60)).tolist()
    metrics = {"psr": 0.9, "sharpe": 1.0, "sharpe_error": 1.0, "sharpe_luck": 1.0}
    told = advise(metrics, days[0], days, 2)
    assert len(told) == 4
    assert explained(told) == set()
