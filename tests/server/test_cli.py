"""The command line, as a person uses it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import factory
from factory.jobs import Jobs
from factory.storage.workspace import Workspace
from server.__main__ import stdio_arguments
from server.cli.common import changes_of
from tests.conftest import ROOT
from tests.e2e.market import small_workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the small simulated market."""
    return small_workspace(tmp_path_factory.mktemp("cli") / "workspace").root


def rfcat(folder: Path, *arguments: str, status: int = 0, cwd: Path = ROOT) -> str:
    command = [sys.executable, "-m", "server", "--workspace", str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_the_datasets_are_listed_and_said_to_be_simulated(folder: Path) -> None:
    assert "simulated" in rfcat(folder, "dataset", "list")
    shown = rfcat(folder, "dataset", "show", "btc-sim")
    assert "polymarket-btc-5m" in shown
    assert "quality.btc" in shown


def test_a_strategy_file_is_checked_and_kept(folder: Path) -> None:
    shown = rfcat(folder, "define", "strategies/btc_up_or_down_5m.yaml")
    assert "look_back" in shown
    changed = rfcat(folder, "define", "--parent", "btc-up-or-down-5m", "--set", "meta.leaf=60")
    assert "changed" in changed


def test_a_mistake_is_one_line_and_status_1(folder: Path, tmp_path: Path) -> None:
    spec = tmp_path / "wrong.yaml"
    text = (ROOT / "strategies" / "btc_long_short.yaml").read_text(encoding="utf-8")
    spec.write_text(text.replace("triple_barrier", "tripple_barrier"), encoding="utf-8")
    shown = rfcat(folder, "define", str(spec), status=1).strip()
    assert "did you mean 'triple_barrier'?" in shown
    assert "Traceback" not in shown
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "no-such-pipeline"),
        ("define", "no-such-file.yaml"),
        ("dataset", "build", "no-such-file.yaml"),
        ("dataset", "show", "no-such-dataset"),
        ("data", "check", "no-such-file.csv"),
        ("propose", "btc-up-or-down-5m", "--why", "because"),
        ("start", "eth"),
        ("serve", "--host", "0.0.0.0"),
        ("backtest", "btc-long-short", "--set", "meta.leaf"),
        ("rank", "--family", "trend", "--groups"),
        ("rank", "no-such-pipeline", "--raw", "--groups", "--by", "auc"),
        ("show", "job-00000000"),
        ("cancel", "job-00000000"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(folder: Path, arguments: tuple[str, ...]) -> None:
    shown = rfcat(folder, *arguments, status=1)
    assert shown.strip()
    assert "Traceback" not in shown


def test_jobs_are_listed_shown_and_cancelled(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    with Jobs(workspace, "tests.jobs.target:perform") as jobs:
        done = jobs.start("add", {"a": 1, "b": 2}, "tester")
        held = jobs.start("gated", {"gate": str(tmp_path / "gate")}, "tester")
        assert jobs.wait(done, 60.0)["state"] == "done"
        listed = rfcat(tmp_path, "show", "jobs")
        assert f"{done}  add    done" in listed
        assert rfcat(tmp_path, "show", done).split() == ["sum", "3"]
        assert held in rfcat(tmp_path, "show", held)
        assert "cancel" in rfcat(tmp_path, "cancel", held)
        assert jobs.wait(held, 60.0)["state"] == "cancelled"
        assert "cancelled" in rfcat(tmp_path, "show", held, status=1)


def test_the_version_is_told(folder: Path) -> None:
    assert rfcat(folder, "--version").strip() == factory.__version__


def test_tables_end_their_lines_without_blanks(folder: Path) -> None:
    lines = rfcat(folder, "dataset", "show", "btc-sim").splitlines() + rfcat(folder, "show", "leaderboard").splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_the_doctor_tells_of_the_ledger_the_seal_and_the_host_line(folder: Path) -> None:
    shown = rfcat(folder, "doctor")
    assert "whole" in shown
    assert "every dataset holds what was built" in shown
    assert "seal" in shown
    assert "claude mcp add" in shown


def test_the_doctor_names_a_damaged_file_of_a_dataset_and_the_mend(folder: Path) -> None:
    path = folder / "datasets" / "btc-sim" / "quality.json"
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    shown = rfcat(folder, "doctor", status=1)
    path.write_bytes(content)
    assert "dataset 'btc-sim': quality.json is damaged or gone; run 'rfcat dataset build' again, or 'rfcat start'" in shown


def test_the_ledger_is_verified(folder: Path) -> None:
    assert rfcat(folder, "ledger", "verify").startswith("whole")


def test_real_data_begin_with_a_file_that_a_person_confirms(folder: Path, tmp_path: Path) -> None:
    shown = rfcat(folder, "start", "btc", status=1, cwd=tmp_path)
    assert "confirmed: true" in shown
    written = (tmp_path / "btc.yaml").read_text(encoding="utf-8")
    assert "confirmed: false" in written
    assert "BTCUSDT" in written
    assert "run again:  rfcat start btc" in written


def test_files_of_bars_are_checked(folder: Path, tmp_path: Path) -> None:
    rows = [f"{1_704_067_200_000 + i * 60_000},1,2,0.5,1.5,{i % 3}" for i in (0, 1, 2, 4)]
    file = tmp_path / "bars.csv"
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    shown = rfcat(folder, "data", "check", str(file))
    assert "gaps" in shown


def test_files_of_a_market_that_closes_are_checked_against_its_calendar(folder: Path, tmp_path: Path) -> None:
    """Three of a day's rows lie outside New York's hours, and none inside them is missing."""
    opened = 1_709_562_600_000  # 2024-03-04T14:30Z
    rows = [f"{opened + (i - 3) * 60_000},1,2,0.5,1.5,{1 + i % 3}" for i in range(20)]
    file = tmp_path / "shares.csv"
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    shown = rfcat(folder, "data", "check", str(file), "--calendar", "XNYS")
    assert re.search(r"rows outside sessions\.count +3\n", shown)
    assert "gaps" not in shown


def test_changes_are_read_as_json_where_they_can_be() -> None:
    assert changes_of(["meta.leaf=200", "features.r60=null", "label.of=btc", 'meta.see=["a"]']) == {
        "meta.leaf": 200,
        "features.r60": None,
        "label.of": "btc",
        "meta.see": ["a"],
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (True, None)),
        (["--workspace", "x"], (True, "x")),
        (["--workspace=x"], (True, "x")),
        (["serve"], (False, None)),
        (["--workspace", "x", "serve"], (False, None)),
        (["--help"], (False, None)),
    ],
)
def test_no_command_means_stdio(arguments: list[str], expected: tuple[bool, str | None]) -> None:
    assert stdio_arguments(arguments) == expected


def test_a_workspace_of_another_version_is_refused_over_stdio(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("99\n", encoding="utf-8")
    command = [sys.executable, "-m", "server", "--workspace", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, input=json.dumps({}), capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.strip().splitlines()) == 1
