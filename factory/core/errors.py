"""The errors of the factory, one small tree.

::

    FactoryError
    ├── PipelineError        a pipeline cannot be what its author wrote
    │   ├── ExpressionError  one of its feature expressions
    │   └── UnknownError     there is none of that id or name
    ├── DataError            a file, a series or a dataset file is not as it must be
    │   └── BlockedError     a provider answers nobody from here
    ├── FlowError            a pipeline is well formed and still cannot run on these data
    │   └── UnlearnableError some decisions are too few, or of one class
    ├── SealError            something would touch or expose sealed rows
    ├── ReviewError          a review's state, comment or signature does not allow it
    ├── LedgerError          the ledger does not verify, or cannot be written
    ├── WorkspaceError       the workspace cannot be used by this version
    ├── PeopleError          nobody of that name, or a name, role or password that cannot be
    └── JobError             a job is unknown, failed or was interrupted
        └── Cancelled        a person or an agent stopped it

Every message is one line a mistake: the place, what came, what is allowed and
the smallest mend. Messages go to people and to agents as they are, so they
never hold a sealed number, a path outside the workspace or a traceback. They
often quote what came: so every line is cleaned and kept short here, once for all.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from factory.core.foreign import clean_text, shorten

MAX_LINES = 8
LINE = 500
"""Characters of a line; in a longer one what is quoted gives way first."""
WORD = 64
"""Characters of what is quoted, or has no blank in it, in a line that is too long."""
_LONG = re.compile(rf"(?<=')[^'\n]{{{WORD},}}(?=')|(?<=\")[^\"\n]{{{WORD},}}(?=\")|[^\s'\"]{{{WORD},}}")


class FactoryError(Exception):
    """Base of all errors a caller can mend.

    Parameters
    ----------
    *lines : str
        One line a mistake, of at most 500 characters. At most eight are shown; the rest are counted.
    """

    def __init__(self, *lines: str) -> None:
        shown = [_short(clean_text(line)) for line in lines[:MAX_LINES]]
        if len(lines) > MAX_LINES:
            shown.append(f"and {len(lines) - MAX_LINES} more")
        self.lines = tuple(shown)
        super().__init__("\n".join(shown))

    def __reduce__(self) -> tuple[type["FactoryError"], tuple[str, ...]]:
        return type(self), self.lines


class PipelineError(FactoryError):
    """A pipeline cannot be what its author wrote."""


class ExpressionError(PipelineError):
    """A feature expression cannot be what its author wrote."""


class UnknownError(PipelineError):
    """There is no pipeline of an id or name."""


class DataError(FactoryError):
    """A file, a series or a dataset file is not as it must be."""


class BlockedError(DataError):
    """A provider answers nobody from here, as in countries that it does not serve."""


class FlowError(FactoryError):
    """A well-formed pipeline cannot run on these data."""


class UnlearnableError(FlowError):
    """Some decisions are too few to learn from, or of one class."""


class SealError(FactoryError):
    """Something would touch or expose sealed rows."""


class ReviewError(FactoryError):
    """The state, the comment or the signature of a review does not allow it."""


class LedgerError(FactoryError):
    """The ledger does not verify, or cannot be written."""


class WorkspaceError(FactoryError):
    """The workspace cannot be used by this version."""


class PeopleError(FactoryError):
    """There is nobody of a name, or a name, a role or a password cannot be."""


class JobError(FactoryError):
    """A job is unknown, failed or was interrupted."""


class Cancelled(JobError):
    """A job was stopped on request."""


def did_you_mean(word: str, allowed: Iterable[str], most: int = 12) -> str:
    """Name what is allowed in place of `word`, nearest first.

    Parameters
    ----------
    word : str
        What came.
    allowed : iterable of str
        What may come.
    most : int
        How many names to list when none is near.

    Returns
    -------
    str
        ``"did you mean 'x'?"``, ``"allowed: a, b, c"`` or ``"there is none yet"``.
    """
    names: Sequence[str] = sorted(allowed)
    if not names:
        return "there is none yet"
    if near := guess(word, names):
        return near
    listed = ", ".join(names[:most])
    return f"allowed: {listed}, ..." if len(names) > most else f"allowed: {listed}"


def guess(word: str, allowed: Sequence[str], alike: float = 0.6) -> str | None:
    """Ask whether the nearest of some names was meant: ``"did you mean 'x'?"``; None where none is that much alike."""
    near = get_close_matches(word[:WORD], allowed, n=1, cutoff=alike)
    return f"did you mean '{near[0]}'?" if near else None


def _short(line: str) -> str:
    """Shorten a line that its quotations made too long, keeping the end as whole as can be: how to mend it comes last."""
    if len(line) <= LINE:
        return line
    line = _LONG.sub(lambda match: shorten(match[0], WORD), line)
    return line if len(line) <= LINE else f"{shorten(line, LINE * 2 // 3)} {line[-(LINE // 3) + 1 :]}"
