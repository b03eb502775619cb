"""The filter in front of the kernel: an allow-list of system calls in the kernel's own small machine code (BPF).

What is not on the list fails with EPERM, so that library code reports a
readable PermissionError. A call through another processor's table kills.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

from sandbox.syscalls import MACHINES, READING, Machine
from sandbox.system import PR_SET_SECCOMP, prctl

LOAD, JUMP_EQUAL, JUMP_ANY_BIT, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, DENY = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
NUMBER, ARCHITECTURE = 0, 4
X32 = 0x40000000
"""Set in the numbers of x86_64's second, 32-bit table."""
PROT_EXEC = 4
O_PATH, O_TMPFILE = 0o10000000, 0o20000000
NOT_FOR_READING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | O_PATH | O_TMPFILE
F_GETFD, F_SETFD, F_GETFL = 1, 2, 3
FILTER_MODE = 2

Instruction = tuple[int, int, int, int]


def machine() -> Machine:
    """Return the system-call table of the processor this runs on.

    Raises
    ------
    OSError
        If there is no table for it.
    """
    table = MACHINES.get(platform.machine())
    if table is None:
        raise OSError(
            errno.ENOSYS, f"no table of system calls for {platform.machine()}; there is one for {', '.join(MACHINES)}"
        )
    return table


def program(kind: Machine, *, files: bool) -> list[Instruction]:
    """Write the filter as a program for the kernel.

    Parameters
    ----------
    kind : Machine
        Whose numbers.
    files : bool
        Whether files may be opened for reading; which ones is Landlock's to say.
    """
    calls = {name: number for name, number in kind.calls.items() if files or name not in READING}
    lines: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, kind.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
    ]
    for name, number in calls.items():
        rule = RULES.get(name, [(RETURN, 0, 0, ALLOW)])
        lines += [(JUMP_EQUAL, 0, len(rule), number), *rule]
    return [*lines, (RETURN, 0, 0, DENY)]


def _argument(place: int) -> Instruction:
    """Load the low half of an argument: both processors are little-endian."""
    return LOAD, 0, 0, 16 + 8 * place


def _without(place: int, bits: int) -> list[Instruction]:
    return [_argument(place), (JUMP_ANY_BIT, 0, 1, bits), (RETURN, 0, 0, DENY), (RETURN, 0, 0, ALLOW)]


def _one_of(place: int, values: Iterable[int]) -> list[Instruction]:
    tests = [line for value in values for line in ((JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW))]
    return [_argument(place), *tests, (RETURN, 0, 0, DENY)]


RULES = {
    "mmap": _without(2, PROT_EXEC),
    "mprotect": _without(2, PROT_EXEC),
    "openat": _without(2, NOT_FOR_READING),
    "fcntl": _one_of(1, (F_GETFD, F_SETFD, F_GETFL)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))


def close_calls(*, files: bool) -> None:
    """Put the filter in front of this process, for good.

    Parameters
    ----------
    files : bool
        See :func:`program`.

    Raises
    ------
    OSError
        If the kernel has no filters, or no table knows this processor.
    """
    packed = b"".join(struct.pack("HBBI", *line) for line in program(machine(), files=files))
    prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(_Program(len(packed) // 8, packed)))
