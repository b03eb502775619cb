"""Reports of exams, encrypted to the reviewer, in the vault's folder."""

import hashlib
import json
from pathlib import Path
from typing import Any

from factory.core.errors import SealError
from factory.core.times import now_ms
from factory.storage.workspace import Workspace, atomic
from factory.vault.pools import Look
from factory.vault.reviewer import Unlocked


def report_path(workspace: Workspace, look: str) -> Path:
    """Return where the report of a look lies."""
    return workspace.vault / ".reports" / look


def write_report(workspace: Workspace, look: str, sealed: bytes) -> str:
    """Write an encrypted report and return its SHA-256."""
    path = report_path(workspace, look)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with atomic(path, 0o600) as temporary:
        temporary.write_bytes(sealed)
    return hashlib.sha256(sealed).hexdigest()


def read_report(workspace: Workspace, look: Look, reviewer: Unlocked) -> dict[str, Any]:
    """Decrypt and read the report of a look, by the reviewer.

    Returns
    -------
    dict
        ``verdict``, what the ledger says was told, whatever the exam came to; ``found``, what it came to; and the rest.

    Raises
    ------
    SealError
        If there is none, it is damaged, or it is not the one whose hash stands in the ledger.
    """
    path = report_path(workspace, look.name)
    if not path.is_file():
        raise SealError(
            f"report of {look.name}: none is kept; a look before there was a reviewer, or one that was cut short, has none"
        )
    sealed = path.read_bytes()
    written = look.verdict and look.verdict.payload.get("report")
    if written and hashlib.sha256(sealed).hexdigest() != written:
        raise SealError(
            f"report of {look.name}: damaged, or not the one that was written; restore the vault folder from a backup"
        )
    kept: dict[str, Any] = json.loads(reviewer.decrypt(sealed))
    outcome = kept.pop("found", None) or kept.pop("verdict")  # as it was called until 0.1
    return {"verdict": look.heard(now_ms()), "found": outcome, **kept}
