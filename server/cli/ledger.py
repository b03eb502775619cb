"""Commands on the ledger."""

from contextlib import closing

import typer

from factory.core.errors import LedgerError
from factory.storage.workspace import Workspace
from server.cli.commands import answering, group
from server.cli.common import workshop_of, workspace_of
from server.cli.screen import conclude, say

app = group()


@app.callback()
def ledger() -> None:
    """Keep `verify` a subcommand although it is alone."""


@answering(app)
def verify(context: typer.Context) -> None:
    """Prove that nothing in the ledger was edited, dropped, reordered or cut off."""
    _restore_triggers(workspace_of(context))
    verification = workshop_of(context).verify()
    if not verification.ok:
        raise LedgerError(*verification.problems)
    head = verification.head
    conclude(
        f"whole: {verification.rows} rows, head {head.seq} {head.hash}",
        {"rows": verification.rows, "seq": head.seq, "hash": head.hash},
    )


def _restore_triggers(workspace: Workspace) -> None:
    """Put back what keeps rows as they were written, if it is gone and they prove whole: nothing else opens the ledger then."""
    from factory.ledger import Ledger
    from factory.tracking.strategy_files import read_anchors

    with closing(Ledger(workspace, guarded=False)) as ledger:
        restored = ledger.restore_triggers(read_anchors(workspace))
    if restored:
        say(f"triggers that keep rows as they were written were missing or altered, and are back: {', '.join(restored)}")
