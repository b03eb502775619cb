"""The untrusted side: a process that locks itself up, runs one program, writes one answer and is gone."""

import builtins
import json
import os
import random
import socket
from types import CodeType, TracebackType
from typing import Any

import numpy as np

from sandbox import frames
from sandbox.environment import OutputLimit, Printer, environment
from sandbox.levels import Level
from sandbox.limits import Limits
from sandbox.lockdown import end_with, lock_down
from sandbox.policy import FILENAME, Refused, compile_program

READY = b"ready\n"
CHANNEL = 3


def serve(channel: int, given: list[int], level: Level, parent: int) -> None:
    """Read one request, lock down, run the program, write the answer; does not return.

    Parameters
    ----------
    channel : int
        Descriptor of the socket that the request comes from and the answer goes to.
    given : list of int
        Descriptors of the Arrow files, in the order of the request's ``frames``: a list
        of (name, number of files).
    level : Level
        The walls to close.
    parent : int
        Process id of the zygote; the worker ends when that does.
    """
    try:
        if level is not Level.WEAK:
            end_with(parent)
        with socket.socket(fileno=channel) as wire:
            request = json.loads(_read_all(wire))
            channel = wire.detach()
        files = iter(given)
        tables = {name: frames.read([next(files) for _ in range(count)]) for name, count in request["frames"]}
        _close_all_but(channel)
        _reseed()
        limits = Limits(**request["limits"])
        lock_down(limits, level)
        os.write(CHANNEL, READY)
        _write_all(json.dumps(execute(request["code"], tables, limits, runs=request["runs"])).encode())
    finally:
        os._exit(0)  # a set-up that failed has written nothing: the broker says so


def execute(code: str, given: dict[str, Any], limits: Limits, *, runs: bool = True) -> dict[str, str | None]:
    """Compile one program under the policy, and run it unless that is all that is asked.

    Returns
    -------
    dict
        ``output``, ``error`` (one line or None) and ``limit`` (its name or None).
    """
    printer = Printer(limits.output)
    error = limit = None
    try:
        program = compile_program(code)
        if runs:
            _run(program, environment(given, printer))
    except BaseException as mistake:
        error, limit = explain(mistake)
    if printer.full:
        limit = "output"
    return {"output": printer.text(), "error": error, "limit": limit}


def _run(program: CodeType, names: dict[str, Any]) -> None:
    exec(program, names)


def explain(mistake: BaseException) -> tuple[str, str | None]:
    """Say in one line what went wrong, and name the limit if it was one."""
    if isinstance(mistake, MemoryError):
        return "memory limit reached", "memory"
    if isinstance(mistake, OutputLimit):
        return "output limit reached", "output"
    if isinstance(mistake, RecursionError):
        return "recursion limit reached: too deep; use a loop", "recursion"
    if isinstance(mistake, SyntaxError):
        return f"line {mistake.lineno}: {type(mistake).__name__}: {mistake.msg}", None
    if isinstance(mistake, Refused):
        return _at(mistake.__traceback__) + str(mistake), None
    absent = isinstance(mistake, NameError) and mistake.name is not None and hasattr(builtins, mistake.name)
    text = f"'{mistake.name}' is not available in the sandbox" if absent else _text(mistake)  # type: ignore[attr-defined]
    return f"{_at(mistake.__traceback__)}{type(mistake).__name__}: {text}", None


def _text(mistake: BaseException) -> str:
    """Return a mistake's text, which may come from the program's own code: it may loop, raise or lie."""
    try:
        return " ".join(str(mistake)[:2000].split())[:400]
    except BaseException:
        return "(its text cannot be shown)"


def _at(traceback: TracebackType | None) -> str:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == FILENAME:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"line {line}: " if line else ""


def _read_all(wire: socket.socket) -> bytes:
    pieces = []
    while piece := wire.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(CHANNEL, data) :]


def _close_all_but(channel: int) -> None:
    """Keep three null streams and the channel; close every other descriptor, empty the environment."""
    os.dup2(channel, CHANNEL, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.closerange(CHANNEL + 1, 65_536)
    os.environ.clear()
    os.chdir("/")


def _reseed() -> None:
    """Seed every generator anew: a fork copies their state, and without this every call would draw the same numbers."""
    random.seed(os.urandom(16))
    np.random.seed(int.from_bytes(os.urandom(4), "little"))
