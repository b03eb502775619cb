"""What a person names a pipeline by at the terminal: an id, a name, or a strategy file that is defined on the way."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.core.errors import FactoryError, UnknownError, did_you_mean
from server.cli.screen import say

if TYPE_CHECKING:
    from factory.workshop import Workshop

SUFFIXES = (".yaml", ".yml")
BEGIN = (
    "begin with `rfcat start` (a simulated market, the strategies that run there scored on it), `rfcat start btc` (real data), "
    "or `rfcat dataset build FILE` (files of your own: docs/datasets.md)"
)


def resolve_or_derive(workshop: "Workshop", reference: str, changes: Mapping[str, Any] | None = None) -> str:
    """Return the id of the named pipeline, or of the child that changes make of it; a strategy file is defined first.

    Raises
    ------
    FactoryError
        If there is none of that id, name or file; with what is near.
    """
    named = _defined(workshop, reference) if _is_path(reference) else reference
    try:
        return workshop.resolve_or_derive(pipeline=named, changes=changes)
    except UnknownError:
        if workshop.catalog.names():
            raise
        raise FactoryError(f"pipeline: '{reference}' unknown, and no dataset is built yet; {BEGIN}") from None


def _defined(workshop: "Workshop", reference: str) -> str:
    file = Path(reference)
    if not file.is_file():
        raise FactoryError(f"pipeline: no file '{reference}'; {_near(file, _names(workshop))}")
    defined = workshop.define(spec=read_strategy(file))
    say("\n".join([f"{reference}: defined as {defined['pipeline']}", *defined.get("warnings", ())]))
    return str(defined["pipeline"])


def read_strategy(file: Path) -> str:
    """Read the text of a strategy file.

    Raises
    ------
    FactoryError
        If it is not there, or holds no text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FactoryError(f"{file}: no such file; {_near(file, ())}") from None
    except OSError as error:
        raise FactoryError(f"{file}: {(error.strerror or 'cannot be read').lower()}; name a strategy file") from None
    except UnicodeDecodeError:
        raise FactoryError(f"{file}: not UTF-8 text; a strategy file is YAML") from None


def _is_path(reference: str) -> bool:
    """Check whether it can be no id or name: those have neither dots nor slashes."""
    return any(sign in reference for sign in "./\\")


def _names(workshop: "Workshop") -> set[str]:
    from factory.tracking.binding import bind_all_shipped

    return {*workshop.store.names(), *(one.pipeline for one in bind_all_shipped(workshop.catalog))}


def _near(file: Path, names: Iterable[str]) -> str:
    """Suggest what was meant by a file that is not there: a pipeline of that name, or a file beside it."""
    known, spelt = {*names}, file.stem.lower().replace("_", "-")
    if spelt in known:
        return f"did you mean '{spelt}'?"
    beside = sorted(str(path) for path in file.parent.glob("*") if path.suffix in SUFFIXES) if file.parent.is_dir() else []
    if not beside and not known:
        return "name a strategy file, such as strategy.yaml"
    return did_you_mean(str(file), [*beside, *known])
