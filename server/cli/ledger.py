"""Commands on the ledger."""

import typer

from factory.core.errors import LedgerError
from server.cli.commands import acting, group
from server.cli.common import workshop_of
from server.cli.screen import say

app = group()


@app.callback()
def ledger() -> None:
    """Keep `verify` a subcommand although it is alone."""


@acting(app)
def verify(context: typer.Context) -> None:
    """Prove that nothing in the ledger was edited, dropped, reordered or cut off."""
    found = workshop_of(context).verify()
    if not found.ok:
        raise LedgerError(*found.problems)
    say(f"whole: {found.rows} rows, head {found.head.seq} {found.head.hash}")
