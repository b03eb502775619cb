"""Signatures used for what they were not given for: each is refused, and nothing is recorded."""

from collections.abc import Mapping
from typing import Any

import pytest

from factory.core.canonical import dumps
from factory.core.errors import ReviewError
from factory.core.times import iso, now_ms
from factory.review.decisions import (
    FIELDS,
    FRESH_MS,
    PREFIX,
    SKEW_MS,
    check_position,
    draft_decision,
    read_decision,
    record_decision,
    signing_bytes,
)
from factory.review.states import REVIEW
from factory.vault import grants
from factory.vault.pools import GRANT, SEAL_ROWS, find_pool
from factory.vault.reviewer import Unlocked, _from_passphrase
from factory.workshop import Workshop
from tests.review.conftest import PIPELINE, WHY

OTHER = {
    "state": "retired",
    "pipeline": "0123456789ab",
    "name": "another",
    "dataset": "btc-sim",
    "market": "real",
    "looks": [["look-3", "PASS", "B"]],
    "by": "bob",
    "at": "2024-01-01T00:00:00Z",
    "comment": "another",
    "pipeline_hash": "0" * 64,
    "fingerprint": "0" * 64,
    "provenance_hash": "0" * 64,
    "workspace": "0" * 12,
    "ledger": f"1:{'0' * 64}",
    "after": "0" * 64,
}
"""Another value of each field."""


@pytest.fixture
def draft(workshop: Workshop, proposed) -> dict[str, Any]:
    return draft_decision(workshop, PIPELINE, "approved", "seen", "ana")


@pytest.fixture
def refused(workshop: Workshop):
    """Record, and see it refused in one line with the ledger as it was."""

    def run(message: bytes, signature: str | None, by: str = "ana") -> str:
        before = workshop.ledger.position()
        with pytest.raises(ReviewError) as error:
            record_decision(workshop, message, signature, by)
        assert workshop.ledger.position() == before
        (line,) = error.value.lines
        return line

    return run


def signed(reviewer: Unlocked, decision: Mapping[str, Any]) -> tuple[bytes, str]:
    message = signing_bytes(decision)
    return message, reviewer.sign_message(message)


@pytest.mark.parametrize("name", FIELDS)
def test_a_signature_holds_for_no_other_value_of_any_field(draft, reviewer: Unlocked, refused, name: str) -> None:
    _, signature = signed(reviewer, draft)
    refused(signing_bytes({**draft, name: OTHER[name]}), signature, OTHER["by"] if name == "by" else "ana")


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in ("by", "comment")])
def test_even_the_reviewer_records_nothing_but_what_the_ledger_says(draft, reviewer: Unlocked, refused, name: str) -> None:
    """A page that shows one thing and has another signed: the draft is made again of the ledger."""
    refused(*signed(reviewer, {**draft, name: OTHER[name]}))


def test_every_field_is_there_and_no_other(draft, reviewer: Unlocked, refused) -> None:
    assert OTHER.keys() == set(FIELDS) == draft.keys()
    for name in FIELDS:
        less = {key: value for key, value in draft.items() if key != name}
        message = PREFIX + dumps(less).encode()
        assert "no decision" in refused(message, reviewer.sign_message(message))
    message = PREFIX + dumps({**draft, "more": "x"}).encode()
    assert "no decision" in refused(message, reviewer.sign_message(message))


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message.removeprefix(PREFIX),
        lambda message: message.replace(b"review 1", b"review 2"),
        lambda message: message + b" ",
        lambda message: message.replace(b'":', b'": '),
        lambda message: message.replace(b'{"after"', b'{"at":"2024-01-01T00:00:00Z","after"'),
        lambda message: message[:-1],
        lambda message: PREFIX + b"[" * 10_000,
        lambda message: PREFIX + b"\xff",
        lambda message: PREFIX + b"null",
        lambda message: message.replace(b'"by":"ana"', b'"by":"\\ud800"'),
        lambda message: message.replace(b'"looks":[]', b'"looks":[["\\udfff","PASS","A"]]'),
        lambda message: b"",
        lambda message: message + b" " * 20_000,
    ],
)
def test_what_is_signed_has_one_spelling(draft, reviewer: Unlocked, refused, change) -> None:
    message = change(signing_bytes(draft))
    signature = signed(reviewer, draft)[1]
    assert "no decision" in refused(message, signature)


def test_a_signature_has_one_spelling_and_one_signer(draft, reviewer: Unlocked, refused) -> None:
    message, signature = signed(reviewer, draft)
    another = _from_passphrase("another passphrase", b"0" * 16).sign_message(message)
    for wrong in (signature.upper(), f" {signature}", signature[:-2], "00" * 64, another, "x" * 128):
        assert "not the reviewer's" in refused(message, wrong)
    for missing in (None, ""):
        assert "passphrase" in refused(message, missing)


