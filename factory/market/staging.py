"""How both halves of a dataset are put in place as one, whenever the process that does it is killed.

A build writes into one folder of the vault. Until a file there says that all is written and checked, the build has not
happened, and whoever comes next removes the folder. From then on it has: whoever comes next records what it opens and
moves the halves. The same steps put a build in place that nobody kills.
"""

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.core import canonical
from factory.core.errors import DataError
from factory.storage.locks import exclusive
from factory.storage.workspace import Workspace, write_text

FOLDER, LOCK = ".build", ".build.lock"
OPENED, CLOSED, COMMIT = "opened", "closed", "commit.json"
"""In the folder: the halves, and the file that makes a build of them."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Opening:
    """A person's opening of sealed rows, which a build carries out.

    Parameters
    ----------
    sign : callable
        Makes the ledger's row; called when all else is checked.
    record : callable
        Appends it to the ledger, unless it stands there.
    """

    sign: Callable[[], Row]
    record: Callable[[Row], object]


def lock_builds(workspace: Workspace, *, wait: bool = True) -> AbstractContextManager[bool]:
    """Let one process at a time build datasets in a workspace; tell whether it is this one."""
    return exclusive(workspace.vault / LOCK, math.inf if wait else 0.0, reads=not wait)


@contextmanager
def stage(workspace: Workspace) -> Iterator[tuple[Path, Path]]:
    """Create empty folders for the open and the closed half; a failure inside the block leaves neither.

    Raises
    ------
    DataError
        If the halves could not be moved in place from there.
    """
    if workspace.vault.stat().st_dev != workspace.datasets.stat().st_dev:
        raise DataError(f"workspace {workspace.root}: vault and datasets lie on different file systems; keep both on one")
    folder = workspace.vault / FOLDER
    folder.mkdir(mode=0o700)
    try:
        for half in (OPENED, CLOSED):
            (folder / half).mkdir(mode=0o700)
        yield folder / OPENED, folder / CLOSED
    except BaseException:
        _remove(folder)
        raise


def commit(workspace: Workspace, dataset: str, row: Row | None) -> None:
    """Make what is staged the build of a dataset, with the ledger's row of what it opens: from here on it is finished."""
    write_text(workspace.vault / FOLDER / COMMIT, canonical.dumps({"dataset": dataset, "row": row}), 0o600)


def finish_or_undo(workspace: Workspace, record: Callable[[Row], object] | None = None) -> None:
    """Finish what was committed, or undo what was not; under the lock.

    Parameters
    ----------
    record : callable, optional
        Of an :class:`Opening`.

    Raises
    ------
    DataError
        If what was committed opens sealed rows and there is no `record`.
    """
    folder = workspace.vault / FOLDER
    if committed := _committed(workspace):
        if committed["row"] is not None:
            if record is None:
                raise DataError(
                    f"dataset '{committed['dataset']}': it was being extended; run `rfcat dataset list` to finish that"
                )
            record(committed["row"])
        # The vault first: a dataset may lack its open half for a moment, and never its seal.
        for half, parent in ((CLOSED, workspace.vault), (OPENED, workspace.datasets)):
            _put(folder / half, parent / committed["dataset"])
    _remove(folder)


def _remove(folder: Path) -> None:
    """Remove what is staged; what is half removed is committed no more."""
    (folder / COMMIT).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _put(half: Path, target: Path) -> None:
    """Move a half in place, and what is there out of it, as far as that has not been done."""
    if half.exists():
        if target.exists():
            target.rename(half.with_name(f"old-{half.name}"))
        half.rename(target)


def is_begun(workspace: Workspace) -> bool:
    """Check whether a build is going on, or was killed."""
    return (workspace.vault / FOLDER).exists()


def recover(workspace: Workspace, record: Callable[[Row], object]) -> None:
    """Finish or undo what a killed build has left; leaves a living one alone, unless it is just being put in place."""
    if not os.access(workspace.vault, os.W_OK):
        return  # Who can write does it.
    with lock_builds(workspace, wait=_committed(workspace) is not None) as alone:
        if alone:
            finish_or_undo(workspace, record)


def unfinished(workspace: Workspace) -> str | None:
    """Describe what a killed build has left and the next command finishes or undoes, in one line."""
    with lock_builds(workspace, wait=False) as alone:
        if not alone or not is_begun(workspace):
            return None
        committed = _committed(workspace)
    if committed:
        return f"dataset '{committed['dataset']}': killed while it was put in place; the next command finishes it"
    return "a dataset: what a killed build left, of which nothing is in use; the next command removes it"


def _committed(workspace: Workspace) -> dict[str, Any] | None:
    try:
        committed = json.loads((workspace.vault / FOLDER / COMMIT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        committed = None
    if not isinstance(committed, dict) or "dataset" not in committed:
        # It is written whole or not at all, so that a kill cannot leave it so.
        raise DataError(f"vault: {FOLDER}/{COMMIT}, plan of a killed build, is damaged; restore the workspace from a backup")
    return committed
