"""The whole loop in a folder whose name means something in every other syntax."""

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from factory.jobs import Jobs
from factory.pipeline import read_provenance
from factory.storage.workspace import Workspace
from factory.vault.client import vault_client
from server.mcp import hosts
from server.web.access import Access
from server.web.app import create_app
from tests.hostile import ALL_IN_ONE
from tests.server.signed import signed_in
from tests.server.terminal import run_all
from tests.vault.market import FAST, SPEC

WHY = "=cmd|'/c calc'!A1 <script>alert(1)</script> [red]\x1b[31m: {a: b} # 'it' \"is\" -- '; drop table ledger; $(touch pwned) \u202e"
ENVIRONMENT = {"RFCAT_RELEASE_SECONDS": "0", "RFCAT_LOOKS_A_DAY": "0"}


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a hostile name with the files that a person begins with."""
    place = tmp_path_factory.mktemp("hostile") / ALL_IN_ONE
    place.mkdir()
    (place / "market ;$(touch pwned)?.yaml").write_text(
        SPEC.replace("confirmed", "about: \"<b>it's</b> [red]'; $(touch pwned) # {}\"\nconfirmed"), encoding="utf-8"
    )
    (place / "fast #1 %20.yaml").write_text(FAST, encoding="utf-8")
    (place / "secret").write_text("correct horse battery", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def workspace(place: Path) -> Workspace:
    """The workspace after the loop: built, scored, proposed, examined and read."""
    root, home = place / ALL_IN_ONE, place / "home"
    before = files(place)
    lines = [
        ("dataset", "build", "market ;$(touch pwned)?.yaml"),
        ("define", "fast #1 %20.yaml"),
        ("backtest", "fast-up-or-down", "--why", WHY),
        ("ledger", "verify"),
        ("show",),
        ("show", "fast-up-or-down"),
        ("rank", "fast-up-or-down"),
        ("propose", "fast-up-or-down", "--why", WHY),
        ("vault", "reviewer", "--passphrase-file", "secret"),
        ("submit", "fast-up-or-down", "--claim", "0.05", "--why", WHY, "--cutoff", "2023-06", "--model", WHY[:60]),
        ("show", "looks", "--json"),
        ("show", "summary"),
        ("doctor",),
    ]
    environment = {**ENVIRONMENT, "HOME": str(home), "XDG_DATA_HOME": str(home), "COLUMNS": "80", "RFCAT_PROPOSALS": ""}
    told = run_all(root, lines, place, environment)
    assert [(line, one) for line, one in zip(lines, told, strict=True) if one.status] == []
    look = json.loads(told[10].out)["rows"][0][0]
    (report,) = run_all(root, [("vault", "show", look, "--passphrase-file", "secret")], place, environment)
    assert (report.status, "p_value" in report.out) == (0, True)
    assert {path for path in files(place) - before if not path.is_relative_to(root)} == set(), "all of it lies in the workspace"
    assert {path.name for path in place.parent.iterdir()} == {ALL_IN_ONE}
    return Workspace.open(root)


@pytest.mark.slow
def test_the_whole_loop_writes_nothing_outside_its_workspace(workspace: Workspace) -> None:
    assert workspace.database.is_file()
    assert list((workspace.root / "proposed").glob("fast-up-or-down-*.yaml"))


def test_reasons_come_back_from_the_strategy_file_as_they_were(workspace: Workspace) -> None:
    (file,) = (workspace.root / "proposed").glob("*.yaml")
    assert read_provenance(file.read_text(encoding="utf-8"))["why"] == " ".join(WHY.split())


def test_jobs_run_there(workspace: Workspace) -> None:
    with Jobs(workspace, "tests.jobs.target:perform") as jobs:
        assert jobs.wait(jobs.start("add", {"a": 1, "b": 2}, "tester"), 60.0)["state"] == "done"
    vault_client(workspace).close()


class Reader(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags = "", []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_start_page_shows_the_place_as_it_is_called(workspace: Workspace) -> None:
    with TestClient(create_app(workspace, Access()), base_url="http://127.0.0.1:8000") as client:
        connect = client.get("/").text
    with signed_in(workspace) as client:
        start = client.get("/").text
    for page in (connect, start):
        read = Reader()
        read.feed(page)
        assert hosts.claude_line(workspace) in read.text
        assert read.tags.count("script") == page.count("<script src=")
        assert "b" not in read.tags
    assert str(workspace.root) in read.text


def test_the_host_line_starts_the_server_on_this_very_workspace(workspace: Workspace) -> None:
    line = hosts.claude_line(workspace)
    assert line.isprintable()
    spoken = subprocess.run(["bash", "-c", f"claude() {{ printf '%s\\0' \"$@\"; }}; {line}"], capture_output=True, check=True)
    assert spoken.stdout.decode().split("\0")[-2] == str(workspace.root)
    (block,) = json.loads(hosts.json_block(workspace))["mcpServers"].values()
    assert block["args"][-1] == str(workspace.root)
