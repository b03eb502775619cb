"""Strategy files: what a person is given to review, and what anchors the ledger outside itself."""

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import factory
from factory.core.answers import Answer, round_answer
from factory.core.errors import LedgerError, PipelineError
from factory.core.settings import PlaceSettings
from factory.core.times import iso, now_ms
from factory.ledger import Position
from factory.pipeline import Pipeline, read_provenance, render
from factory.storage.workspace import Workspace, write_new
from factory.vault.pools import SEAL_ROWS, read_looks

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

PROPOSED = Path("strategies", "proposed")
"""Of a checkout."""
SHOWN = (
    "win_rate",
    "win_interval",
    "break_even",
    "mean_net",
    "trades",
    "auc",
    "sharpe",
    "sharpe_error",
    "return",
    "drawdown",
    "p_value",
    "sides",
    "decisions",
    "twins",
    "twins_show",
    "units",
)


def make_provenance(tracker: "Tracker", pipeline: Pipeline, scored: Answer, why: str) -> Answer:
    """Write the provenance of a strategy file: who, when, why, after how many trials, with what scores."""
    return round_answer(
        {
            "id": pipeline.id,
            "parent": tracker.parent(pipeline.id),
            "by": tracker.agent,
            "at": iso(now_ms() // 1000 * 1000),
            "why": " ".join(why.split()),
            "version": factory.__version__,
            "workspace": tracker.workspace.id,
            "data": {
                "name": tracker.data_text(pipeline.data),
                "fingerprint": tracker.catalog.fingerprint(pipeline.data, "validation")[:12],
            },
            "ledger": {
                "trial": scored["trial"],
                "trials_on_these_data": tracker.ledger.counts(pipeline.data).trials,
                "head": tracker.ledger.position().short,
            },
            "scores": {key: scored[key] for key in SHOWN if key in scored},
            "reading": scored["reading"],
            "price": scored.get("price"),
            "sealed": list_verdicts(tracker, pipeline) or None,
        }
    )


def list_verdicts(tracker: "Tracker", pipeline: Pipeline) -> list[Answer]:
    """List the sealed looks that were spent on a pipeline, as an agent may know them."""
    now = now_ms()
    looks = [one for one in read_looks(tracker.ledger.of_kinds(SEAL_ROWS)) if one.payload["pipeline"] == pipeline.id]
    return [
        {
            "look": f"{one.payload['look']} of {one.payload['looks']}",
            "verdict": one.heard(now),
            "grade": one.payload["grade"],
            "price": one.payload.get("price"),
            "model": one.payload["model"],
            "cutoff": one.payload["cutoff"],
        }
        for one in looks
    ]


def write_strategy(tracker: "Tracker", pipeline: Pipeline, scored: Answer, why: str) -> Path:
    """Write the strategy file of a scored pipeline; an earlier one stays, and the new one is numbered.

    Raises
    ------
    PipelineError
        If no reason is given.
    """
    if not any(sign.isalnum() for sign in why):
        raise PipelineError("why: empty; say in a sentence why a person should look at it")
    folder = proposals_folder(tracker.workspace)
    text = render(pipeline, make_provenance(tracker, pipeline, scored, why))
    names = (f"{pipeline.pipeline}-{pipeline.id}{f'-{number}' if number > 1 else ''}.yaml" for number in count(1))
    return next(path for path in (folder / name for name in names) if write_new(path, text))


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
