"""What one call may use, and what comes back from it."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The limits of one call.

    Attributes
    ----------
    code : int
        Bytes of source, as UTF-8.
    output : int
        Characters that may be printed before the call is stopped.
    wall, cpu : float, int
        Seconds, counted from the moment the untrusted code starts.
    memory : int
        Bytes of address space on top of what the worker starts with.
    """

    code: int = 20_000
    output: int = 200_000
    wall: float = 20.0
    cpu: int = 15
    memory: int = 1024 * MIB


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    Attributes
    ----------
    output : str
        What was printed, and the value of a last bare expression; without control characters.
    error : str or None
        One line: what went wrong and what to do instead.
    limit : str or None
        ``code``, ``wall``, ``cpu``, ``memory``, ``output`` or ``recursion`` if one stopped it.
    seconds, cpu : float
        Wall and processor time of the untrusted code, measured outside it.
    """

    output: str
    error: str | None = None
    limit: str | None = None
    seconds: float = 0.0
    cpu: float = 0.0
