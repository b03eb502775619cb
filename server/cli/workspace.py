"""Open the workspace, as every way in does first; light, because a host waits meanwhile."""

import os

from factory.storage.workspace import Workspace


def open_workspace(root: str | None = None, *, new: bool = True) -> Workspace:
    """Open the workspace and keep compiled code in it.

    Parameters
    ----------
    root : str or None
        As for :meth:`Workspace.open`.
    new : bool
        Whether a folder that is named may become one.

    Raises
    ------
    WorkspaceError
        If it cannot be used.
    """
    workspace = Workspace.open(root) if new else Workspace.find(root)
    if os.access(workspace.root, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(workspace.root / "numba"))
    return workspace
