"""What a part's parameters may be, in words; read off the models themselves."""

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from factory.core.plainyaml import spell
from factory.core.times import canonical_duration
from factory.pipeline.parts.base import Means, Part


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a part.

    Parameters
    ----------
    name : str
        The key.
    allowed : str
        What may stand there, in words.
    default : str or None
        What holds when it is left out; None where it is compulsory.
    means : str
        What it does; empty where its name says it.
    """

    name: str
    allowed: str
    default: str | None
    means: str = ""


def list_parameters(model: type[BaseModel]) -> list[Parameter]:
    """List the keys of a part but ``use``, in order."""
    return [
        Parameter(
            name=name,
            allowed=describe_allowed(field),
            default=None if field.is_required() else _default(field.default),
            means=next((item.text for item in _flat(field.metadata) if isinstance(item, Means)), ""),
        )
        for name, field in model.model_fields.items()
        if name != "use"
    ]


def _default(value: Any) -> str:
    if isinstance(value, Part):
        return value.example
    return "none" if value is None else spell(value)


def describe_allowed(field: FieldInfo) -> str:
    """Say in words what a field may hold: ``"a whole number, 1 to 2000"``."""
    return field.description or _words(field.annotation, field.metadata)


def _words(annotation: Any, metadata: list[Any]) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _words(inner, [*more, *metadata])
    if origin in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if all(isinstance(kind, type) and issubclass(kind, Part) for kind in kinds):
            return "{use: " + " | ".join(get_args(kind.model_fields["use"].annotation)[0] for kind in kinds) + "}"
        return " or ".join(_words(kind, metadata) for kind in kinds)
    if origin is Literal:
        return " | ".join(get_args(annotation))
    if annotation in (int, float):
        kind = "a whole number" if annotation is int else "a number"
        return f"{kind}{_bounds(metadata)}"
    return _text(metadata)


def _text(metadata: list[Any]) -> str:
    if any(isinstance(item, AfterValidator) and item.func is canonical_duration for item in metadata):
        return "a duration, such as 5m, 4h or 30d"
    patterns = [str(item.pattern) for item in _flat(metadata) if isinstance(item, StringConstraints)]
    return "a name in small letters, digits and hyphens" if any("-]" in one for one in patterns) else "a name"


def _bounds(metadata: list[Any]) -> str:
    low = high = ""
    for item in _flat(metadata):
        if isinstance(item, Ge):
            low = f"{spell(item.ge)}"
        elif isinstance(item, Gt):
            low = f"above {spell(item.gt)}"
        elif isinstance(item, Le):
            high = f"to {spell(item.le)}"
        elif isinstance(item, Lt):
            high = f"to below {spell(item.lt)}"
    text = " ".join(filter(None, (low, high)))
    return f", {text}" if text else ""


def _flat(metadata: list[Any]) -> list[Any]:
    """Flatten metadata, with that of nested ``Field(...)`` laid open."""
    flat: list[Any] = []
    for item in metadata:
        flat.extend(item.metadata if isinstance(item, FieldInfo) else [item])
    return flat
