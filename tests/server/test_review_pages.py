"""Reviews on the pages: who may decide, what is signed, and what never leaves the browser."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response
from starlette.testclient import TestClient

from factory.market.build import build
from factory.market.spec import load_spec
from factory.review.decisions import read_decision
from factory.review.status import review_status
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.reviewer import appoint, unlock
from factory.workshop import Workshop
from tests.hostile import ALL_IN_ONE
from tests.server.signed import BASE, signed_in
from tests.workshop.market import BINARY, SPEC

PASSPHRASE = "a passphrase of some length"


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    workspace = Workspace.open(tmp_path / "workspace")
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "proposed"))
    build(workspace, load_spec(SPEC))
    made = Workshop(workspace, "tester")
    perform(str(workspace.root), "backtest", {"pipeline": made.define(BINARY)["pipeline"], "agent": "tester", "why": "to see"})
    appoint(made.ledger, PASSPHRASE)
    return made


@pytest.fixture
def id(workshop: Workshop) -> str:
    return workshop.resolve("small-up-or-down").id


@pytest.fixture
def reviewer(workshop: Workshop) -> Iterator[TestClient]:
    with signed_in(workshop.workspace, role="reviewer") as client:
        yield client


def send(client: TestClient, path: str, **fields: str) -> Response:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/reviews").text)
    assert token is not None
    return client.post(path, data={"form_token": token[1], **fields}, headers={"origin": BASE})


def draft(client: TestClient, id: str, **fields: str) -> str:
    page = send(client, f"/reviews/{id}/draft", **fields)
    assert page.status_code == 200, page.text
    message = re.search(r'name="message" value="([^"]+)"', page.text)
    assert message is not None
    return message[1]


def decode(message: str) -> bytes:
    return urlsafe_b64decode(message + "=" * (-len(message) % 4))


def test_what_is_signed_in_the_browser_is_recorded(workshop: Workshop, reviewer: TestClient, id: str) -> None:
    assert send(reviewer, f"/reviews/{id}/propose", why="see for yourself").status_code == 303
    assert "see for yourself" in reviewer.get(f"/reviews/{id}").text
    message = draft(reviewer, id, state="approved", comment="it holds")
    assert read_decision(decode(message))["by"] == "ada"
    signature = unlock(workshop.ledger, PASSPHRASE).sign_message(decode(message))
    assert send(reviewer, f"/reviews/{id}", message=message, signature=signature).status_code == 303
    review = review_status(workshop, id)
    assert review is not None
    assert review.is_approved
    page = reviewer.get(f"/reviews/{id}").text
    assert "APPROVED WITHOUT A PASS" in page
    assert "rfcat verify" in page
    assert "approved, no PASS" in reviewer.get("/reviews").text
    assert "approved, no PASS" in reviewer.get(f"/cards/{id}").text


@pytest.mark.parametrize("signature", ["", "0" * 128, "x", "of another"])
def test_an_approval_that_the_reviewer_did_not_sign_is_none(
    workshop: Workshop, reviewer: TestClient, id: str, signature: str
) -> None:
    send(reviewer, f"/reviews/{id}/propose", why="see")
    message = draft(reviewer, id, state="approved")
    if signature == "of another":
        rejection = draft(reviewer, id, state="rejected", comment="no")
        signature = unlock(workshop.ledger, PASSPHRASE).sign_message(decode(rejection))
    rows = workshop.ledger.position().seq
    refused = send(reviewer, f"/reviews/{id}", message=message, signature=signature)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert workshop.ledger.position().seq == rows


def test_a_rejection_needs_a_reason_and_no_passphrase(workshop: Workshop, reviewer: TestClient, id: str) -> None:
    send(reviewer, f"/reviews/{id}/propose", why="see")
    assert send(reviewer, f"/reviews/{id}/draft", state="rejected", comment=" ").status_code == 400
    message = draft(reviewer, id, state="rejected", comment="too few trades")
    assert send(reviewer, f"/reviews/{id}", message=message, signature="").status_code == 303
    review = review_status(workshop, id)
    assert review is not None
    assert (review.state, review.by, review.comment) == ("rejected", "ada", "too few trades")


def test_the_passphrase_has_no_name_under_which_it_could_be_sent(reviewer: TestClient, id: str) -> None:
    send(reviewer, f"/reviews/{id}/propose", why="see")
    page = send(reviewer, f"/reviews/{id}/draft", state="approved").text
    field = re.search(r"<input id=\"passphrase\"[^>]*>", page)
    assert field is not None
    assert "name=" not in field[0]


@pytest.mark.parametrize("message", ["", "x", "!!!", urlsafe_b64encode(b"rfcat review 1\n{}").decode(), "Zm9v" * 5_000])
def test_what_was_not_drafted_is_refused(workshop: Workshop, reviewer: TestClient, id: str, message: str) -> None:
    rows = workshop.ledger.position().seq
    assert send(reviewer, f"/reviews/{id}", message=message, signature="0" * 128).status_code == 400
    assert workshop.ledger.position().seq == rows


def test_a_draft_of_one_person_is_recorded_by_nobody_else(workshop: Workshop, reviewer: TestClient, id: str) -> None:
    send(reviewer, f"/reviews/{id}/propose", why="see")
    message = draft(reviewer, id, state="rejected", comment="no")
    with signed_in(workshop.workspace, name="bob", role="reviewer") as other:
        refused = send(other, f"/reviews/{id}", message=message, signature="")
    assert refused.status_code == 400
    assert "drafted for" in refused.text


def test_a_viewer_reads_and_decides_nothing(workshop: Workshop, reviewer: TestClient, id: str) -> None:
    send(reviewer, f"/reviews/{id}/propose", why="see")
    message = draft(reviewer, id, state="rejected", comment="no")
    rows = workshop.ledger.position().seq
    with signed_in(workshop.workspace, name="bob") as viewer:
        page = viewer.get(f"/reviews/{id}")
        assert page.status_code == 200
        assert "<form" not in page.text.split("<main")[1]
        for path, fields in (
            (f"/reviews/{id}/propose", {"why": "x"}),
            (f"/reviews/{id}/draft", {"state": "rejected", "comment": "x"}),
            (f"/reviews/{id}", {"message": message, "signature": ""}),
        ):
            assert send(viewer, path, **fields).status_code == 403, path
    assert workshop.ledger.position().seq == rows


def test_words_of_others_are_text(workshop: Workshop, reviewer: TestClient, id: str) -> None:
    send(reviewer, f"/reviews/{id}/propose", why=f"{ALL_IN_ONE} <script>alert(1)</script>")
    message = draft(reviewer, id, state="rejected", comment="<img src=x onerror=alert(1)>")
    assert "<img" not in send(reviewer, f"/reviews/{id}/draft", state="rejected", comment="<img src=x>").text.split("<main")[1]
    send(reviewer, f"/reviews/{id}", message=message, signature="")
    for path in ("/reviews", f"/reviews/{id}", f"/cards/{id}"):
        body = reviewer.get(path).text.split("<main")[1]
        assert "<script>alert" not in body
        assert "<img" not in body


@pytest.mark.parametrize("reference", ["nothing", "%00", "a" * 500, "<b>"])
def test_an_unknown_pipeline_is_a_line_and_no_failure(reviewer: TestClient, reference: str) -> None:
    answer = reviewer.get(f"/reviews/{reference}")
    assert answer.status_code in (303, 400, 404)
    assert "<b>" not in answer.text.split("<main")[-1]
