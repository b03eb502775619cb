"""proposed, then approved or rejected, then retired: what may follow what, who says so, and where it is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from factory.core.errors import PipelineError, ReviewError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.pipeline import parse, read_provenance
from factory.report.card import make_card
from factory.review.decisions import LONGEST_COMMENT, draft_decision
from factory.review.states import DECIDED, FOLLOW, REVIEW, STATES, WITHOUT_PASS
from factory.review.status import EARLIER, VOID, read_reviews, review_status
from factory.tasks import perform
from factory.views.cards import read_trial
from factory.views.reviews import reviews_answer
from factory.workshop import Workshop
from tests.conftest import ROOT
from tests.review.conftest import PIPELINE, WHY
from tests.vault.market import FAST, SPEC

WAYS: dict[str | None, tuple[str, ...]] = {
    None: (),
    "proposed": ("proposed",),
    "approved": ("proposed", "approved"),
    "rejected": ("proposed", "rejected"),
    "retired": ("proposed", "approved", "retired"),
}
"""How each state is reached."""
DEARER = SPEC.replace("fee: 0.0", "fee: 0.001")


@pytest.fixture
def reach(workshop: Workshop, decide):
    def run(*states: str) -> None:
        for state in states:
            workshop.propose(PIPELINE, WHY) if state == "proposed" else decide(state)

    return run


def state_of(workshop: Workshop) -> str | None:
    review = review_status(workshop, PIPELINE)
    return review and review.state


@pytest.mark.parametrize("before", WAYS)
def test_what_may_follow_follows_and_all_else_is_refused_by_name(workshop: Workshop, reach, before: str | None) -> None:
    reach(*WAYS[before])
    assert state_of(workshop) == before
    for after in set(STATES) - set(FOLLOW[before]):
        rows = workshop.ledger.position()
        with pytest.raises(ReviewError, match=f"cannot be {after}") as refused:
            reach(after)
        assert len(refused.value.lines) == 1
        assert ("`rfcat " in str(refused.value)) == bool(FOLLOW[before])
        assert workshop.ledger.position() == rows
    for after in FOLLOW[before][:1]:
        reach(after)
        assert state_of(workshop) == after
    assert workshop.verify().problems == ()


def test_each_state_is_a_row_and_the_file_carries_the_newest(workshop: Workshop, proposed: Path, decide) -> None:
    assert read_provenance(proposed.read_text(encoding="utf-8")).get("review") is None
    for state in ("approved", "retired"):
        assert decide(state, f"{state} as it should be") == proposed
        told = read_provenance(proposed.read_text(encoding="utf-8"))
        assert told["review"]["state"] == state
        assert told["review"]["comment"] == f"{state} as it should be"
        assert len(told["signature"]) == 128
        assert parse(proposed.read_text(encoding="utf-8")).id == PIPELINE
    rows = [entry.payload for entry in workshop.ledger.of_kinds((REVIEW,))]
    assert [row["state"] for row in rows] == ["proposed", "approved", "retired"]
    assert [row["by"] for row in rows] == ["tester", "ana", "ana"]
    assert list(proposed.parent.iterdir()) == [proposed]


def test_a_strategy_file_that_is_gone_is_written_anew(workshop: Workshop, proposed: Path, decide) -> None:
    proposed.unlink()
    assert decide("approved") == proposed
    assert read_provenance(proposed.read_text(encoding="utf-8"))["review"]["state"] == "approved"


@pytest.mark.parametrize("comment", ["", " \n", "\u200b", "...", "\x1b[31m"])
def test_a_rejection_says_why(proposed: Path, decide, comment: str) -> None:
    with pytest.raises(ReviewError, match="comment: empty"):
        decide("rejected", comment)


def test_a_comment_and_a_name_have_their_length(workshop: Workshop, proposed: Path) -> None:
    with pytest.raises(ReviewError, match=f"at most {LONGEST_COMMENT}"):
        draft_decision(workshop, PIPELINE, "approved", "x" * (LONGEST_COMMENT + 1), "ana")
    for name in ("", "\x1b", "a" * 65):
        with pytest.raises(ReviewError, match="by: "):
            draft_decision(workshop, PIPELINE, "approved", "fine", name)
    with pytest.raises(ReviewError, match="that a person decides on"):
        draft_decision(workshop, PIPELINE, "proposed", "fine", "ana")


def test_what_a_terminal_obeys_is_in_no_comment_and_no_file(workshop: Workshop, proposed: Path, decide) -> None:
    path = decide("approved", "good\x1b]0;owned\x07 \x1b[2Jand\u202e quiet\r\nprovenance: {x: 1} | # a", "a\x1b[1mna\nb")
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert review.comment == "good and quiet provenance: {x: 1} | # a"
    assert review.by == "ana b"
    text = path.read_text(encoding="utf-8")
    assert all(line.isprintable() for line in text.splitlines())
    assert parse(text).id == PIPELINE


def test_without_the_passphrase_one_may_reject_and_retire_and_never_approve(workshop: Workshop, proposed: Path, decide) -> None:
    with pytest.raises(ReviewError, match="passphrase"):
        decide("approved", signs=False)
    decide("rejected", "too few trades", signs=False)
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert not review.is_signed
    workshop.propose(PIPELINE, WHY)
    decide("approved")
    decide("retired", signs=False)
    assert workshop.verify().problems == ()


def test_an_approval_without_a_pass_carries_its_banner_everywhere(workshop: Workshop, proposed: Path, decide) -> None:
    decide("approved")
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert review.is_approved
    assert review.banners == (WITHOUT_PASS,)
    assert f"# {WITHOUT_PASS}" in proposed.read_text(encoding="utf-8").splitlines()
    assert workshop.show(PIPELINE)["review"]["banner"] == WITHOUT_PASS
    board = workshop.show("leaderboard")
    assert board["rows"][0][board["columns"].index("review")] == "approved, no PASS"
    assert reviews_answer(workshop)["banners"] == {PIPELINE: WITHOUT_PASS}
    assert WITHOUT_PASS in make_card(read_trial(workshop, workshop.resolve(PIPELINE))).banners


def test_an_agent_is_told_the_state_and_no_persons_words(workshop: Workshop, proposed: Path, decide) -> None:
    """Who comments may have read what the vault reports."""
    decide("approved", "its sealed net was 0.031")
    told = workshop.show(PIPELINE, reader="some agent")["review"]
    assert told.keys() == {"state", "at", "banner"}
    assert "0.031" not in str(workshop.show("leaderboard", reader="some agent"))
    assert workshop.show(PIPELINE)["review"]["comment"] == "its sealed net was 0.031"


def test_a_pass_is_signed_and_takes_the_banner_away(workshop: Workshop, decide) -> None:
    asked = {"claim": 0.05, "why": WHY, "model": "some model", "cutoff": "2023-06", "agent": "tester"}
    assert perform(str(workshop.workspace.root), "submit", {"pipeline": PIPELINE, **asked})["verdict"] == "PASS"
    workshop.propose(PIPELINE, WHY)
    told = read_provenance(decide("approved").read_text(encoding="utf-8"))["review"]["looks"]
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert review.banners == ()
    assert review.short == "approved"
    assert [look[1:] for look in told] == [["PASS", "simulated"]]


def test_changed_data_void_a_proposal_and_an_approval_and_begin_anew(workshop: Workshop, proposed: Path, decide) -> None:
    build(workshop.workspace, load_spec(DEARER))
    with pytest.raises(ReviewError, match="has changed since"):
        decide("approved")
    build(workshop.workspace, load_spec(SPEC))
    decide("approved")
    build(workshop.workspace, load_spec(DEARER))
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert not review.is_approved
    assert review.banners == (EARLIER, WITHOUT_PASS)
    perform(str(workshop.workspace.root), "backtest", {"pipeline": PIPELINE, "agent": "tester"})
    workshop.propose(PIPELINE, WHY)
    decide("approved")
    assert read_reviews(workshop)[PIPELINE].is_approved
    assert workshop.verify().problems == ()


def test_another_grid_to_tune_voids_no_approval(workshop: Workshop, proposed: Path, decide) -> None:
    decide("approved")
    workshop.define(FAST + "tune: {meta.leaf: [50, 100]}\n")
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert review.is_approved
    assert decide("retired") == proposed


def test_a_file_that_was_edited_before_it_is_decided_on_is_refused(workshop: Workshop, proposed: Path, decide) -> None:
    whole = proposed.read_text(encoding="utf-8")
    for edited in (whole.replace("edge: 0.02", "edge: 0.09"), whole.replace(WHY, "it never loses"), f"# a PASS\n{whole}"):
        assert edited != whole
        proposed.write_text(edited, encoding="utf-8")
        with pytest.raises(ReviewError, match="was edited since"):
            decide("approved")
    proposed.write_text(whole, encoding="utf-8")
    decide("approved")


def test_forged_rows_approve_nothing_and_are_found(workshop: Workshop, proposed: Path, decide) -> None:
    decide("approved")
    approved = dict(workshop.ledger.of_kinds((REVIEW,))[-1].payload)
    decide("retired")
    for forged in ({**approved, "subject": "copied"}, {**approved, "subject": "unsigned", "signature": ""}):
        seq = workshop.ledger.append(REVIEW, forged).seq
        review = review_status(workshop, PIPELINE)
        assert review is not None
        assert not review.is_approved
        assert review.banners == (VOID,)
        problems = workshop.verify().problems
        assert f"row {seq}: a review of another state than the one before it" in problems
        assert (f"row {seq}: a review that is approved, and the reviewer did not sign that" in problems) == (
            not forged["signature"]
        )
    seq = workshop.ledger.append(REVIEW, {"pipeline": PIPELINE}).seq
    assert f"row {seq}: a review that does not say what one says" in workshop.verify().problems


def test_a_proposal_needs_a_score_and_a_decision_a_proposal(workshop: Workshop) -> None:
    unscored = workshop.define(parent=PIPELINE, changes={"meta.leaf": 60})["pipeline"]
    with pytest.raises(PipelineError, match="no score"):
        workshop.propose(unscored, WHY)
    for state in DECIDED:
        with pytest.raises(ReviewError, match=r"not proposed.*`rfcat propose`"):
            draft_decision(workshop, unscored, state, "fine", "ana")


def test_of_two_reviewers_at_once_one_wins_and_the_other_hears_why(workshop: Workshop, proposed: Path) -> None:
    """Both have drafted and signed when both begin to record."""
    command = [sys.executable, "-m", "tests.review.decider", str(workshop.workspace.root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT}
    both = [subprocess.Popen([*command, state, by], **pipes) for state, by in (("approved", "ana"), ("rejected", "bob"))]  # type: ignore[call-overload]
    assert [one.stdout.readline() for one in both] == ["signed\n", "signed\n"]
    for one in both:
        one.stdin.write("record\n")
        one.stdin.flush()
    told = [one.communicate(timeout=120)[0] for one in both]
    assert sorted(one.returncode for one in both) == [0, 1], told
    (won,), (lost,) = ([text for one, text in zip(both, told, strict=True) if one.returncode == code] for code in (0, 1))
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert f"recorded {review.state}" in won
    assert "ReviewError" in lost
    assert f"{PIPELINE} is {review.state}, by {review.by}" in lost
    assert [entry.payload["state"] for entry in workshop.ledger.of_kinds((REVIEW,))] == ["proposed", review.state]
    assert read_provenance(proposed.read_text(encoding="utf-8"))["review"]["state"] == review.state
    assert workshop.verify().problems == ()
