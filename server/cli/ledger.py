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
    _restore(workspace_of(context))
    verification = workshop_of(context).verify()
    if not verification.ok:
        raise LedgerError(*verification.problems)
    head = verification.head
    conclude(
        f"whole: {verification.rows} rows, head {head.seq} {head.hash}",
        {"rows": verification.rows, "seq": head.seq, "hash": head.hash},
    )


def _restore(workspace: Workspace) -> None:
    """Put back what is wrong beside rows that prove whole: their counts, and what keeps them as they were written.

    Without these nothing else opens the ledger, or reads it.
    """
    from factory.ledger import Ledger
    from factory.tracking.strategy_files import read_anchors

    with closing(Ledger(workspace, guarded=False)) as ledger:
        anchors = read_anchors(workspace)
        counted, restored = ledger.restore_counts(anchors), ledger.restore_triggers(anchors)
    for dataset in counted:
        say(f"counts of {dataset} were damaged or edited, and are made anew from its rows")
    if restored:
        say(f"triggers that keep rows as they were written were missing or altered, and are back: {', '.join(restored)}")
