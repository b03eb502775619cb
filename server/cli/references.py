"""What a person names a pipeline by at the terminal: an id, a name, or a strategy file that is defined on the way."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from factory.core.errors import FactoryError, UnknownError, did_you_mean
from server.cli.screen import say
from server.cli.workspace import open_workspace

if TYPE_CHECKING:
    from factory.workshop import Workshop

COMPLETED = 200
"""Newest pipelines whose ids a shell is given."""
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


def complete_pipeline(context: typer.Context, incomplete: str) -> list[str]:
    """List the names and ids of pipelines that begin as what was typed, for a shell."""
    return [one for one in _list_known(context) if one.startswith(incomplete)]


def complete_shown(context: typer.Context, incomplete: str) -> list[str]:
    """List the lists, names and ids that can be shown and begin as what was typed, for a shell."""
    from factory.tracking.naming import LISTS

    return [one for one in (*LISTS, *_list_known(context)) if one.startswith(incomplete)]


def complete_dataset(context: typer.Context, incomplete: str) -> list[str]:
    """List the datasets whose names begin as what was typed, for a shell."""
    workshop = _open_quietly(context)
    return [one for one in (workshop.catalog.names() if workshop else ()) if one.startswith(incomplete)]


def _list_known(context: typer.Context) -> list[str]:
    workshop = _open_quietly(context)
    if workshop is None:
        return []
    return [*sorted(_names(workshop)), *(one.id for one in workshop.store.pipelines(size=COMPLETED))]


def _open_quietly(context: typer.Context) -> "Workshop | None":
    """Open the workspace that was named so far; a shell that completes is told nothing of what is wrong with it."""
    from factory.workshop import Workshop

    try:
        return Workshop(open_workspace(context.find_root().params.get("workspace"), new=False))
    except FactoryError:
        return None


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
