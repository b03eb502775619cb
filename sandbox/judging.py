"""What a call came to, judged from the outside: nothing that a worker says is taken on trust."""

import json
import signal
from dataclasses import dataclass, replace

from sandbox.limits import MIB, Limits, Outcome

READY = b"ready\n"
BYTES_A_CHARACTER = 12
"""The most that JSON spends on one."""
FRAMING_BYTES = 65_536
ERROR = 600
ITS_WORD = ("memory", "output", "recursion")
"""The limits that a worker reports by itself."""
MEND = "use fewer rows or vectorised pandas"
NOT_SET_UP = "the sandbox could not be set up, nothing was run; tell the operator"
PARENT_GONE = "its parent process is gone; call again, and tell the operator if that does not help"


@dataclass(frozen=True)
class Ending:
    """How a worker ended, as seen from outside.

    Attributes
    ----------
    why : str or None
        ``wall``, ``stop`` or ``output`` if the broker ended it; None if it ended by itself.
    status : int or None
        Exit status, negative for a signal; None if its parent went before it.
    seconds, cpu : float
        Used by the untrusted code; cpu with the set-up.
    """

    why: str | None
    status: int | None
    seconds: float
    cpu: float


def most_bytes(limits: Limits) -> int:
    """Return a number of bytes that no honest worker exceeds."""
    return limits.output * BYTES_A_CHARACTER + FRAMING_BYTES


def refuse(code: str, limits: Limits) -> Outcome | None:
    """Refuse code that is not even sent, and say why; None where it may be."""
    try:
        size = len(code.encode("utf-8"))
    except UnicodeEncodeError:
        return Outcome("", "code: holds a lone surrogate, which is no text; send valid UTF-8")
    if size > limits.code:
        return Outcome("", f"code: {size:,} bytes; at most {limits.code:,} (code limit); send a shorter piece", "code")
    if "\0" in code:
        return Outcome("", "code: holds a NUL character; remove it")
    return None


def judge(data: bytes, ending: Ending, limits: Limits) -> Outcome:
    """Make the outcome of a call.

    Parameters
    ----------
    data : bytes
        All that came from the worker.
    ending : Ending
        What the broker saw.
    limits : Limits
        What was allowed.
    """
    return replace(_judged(data, ending, limits), seconds=round(ending.seconds, 3), cpu=round(ending.cpu, 3))


def _judged(data: bytes, ending: Ending, limits: Limits) -> Outcome:
    used = f"{ending.seconds:.1f} s, {ending.cpu:.1f} s of them CPU"
    if ending.why == "stop":
        return Outcome("", f"stopped on request after {used}")
    if not data.startswith(READY):
        return Outcome("", PARENT_GONE if ending.why is None and ending.status is None else NOT_SET_UP)
    if ending.why == "wall":
        return Outcome("", f"stopped after {used} (time limit: {limits.wall:g} s); {MEND}", "wall")
    if ending.why == "output":
        return Outcome("", _full(limits), "output")
    answer = _parse(data[len(READY) :]) if ending.status == 0 else None
    if answer is not None:
        return _presentable(answer, limits)
    if ending.status == -signal.SIGXCPU or (ending.status == -signal.SIGKILL and ending.cpu >= limits.cpu):
        return Outcome("", f"stopped after {used} (CPU time limit: {limits.cpu} s); {MEND}", "cpu")
    return Outcome("", f"the worker crashed ({_death(ending.status)}); nothing else was affected; write it another way")


def _death(status: int | None) -> str:
    if status is None:
        return PARENT_GONE
    if status == -signal.SIGKILL:
        return "killed, perhaps for want of memory on this machine"
    if status < 0:
        return f"{signal.Signals(-status).name}: native code failed, or a system call was blocked"
    return f"it left with status {status} and without an answer"


def _full(limits: Limits) -> str:
    return f"output limit of {limits.output:,} characters reached; print a summary"


def _parse(data: bytes) -> Outcome | None:
    try:
        answer = json.loads(data)
        output, error, limit = answer["output"], answer["error"], answer["limit"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(output, str) or not isinstance(error, str | None) or limit not in (None, *ITS_WORD):
        return None
    return Outcome(output, error, limit)


def _presentable(answer: Outcome, limits: Limits) -> Outcome:
    error = answer.error
    if answer.limit == "memory":
        error = f"memory limit of {limits.memory // MIB:,} MiB reached; select columns or resample first"
    elif answer.limit == "output":
        error = _full(limits)
    return Outcome(_printable(answer.output[: limits.output]), _printable(error[:ERROR]) if error else None, answer.limit)


def _printable(text: str) -> str:
    """Spell out control characters and lone surrogates: they steer terminals and are no UTF-8."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() else _spell(c) for c in text)


def _spell(character: str) -> str:
    return character if character.isspace() and ord(character) > 0x9F else ascii(character)[1:-1]


def shorten(text: str, shown: int) -> str:
    """Keep the head and tail of a text, with a note about what is missing between them.

    Parameters
    ----------
    text : str
    shown : int
        Characters that may be left, the note included.
    """
    if len(text) <= shown:
        return text
    middle = f"\n... {len(text) - shown:,} characters left out ...\n"
    half = max(0, shown - len(middle)) // 2
    return text[:half] + middle + text[len(text) - half :]
