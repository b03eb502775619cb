"""After a PASS: newer bars, evidence at any time, and what it may earn."""

import re

import numpy as np
import pytest

from factory.errors import FlowError, SealError
from factory.market.build import read_series
from factory.market.contracts import Binary, Perpetual
from factory.market.series import Partition
from factory.market.spec import DatasetSpec, load_spec
from factory.progress import silent
from factory.times import now_ms
from factory.vault import exam
from factory.vault.forward import apart, caught_up, evidence, forward, graded, later
from factory.vault.pools import SEAL_ROWS, pool_of
from factory.workshop import Workshop
from tests.server.test_cli import rfcat
from tests.vault.market import SPEC

SIMULATED = load_spec(SPEC)
REAL = SIMULATED.model_copy(update={"simulated": None})
QUOTED = Binary(use="binary", of="btc", window="5m", odds="odds", fee=0, half_spread=0)
ASSUMED = SIMULATED.contracts["updown"]
PERPETUAL = Perpetual(use="perpetual", of="btc", taker=0, maker=0, slippage=0, funding=0, leverage=5)


def test_what_passed_is_watched_on_bars_that_came_later(workshop: Workshop, submit) -> None:
    look, root = submit()["look"], workshop.workspace.root
    told = rfcat(root, "forward", look, "--days", "20")
    assert "earned" in told
    assert "simulated bars earn no grade" in told
    (row,) = workshop.ledger.of_kinds(("forward",))
    assert (row.payload["look"], row.payload["state"]) == (look, "earned")
    assert row.payload["from"].startswith("2024-03-01")
    assert row.payload["wins"] / row.payload["decisions"] > 0.5
    assert "whole" in rfcat(root, "ledger", "verify")
    assert "real" not in rfcat(root, "forward", "look-999", status=1)


def test_bars_that_a_forward_test_told_of_have_no_looks_left(workshop: Workshop, submit) -> None:
    look = submit()["look"]
    forward(workshop.workspace, workshop.ledger, look, later(SIMULATED, 10), workshop.workspace.root)
    longer = SPEC.replace("days: 60", "days: 70").replace(
        "validation: [2024-01-31, 2024-02-15]\n  sealed: [2024-02-15, 2024-03-01]",
        "validation: [2024-01-31, 2024-03-01]\n  sealed: [2024-03-01, 2024-03-11]",
    )
    pool = pool_of(workshop.ledger.of_kinds(SEAL_ROWS), load_spec(longer), now_ms())
    assert pool.retired
    assert pool.left == 0


def test_a_strategy_that_is_refitted_learns_from_the_sealed_rows_before_it_goes_on(workshop: Workshop) -> None:
    """Its window reaches back eight days: without the sealed rows there would be nothing to learn from."""
    changes = {"refit": {"every": "5d", "window": "8d"}}
    refitted = workshop.resolve(workshop.define(parent="fast-up-or-down", changes=changes)["pipeline"])
    longer = later(SIMULATED, 10)
    series, _ = read_series(workshop.workspace, longer, workshop.workspace.root, silent)
    start, end = SIMULATED.split.span("sealed")[1], longer.split.span("sealed")[1]
    partition = Partition("vault-sim", "forward", start, end, series, "newer")
    before = exam.prepare(workshop.workspace, refitted)
    known = caught_up(refitted, before, SIMULATED.bounds("sealed")[0], partition)
    sealed = known.past.time >= SIMULATED.bounds("sealed")[0]
    assert sealed.sum() == len(known.past.time) - len(before.past.time) == 14 * 288
    assert (known.past.labels.end <= start).all()
    assert len(exam.score(refitted, longer.contracts["updown"], known, partition).p) == 10 * 288
    with pytest.raises(FlowError, match="holds 0 labelled decisions"):
        exam.score(refitted, longer.contracts["updown"], before, partition)
    frozen = exam.prepare(workshop.workspace, workshop.resolve("fast-up-or-down"))
    assert caught_up(refitted, frozen, start, partition) is frozen


def test_only_what_passed_is_watched_and_only_on_newer_bars(workshop: Workshop, submit) -> None:
    with pytest.raises(SealError, match="unknown"):
        forward(workshop.workspace, workshop.ledger, "look-1", later(SIMULATED, 5), workshop.workspace.root)
    look = submit()["look"]
    with pytest.raises(SealError, match="newer than 2024-03-01"):
        forward(workshop.workspace, workshop.ledger, look, SIMULATED, workshop.workspace.root)
    costlier = load_spec(SPEC.replace("fee: 0.0", "fee: 0.01"))
    with pytest.raises(SealError, match="contracts unchanged"):
        forward(workshop.workspace, workshop.ledger, look, later(costlier, 5), workshop.workspace.root)


def test_days_drawn_later_leave_the_sealed_ones_as_they_are() -> None:
    longer = later(SIMULATED, 7)
    assert longer.split.span("sealed")[1] - SIMULATED.split.span("sealed")[1] == 7 * 86_400_000
    assert longer.split.train == SIMULATED.split.train


def test_evidence_settles_at_what_it_reaches_first() -> None:
    rng = np.random.default_rng(3)
    good, bad = rng.random(3_000) < 0.60, rng.random(3_000) < 0.40
    assert evidence(good, 0.5).state == "earned"
    assert evidence(bad, 0.5).state == "stopped"
    turned = evidence(np.concatenate([good, bad]), 0.5)
    assert (turned.state, turned.end) == ("earned", evidence(good, 0.5).end)
    assert evidence(np.empty(0, bool), 0.5).state == "going on"
    assert evidence(good[:5], 0.5).state == "going on"


def test_decisions_that_overlap_an_earlier_one_are_left_out() -> None:
    entry = np.array([0, 60, 240, 300, 310, 700], np.int64)
    assert apart(entry, entry + 300).tolist() == [0, 3, 5]
    assert apart(entry[:0], entry[:0]).tolist() == []


def test_a_coin_is_rarely_taken_for_an_edge_however_often_one_looks() -> None:
    rng = np.random.default_rng(11)
    states = [evidence(rng.random(400) < 0.5, 0.5).state for _ in range(120)]
    assert states.count("earned") <= 12  # 5 % are allowed; 13 or more of 120 have chance 0.006 at that rate


@pytest.mark.parametrize(
    ("state", "spec", "contract", "grade", "why"),
    [
        ("earned", REAL, QUOTED, "A", ""),
        ("going on", REAL, QUOTED, "B", ""),
        ("stopped", REAL, QUOTED, "B", ""),
        ("earned", REAL, ASSUMED, "B", "recorded odds"),
        ("earned", REAL, PERPETUAL, "B", "binary"),
        ("earned", SIMULATED, QUOTED, "B", "simulated"),
    ],
)
def test_grade_a_needs_newer_real_bars_and_recorded_odds(
    state: str, spec: DatasetSpec, contract: Binary | Perpetual, grade: str, why: str
) -> None:
    found, told = graded(state, "B", spec, contract)
    assert found == grade
    assert re.search(why, told or "")
