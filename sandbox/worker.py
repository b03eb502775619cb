"""The untrusted side: a process that locks itself up, runs one program, writes one answer and is gone.

`main` is the cold form: a fresh interpreter a call. A warm parent that forks
calls `warm` once and `serve` in each child; nothing else needs to change.
"""

import builtins
import json
import os
import sys
from types import CodeType, TracebackType
from typing import Any, BinaryIO

from sandbox import facades, frames
from sandbox.environment import OutputLimit, Printer, environment
from sandbox.limits import Limits
from sandbox.lockdown import lock_down
from sandbox.policy import FILENAME, Refused, compile_program

READY = b"ready\n"


def main() -> None:
    """Read one request from standard input, serve it, leave without clean-up."""
    request = json.load(sys.stdin.buffer)
    sys.path.pop(0)  # the project's own folder: everything is imported by now
    facades.warm(request["code"])
    serve(request)


def serve(request: dict[str, Any]) -> None:
    """Lock down, run the program and write the answer; does not return.

    Parameters
    ----------
    request : dict
        ``code``, ``frames`` (name to descriptor), ``answer`` (descriptor), ``limits``.
    """
    limits = Limits(**request["limits"])
    given = {name: frames.read(descriptor) for name, descriptor in request["frames"].items()}
    channel = _close_all_but(request["answer"])
    lock_down(limits)
    channel.write(READY)
    answer = execute(request["code"], given, limits)
    channel.write(json.dumps(answer).encode())
    os._exit(0)


def execute(code: str, given: dict[str, Any], limits: Limits) -> dict[str, str | None]:
    """Compile and run one program under the policy.

    Returns
    -------
    dict
        ``output``, ``error`` (one line or None) and ``limit`` (its name or None).
    """
    printer = Printer(limits.output)
    error = limit = None
    try:
        _run(compile_program(code), environment(given, printer))
    except BaseException as mistake:
        error, limit = explain(mistake)
    if printer.full:
        limit = "output"
    return {"output": printer.text(), "error": error, "limit": limit}


def _run(program: CodeType, names: dict[str, Any]) -> None:
    exec(program, names)


def explain(mistake: BaseException) -> tuple[str, str | None]:
    """One line about what went wrong, and the name of the limit if it was one."""
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
    """Its text, which may be the program's own code: it may loop, raise or lie."""
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


def _close_all_but(answer: int) -> BinaryIO:
    """Keep three null streams and the answer's pipe; close every other descriptor, empty the environment."""
    channel = 3
    os.dup2(answer, channel, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.closerange(channel + 1, 65_536)
    os.environ.clear()
    return os.fdopen(channel, "wb", buffering=0)
