"""System calls that Python does not offer, through the C library that it runs on."""

import ctypes
import os
from typing import Any

PR_CAPBSET_DROP = 24
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(number: int, *arguments: Any) -> int:
    """Make a system call by its number.

    Raises
    ------
    OSError
        With the kernel's reason.
    """
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def prctl(option: int, *arguments: Any) -> int:
    """Change something of this process (see prctl(2)).

    Raises
    ------
    OSError
        With the kernel's reason.
    """
    wide = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    wide += [ctypes.c_ulong(0)] * (4 - len(wide))
    return _checked(_libc.prctl(option, *wide), f"prctl {option}")


def unshare(flags: int) -> None:
    """Leave the parent's namespaces (see unshare(2)).

    Raises
    ------
    OSError
        If this machine does not allow it.
    """
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount a file system (see mount(2)).

    Raises
    ------
    OSError
        If this machine does not allow it.
    """
    names = [os.fsencode(source), os.fsencode(target), None if kind is None else kind.encode()]
    _checked(_libc.mount(*names, ctypes.c_ulong(flags), options.encode()), f"mount {kind}")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_capabilities() -> None:
    """Give up every capability, so that root is nobody special.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one, or not privileged enough to have any
            break
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION, 0)), ctypes.byref(nothing)), "capset")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
