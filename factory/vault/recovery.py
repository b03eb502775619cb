"""What a killed command has left: the next one finishes or undoes it, and until then it can be named."""

from collections.abc import Iterator
from functools import partial

from factory.core.times import iso, now_ms
from factory.ledger import Ledger, paired_files
from factory.market import staging
from factory.market.catalog import Catalog
from factory.storage.workspace import Workspace, find_leftovers
from factory.vault.pools import PENDING, RETIREMENT, SEAL_ROWS, read_looks


def recover(workspace: Workspace) -> None:
    """Finish or undo what a killed build has left: before each command, and at no cost where nothing was."""
    if not staging.is_begun(workspace):
        return
    ledger = Ledger(workspace)
    try:
        staging.recover(workspace, partial(ledger.append_once, RETIREMENT))
    finally:
        ledger.close()


def list_unfinished(workspace: Workspace, ledger: Ledger) -> list[str]:
    """List what killed commands have left, one line each, and what will become of it."""
    build = staging.unfinished(workspace)
    paired = paired_files.unfinished(workspace, ledger)
    return [
        *([build] if build else _unlike(workspace)),
        *([paired] if paired else []),
        *_pending(ledger),
        *_half_written(workspace),
    ]


def _unlike(workspace: Workspace) -> Iterator[str]:
    """List the datasets whose halves are not of one build."""
    from factory.market.seal_registry import stored_seals

    catalog = Catalog(workspace)
    opened = {name: catalog.spec(name).split.model_dump(mode="json") for name in catalog.names()}
    closed = {name: seal["split"] for name, seal in stored_seals(workspace)}
    for name in sorted({*opened, *closed}):
        if opened.get(name) != closed.get(name):
            yield f"dataset '{name}': its halves are not of one build; run `rfcat dataset build` with its file"


def _pending(ledger: Ledger) -> Iterator[str]:
    """List the looks that are being examined, or whose vault was killed."""
    now = now_ms()
    for look in read_looks(ledger.of_kinds(SEAL_ROWS)):
        if look.verdict is None and look.heard(now) == PENDING:
            yield f"{look.name}: no verdict yet; if its vault was killed, it has failed at {iso(-(-look.due // 1000) * 1000)}"


def _half_written(workspace: Workspace) -> Iterator[str]:
    for path in find_leftovers(workspace.root):
        yield f"{path.relative_to(workspace.root)}: half written; the next write in its folder removes it"
    for path in sorted(workspace.vault.rglob("*.part")):
        yield f"{path.relative_to(workspace.root)}: half downloaded; the next `rfcat data fetch` goes on with it"
