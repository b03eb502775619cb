"""Put the command line together."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer import rich_utils
from typer.core import TyperGroup
from typer.exceptions import TyperException

import factory
from factory.core.errors import FactoryError
from server.cli import card, data, dataset, demo, ledger, listing, live, person, review, running, strategies, vault
from server.cli.commands import SETTINGS, acting, answering
from server.cli.screen import COLORS, degrade_plainly, fail, say

rich_utils.COLOR_SYSTEM = COLORS
app = typer.Typer(
    name="random-forest-cat",
    help="A factory for machine-learned trading strategies. Without a command: serve MCP over stdio.",
    epilog="Exit status: 0 done; 1 refused or failed, said on standard error; 2 not understood; 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    context_settings=SETTINGS,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        say(factory.__version__)
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    workspace: Annotated[
        str | None, typer.Option(help="Folder of data and trials; default: RFCAT_WORKSPACE, else yours.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version and stop.")
    ] = False,
) -> None:
    """Keep the choice of workspace for the command."""
    context.obj = workspace


def help_(
    context: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(help="A command, such as: dataset build. Default: all.")] = None,
) -> None:
    """Show what a command takes."""
    assert context.parent is not None
    target, about = context.parent.command, context.parent
    for word in command or ():
        within = target.get_command(about, word) if isinstance(target, TyperGroup) else None
        if within is None:
            raise typer.BadParameter(f"'{word}' is no command of '{about.command_path}'")
        about = typer.Context(within, parent=about, info_name=word)
        target = within
    typer.echo(target.get_help(about), nl=False)


COMMANDS: tuple[Callable[..., None], ...] = (
    running.start,
    running.doctor,
    listing.features,
    strategies.define,
    strategies.train,
    strategies.backtest,
    strategies.tune,
    strategies.rank,
    strategies.submit,
    strategies.forward,
    strategies.replay,
    live.live,
    strategies.propose,
    review.approve,
    review.reject,
    review.retire,
    review.verify,
    strategies.show,
    card.card,
    card.cusum,
    strategies.cancel,
)
acting(app)(running.serve)
for one in COMMANDS:
    answering(app)(one)
acting(app, "help")(help_)
app.add_typer(data.app, name="data", help="Market data: fetch and check bars, record order books.")
app.add_typer(dataset.app, name="dataset", help="Datasets: init, build, list, show.")
app.add_typer(ledger.app, name="ledger", help="The record of every trial.")
app.add_typer(review.app, name="review", help="What was proposed: list; keys to verify what was approved.")
app.add_typer(demo.app, name="demo", help="See what the probes catch.")
app.add_typer(person.app, name="person", help="Who may sign in to the pages: add, list, password, remove.")
app.add_typer(vault.app, name="vault", help="Sealed looks: show, grant, retire.")


def run() -> None:
    """Run the command line and end the process.

    Exit status 1: a mistake that can be mended, told in a line each; 2: a
    command that was not understood; 130: stopped by Ctrl-C.
    """
    degrade_plainly()
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # Whoever read the output has had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _tell_misplaced(error: TyperException) -> str | None:
    """Say where an option of the whole program goes that came after a command; None for any other mistake."""
    name, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if context is None or context.parent is None:
        return None
    root = context.find_root()
    of_all = [one for one in root.command.params if name in one.opts]
    if not of_all:
        return None
    value = "" if getattr(of_all[0], "is_flag", False) else f" {(of_all[0].name or '').upper()}"
    return f"{name} goes before the command: rfcat {name}{value}{context.command_path.removeprefix(root.command_path)}"


def _run() -> int:
    try:
        return app(standalone_mode=False) or 0
    except FactoryError as error:
        fail(str(error))
        return 1
    except TyperException as error:
        context = getattr(error, "ctx", None)
        if told := error.format_message():  # Else it was help, which is printed already.
            fail(told.replace("Value error, ", ""))
            fail(_tell_misplaced(error) or (f"see: {context.command_path} -h" if context else "see: rfcat help"))
        return error.exit_code
    except typer.Abort:
        fail("stopped: nothing was typed")
        return 1
