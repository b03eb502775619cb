"""Reports of exams, encrypted to the reviewer, in the vault's folder."""

import hashlib
import json
from pathlib import Path
from typing import Any

from factory.errors import SealError
from factory.vault.reviewer import Unlocked
from factory.workspace import Workspace, atomic


def path_of(workspace: Workspace, look: str) -> Path:
    """Where the report of a look lies."""
    return workspace.vault / ".reports" / look


def keep(workspace: Workspace, look: str, sealed: bytes) -> str:
    """Write an encrypted report; its SHA-256."""
    path = path_of(workspace, look)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with atomic(path, 0o600) as temporary:
        temporary.write_bytes(sealed)
    return hashlib.sha256(sealed).hexdigest()


def read(workspace: Workspace, look: str, reviewer: Unlocked) -> dict[str, Any]:
    """A report, by the reviewer.

    Raises
    ------
    SealError
        If there is none, or it is damaged.
    """
    path = path_of(workspace, look)
    if not path.is_file():
        raise SealError(
            f"report of {look}: none is kept; a look before there was a reviewer, or one that was cut short, has none"
        )
    found: dict[str, Any] = json.loads(reviewer.decrypt(path.read_bytes()))
    return found
