"""Commands on people, who sign in to the pages."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factory.core.answers import table
from factory.core.times import iso
from server.cli.commands import answering, group, one_of
from server.cli.common import workspace_of
from server.cli.reviewer import read_secret
from server.cli.screen import conclude
from server.cli.screen import show as print_answer

if TYPE_CHECKING:
    from factory.people import People

app = group()


def _roles() -> tuple[str, ...]:
    from factory.people import ROLES

    return ROLES


Name = Annotated[str, typer.Argument(help="Small letters, digits, '.', '-', '_'.")]
Secret = Annotated[Path | None, typer.Option("--password-file", help="File with the password, instead of typing it.")]


@answering(app)
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="A viewer reads; a reviewer also decides.", **one_of(_roles))] = "viewer",
    secret: Secret = None,
) -> None:
    """Add a person who may sign in to the pages. The password is asked for, never an argument."""
    with closing(_open(context, new=True)) as people:
        people.add(name, role, _read_password(secret))
    conclude(f"{name} may sign in as {role}; `rfcat serve` prints the address", {"name": name, "role": role})


@answering(app, "list")
def list_(context: typer.Context) -> None:
    """List who may sign in."""
    with closing(_open(context)) as people:
        rows = [[one.name, one.role, iso(one.added // 1000 * 1000)] for one in people.list()]
    print_answer(table(("name", "role", "added"), rows))


@answering(app)
def password(context: typer.Context, name: Name, secret: Secret = None) -> None:
    """Give a person another password; whoever is signed in by that name is signed out."""
    with closing(_open(context)) as people:
        people.set_password(name, _read_password(secret))
    conclude(f"{name} has another password, and is signed out everywhere", {"name": name, "password": "changed"})


@answering(app)
def remove(context: typer.Context, name: Name) -> None:
    """Remove a person, who is signed out with it; what was decided stays in the ledger."""
    with closing(_open(context)) as people:
        people.remove(name)
    conclude(f"{name} may sign in no more", {"name": name, "removed": True})


def _read_password(secret: Path | None) -> str:
    from factory.people import SHORTEST

    return read_secret("password", secret, least=SHORTEST)


def _open(context: typer.Context, *, new: bool = False) -> "People":
    from factory.people import People

    return People(workspace_of(context, new=new))
