"""Run a command as a user who is nobody special, when the tests run as root."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

NOBODY = 65534
NOT_HERE = ""
"""Why it cannot be done on this machine; empty where it can."""


def _why_not() -> str:
    if os.geteuid() != 0:
        return "needs root, to become another user"
    done = subprocess.run(["unshare", "-m", "setpriv", "--version"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "needs unshare and setpriv, and a machine that allows a mount namespace"


def as_nobody(command: list[str]) -> list[str]:
    """The command, run as nobody in a view of the disk where nobody can reach this Python.

    Python may be installed below a folder that is its owner's alone. A
    private mount namespace shows that folder with nothing in it but Python.
    """
    python = Path(sys.base_prefix).resolve()
    steps = ["set -e", "mount --make-rprivate /"]
    closed = next((each for each in reversed(python.parents) if not each.stat().st_mode & 0o001), None)
    if closed is not None:
        inside = python.relative_to(closed)
        steps += [
            "view=$(mktemp -d)",
            "chmod 755 $view",
            f"mkdir -p $view/{shlex.quote(str(inside))}",
            f"mount --bind {shlex.quote(str(python))} $view/{shlex.quote(str(inside))}",
            f"mount --rbind $view {shlex.quote(str(closed))}",
        ]
    steps.append(f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups env HOME=/tmp {shlex.join(command)}")
    return ["unshare", "-m", "sh", "-c", "\n".join(steps)]


NOT_HERE = _why_not()
