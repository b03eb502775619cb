"""The two ways to rank inputs, kept apart."""

from collections.abc import Mapping
from typing import Any

from factory.errors import FactoryError


def ranked(pipeline: str | None, trial: Mapping[str, Any], screen: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the arguments that go with a pipeline, or with none.

    Parameters
    ----------
    pipeline : str or None
        The trial whose inputs are ranked; None: expressions are, on train.
    trial, screen : mapping
        Arguments of the one and of the other; None where nothing was said.

    Raises
    ------
    FactoryError
        If one was given that the chosen way does not know.
    """
    chosen, other = (trial, screen) if pipeline else (screen, trial)
    stray = [name for name, value in other.items() if value is not None]
    if stray:
        taken = "not taken with a pipeline; leave out either" if pipeline else "taken only with a pipeline; give one"
        raise FactoryError(f"{', '.join(stray)}: {taken}")
    return {name: value for name, value in chosen.items() if value is not None}
