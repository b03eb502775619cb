"""What the reviewer reads of a look agrees with what was told, and says in words what it means."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import SealError
from factory.core.hashes import write_hashes
from factory.vault import reports
from factory.vault.client import vault_client
from factory.vault.explanation import explain, explain_checks
from factory.vault.pools import SEAL_ROWS, Look, read_looks
from factory.vault.rehearsal import length_ratio, refuse_short
from factory.vault.reviewer import appoint, unlock
from factory.workshop import Workshop
from tests.server.test_cli import rfcat
from tests.vault.market import break_sealed

PASSPHRASE = "correct horse battery"
SECTIONS = ("told: ", "why: ", "means: ", "does not mean: ")


@pytest.fixture
def reviewed(workshop: Workshop, tmp_path: Path):
    """Gives the text of `rfcat vault show` of the only look, and the report itself."""
    appoint(workshop.ledger, PASSPHRASE)
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)

    def read() -> tuple[str, dict[str, Any]]:
        (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
        text = rfcat(workshop.workspace.root, "vault", "show", look.name, "--passphrase-file", str(secret))
        starts = [text.index(section) for section in SECTIONS]
        assert starts == sorted(starts)
        assert starts[0] == 0, "the words come first"
        return text, reports.read_report(workshop.workspace, look, unlock(workshop.ledger, PASSPHRASE))

    return read


@pytest.mark.slow
def test_a_look_that_came_late_is_reported_as_the_fail_that_was_told(
    workshop: Workshop, submit, reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exam is held up beyond its time, and finds a PASS that was told to nobody."""
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "60")
    name = submit()["look"]
    (examining,) = vault_client(workshop.workspace)._leaving
    os.kill(examining.pid, signal.SIGSTOP)
    (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    time.sleep(max(0.0, look.due / 1000 - time.time()) + 0.5)
    assert workshop.show(name)["verdict"] == "FAIL"
    os.kill(examining.pid, signal.SIGCONT)
    examining.wait(timeout=300)
    assert workshop.show(name)["verdict"] == "FAIL"

    text, report = reviewed()
    assert report["verdict"] == "FAIL"
    assert report["found"] == "PASS"
    assert report["ended"] >= look.due
    assert text.startswith("told: FAIL")
    assert "The verdict came too late" in text
    assert "where its rehearsal on validation took" in text
    assert [line.split() for line in text.splitlines() if line.startswith(("verdict ", "found "))] == [
        ["verdict", "FAIL"],
        ["found", "PASS"],
    ]
    assert "no certificate, no forward test" in text
    assert workshop.verify().ok


def test_a_pass_says_which_parts_held_and_what_it_does_not_mean(workshop: Workshop, submit, reviewed) -> None:
    submit()
    text, report = reviewed()
    assert text.startswith("told: PASS")
    assert "All 7 parts of the rule hold: decisions " in text
    assert "must be at most 0.01" in text
    assert "rfcat forward look-" in text
    assert "Its price was assumed" in text
    assert report["verdict"] == report["found"] == "PASS"
    assert report["seconds"] > 0


def test_an_exam_that_broke_is_reported_as_one(workshop: Workshop, submit, reviewed) -> None:
    break_sealed(workshop.workspace.vault)
    assert submit()["verdict"] == "FAIL"
    text, report = reviewed()
    assert "why: The exam broke" in text
    assert "Traceback" in report["failed"]


def test_a_failed_part_is_named_with_what_came_and_what_must_hold(workshop: Workshop, submit, reviewed) -> None:
    submit()
    _, report = reviewed()
    (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    failed = {
        **report,
        "found": "FAIL",
        "checks": {**report["checks"], "primary": False, "account": False},
        "figures": {**report["figures"], "p_value": 0.2345678},
        "metrics": {**report["metrics"], "total_return": -0.0321},
    }
    words = explain(_heard(look, "FAIL"), failed, look.entry.at)
    assert words["why"].startswith(
        "2 of the 7 parts of the rule do not hold: primary p 0.2346, must be at most 0.01; account 0.9679"
    )
    assert "These hold: decisions, drift, " in words["why"]
    assert "no edge" in words["does not mean"]
    assert set(explain_checks(look.payload, report)) == set(report["checks"])


def _heard(look: Look, verdict: str) -> Look:
    assert look.verdict is not None
    return Look(look.entry, replace(look.verdict, payload={**look.verdict.payload, "verdict": verdict}))


def test_a_report_that_is_missing_or_not_yet_told_is_said_in_words(workshop: Workshop, submit, reviewed) -> None:
    submit()
    _, report = reviewed()
    (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    ended = {**report, "ended": look.due - 60_000}
    unwritten = Look(look.entry, None)
    assert explain(unwritten, {}, look.due)["told"].startswith("FAIL on 20")
    assert "no report is kept" in explain(unwritten, {}, look.due)["why"]
    assert "ended 60 s before its time and found PASS, but no verdict was written" in explain(unwritten, ended, look.due)["why"]
    assert explain(unwritten, ended, look.entry.at)["told"].startswith("pending until 20")
    old = {key: value for key, value in report.items() if key not in ("ended", "seconds")}
    assert "though the exam found PASS" in explain(unwritten, old, look.due)["why"]
    assert "no report of it is kept" in explain(look, {}, look.due)["why"]


def test_another_report_in_its_place_is_not_read(workshop: Workshop, submit, reviewed) -> None:
    submit()
    (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    forged = reports.write_report(workshop.workspace, look.name, b"something else")
    assert look.verdict is not None
    assert forged != look.verdict.payload["report"]
    with pytest.raises(SealError, match="not the one that was written"):
        reports.read_report(workshop.workspace, look, unlock(workshop.ledger, PASSPHRASE))


def test_a_delay_shorter_than_the_exam_is_refused_before_anything_is_spent(
    workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "2.001")  # less than the margin before a release leaves
    with pytest.raises(SealError, match=r"by a rehearsal on validation, and its verdict is told after 2\.001 s"):
        submit()
    assert workshop.ledger.of_kinds(("look",)) == []


def test_a_delay_must_be_twice_a_rehearsal_and_a_margin() -> None:
    refuse_short(120, 58.9)
    with pytest.raises(SealError, match="RFCAT_RELEASE_SECONDS to 123 or more"):
        refuse_short(120, 60.1)


def test_a_rehearsal_reads_no_sealed_row(workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in the vault, a look is measured and refused alike."""
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "2.001")
    closed = workshop.workspace.vault / "vault-sim"
    for path in (closed / "series").rglob("*.npy"):
        np.save(path, np.zeros(3))
    write_hashes(closed)
    with pytest.raises(SealError, match="by a rehearsal on validation"):
        submit()
    assert length_ratio(workshop.catalog.spec("vault-sim")) == pytest.approx(1.0, abs=0.1)
