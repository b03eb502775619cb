"""A workspace that an older version wrote: it opens, tells the same and proves whole, and its pipelines score the same.

``older/workspace.tar.xz`` holds a drawn market of hourly bars, four trials, explorations, a strategy file, a call of
an agent's own code, and a look with its report. It is never written anew: a version that cannot read it breaks what
people have.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.reports import read_report
from factory.vault.reviewer import unlock
from factory.workshop import Workshop

OLDER = Path(__file__).parent / "older"
EXPECTED: dict[str, Any] = json.loads((OLDER / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    root = tmp_path_factory.mktemp("older")
    with tarfile.open(OLDER / "workspace.tar.xz") as packed:
        packed.extractall(root, filter="data")
    return Workshop(Workspace.open(root), "someone")


def test_it_proves_whole(workshop: Workshop) -> None:
    verification = workshop.verify()
    assert (verification.problems, verification.rows) == ((), EXPECTED["rows"])


def test_its_trials_and_its_look_are_told_as_they_were(workshop: Workshop) -> None:
    for pipeline, figures in EXPECTED["pipelines"].items():
        scored = workshop.show(pipeline)["score"]
        assert {name: scored[name] for name in figures} == figures
    board = workshop.show("leaderboard")
    assert sorted(row[board["columns"].index("pipeline")] for row in board["rows"]) == sorted(EXPECTED["pipelines"])
    look = EXPECTED["look"]
    assert workshop.show(look["look"]).items() >= look.items()


def test_its_report_is_read_with_the_passphrase(workshop: Workshop) -> None:
    (look,) = workshop.pool("old-hours").spent
    report = read_report(workshop.workspace, look, unlock(workshop.ledger, "a passphrase of the fixture"))
    assert report["verdict"] == EXPECTED["look"]["verdict"]


@pytest.mark.parametrize("id", EXPECTED["children"])
def test_what_is_changed_in_it_has_the_same_id_and_scores_the_same(workshop: Workshop, id: str) -> None:
    child = EXPECTED["children"][id]
    assert workshop.resolve_or_derive(parent=child["parent"], changes=child["changes"]) == id
    told = perform(str(workshop.workspace.root), "backtest", {"agent": "someone", "pipeline": id, "why": "again"})
    for name, figure in child["figures"].items():
        assert told[name] == pytest.approx(figure, rel=1e-3), name
