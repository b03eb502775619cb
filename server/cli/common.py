"""What several commands need."""

import getpass
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from factory.core.errors import FactoryError
from factory.storage.workspace import Workspace
from server.cli.references import complete_pipeline, resolve_or_derive
from server.cli.screen import bar, show
from server.cli.workspace import open_workspace

if TYPE_CHECKING:
    from factory.jobs import Jobs
    from factory.workshop import Workshop

Reference = Annotated[
    str,
    typer.Argument(
        help="Id or name of a pipeline, or a strategy file, which is defined first.", autocompletion=complete_pipeline
    ),
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="A change, such as meta.leaf=200; null deletes. May be repeated.")
]
Page = Annotated[int, typer.Option(min=1, help="Pages count from 1.")]


def workspace_of(context: typer.Context, *, new: bool = False) -> Workspace:
    """Open the workspace that was chosen on the command line; one is made there only by a command that begins work."""
    return open_workspace(context.obj, new=new)


def workshop_of(context: typer.Context, *, new: bool = False) -> "Workshop":
    """Open the workshop, writing down the person as the agent."""
    from factory.workshop import Workshop

    return Workshop(workspace_of(context, new=new), agent=_person())


def jobs_of(context: typer.Context) -> "Jobs":
    """Open the jobs of all servers of the workspace, as a context that is left when they have been seen."""
    from factory.jobs import Jobs

    return Jobs(workspace_of(context))


def perform(context: typer.Context, kind: str, title: str, **args: Any) -> dict[str, Any]:
    """Do heavy work in this process, under a progress bar."""
    from factory.tasks import perform

    given = {name: value for name, value in args.items() if value is not None}
    root = str(workspace_of(context).root)
    with bar(title) as report:
        return perform(root, kind, {**given, "agent": _person()}, report)


def perform_and_show(context: typer.Context, kind: str, pipeline: str, sets: Sequence[str] | None, **args: Any) -> None:
    """Do heavy work on a pipeline, or on the child that changes make of it, and print the answer."""
    chosen = resolve_or_derive(workshop_of(context), pipeline, changes_of(sets))
    show(perform(context, kind, f"{kind} {pipeline}", pipeline=chosen, **args))


def changes_of(sets: Sequence[str] | None) -> dict[str, Any] | None:
    """Read ``path=value`` pairs; a value is JSON where it can be, else text.

    Raises
    ------
    FactoryError
        If one has no ``=``.
    """
    changes: dict[str, Any] = {}
    for pair in sets or ():
        path, equals, value = pair.partition("=")
        if not equals:
            raise FactoryError(f"--set: '{pair}' has no '='; write for example meta.leaf=200")
        try:
            changes[path] = json.loads(value)
        except ValueError:
            changes[path] = value
    return changes or None


def read_keys(option: str, text: str, example: str) -> dict[str, Any]:
    """Read an option that holds a mapping in YAML, every scalar as it was typed.

    Raises
    ------
    FactoryError
        If it is none; with an example of one.
    """
    from factory.core import plainyaml

    mend = f"write for example {option} '{example}'"
    try:
        keys = plainyaml.read(text)
    except ValueError as error:
        raise FactoryError(f"{option}: {error}; {mend}") from None
    if not isinstance(keys, dict):
        raise FactoryError(f"{option}: '{text}' holds no keys; {mend}")
    return keys


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # the last on Windows, without a name in the environment
        return "person"
