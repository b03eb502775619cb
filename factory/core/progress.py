"""How long work tells what it is doing, and learns that it must stop."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the share done in [0, 1] and what is being done. It may raise
:class:`~factory.core.errors.Cancelled`; callers let that pass."""


def no_progress(share: float, what: str) -> None:
    """Report to nobody."""


def subrange(progress: Progress, start: float, end: float) -> Progress:
    """Map the progress of a part of the work onto [start, end] of the whole."""

    def report(share: float, what: str) -> None:
        progress(start + (end - start) * share, what)

    return report
