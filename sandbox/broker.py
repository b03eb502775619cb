"""The trusted side: starts a worker, owns the clock and the sizes, and believes nothing that comes back.

A worker that got past its policy could write any answer it likes. So which limit was
hit, how long it took and whether it died are decided here, from the outside.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from pathlib import Path

from sandbox.limits import MIB, Limits, Outcome

READY = b"ready\n"
START_SECONDS = 60.0
FRAMING_BYTES = 65_536
ITS_WORD = ("memory", "output", "recursion")  # the limits a worker reports by itself
# no thread may start while these are imported: a later fork would copy half a process
ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
START = "import sys; sys.path.insert(0, sys.argv[1]); from sandbox.worker import main; main()"


def run(code: str, frames: Mapping[str, Path], limits: Limits | None = None) -> Outcome:
    """Run untrusted code in a fresh process.

    Parameters
    ----------
    code : str
        Python. It sees `pd`, `np`, the frames by their names, and the modules of `sandbox.facades`.
    frames : mapping of str to Path
        Name of each frame and its Arrow file (`sandbox.frames.write`).
    limits : Limits, optional

    Returns
    -------
    Outcome
        Mistakes and limits in the code are part of the outcome.

    Raises
    ------
    OSError
        If a frame's file cannot be opened or no process can be started.
    """
    limits = limits or Limits()
    refused = _refuse(code, limits)
    if refused:
        return refused
    with ExitStack() as stack:
        descriptors = {name: _open(path, stack) for name, path in frames.items()}
        answer, answer_end = os.pipe()
        stack.callback(os.close, answer)
        try:
            process = _start(answer_end, list(descriptors.values()))
        finally:
            os.close(answer_end)
        stack.callback(_end, process)
        _send(process, {"code": code, "frames": descriptors, "answer": answer_end, "limits": asdict(limits)})
        data, seconds, late = _receive(answer, limits)
        status = _end(process)
    return replace(_judge(data, status, late, limits), seconds=round(seconds, 3))


def _refuse(code: str, limits: Limits) -> Outcome | None:
    try:
        size = len(code.encode("utf-8"))
    except UnicodeEncodeError:
        return Outcome("", "code: holds a lone surrogate, which is no text; send valid UTF-8")
    if size > limits.code:
        return Outcome("", f"code: {size:,} bytes; at most {limits.code:,} (code limit); send a shorter piece", "code")
    if "\0" in code:
        return Outcome("", "code: holds a NUL character; remove it")
    return None


def _open(path: Path, stack: ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _start(answer: int, frames: list[int]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parent.parent)
    return subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", "-c", START, root],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        pass_fds=[answer, *frames],
        start_new_session=True,
    )


def _send(process: subprocess.Popen[bytes], request: dict[str, object]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as channel:  # if it died, its status tells
        channel.write(json.dumps(request).encode())


def _receive(answer: int, limits: Limits) -> tuple[bytes, float, bool]:
    """Read until the worker is done, too late or says too much: what it said, seconds since ready, late."""
    data, ready_at = b"", 0.0
    most = limits.output * 12 + FRAMING_BYTES  # JSON spends up to twelve bytes on a character
    deadline = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(answer, selectors.EVENT_READ)
        while len(data) <= most:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return data, _since(ready_at), True
            chunk = os.read(answer, 1 << 16)
            if not chunk:
                break
            data += chunk
            if not ready_at and data.startswith(READY):
                ready_at = time.monotonic()
                deadline = ready_at + limits.wall
    return data, _since(ready_at), False


def _since(moment: float) -> float:
    return time.monotonic() - moment if moment else 0.0


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of the worker's session while its number is still its own; its exit status."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _judge(data: bytes, status: int, late: bool, limits: Limits) -> Outcome:
    if not data.startswith(READY):
        return Outcome("", "the sandbox could not be set up, nothing was run; tell the operator")
    if late:
        return Outcome("", f"stopped after {limits.wall:g} s (time limit); use fewer rows or vectorised pandas", "wall")
    answer = _parse(data[len(READY) :])
    if answer is not None:
        return _shorten(answer, limits)
    if status == -signal.SIGXCPU:
        return Outcome("", f"stopped after {limits.cpu} s of CPU (time limit); use fewer rows or vectorised pandas", "cpu")
    return Outcome("", f"the worker crashed (status {status}): native code failed, or it ran out of its memory limit")


def _parse(data: bytes) -> Outcome | None:
    try:
        answer = json.loads(data)
        output, error, limit = answer["output"], answer["error"], answer["limit"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(output, str) or not isinstance(error, str | None) or limit not in (None, *ITS_WORD):
        return None
    return Outcome(output, error, limit)


def _shorten(answer: Outcome, limits: Limits) -> Outcome:
    text, error, limit = _printable(answer.output), answer.error, answer.limit
    if limit == "memory":
        error = f"memory limit of {limits.memory // MIB:,} MiB reached; select columns or resample first"
    elif limit == "output":
        error = f"output limit of {limits.output:,} characters reached; print a summary"
    truncated = len(text) > limits.shown
    if truncated:
        middle = f"\n... {len(text) - limits.shown:,} characters left out ...\n"
        half = (limits.shown - len(middle)) // 2
        text = text[:half] + middle + text[len(text) - half :]
    return Outcome(text, _printable(error[:600]) if error else None, limit, truncated=truncated)


def _printable(text: str) -> str:
    """Spell out control characters and lone surrogates: they steer terminals and are no UTF-8."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() else _spell(c) for c in text)


def _spell(character: str) -> str:
    return character if character.isspace() and ord(character) > 0x9F else ascii(character)[1:-1]
