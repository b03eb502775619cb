"""Plain objects, every scalar as text."""

from collections.abc import Mapping
from typing import Any

from factory.core.errors import PipelineError
from factory.core.plainyaml import MAX_DEPTH


def to_texts(value: Any, path: str = "", depth: int = 0) -> Any:
    """Turn every scalar into text, as the YAML reader gives them.

    So ``true`` is never taken for the number 1, and JSON and YAML meet the
    same conversions.

    Parameters
    ----------
    value : Any
        Mappings, lists and scalars.
    path : str
        Where it stands, for messages.
    depth : int
        How deep it stands.

    Raises
    ------
    PipelineError
        At a null, or when nested too deep.
    """
    if depth > MAX_DEPTH:
        raise PipelineError(f"{path[:80]}: nested deeper than {MAX_DEPTH}")
    if value is None:
        raise PipelineError(f"{path or 'pipeline'}: null came; leave the key out")
    if isinstance(value, Mapping):
        return {str(key): to_texts(inner, f"{path}.{key}".lstrip("."), depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_texts(inner, path, depth + 1) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
