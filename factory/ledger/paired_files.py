"""A row of the ledger and the file that tells people of it: both or neither, whenever the process that writes them is killed.

Before the row is committed, a plan in the workspace says what is to be written. Whoever comes next reads it: where the row
stands in the ledger, the file is written; where it does not, nothing has happened and the plan is removed. A plan names no
folder: who may write a plan chooses no place on the disk of whoever carries it out.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from factory.core.canonical import dumps
from factory.core.errors import LedgerError
from factory.ledger.ledger import Ledger
from factory.ledger.rows import Entry
from factory.storage.locks import exclusive
from factory.storage.workspace import Workspace, write_new, write_text

PLAN, LOCK = "planned.json", "planned.lock"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that is written once its row is in the ledger.

    Parameters
    ----------
    name : str
        Its own, without a folder.
    text : str
        The whole of it.
    replaces : bool
        Whether it takes the place of what is there; else it is numbered when the name is taken.
    """

    name: str
    text: str
    replaces: bool


def append_with_file(
    workspace: Workspace,
    ledger: Ledger,
    folder: Path,
    kind: str,
    reads: Sequence[str],
    decide: Callable[[Sequence[Entry]], tuple[Mapping[str, Any], PlannedFile]],
) -> Path:
    """Append a row as :meth:`Ledger.append_after` does, and write its file.

    Parameters
    ----------
    folder : Path
        Where the file goes.
    decide : callable
        Makes the payload, which needs a ``subject``, and the file.

    Returns
    -------
    Path
        Of the file that was written.

    Raises
    ------
    LedgerError
        If the file cannot be written; the row stands then, and the next command tries again.
    """
    planned: PlannedFile | None = None

    def decide_and_plan(entries: Sequence[Entry]) -> Mapping[str, Any]:
        nonlocal planned
        payload, planned = decide(entries)
        plan = {"kind": kind, "subject": payload["subject"], **asdict(planned)}
        write_text(workspace.root / PLAN, dumps(plan), 0o600)
        return payload

    with exclusive(workspace.root / LOCK, math.inf):
        _finish_or_undo(workspace, ledger, folder)
        ledger.append_after(kind, reads, decide_and_plan)
        assert planned is not None, "the row could not have been made without"
        return _publish(workspace, planned, folder)


def is_planned(workspace: Workspace) -> bool:
    """Check whether a row with its file is being written, or its writer was killed."""
    return (workspace.root / PLAN).exists()


def recover(workspace: Workspace, ledger: Ledger, folder: Path) -> None:
    """Finish or undo what a killed writer has left; leaves a living one alone, and a file that cannot be written for later."""
    if not is_planned(workspace) or not os.access(workspace.root, os.W_OK):
        return  # Nothing is left, or who can write does it: a full disk has no room for a lock either.
    with exclusive(workspace.root / LOCK) as alone, suppress(LedgerError):
        if alone:
            _finish_or_undo(workspace, ledger, folder)


def unfinished(workspace: Workspace, ledger: Ledger) -> str | None:
    """Describe what a killed writer has left and the next command finishes or undoes, in one line."""
    if not is_planned(workspace):
        return None
    with exclusive(workspace.root / LOCK, reads=True) as alone:
        plan = _read_plan(workspace) if alone else None
    if plan is None:
        return None
    name = plan["name"]
    if _is_recorded(ledger, plan):
        return f"{name}: killed when its row of the ledger was written; the next command writes the file"
    return f"{name}: killed before its row of the ledger was written; the next command forgets it"


def numbered(path: Path) -> Iterator[Path]:
    """Yield the names that a file may get where earlier ones are taken: ``x.yaml``, ``x-2.yaml``, ..."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _finish_or_undo(workspace: Workspace, ledger: Ledger, folder: Path) -> None:
    plan = _read_plan(workspace)
    if plan is None:
        return
    if _is_recorded(ledger, plan):
        _publish(workspace, PlannedFile(Path(plan["name"]).name, plan["text"], plan["replaces"]), folder)
    else:
        (workspace.root / PLAN).unlink()


def _publish(workspace: Workspace, planned: PlannedFile, folder: Path) -> Path:
    try:
        path = _write(planned, folder / planned.name)
    except OSError as error:
        raise LedgerError(f"{planned.name}: {error.strerror}; mend that, and the next command writes it") from None
    (workspace.root / PLAN).unlink()
    return path


def _write(planned: PlannedFile, named: Path) -> Path:
    if planned.replaces:
        write_text(named, planned.text)
        return named
    # What a killed writer had written already is the same text.
    return next(path for path in numbered(named) if write_new(path, planned.text) or path.read_bytes() == planned.text.encode())


def _is_recorded(ledger: Ledger, plan: Mapping[str, Any]) -> bool:
    return any(entry.payload.get("subject") == plan["subject"] for entry in ledger.of_kinds((str(plan["kind"]),)))


def _read_plan(workspace: Workspace) -> dict[str, Any] | None:
    try:
        plan: dict[str, Any] = json.loads((workspace.root / PLAN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return plan
