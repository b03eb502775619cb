"""Where strategy files go, and that none is lost."""

from pathlib import Path

import pytest

from factory.core.errors import PipelineError
from factory.pipeline import read_provenance
from factory.tracking.strategy_files import proposals_folder
from factory.workshop import Workshop
from tests.conftest import ROOT


@pytest.fixture
def anywhere(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop without a setting of where proposals go."""
    monkeypatch.delenv("RFCAT_PROPOSALS")
    return workshop


def test_proposals_go_into_a_checkout_only_when_started_there(
    anywhere: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (ROOT, ROOT / "tests"):
        monkeypatch.chdir(folder)
        assert proposals_folder(anywhere.workspace) == ROOT / "strategies" / "proposed"
    for folder in (tmp_path, ROOT.parent):
        monkeypatch.chdir(folder)
        assert proposals_folder(anywhere.workspace) == anywhere.workspace.root / "proposed"


@pytest.mark.parametrize("why", ["", "  \n\t", "\u200b", "..."])
def test_a_proposal_without_a_reason_is_refused(workshop: Workshop, do, binary: str, why: str) -> None:
    do("backtest", pipeline=binary)
    with pytest.raises(PipelineError, match="why: empty"):
        workshop.propose(binary, why)
    assert not proposals_folder(workshop.workspace).exists()


def test_an_earlier_proposal_stays_as_it_was(workshop: Workshop, do, binary: str) -> None:
    do("backtest", pipeline=binary)
    files = [Path(workshop.propose(binary, f"reason {number}")["file"]) for number in range(4)]
    assert len(set(files)) == 4
    assert [read_provenance(path.read_text(encoding="utf-8"))["why"] for path in files] == [f"reason {n}" for n in range(4)]
    assert sorted(proposals_folder(workshop.workspace).iterdir()) == sorted(files)
    assert workshop.verify().ok


def test_the_ledger_is_held_against_proposals_wherever_they_were_written(
    anywhere: Workshop, do, binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do("backtest", pipeline=binary)
    monkeypatch.chdir(tmp_path)
    inside = Path(anywhere.propose(binary, "as good as any")["file"])
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "chosen"))
    chosen = Path(anywhere.propose(binary, "as good as any")["file"])
    assert chosen.parent == tmp_path / "chosen" != inside.parent
    for file in (inside, chosen):
        text = file.read_text(encoding="utf-8")
        head = read_provenance(text)["ledger"]["head"]
        file.write_text(text.replace(head, f"{head.partition(':')[0]}:000000000000"), encoding="utf-8")
        assert not anywhere.verify().ok
        file.write_text(text, encoding="utf-8")
        assert anywhere.verify().ok
