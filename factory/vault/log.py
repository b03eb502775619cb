"""Where the vault's processes print."""

import os
from typing import IO

from factory.storage.workspace import Workspace


def divert_output(workspace: Workspace) -> IO[str]:
    """Turn all that this process prints into the vault's log, and give what its starter reads instead."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = os.open(workspace.vault / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return out
