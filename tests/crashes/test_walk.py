"""Whatever write a command is killed at, the next command finds or makes a whole of it, and doctor names it until then."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from factory.ledger import Ledger
from factory.market.catalog import Catalog
from factory.storage.workspace import Workspace
from factory.vault.pools import FAIL, PENDING, RETIREMENT, SEAL_ROWS, find_pool, read_looks
from server.cli.app import app
from tests.crashes.commands import COMMANDS, LINES, files
from tests.crashes.walker import Ran, Step, copied, kill, kills, run

BUILT = ("build", "reviewer")
TRIED = ("build scored", "reviewer", "define", "backtest")
BEFORE: dict[str, tuple[str, ...]] = {
    "build": (),
    "start": (),
    "build dearer": ("build",),
    "extend": BUILT,
    "fresh": ("build",),
    "reviewer": ("build",),
    "grant": BUILT,
    "retire": BUILT,
    "person add": ("build",),
    "person password": ("build", "person add"),
    "person remove": ("build", "person add"),
    "define": ("build scored",),
    "train": ("build scored", "define"),
    "backtest": ("build scored", "define"),
    "tune": ("build scored", "define"),
    "rank": TRIED,
    "show by": TRIED,
    "card": TRIED,
    "mend": (*TRIED, "damage"),
    "propose": TRIED,
    "pin": BUILT,
    "approve": (*TRIED, "propose"),
    "reject": (*TRIED, "propose"),
    "withdraw": (*TRIED, "propose", "approve"),
    "waive": TRIED,
    "frames": TRIED,
    "fetch": ("fetch early",),
    "look": TRIED,
    "forward": (*TRIED, "look"),
}
"""What has been done when a command is killed."""
EXHAUSTED = ("extend",)
"""Those that are killed at every step, and not only once on each way to a write."""
SAFE = {
    "serve": "what its tools write is written by the commands that do the same",
    "submit": "walked as `look`: the vault's process writes",
    "show": "walked as `show --by`; nothing else of it writes",
    "cancel": "a mark in one row of the jobs",
    "cusum": "a row of the ledger, then one file that is written whole, as `card`",
    "data record depth": "killed in tests/market/test_recording.py",
    "dataset init": "one file beside the data, written whole or not at all",
    "demo leak": "writes to a folder of its own, which goes with it",
    **dict.fromkeys(
        (
            "doctor",
            "features",
            "help",
            "live",
            "replay",
            "data check",
            "data record status",
            "dataset list",
            "dataset show",
            "person list",
            "review list",
            "vault show",
            "verify",
        ),
        "reads",
    ),
}
"""Commands that are not killed, and why."""
CHANCE = {"signature", "salt", "sealing", "signing", "subject", "report", "at", "text", "ledger", "after", "provenance_hash"}
"""Keys of rows that differ each time."""
DONE = {
    "reviewer": "has one",
    "look": "was examined",
    "approve": "cannot be approved",
    "reject": "cannot be rejected",
    "withdraw": "cannot be retired",
}
"""What a command that is done says when it is asked again and refuses."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> "Bases":
    return Bases(tmp_path_factory.mktemp("bases"))


