"""Strategy files: short, canonical, and verified anywhere by keys that were given or pinned, never by one inside."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.core.foreign import clean_line
from factory.pipeline import Pipeline, load_shipped, parse, read_provenance
from factory.review.decisions import (
    LONGEST_COMMENT,
    draft_decision,
    hash_pipeline,
    hash_provenance,
    signing_bytes,
)
from factory.review.keys import TrustedKey
from factory.review.states import SIMULATED, WITHOUT_PASS
from factory.review.strategy_text import CELL, render_strategy
from factory.review.verification import Verification, verify_strategy
from factory.vault.reviewer import Unlocked, _from_passphrase, find_reviewer
from factory.workshop import Workshop
from server.cli.review import FOR_GOOD
from tests.conftest import ROOT
from tests.review.conftest import PIPELINE, WHY
from tests.server.test_cli import rfcat

LONGEST = 60
"""Lines of YAML."""
SECRET = "a passphrase of an attacker"


@pytest.fixture
def approved(proposed: Path, decide) -> Path:
    return decide("approved", "Reads well: 'yes' | \"no\" # ok")


@pytest.fixture
def key(workshop: Workshop) -> TrustedKey:
    reviewer = find_reviewer(workshop.ledger.of_kinds(("reviewer",)))
    assert reviewer is not None
    return TrustedKey(reviewer.signing, "given")


def check(path: Path, *keys: TrustedKey) -> Verification:
    return verify_strategy(path.read_text(encoding="utf-8"), keys)


def run_without_workspace(folder: Path, *arguments: str, status: int = 0) -> str:
    """A command on another machine: no workspace, no settings but those of a folder."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("RFCAT_", "XDG_"))}
    places = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data")}
    command = [sys.executable, "-m", "server", *arguments]
    environment = {**given, **places, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_an_approved_file_is_verified_on_another_machine(approved: Path, key: TrustedKey, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = shutil.copy(approved, elsewhere / "x.yaml")
    assert "none is trusted here" in run_without_workspace(elsewhere, "verify", file, status=1)
    told = run_without_workspace(elsewhere, "verify", file, "--key", key.key.hex())
    assert "APPROVED, and whole" in told
    assert WITHOUT_PASS in told
    assert SIMULATED in told
    assert "whether it was retired since" in told
    assert "names the data vault-sim (simulated)" in told
    assert "whether the data and the ledger are as it names them" in told
    wrong = "0" * 64
    assert "not by the one key that is trusted here" in run_without_workspace(
        elsewhere, "verify", file, "--key", wrong, status=1
    )
    run_without_workspace(elsewhere, "review", "key", key.key.hex(), "--pin", "user")
    assert "pinned by you" in run_without_workspace(elsewhere, "verify", file)
    assert "already" in run_without_workspace(elsewhere, "review", "key", key.key.hex(), "--pin", "user")
    (elsewhere / "keys").write_text(f"# colleagues\n{wrong} bob\n\n{key.key.hex()} ana\n")
    assert "given" in run_without_workspace(elsewhere, "verify", file, "--key", "keys")
    (elsewhere / "others").write_text(f"{wrong}\n{'1' * 64}\n")
    assert "not by any of the 2 keys that are trusted here" in run_without_workspace(
        elsewhere, "verify", file, "--key", "others", status=1
    )
    assert "is neither" in run_without_workspace(elsewhere, "verify", file, "--key", "no-such-file", status=1)
    assert "begins with no key" in run_without_workspace(elsewhere, "verify", file, "--key", file, status=1)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["config", "keys", "others", "x.yaml"], "no workspace was made"


def test_the_commands_lead_from_a_proposal_to_a_verified_file(workshop: Workshop, tmp_path: Path) -> None:
    root, secret, wrong = workshop.workspace.root, tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("correct horse battery\n")
    wrong.write_text("not the passphrase\n")
    rfcat(root, "propose", PIPELINE, "--why", "it earns")
    (file,) = (tmp_path / "proposed").iterdir()
    decide = ("--comment", "seen", "--by", "ana", "--passphrase-file")
    assert "not the reviewer's" in rfcat(root, "approve", PIPELINE, *decide, str(wrong), status=1)
    assert "nobody has decided" in rfcat(root, "verify", str(file), status=1)
    assert "not the reviewer's" in rfcat(root, "reject", PIPELINE, *decide, str(wrong), status=1)
    told = rfcat(root, "approve", PIPELINE, *decide, str(secret))
    assert WITHOUT_PASS in told
    assert SIMULATED in told
    (line,) = (line for line in told.splitlines() if line.startswith("rfcat verify "))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "APPROVED, and whole" in run_without_workspace(elsewhere, *shlex.split(line)[1:])
    assert str(file) in line
    own = rfcat(root, "verify", str(file))
    assert "the reviewer of this workspace" in own
    assert "'vault-sim' is here with that fingerprint" in own
    assert "approved, no PASS" in rfcat(root, "review", "list")
    assert "cannot be rejected" in rfcat(root, "reject", PIPELINE, *decide, str(secret), status=1)
    taken = shutil.copy(file, tmp_path / "taken.yaml")
    retired = rfcat(root, "retire", PIPELINE, *decide, str(secret))
    assert FOR_GOOD in retired
    assert "rfcat verify" not in retired, "only what is approved passes"
    assert "retired here by now" in rfcat(root, "verify", str(taken), status=1)
    refused = rfcat(root, "verify", str(file), status=1)
    assert "state: retired; only what is approved passes" in refused
    assert "the key's signature on 'retired', by ana" in refused
    assert "whole" in rfcat(root, "ledger", "verify")
    printed = rfcat(root, "review", "key", "--pin", "workspace")
    assert (root / "review_keys").read_text().split()[0] in printed


def test_no_line_can_be_changed_dropped_or_added(approved: Path, key: TrustedKey) -> None:
    whole = approved.read_text(encoding="utf-8")
    assert verify_strategy(whole, [key]).ok
    lines = whole.splitlines(keepends=True)
    for place, line in enumerate(lines):
        middle = len(line) // 2
        flipped = line[:middle] + ("0" if line[middle] != "0" else "1") + line[middle + 1 :]
        for text in (
            "".join([*lines[:place], flipped, *lines[place + 1 :]]),
            "".join([*lines[:place], *lines[place + 1 :]]),
            "".join([*lines[:place], "# | sealed looks | look-1: PASS (A) |\n", *lines[place:]]),
        ):
            assert not verify_strategy(text, [key]).ok, f"line {place + 1}: {line}"
    assert not verify_strategy(f"{whole}key: {key.key.hex()}\n", [key]).ok


def test_line_ends_of_another_system_are_no_edit(approved: Path, key: TrustedKey) -> None:
    approved.write_bytes(approved.read_bytes().replace(b"\n", b"\r\n"))
    assert check(approved, key).ok


def test_a_key_inside_the_file_is_not_trusted(workshop: Workshop, proposed: Path, key: TrustedKey) -> None:
    """Whoever swaps the strategy can sign it with a key of its own, and name that key in the file."""
    attacker = _from_passphrase(SECRET, b"0" * 16)
    public = attacker.public(b"0" * 16).signing
    text = proposed.read_text(encoding="utf-8")
    pipeline = parse(text).changed({"trade.edge": 0.5})
    provenance = {**read_provenance(text), "id": pipeline.id, "key": public.hex()}
    draft = draft_decision(workshop, PIPELINE, "approved", "fine", "ana")
    swapped = {
        "pipeline": pipeline.id,
        "pipeline_hash": hash_pipeline(pipeline),
        "provenance_hash": hash_provenance(provenance),
    }
    decision = {**draft, **swapped, "looks": [["look-3", "PASS", "A"]]}
    signature = attacker.sign_message(signing_bytes(decision))
    forged = render_strategy(pipeline, {**provenance, "review": decision, "signature": signature})
    assert verify_strategy(forged, [TrustedKey(public, "given")]).ok, "it is well made"
    refused = verify_strategy(forged, [key])
    assert refused.problems == ("signature: not by the one key that is trusted here, or the review was edited",)
    assert refused.banners == refused.verified == ()
    assert "none is trusted" in verify_strategy(forged, []).problems[0]


def test_no_claim_of_a_pass_outlives_its_signature(approved: Path, key: TrustedKey) -> None:
    text = approved.read_text(encoding="utf-8")
    for claims in (text.replace("looks: []", "looks: [[look-3, PASS, A]]"), text.replace(f"# {WITHOUT_PASS}\n", "")):
        assert claims != text
        assert not verify_strategy(claims, [key]).ok
    assert check(approved, key).banners == (WITHOUT_PASS, SIMULATED)


@pytest.mark.parametrize(
    "text",
    ["", "a: b", "provenance: x", "\x00", "{" * 50, "pipeline: [", "x" * 200_000, "provenance:\n  review: {looks: {}}\n"],
)
def test_what_is_no_strategy_file_is_refused(text: str, key: TrustedKey) -> None:
    assert not verify_strategy(text, [key]).ok


HALF = 'state: "\\ud800"'
"""Of a character: what YAML can spell and nobody can sign."""


def test_a_strange_review_is_refused(approved: Path, key: TrustedKey) -> None:
    text = approved.read_text(encoding="utf-8")
    for part in ("looks: []", "state: approved"):
        for strange in ("looks: [a]", "looks: {a: b}", "looks: [[a, b]]", "state: [approved]", "looks: [[a, b, [c]]]", HALF):
            assert not verify_strategy(text.replace(part, strange), [key]).ok
    for line in text.partition("provenance:\n")[2].splitlines():
        name = line.partition(":")[0]
        assert not verify_strategy(text.replace(line, f'{name}: "\\ud800"'), [key]).ok, name
    assert not verify_strategy(text.partition("  signature:")[0], [key]).ok


@given(comment=st.text(max_size=80).map(clean_line), by=st.text(min_size=1, max_size=20).map(clean_line))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_person_writes_is_read_back_as_it_was_signed(
    workshop: Workshop, proposed: Path, reviewer: Unlocked, key: TrustedKey, comment: str, by: str
) -> None:
    text = proposed.read_text(encoding="utf-8")
    decision = draft_decision(workshop, PIPELINE, "approved", comment, by or "ana")
    signature = reviewer.sign_message(signing_bytes(decision))
    written = render_strategy(parse(text), {**read_provenance(text), "review": decision, "signature": signature})
    verified = verify_strategy(written, [key])
    assert verified.ok, verified.problems
    assert verified.decision == decision


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda one: one.pipeline)
def test_the_longest_file_of_a_shipped_strategy_is_short(approved: Path, pipeline: Pipeline) -> None:
    """With all that a provenance may hold, a comment of full length and the explanation of every probe."""
    told = read_provenance(approved.read_text(encoding="utf-8"))
    full = {
        **{"id": pipeline.id, "parent": "0123456789ab"},
        **told,
        "price": "at an assumed price of 0.50",
        "sealed": [{"look": "1 of 5", "verdict": "FAIL", "grade": "B"}],
        "probes": {"block": ["P1: a line"], "warn": ["P2: a line"] * 9, "explained": "P7"},
        "review": {**told["review"], "comment": "x" * LONGEST_COMMENT},
        "signature": told["signature"],
    }
    lines = render_strategy(pipeline, full).splitlines()
    yaml = [line for line in lines if not line.startswith("#")]
    assert len(yaml) <= LONGEST
    assert not any("#" in line.partition("#")[0] for line in yaml)
    table = lines[: -len(yaml)]
    assert lines == [*table, *yaml], "the table stands before the YAML"
    assert all(line.count("|") == 3 for line in table if line.startswith("# |"))
    assert max(map(len, table)) <= CELL + 30
    assert f": {'x' * LONGEST_COMMENT} |" in "\n".join(table), "a comment stands whole"


def test_what_agents_write_stays_inside_its_cell(workshop: Workshop) -> None:
    path = Path(workshop.propose(PIPELINE, "a | b\n# | sealed looks | PASS |\n```\n<script>alert(1)</script>")["file"])
    text = path.read_text(encoding="utf-8")
    assert "# | sealed looks | none |" in text
    assert "# | why | a &#124; b # &#124; sealed looks &#124; PASS &#124; ``` &lt;script>alert(1)&lt;/script> |\n" in text
    assert text.count("sealed looks | none") == 1
    told = read_provenance(text)
    assert told["why"] == "a | b # | sealed looks | PASS | ``` <script>alert(1)</script>"
    assert render_strategy(parse(text), told) == text


def test_the_table_says_what_a_reviewer_needs_in_words(workshop: Workshop, proposed: Path, decide) -> None:
    text = proposed.read_text(encoding="utf-8")
    told, scores = read_provenance(text), read_provenance(text)["scores"]
    mean, low, high = scores["mean_net"]
    (warning,) = told["probes"]["warn"]
    for row in (
        f"reading | {told['reading']}",
        f"why | {WHY}",
        "data | vault-sim (simulated)",
        f"mean net | {mean} [{low}, {high}]",
        f"probes | warn {warning}",
    ):
        assert f"# | {row} |\n" in text
    scored = workshop.find_trial(parse(text))
    assert scored is not None
    assert told["reading"] == scored["reading"]
    alone = render_strategy(parse(text), {**told, "scores": {**scores, "mean_net": [mean]}})
    assert f"# | mean net | {mean}, no interval |\n" in alone
    assert text.splitlines()[1] == f"# {SIMULATED}"
    assert decide("approved").read_text(encoding="utf-8").splitlines()[1:3] == [f"# {WITHOUT_PASS}", f"# {SIMULATED}"]
    real = render_strategy(parse(text), {**told, "data": {**told["data"], "market": "real"}})
    assert SIMULATED not in real
    assert "# | data | vault-sim (real) |\n" in real


def test_a_file_names_its_data_by_one_fingerprint(workshop: Workshop, approved: Path) -> None:
    told = read_provenance(approved.read_text(encoding="utf-8"))
    assert told["data"]["fingerprint"] == told["review"]["fingerprint"] == workshop.catalog.fingerprint("vault-sim")
