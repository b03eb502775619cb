"""Which files a worker may read: the kernel's Landlock, from its first version on (Linux 5.13)."""

import ctypes
import os
import struct
from collections.abc import Iterable

from sandbox.system import call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every processor
READ_FILE, READ_DIR = 1 << 2, 1 << 3
ALL_OF_FIRST = (1 << 13) - 1
ADDED = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # refer, truncate, device ioctl
NETWORK_SINCE, SCOPES_SINCE = 4, 6


def version() -> int:
    """Return the kernel's version of Landlock; 0 where there is none."""
    try:
        return call(CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def close_files(readable: Iterable[str]) -> None:
    """Allow reading below some folders and nothing else that Landlock knows, for good.

    Parameters
    ----------
    readable : iterable of str
        Folders; those that do not exist are left out.

    Raises
    ------
    OSError
        If the kernel has no Landlock.
    """
    rules = call(CREATE_RULESET, *_ruleset(version()), 0)
    try:
        for folder in readable:
            _allow(rules, folder)
        call(RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _ruleset(abi: int) -> tuple[ctypes.Array[ctypes.c_char], int]:
    files = ALL_OF_FIRST | sum(bit for since, bit in ADDED.items() if abi >= since)
    handled = struct.pack("Q", files)
    if abi >= NETWORK_SINCE:
        handled += struct.pack("Q", 0b11)  # bind and connect over TCP
    if abi >= SCOPES_SINCE:
        handled += struct.pack("Q", 0b11)  # abstract sockets and signals
    return ctypes.create_string_buffer(handled, len(handled)), len(handled)


def _allow(rules: int, folder: str) -> None:
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        beneath = struct.pack("=Qi", READ_FILE | READ_DIR, descriptor)
        call(ADD_RULE, rules, 1, ctypes.create_string_buffer(beneath, len(beneath)), 0)
    finally:
        os.close(descriptor)
