"""Commands on the ledger."""

import typer

from factory.errors import LedgerError
from server.cli.common import workshop_of
from server.cli.screen import say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """Keep `verify` a subcommand although it is alone."""


@app.command()
def verify(context: typer.Context) -> None:
    """Prove that nothing in the ledger was edited, dropped, reordered or cut off."""
    found = workshop_of(context).verify()
    if not found.ok:
        raise LedgerError(*found.problems)
    say(f"whole: {found.rows} rows, head {found.head.seq} {found.head.hash}")
