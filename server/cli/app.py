"""Put the command line together."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape

import factory
from factory.errors import FactoryError
from server.cli import data, dataset, demo, ledger, running, strategies, vault
from server.cli.screen import ERRORS, say

app = typer.Typer(
    name="random-forest-cat",
    help="A factory for machine-learned trading strategies. Without a command: serve MCP over stdio.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
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


COMMANDS: tuple[Callable[..., None], ...] = (
    running.serve,
    running.start,
    running.doctor,
    strategies.define,
    strategies.train,
    strategies.backtest,
    strategies.tune,
    strategies.rank,
    strategies.submit,
    strategies.forward,
    strategies.propose,
    strategies.show,
    strategies.cancel,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(data.app, name="data", help="Files of bars: fetch them, check them.")
app.add_typer(dataset.app, name="dataset", help="Datasets: build, list, show.")
app.add_typer(ledger.app, name="ledger", help="The record of every trial.")
app.add_typer(demo.app, name="demo", help="See what the probes catch.")
app.add_typer(vault.app, name="vault", help="Sealed looks: show, grant, retire.")


def run() -> None:
    """Run the command line; a mistake that can be mended is one line and exit status 1."""
    try:
        app()
    except FactoryError as error:
        ERRORS.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        sys.exit(1)