class Bases:
    """Workspaces after some commands, each made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def after(self, commands: tuple[str, ...]) -> Path:
        base = self.folder / "-".join(("base", *commands))
        if not base.exists():
            if not commands:
                return files(base)
            copied(self.after(commands[:-1]), base)
            assert run(base, commands[-1])[0].status == 0
        return base


def test_what_a_kill_leaves_is_finished_or_undone_by_the_next_command(bases: Bases, tmp_path: Path) -> None:
    walk("extend", bases, tmp_path, every=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in BEFORE if one != "look"])
def test_what_any_kill_leaves_is_finished_or_undone_by_the_next_command(command: str, bases: Bases, tmp_path: Path) -> None:
    walk(command, bases, tmp_path, every=command in EXHAUSTED)


def walk(command: str, bases: Bases, tmp_path: Path, *, every: bool) -> list[tuple[Step, str, str]]:
    """Kill a command at its steps; what doctor said then, and what the command said when it was run again."""
    base, whole, folder = bases.after(BEFORE[command]), tmp_path / "whole", tmp_path / "killed"
    (ran,) = run(copied(base, whole), command)
    assert ran.status == 0, ran.said
    before, once = state(base), state(whole)
    run(whole, command)
    twice, table = state(whole), []
    for step in kills(ran.steps, every=every):
        kill(copied(base, folder), command, step)
        left = state(folder)
        keeps_sealed(copied(folder, tmp_path / "taken"), step)
        doctor, again, verified, then = run(folder, "doctor", command, "verify", "doctor")
        named = unfinished(doctor)
        assert is_between(left, before, once) if named == "nothing" else "the next " in named, f"{step}\n{named}"
        assert again.status == 0 or DONE.get(command, "Traceback") in again.said, f"{step}\n{again.said}"
        assert verified.said.startswith("whole"), step
        assert unfinished(then) == "nothing", step
        assert alike(state(folder), once) or alike(state(folder), twice), step
        table.append((step, named, again.said))
    assert table
    return table


@pytest.mark.slow
def test_a_killed_look_is_spent_or_not_and_fails_when_its_time_has_come(bases: Bases, tmp_path: Path) -> None:
    walk_looks(bases, tmp_path)


def walk_looks(bases: Bases, tmp_path: Path) -> list[tuple[Step, str, str]]:
    """The vault, killed at its steps: a look that was written down stays spent, whatever its exam had found."""
    base, table = bases.after(TRIED), []
    (ran,) = run(copied(base, tmp_path / "whole"), "look")
    for step in kills(ran.steps, every=True):
        kill(folder := copied(base, tmp_path / "killed"), "look", step)
        doctor, again, verified = run(folder, "doctor", "look", "verify")
        named, ledger = unfinished(doctor), Ledger(Workspace(folder / "workspace"))
        entries = ledger.of_kinds(SEAL_ROWS)
        ledger.close()
        (look,) = read_looks(entries)
        spec = Catalog(Workspace(folder / "workspace")).spec("scored")
        assert verified.said.startswith("whole"), step
        if look.verdict is None:
            assert look.name in named, step
            assert DONE["look"] in again.said, step
            assert (look.heard(look.due - 1), look.heard(look.due)) == (PENDING, FAIL), step
            assert find_pool(entries, spec, look.due).left == 4, step
        else:
            assert named == "nothing", step
            assert find_pool(entries, spec, look.due).left == 0, f"{step}: it passed, which closes its pool"
            assert again.status == 0 or DONE["look"] in again.said, step
        table.append((step, named, again.said))
    return table


def test_every_command_that_writes_is_killed() -> None:
    walked = {LINES[COMMANDS[command]] for command in BEFORE if COMMANDS[command] in LINES}
    there = list(list_command_lines(get_command(app)))
    assert len(there) > 25, "the search for them is broken"
    lacking = [line for line in there if not any(one[: len(line)] == line for one in walked) and " ".join(line) not in SAFE]
    assert lacking == []
    assert {" ".join(line) for line in there} >= SAFE.keys()


def list_command_lines(command: Any, line: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not hasattr(command, "commands"):
        yield line
        return
    for name, one in command.commands.items():
        yield from list_command_lines(one, (*line, name))


def unfinished(doctor: Ran) -> str:
    """What doctor says to be unfinished; nothing where a kill came before there was a workspace."""
    if "no such folder" in doctor.said or "no workspace yet" in doctor.said:
        return "nothing"
    assert doctor.status == 0, doctor.said
    line = next(line for line in doctor.said.splitlines() if line.startswith("unfinished"))
    return line.removeprefix("unfinished").strip()


def keeps_sealed(folder: Path, step: Step) -> None:
    """What is sealed opens under no other name, unless the ledger says that it was opened."""
    if (folder / "workspace" / "datasets" / "tiny").exists():
        (ran,) = run(folder, "build what opens it")
        retired = [kind for kind, _ in state(folder)["rows"] if kind == RETIREMENT]
        assert ran.status == 1 or retired, f"{step}\n{ran.said}"


def is_between(left: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a command was done as far as to one of its rows, with its files or without; downloads come one by one."""
    done = left["rows"] == after["rows"][: len(left["rows"])] and len(left["rows"]) >= len(before["rows"])
    either = {**before["files"], **after["files"]}
    rest = {name: one for name, one in left["files"].items() if "/downloads/" not in name or either.get(name) != one}
    return done and any(same(rest, _without_downloads(one["files"])) for one in (before, after))


def _without_downloads(files: dict[str, str]) -> dict[str, str]:
    return {name: one for name, one in files.items() if "/downloads/" not in name}


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["rows"] == other["rows"] and same(one["files"], other["files"])


def same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether files are the same; of a market that is drawn anew by chance, whether all of them are there."""
    return one.keys() == other.keys() and all(one[name] == other[name] for name in one if "tiny-" not in name)


def state(folder: Path) -> dict[str, Any]:
    """All that counts in a workspace: files of datasets, of the vault and for a person, and rows of the ledger; only read."""
    root = folder / "workspace"
    paths = [path for top in ("datasets", "vault", "proposed") for path in (root / top).rglob("*") if path.is_file()]
    return {
        "files": {
            str(path.relative_to(root)): _digest(path)
            for path in paths
            if path.name not in ("anchors.jsonl", ".build.lock", "log")
        },
        "rows": _rows(root / "ledger.sqlite"),
    }


def _digest(path: Path) -> str:
    """Of a strategy file, a report and the newest bars only that they are there: they hold dates, or what chance draws."""
    dated = path.suffix in (".yaml", ".csv") or path.parent.name == ".reports"
    return "" if dated else hashlib.sha256(path.read_bytes()).hexdigest()


def _rows(database: Path) -> list[tuple[str, dict[str, Any]]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'ledger'").fetchall()
        rows = connection.execute("SELECT kind, payload FROM ledger ORDER BY seq").fetchall() if tables else []
    return [(kind, {key: one for key, one in json.loads(payload).items() if key not in CHANCE}) for kind, payload in rows]
