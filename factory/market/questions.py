"""What a file does not tell, and a person must."""

from collections.abc import Sequence

from factory.core.errors import DataError


class Question(DataError):
    """A file can be read in several ways, or does not tell what is needed.

    Parameters
    ----------
    key : str
        What is asked: ``header``, ``time``, ``zone``, ``format``, ``decimal``, ``volume``, ``contract_size``, ``underlying``
        or ``delay``.
    says : str
        What the file says, and where.
    mend : str
        How the dataset file answers it.
    example : str
        The cell or the row that raised it, as the file has it.
    choices : sequence of str
        The answers that there are, or that come to mind first; none where any may be.
    """

    def __init__(self, key: str, says: str, mend: str, example: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(f"{says}; {mend}")
        self.key, self.says, self.mend, self.example, self.choices = key, says, mend, example, tuple(choices)

    def __reduce__(self) -> tuple[type["Question"], tuple[object, ...]]:  # type: ignore[override]
        return type(self), (self.key, self.says, self.mend, self.example, self.choices)