def test_a_decision_is_recorded_by_whom_it_names(draft, reviewer: Unlocked, refused) -> None:
    assert "drafted for 'ana', and not for 'bob'" in refused(*signed(reviewer, draft), "bob")


def test_a_signature_is_used_once(workshop: Workshop, draft, reviewer: Unlocked, refused, decide) -> None:
    message, signature = signed(reviewer, draft)
    record_decision(workshop, message, signature, "ana")
    assert "is approved" in refused(message, signature)
    decide("retired")
    assert "is retired" in refused(message, signature)


def test_an_approval_that_was_not_recorded_is_void_after_another_proposal(
    workshop: Workshop, draft, reviewer: Unlocked, refused, decide
) -> None:
    decide("rejected", "too few trades")
    workshop.propose(PIPELINE, "other reasons")
    assert "its newest proposal changed" in refused(*signed(reviewer, draft))


def test_a_draft_waits_for_minutes_and_no_longer(draft, reviewer: Unlocked, refused) -> None:
    for moment in (now_ms() - FRESH_MS - 5_000, now_ms() + SKEW_MS + 5_000):
        refused(*signed(reviewer, {**draft, "at": iso(moment // 1000 * 1000)}))
    for unreadable in ("now", "", "2024-01-01T00:00:00"):
        refused(*signed(reviewer, {**draft, "at": unreadable}))


def test_the_head_that_is_signed_is_the_ledgers_at_that_moment(workshop: Workshop, draft, reviewer: Unlocked, refused) -> None:
    seq, _, head = draft["ledger"].partition(":")
    row = workshop.ledger.find_row(1)
    assert row is not None
    for wrong in (f"{seq}:{'0' * 64}", f"{int(seq) + 1}:{head}", f"0{seq}:{head}", f"1:{head}", "x", "", f"{'9' * 40}:{head}"):
        assert "no such head" in refused(*signed(reviewer, {**draft, "ledger": wrong}))
    assert check_position(workshop.ledger, draft) is None
    before, after = iso(row.at - SKEW_MS - 2_000), iso(now_ms() + SKEW_MS + 2_000)
    assert check_position(workshop.ledger, {**draft, "at": after}) is None, "no row has followed"
    for one in ({"at": before}, {"at": after, "ledger": f"1:{row.hash}"}):
        assert "the ledger did not stand at row" in str(check_position(workshop.ledger, {**draft, **one}))


def test_rows_that_were_appended_since_do_not_void_a_draft(workshop: Workshop, draft, reviewer: Unlocked) -> None:
    workshop.define(parent=PIPELINE, changes={"meta.leaf": 60})
    workshop.ledger.exploration("vault-sim", {"what": "a screen"})
    record_decision(workshop, *signed(reviewer, draft), "ana")
    assert workshop.verify().problems == ()


def test_a_review_is_no_grant_and_a_grant_no_review(workshop: Workshop, draft, reviewer: Unlocked, refused) -> None:
    spec = workshop.catalog.spec("vault-sim")
    message, signature = signed(reviewer, draft)
    workshop.ledger.append(GRANT, {**draft, "signature": signature, "a_day": 20})
    assert find_pool(workshop.ledger.of_kinds(SEAL_ROWS), spec, now_ms()).a_day is None
    grants.grant(workshop.ledger, reviewer, spec, a_day=3)
    granted = workshop.ledger.of_kinds((GRANT,))[-1].payload
    assert "not the reviewer's" in refused(message, granted["signature"])
    with pytest.raises(ValueError, match="payload"):
        reviewer.sign_message(b'{"dataset":"vault-sim"}')


def test_a_decision_reads_as_it_was_drafted(draft) -> None:
    assert read_decision(signing_bytes(draft)) == draft


def test_the_audit_finds_every_field_that_a_forger_changes(workshop: Workshop, draft, reviewer: Unlocked) -> None:
    """The forger appends a well-chained row in the place of the one that was signed."""
    _, signature = signed(reviewer, draft)
    for number, name in enumerate(FIELDS):
        row = {**draft, name: OTHER[name], "signature": signature, "subject": f"forged-{number}"}
        seq = workshop.ledger.append(REVIEW, row).seq
        problems = workshop.verify().problems
        assert f"row {seq}: a review that is {row['state']}, and the reviewer did not sign that" in problems, name


def test_an_agents_proposal_takes_no_approval_away(workshop: Workshop, proposed, decide) -> None:
    decide("approved")
    with pytest.raises(ReviewError, match="cannot be proposed; what may follow is `rfcat retire`"):
        workshop.propose(PIPELINE, WHY)
