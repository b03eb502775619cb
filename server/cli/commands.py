"""What all commands have in common: ways to print, checked choices, a short ``-h``."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from factory.core.errors import did_you_mean
from server.cli.screen import print_as

SETTINGS = {"help_option_names": ["-h", "--help"]}


Register = Callable[[Callable[..., None]], Callable[..., None]]


def group() -> typer.Typer:
    """Make a group of commands."""
    return typer.Typer(no_args_is_help=True, context_settings=SETTINGS)


def answering(app: typer.Typer, name: str | None = None) -> Register:
    """Make a function that shows an answer a command of a group; the answer may be had as JSON or CSV."""
    register = app.command(name, context_settings=SETTINGS)

    def add(function: Callable[..., None]) -> Callable[..., None]:
        register(_with_forms(function))
        return function

    return add


def acting(app: typer.Typer, name: str | None = None) -> Register:
    """Make a function that only says what it did a command of a group."""
    return app.command(name, context_settings=SETTINGS)


def one_of(names: Callable[[], Iterable[str]]) -> dict[str, Any]:
    """Make the settings of a parameter that takes one of some names.

    Others end with status 2, and shells complete the names.

    Parameters
    ----------
    names : callable
        Gives the names when they are needed.
    """
    return {"callback": lambda value: require(value, names()), "autocompletion": lambda: list(names())}


def require(value: str | None, allowed: Iterable[str]) -> str | None:
    """Return a value that is one of those allowed, in whatever case it came, or None where none is given.

    Raises
    ------
    BadParameter
        If it is another; the process ends with status 2.
    """
    known = list(allowed)
    if value is None or value in known:
        return value
    match = next((one for one in known if one.lower() == value.lower()), None)
    if match is None:
        raise typer.BadParameter(f"'{value}' unknown; {did_you_mean(value, known, most=len(known))}")
    return match


def _with_forms(function: Callable[..., None]) -> Callable[..., None]:
    """Add two flags to a function, which it does not hear of."""

    @functools.wraps(function)
    def command(*given: Any, as_json: bool, as_csv: bool, **named: Any) -> None:
        if as_json and as_csv:
            raise typer.BadParameter("--json and --csv: an answer has one form; give one of them")
        print_as("json" if as_json else "csv" if as_csv else "text")
        function(*given, **named)

    kind = inspect.Parameter.KEYWORD_ONLY
    flags = [inspect.Parameter(name, kind, default=False, annotation=flag) for name, flag in FORMS.items()]
    own = inspect.signature(function)
    command.__signature__ = own.replace(parameters=[*own.parameters.values(), *flags])  # type: ignore[attr-defined]
    command.__annotations__ = {**function.__annotations__, **{flag.name: flag.annotation for flag in flags}}
    return command


FORMS = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")],
    "as_csv": Annotated[bool, typer.Option("--csv", help="Print the answer's table as CSV.")],
}
