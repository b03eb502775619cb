"""The tables of system calls against the kernel's own headers, and the filter against a machine that runs it."""

import errno
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.seccomp import ALLOW, DENY, KILL, X32, program
from sandbox.syscalls import MACHINES, READING, Machine

HEADERS = {
    "x86_64": ["asm/unistd_64.h", "x86_64-linux-gnu/asm/unistd_64.h"],
    "aarch64": ["asm-generic/unistd.h"],
}
AUDIT = {"x86_64": (62, 0xC0000000), "aarch64": (183, 0xC0000000)}
"""Number of the processor in an ELF file, and the marks 64 bit and little-endian."""
LOAD, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
FATAL = frozenset(
    [
        "socket",
        "socketpair",
        "connect",
        "clone",
        "clone3",
        "fork",
        "vfork",
        "execve",
        "execveat",
        "kill",
        "tkill",
        "tgkill",
        "ptrace",
        "process_vm_readv",
        "prctl",
        "memfd_create",
        "io_uring_setup",
        "bpf",
        "userfaultfd",
        "truncate",
        "ftruncate",
        "unlink",
        "unlinkat",
        "rename",
        "renameat",
        "renameat2",
        "mkdir",
        "mkdirat",
        "link",
        "linkat",
        "symlinkat",
        "chmod",
        "fchmod",
        "fchmodat",
        "mknodat",
        "prlimit64",
        "setrlimit",
        "openat2",
        "open",
        "creat",
        "mount",
        "unshare",
        "setns",
        "pidfd_open",
        "pidfd_getfd",
        "shmget",
        "perf_event_open",
        "keyctl",
        "ioctl",
        "sendmsg",
        "sendto",
    ]
)


def numbers(kind: str) -> Mapping[str, int]:
    """The kernel's numbers by name, from its headers."""
    for name in HEADERS[kind]:
        path = Path("/usr/include") / name
        if path.exists():
            defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text())
            renamed = {"fstatat": "newfstatat"} if kind == "aarch64" else {}
            return {renamed.get(each, each): int(number) for each, number in defined}
    pytest.skip("needs the kernel's headers (linux-libc-dev)")


@pytest.mark.parametrize("kind", MACHINES)
def test_the_numbers_are_the_kernels(kind: str) -> None:
    known = numbers(kind)
    assert {name: known.get(name) for name in MACHINES[kind].calls} == dict(MACHINES[kind].calls)


@pytest.mark.parametrize("kind", MACHINES)
def test_the_mark_of_the_processor_is_the_kernels(kind: str) -> None:
    elf, marks = AUDIT[kind]
    assert MACHINES[kind].audit == elf | marks


def test_both_tables_allow_the_same() -> None:
    assert {name for name, machine in MACHINES.items() if set(machine.calls) != set(MACHINES["x86_64"].calls)} == set()


@pytest.mark.parametrize("kind", MACHINES)
def test_nothing_that_reaches_outside_is_listed(kind: str) -> None:
    assert not FATAL & set(MACHINES[kind].calls)


def run(kind: Machine, number: int, *arguments: int, files: bool = True, audit: int | None = None) -> int:
    """What the filter says of one call."""
    lines, at, value = program(kind, files=files), 0, 0
    words = {0: number, 4: kind.audit if audit is None else audit}
    words |= {16 + 8 * place: each & 0xFFFFFFFF for place, each in enumerate(arguments)}
    while True:
        code, yes, no, k = lines[at]
        at += 1
        if code == LOAD:
            value = words.get(k, 0)
        elif code == RETURN:
            return k
        else:
            holds = {EQUAL: value == k, ANY_BIT: bool(value & k), AT_LEAST: value >= k}[code]
            at += yes if holds else no


@pytest.mark.parametrize("kind", MACHINES.values(), ids=MACHINES)
def test_the_filter_allows_its_list_and_denies_the_rest(kind: Machine) -> None:
    for number in range(600):
        said = run(kind, number)
        assert said in (ALLOW, DENY)
        if number not in kind.calls.values():
            assert said == DENY
    assert DENY & 0xFFFF == errno.EPERM


@pytest.mark.parametrize("kind", MACHINES.values(), ids=MACHINES)
def test_another_processors_table_kills(kind: Machine) -> None:
    assert run(kind, kind.calls["read"], audit=0x40000003) == KILL
    assert run(kind, kind.calls["read"] | X32) == KILL


@pytest.mark.parametrize("kind", MACHINES.values(), ids=MACHINES)
def test_memory_is_never_executable(kind: Machine) -> None:
    for name in ("mmap", "mprotect"):
        assert run(kind, kind.calls[name], 0, 4096, 3) == ALLOW
        assert run(kind, kind.calls[name], 0, 4096, 5) == DENY


@pytest.mark.parametrize("kind", MACHINES.values(), ids=MACHINES)
def test_files_open_for_reading_only_and_not_at_all_without_landlock(kind: Machine) -> None:
    number = kind.calls["openat"]
    assert run(kind, number, 0, 0, 0o2000000) == ALLOW
    for flags in (1, 2, 0o100, 0o1000, 0o2000, 0o10000000, 0o20200000):
        assert run(kind, number, 0, 0, flags) == DENY, oct(flags)
    for name in READING:
        assert run(kind, kind.calls[name], files=False) == DENY
