"""A network with nothing in it, and a view of the disk without the workspace. Only where the machine allows it."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sandbox.system import mount, unshare

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 16384, 1 << 18


def leave(hidden: Iterable[str], needed: Sequence[str] = ()) -> None:
    """Move this process, and all that it will fork, into namespaces of its own.

    Parameters
    ----------
    hidden : iterable of str
        Folders that are empty from now on: not even names, sizes and times of what is in them can be seen.
    needed : sequence of str
        Folders of libraries: what holds one of them stays as it is.

    Raises
    ------
    OSError
        If the machine does not allow it. The process may have changed half of it: end it.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    for folder in hidden:
        if not any(Path(each).is_relative_to(folder) for each in needed):
            mount("none", folder, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=0")
