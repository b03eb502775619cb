"""Kill a command before each of its writes, and see what is left.

A command runs in a process of its own, forked from one that has imported everything. There each change of a file, of a
folder or of the database is noted before it happens; at the chosen one the process kills itself. So a new write in a
command is a new step of the walk, without a word about it here.
"""

import json
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.truncate", "os.chmod"}
OURS = tuple(str(ROOT / folder) for folder in ("factory", "server"))
PRELOAD = ("factory.tasks.registry", "factory.vault.server", "server.cli.app", "sandbox.selftest", "tests.crashes.commands")


@dataclass(frozen=True)
class Step:
    """One write of a command.

    Parameters
    ----------
    number : int
        Counted from 1; the command is killed before it happens.
    what : str
        The change and its file.
    where : str
        Our functions that were at work, the innermost first.
    torn : bool
        Killed when a file to be written has been emptied, and not before.
    """

    number: int
    what: str
    where: str
    torn: bool = False

    def __str__(self) -> str:
        return f"{self.number}{' torn' if self.torn else ''}: {self.what} at {self.where}"


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Parameters
    ----------
    status : int
        0, or 1 when it was refused.
    said : str
        All that it printed.
    steps : tuple of Step
        Its writes.
    """

    status: int
    said: str
    steps: tuple[Step, ...]


def run(folder: Path, *commands: str) -> list[Ran]:
    """Run commands of :mod:`tests.crashes.commands`, one after another, on the workspace of a folder."""
    assert _joined(folder, commands, None) == 0, (folder / "said").read_text()
    told = json.loads((folder / "told.json").read_text())
    return [Ran(one["status"], one["said"], tuple(Step(**step) for step in one["steps"])) for one in told]


def kill(folder: Path, command: str, step: Step) -> None:
    """Run a command and kill it at a step."""
    assert _joined(folder, (command,), step) == -signal.SIGKILL, f"{step}\n{(folder / 'said').read_text()}"


def _joined(folder: Path, commands: tuple[str, ...], step: Step | None) -> int:
    process = _forking().Process(target=_child, args=(str(folder), commands, step))
    process.start()
    process.join(300)
    assert process.exitcode is not None, f"{commands} hang"
    return int(process.exitcode)


@cache
def _forking() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crashes.walker", *PRELOAD])
    return context


def _child(folder: str, commands: tuple[str, ...], step: Step | None) -> None:
    from tests.crashes.commands import SETTINGS

    os.environ.update(SETTINGS, RFCAT_PROPOSALS=f"{folder}/workspace/proposed")
    said = os.open(f"{folder}/said", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    watch = Watch(folder, step)
    ran = [_performed(Path(folder), command, watch) for command in commands]
    Path(folder, "told.json").write_text(json.dumps(ran))


def _performed(folder: Path, command: str, watch: "Watch") -> dict[str, Any]:
    from factory.core.errors import FactoryError
    from tests.crashes.commands import COMMANDS

    os.truncate(1, 0)
    status, watch.steps, watch.listening = 0, [], True
    try:
        COMMANDS[command](folder)
    except FactoryError as error:
        print(error)
        status = 1
    watch.listening = False
    sys.stdout.flush()
    return {"status": status, "said": (folder / "said").read_text(), "steps": [vars(step) for step in watch.steps]}


class Watch:
    """Notes each write below a folder before it happens, and kills the process at one."""

    def __init__(self, folder: str, kill: Step | None) -> None:
        from sqlalchemy import Engine, event

        self.folder = folder
        self.kill = kill
        self.steps: list[Step] = []
        self.listening = False
        sys.addaudithook(self.count_event)
        event.listen(Engine, "commit", self.count_commit)

    def count_event(self, event: str, args: tuple[Any, ...]) -> None:
        if self.listening and (event in CHANGES or (event == "open" and self.writes(args))):
            path = self.path_of(event, args)
            # What a check of what is there changes is nothing: `mkdir(exist_ok=True)`, `unlink(missing_ok=True)`.
            idle = {"os.mkdir": os.path.lexists, "os.remove": lambda path: not os.path.lexists(path)}.get(event)
            if path.startswith(f"{self.folder}/workspace") and "/numba/" not in path and not (idle and idle(path)):
                self.count(event, path)

    def count_commit(self, connection: Any) -> None:
        if self.listening and connection.get_execution_options().get("immediate"):
            self.count("commit", f"{self.folder}/workspace/ledger.sqlite")

    def writes(self, args: tuple[Any, ...]) -> bool:
        return isinstance(args[0], str | bytes) and bool(args[2] & (os.O_WRONLY | os.O_RDWR))

    def path_of(self, event: str, args: tuple[Any, ...]) -> str:
        """The file that is changed; `shutil.rmtree` names it from a folder's handle."""
        path = os.fsdecode(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else ""
        handle = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2, "os.chmod": 2}.get(event)
        if handle and not path.startswith("/") and args[handle] >= 0:
            return str(Path(f"/proc/self/fd/{args[handle]}").readlink() / path)
        return path

    def count(self, event: str, path: str) -> None:
        self.listening = False  # what is done here is no step
        number = len(self.steps) + 1
        step = Step(number, f"{event} {path.removeprefix(self.folder + '/workspace/')}", _where())
        self.steps.append(step)
        if self.kill and self.kill.number == number:
            assert self.kill.what.split()[0] == event, f"{self.kill} is {step} now"
            if self.kill.torn:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            os.kill(os.getpid(), signal.SIGKILL)
        self.listening = True


def _where() -> str:
    """Our functions that are at work, the innermost first."""
    places: list[str] = []
    frame: Any = sys._getframe()
    while frame:
        if frame.f_code.co_filename.startswith(OURS):
            name = f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
            places += [name] if name not in places[-1:] else []
        frame = frame.f_back
    return " < ".join(places)


def kills(steps: tuple[Step, ...], *, every: bool) -> Iterator[Step]:
    """Where to kill: at each step, or at the first on each way there, of a file also when it has just been emptied.

    What lies in the cache may be deleted at any time, so all ways there are one.
    """
    seen: set[tuple[str, str]] = set()
    for step in steps:
        event, path = step.what.split(maxsplit=1)
        way = event, "cache" if path.startswith("cache/") else step.where
        if every or way not in seen:
            yield step
        if way not in seen and event == "open" and not path.endswith((".lock", ".jsonl", "/log")):
            yield Step(step.number, step.what, step.where, torn=True)
        seen.add(way)


def copied(base: Path, folder: Path) -> Path:
    """A fresh copy of a folder with a workspace."""
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(base, folder))
