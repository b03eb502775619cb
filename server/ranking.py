"""The two ways to rank inputs, kept apart."""

from collections.abc import Mapping
from typing import Any

from factory.tasks.requests import require_one_way


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
    require_one_way(pipeline, {**trial, **screen})
    return {name: value for name, value in (trial if pipeline else screen).items() if value is not None}
