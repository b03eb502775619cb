"""What a network's weights fit, and what tells that torch is missing."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from factory.core.errors import FlowError

EXTRA = ("torch", "safetensors")
INSTALL = '.venv/bin/pip install -e ".[deep]" in a checkout, or pip install "random-forest-cat[deep]"'
"""Commands that install it: the second needs the package in an index."""
Weights = dict[str, NDArray[float32]]
"""A network's weights by the names of its parameters."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network: weights fit one architecture and no other.

    Parameters
    ----------
    network : str
        ``use`` of its expert.
    levels : int
        Best prices a side; a row holds four numbers of each: price and size asked, price and size bid.
    steps : int
        Rows of a window.
    classes : int
        2 or 3.
    """

    network: str
    levels: int
    steps: int
    classes: int

    def __str__(self) -> str:
        return f"{self.network} of {self.levels} levels, {self.steps} steps and {self.classes} classes"

    @property
    def columns(self) -> int:
        """Numbers of a row."""
        return 4 * self.levels

    def to_array(self) -> NDArray[Any]:
        """Convert the architecture to an array of text, shape (4,)."""
        return np.array([self.network, str(self.levels), str(self.steps), str(self.classes)])

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> "Architecture":
        """Restore an architecture from :meth:`to_array`."""
        network, *numbers = array.tolist()
        return cls(network, *(int(number) for number in numbers))


def require_torch() -> None:
    """Refuse to train where the extra is not installed.

    Raises
    ------
    FlowError
        With the command that installs it.
    """
    missing = missing_extra()
    if missing:
        raise FlowError(missing)


def missing_extra() -> str | None:
    """Tell what training lacks here and the command that installs it, in one line; nothing is imported."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    return f"experts: networks need {missing[0]}, which is not installed; a person runs {INSTALL}" if missing else None
