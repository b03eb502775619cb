"""Looks: what they cost, what they tell, and who may change their terms."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from factory.core.errors import PipelineError, SealError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.statistics.planning import decisions_needed
from factory.tasks import perform
from factory.vault import reports
from factory.vault.client import vault_client
from factory.vault.planning import needed_decisions
from factory.vault.pools import SEAL_ROWS, Look, read_looks
from factory.vault.reviewer import appoint, find_reviewer, unlock
from factory.workshop import Workshop
from tests.vault.market import SPEC

PASSPHRASE = "correct horse battery"


def rows(workshop: Workshop, *kinds: str):
    return workshop.ledger.of_kinds(kinds or SEAL_ROWS)


def child(workshop: Workshop, leaf: int) -> str:
    made = workshop.define(parent="fast-up-or-down", changes={"meta.leaf": leaf})["pipeline"]
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    return str(made)


def test_a_real_edge_passes_and_the_pool_closes(workshop: Workshop, submit) -> None:
    told = submit()
    assert told["verdict"] == "PASS"
    assert told["price"] == "at an assumed price of 0.50"
    assert told["ledger"].endswith("0 looks left: this sealed stretch closed at its PASS")
    assert set(told) <= {"look", "pipeline", "verdict", "grade", "price", "next", "ledger", "advice"}
    assert 0 < told["advice"]["shifted_labels"] < 0.5, "a quick fit on half of train sees this edge only dimly"
    with pytest.raises(SealError, match="closed at its PASS"):
        submit(child(workshop, 120))
    assert len(rows(workshop, "look")) == 1


def test_a_look_that_is_being_examined_is_pending_even_where_verdicts_need_not_wait(workshop: Workshop, submit) -> None:
    submit()
    (look,) = read_looks(rows(workshop))
    unfinished = Look(look.entry, None)
    assert look.heard(look.entry.at) == "PASS"
    assert unfinished.heard(look.entry.at) == "pending"
    assert unfinished.heard(unfinished.due) == "FAIL"


def test_a_look_row_tells_what_the_protocol_asks_for(workshop: Workshop, submit) -> None:
    submit()
    (look,), (verdict,) = rows(workshop, "look"), rows(workshop, "verdict")
    for key in ("pool", "family", "look", "alpha", "artefact", "endpoint", "break_even", "n_min", "trials_before", "agent"):
        assert look.payload[key] not in (None, ""), key
    assert look.payload["alpha"] == pytest.approx(0.01)
    assert verdict.payload["subject"] == look.hash
    assert "p_value" not in json.dumps(verdict.payload)


def test_a_pipeline_without_edge_fails_and_spends_its_look(workshop: Workshop, submit) -> None:
    made, claim = lucky(workshop)
    told = submit(made, claim=claim)
    assert told["verdict"] == "FAIL"
    assert told["ledger"].endswith("4 looks left")


def lucky(workshop: Workshop) -> tuple[str, float]:
    """A pipeline on a market without edge that looks good enough for a look, and the most that it may claim.

    Which of them does differs between machines: without an edge every chance lies close to the price.
    """
    for seed in range(10, 40):
        name = f"null-{seed}"
        null = SPEC.replace("vault-sim", name).replace("edge: 0.12", "edge: 0").replace("seed: 5", f"seed: {seed}")
        build(workshop.workspace, load_spec(null.replace("VAULT", f"NULL{seed}")))
        for leaf in (50, 100, 200, 400):
            changes = {"data": name, "trade.edge": 0.0, "meta.leaf": leaf}
            made = workshop.define(parent="fast-up-or-down", changes=changes)["pipeline"]
            scored = perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
            claim = 0.99 * scored["mean_net"][2]
            if claim > 0 and 1.1 * decisions_needed(0.5, 0.5 + claim, 0.01) < scored["trades"]:
                return made, claim
    raise AssertionError("no draw looked good")


def test_refusals_before_data_spend_nothing(workshop: Workshop, submit) -> None:
    for args, told in (
        ({"claim": 0.5}, "on validation the interval"),
        ({"claim": 0.001}, "decisions at level"),
        ({"cutoff": "soon"}, "is no date"),
    ):
        with pytest.raises(SealError, match=told):
            submit(**args)
    fresh = workshop.define(parent="fast-up-or-down", changes={"meta.leaf": 300})["pipeline"]
    with pytest.raises(PipelineError, match="no trial"):
        submit(fresh)
    assert not rows(workshop, "look")


def test_a_claim_without_an_interval_on_validation_is_refused(workshop: Workshop) -> None:
    """Under 30 blocks there is no interval, so nothing that a claim could be held against."""
    spec = workshop.catalog.spec("vault-sim")
    metrics = {"trades": 14, "mean_net": -0.07, "break_even": 0.5, "win_rate": 0.43}
    with pytest.raises(SealError, match="too few trades on validation for an interval of mean_net"):
        needed_decisions(spec.contracts["updown"], metrics, 0.47, 0.01)
    assert needed_decisions(spec.contracts["updown"], {**metrics, "mean_low": -0.2, "mean_high": 0.06}, 0.05, 0.01) > 500


def test_the_same_pipeline_is_examined_once(workshop: Workshop, submit) -> None:
    submit()
    with pytest.raises(SealError, match="was examined as look-"):
        submit()


def test_at_most_one_look_a_day_unless_a_person_says_otherwise(
    workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RFCAT_LOOKS_A_DAY")
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "600")
    assert workshop.ledger_summary("vault-sim").endswith("5 looks left, 1 a day")
    submit()
    with pytest.raises(SealError, match=r"within 24 hours .* the next can be spent after 20\d\d-"):
        submit(child(workshop, 120))
    kill(workshop)


def kill(workshop: Workshop) -> None:
    examining = vault_client(workshop.workspace)._leaving
    assert examining
    for process in examining:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_verdict_waits_for_its_time_and_a_killed_vault_is_a_spent_fail(
    workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "12")
    told = submit()
    assert told["verdict"] == "pending"
    assert "grade" not in told
    kill(workshop)
    time.sleep(12.5)
    heard = workshop.show(told["look"])
    assert heard["verdict"] == "FAIL"
    assert heard["ledger"].endswith("4 looks left")
    assert workshop.verify().ok


def test_whoever_asks_next_does_not_wait_for_an_exam(workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "600")
    other = child(workshop, 120)
    look = submit()["look"]
    (examining,) = vault_client(workshop.workspace)._leaving
    os.kill(examining.pid, signal.SIGSTOP)  # an exam without end
    with ThreadPoolExecutor(1) as pool:
        try:
            with pytest.raises(SealError, match=f"{look} at the same sealed stretch is pending, its verdict comes by 20"):
                pool.submit(submit, other).result(timeout=120)
        finally:
            kill(workshop)
    assert [look.payload["look"] for look in read_looks(rows(workshop))] == [1]


def test_a_look_of_a_dead_vault_is_pending_until_its_time_and_then_the_next_may_be_spent(
    workshop: Workshop, submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "12")
    other = child(workshop, 120)
    look = submit()["look"]
    kill(workshop)
    with pytest.raises(SealError, match=f"{look} at the same sealed stretch is pending"):
        workshop.pool("vault-sim").refuse_spent()
    time.sleep(12.5)
    assert workshop.show(look)["verdict"] == "FAIL"
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    assert submit(other)["verdict"] == "PASS"
    assert [one.payload["look"] for one in read_looks(rows(workshop))] == [1, 2]


@pytest.mark.slow
def test_a_vault_outlives_whoever_asked(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "30")
    root = str(workshop.workspace.root)
    code = (
        "import sys; from factory.tasks import perform; "
        "args = dict(pipeline='fast-up-or-down', claim=0.05, why='w', model='m', cutoff='2023-06', agent='a'); "
        "print(perform(sys.argv[1], 'submit', args)['look'])"
    )
    run = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    look = run.stdout.strip()
    assert workshop.show(look)["verdict"] == "pending"
    deadline = time.monotonic() + 120
    while workshop.show(look)["verdict"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert workshop.show(look)["verdict"] == "PASS"


@pytest.mark.slow
def test_of_many_processes_that_submit_at_once_one_spends_a_look(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of these pipelines would pass: spent together, each would certify in a pool that closes at its first PASS."""
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "90")  # nobody hears the verdict before all have asked
    made = [child(workshop, leaf) for leaf in (110, 120, 130, 140)]
    code = (
        "import sys; from factory.tasks import perform; "
        "args = dict(pipeline=sys.argv[2], claim=0.05, why='w', model='m', cutoff='2023-06', agent='a'); "
        "perform(sys.argv[1], 'submit', args)"
    )
    root = str(workshop.workspace.root)
    asking = [subprocess.Popen([sys.executable, "-c", code, root, one], stderr=subprocess.PIPE, text=True) for one in made]
    told = [process.communicate()[1] for process in asking]
    (look,) = read_looks(rows(workshop))
    assert sorted(process.returncode for process in asking) == [0, 1, 1, 1]
    refusals = [text for text in told if text]
    assert all(f"{look.name} at the same sealed stretch is pending" in text for text in refusals)
    assert workshop.verify().ok


