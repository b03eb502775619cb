"""Strategy files: what a person is given to review, and what anchors the ledger outside itself."""

from pathlib import Path

import factory
from factory.core.errors import LedgerError, PipelineError
from factory.core.settings import PlaceSettings
from factory.ledger import Position
from factory.pipeline import read_provenance
from factory.storage.workspace import Workspace

PROPOSED = Path("strategies", "proposed")
"""Of a checkout."""


def proposals_folder(workspace: Workspace) -> Path:
    """Find where strategy files go.

    ``RFCAT_PROPOSALS``, else ``strategies/proposed`` of the checkout that this process was started in, else the workspace.
    """
    chosen, project = PlaceSettings.read().proposals, _checkout()
    if chosen:
        return Path(chosen).expanduser()
    return project / PROPOSED if project and Path.cwd().is_relative_to(project) else workspace.root / "proposed"


def _checkout() -> Path | None:
    project = Path(factory.__file__).resolve().parents[1]
    return project if (project / "pyproject.toml").is_file() else None


def read_anchors(workspace: Workspace) -> list[Position]:
    """Read the heads of this workspace's ledger that its strategy files keep, wherever they may have been written.

    Raises
    ------
    LedgerError
        If a strategy file cannot be read.
    """
    project, heads = _checkout(), []
    folders = {workspace.root / "proposed", proposals_folder(workspace), *([project / PROPOSED] if project else [])}
    for path in sorted(path for folder in folders for path in folder.glob("*.yaml")):
        try:
            told = read_provenance(path.read_text(encoding="utf-8"))
            if told.get("workspace") == workspace.id:
                seq, _, prefix = told["ledger"]["head"].partition(":")
                heads.append(Position(int(seq), prefix))
        except (PipelineError, KeyError, TypeError, AttributeError, ValueError):
            raise LedgerError(f"{path.name}: the ledger's head in it cannot be read; restore the file, or remove it") from None
    return heads
