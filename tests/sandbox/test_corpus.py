"""Every record of the shared corpus: it must run, be stopped by a limit, or be refused; nothing may ever leak."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.corpus.nobody import NOT_HERE, as_nobody

FILE = Path(os.environ.get("RFCAT_SHARED") or ROOT.parent / "shared") / "sandbox_corpus.jsonl"
USERS = ["root", "nobody"] if os.geteuid() == 0 else ["me"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FILE.exists(), reason="the shared sandbox corpus is not here")]


def play(mode: str, user: str = USERS[0]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.corpus", str(FILE), "--mode", mode]
    if user == "nobody":
        if NOT_HERE:
            pytest.skip(NOT_HERE)
        command = as_nobody(command)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("mode", ["policy", "raw"])
def test_law_10_no_record_of_the_corpus_gets_out(mode: str, user: str) -> None:
    done = play(mode, user)
    assert done.returncode == 0, done.stdout + done.stderr
    total = len(FILE.read_text(encoding="utf-8").splitlines())
    assert done.stdout.splitlines()[-1] == f"{total} of {total}"


def test_without_walls_and_policy_the_canaries_sing() -> None:
    done = play("control")
    assert done.returncode == 0, done.stdout + done.stderr
    for sign in ("the token leaked", "a file was written", "the canary file changed", "a connection was made"):
        assert sign in done.stdout