def test_a_second_dataset_over_the_sealed_interval_draws_on_the_same_pool(workshop: Workshop, submit) -> None:
    build(workshop.workspace, load_spec(SPEC.replace("vault-sim", "other-name")))
    made = workshop.define(parent="fast-up-or-down", changes={"data": "other-name"})["pipeline"]
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    submit()
    assert workshop.pool("other-name").left == 0
    with pytest.raises(SealError, match="closed at its PASS"):
        submit(made)


def test_a_market_that_moves_with_another_is_the_same_pool(workshop: Workshop, submit) -> None:
    spec = SPEC.replace("vault-sim", "on-eth").replace("of: btc, window", "of: eth, window").replace("edge: 0.12", "edge: 0.09")
    build(workshop.workspace, load_spec(spec))
    submit()
    (look,) = rows(workshop, "look")
    assert {claim[0] for claim in look.payload["claims"]} == {"VAULTBTC#5", "VAULTETH#5"}
    assert workshop.pool("on-eth").left == 0


def test_reports_open_with_the_passphrase_alone(workshop: Workshop, submit) -> None:
    appoint(workshop.ledger, PASSPHRASE)
    told = submit()
    path = reports.report_path(workshop.workspace, told["look"])
    assert b"p_value" not in path.read_bytes()
    with pytest.raises(SealError, match="not the reviewer's"):
        unlock(workshop.ledger, "some other passphrase")
    (look,) = read_looks(rows(workshop))
    report = reports.read_report(workshop.workspace, look, unlock(workshop.ledger, PASSPHRASE))
    assert report["verdict"] == "PASS"
    assert report["figures"]["p_value"] <= 0.01
    assert 0.5 < report["highest_price_that_passes"] < 0.75
    with pytest.raises(SealError, match="has one"):
        appoint(workshop.ledger, "another long passphrase")


