"""What the worker gives up before it sees the code. Each step is irreversible; if one fails, nothing is run."""

import os
import resource
import signal
import sys
import sysconfig
import zoneinfo
from pathlib import Path

from sandbox import fence, landlock, seccomp, system
from sandbox.levels import Level
from sandbox.limits import Limits

RECURSION = 500


def lock_down(limits: Limits, level: Level) -> None:
    """Apply every restriction of a level to this process, for good.

    Parameters
    ----------
    limits : Limits
        Its memory and CPU count from here.
    level : Level
        What this machine can do, as the self-test found.

    Raises
    ------
    OSError
        If a wall does not close.
    """
    _resources(limits)
    sys.setrecursionlimit(RECURSION)
    if level is Level.WEAK:
        fence.put_up(libraries())
        return
    system.prctl(system.PR_SET_DUMPABLE, 0)
    system.drop_capabilities()
    system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
    files = level is not Level.STRONG_NOFS
    if files:
        landlock.close_files(libraries())
    seccomp.close_calls(files=files)


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, or end here if that has happened.

    Parameters
    ----------
    parent : int
        Process id.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    system.prctl(system.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was told
        os._exit(1)


def libraries() -> list[str]:
    """List the folders of the standard library, the installed packages and the time zones: what a late import may read."""
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return sorted({os.path.realpath(folder) for folder in (*folders, *zoneinfo.TZPATH)})


def _resources(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits.cpu
    for which, soft, hard in (
        (resource.RLIMIT_AS, _address_space() + limits.memory, None),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, 0, None),
        (resource.RLIMIT_CORE, 0, None),
        (resource.RLIMIT_NOFILE, 64, None),
        (resource.RLIMIT_NPROC, 0, None),
        (resource.RLIMIT_MEMLOCK, 0, None),
    ):
        resource.setrlimit(which, (soft, soft if hard is None else hard))


def _address_space() -> int:
    """Return the bytes of address space now: absolute limits would count what every worker starts with."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except FileNotFoundError:  # no Linux: what has been resident is the nearest there is
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()