def test_what_nobody_signed_changes_nothing(workshop: Workshop) -> None:
    appoint(workshop.ledger, PASSPHRASE)
    grant = {"dataset": "vault-sim", "looks": 20, "weights": [0.8, 0.2]}
    workshop.ledger.append("grant", {**grant, "signature": "00" * 64})
    assert workshop.pool("vault-sim").looks == 5
    workshop.ledger.append("grant", unlock(workshop.ledger, PASSPHRASE).sign(grant))
    assert workshop.pool("vault-sim").looks == 20
    assert workshop.pool("vault-sim").level() == pytest.approx(0.05 * 0.8 / 20)


def test_continuation_that_was_granted_goes_on_after_a_pass(workshop: Workshop, submit) -> None:
    appoint(workshop.ledger, PASSPHRASE)
    grant = {"dataset": "vault-sim", "looks": 5, "weights": [0.8, 0.2]}
    workshop.ledger.append("grant", unlock(workshop.ledger, PASSPHRASE).sign(grant))
    assert submit()["verdict"] == "PASS"
    assert workshop.pool("vault-sim").left == 4
    assert workshop.pool("vault-sim").level() == pytest.approx(0.05 * 0.2 / (5 * 1))


def test_real_data_need_a_reviewer_and_the_full_delay(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    from factory.vault.pools import release_seconds

    with pytest.raises(SealError, match="at least 120"):
        release_seconds(simulated=False)
    monkeypatch.delenv("RFCAT_RELEASE_SECONDS")
    assert release_seconds(simulated=False) == release_seconds(simulated=True) == 120
    assert find_reviewer(rows(workshop)) is None


def test_no_trace_of_sealed_rows_lies_outside_the_vault(workshop: Workshop, submit) -> None:
    before = set(files(workshop))
    submit()
    new = {path for path in files(workshop) if path not in before}
    assert not {path for path in new if path.suffix == ".npy"}


def files(workshop: Workshop) -> list[Path]:
    vault = workshop.workspace.vault
    return [path for path in workshop.workspace.root.rglob("*") if vault not in path.parents]


def test_verification_finds_a_look_that_the_pool_did_not_have_and_a_changed_report(workshop: Workshop, submit) -> None:
    appoint(workshop.ledger, PASSPHRASE)
    told = submit()
    reports.report_path(workshop.workspace, told["look"]).write_bytes(b"nothing")
    (look,) = rows(workshop, "look")
    workshop.ledger.append("look", {**look.payload, "look": 2, "alpha": 0.05})
    assert [problem.partition(": ")[2] for problem in workshop.verify().problems] == [
        "its report is not the one that was written",
        "the pool had no such look; 1 were spent before it, 1 of them passed",
    ]
