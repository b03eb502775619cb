"""Who conducts an exam: on sealed rows, or on validation's to find out how long one takes."""

import traceback
from collections.abc import Callable, Sequence
from typing import Any

import factory
from factory.flow import FittedPipeline
from factory.ledger import Entry
from factory.market.catalog import Catalog
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.pipeline.stored import find_pipeline
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from factory.vault import exam
from factory.vault.levels import level_of_last
from factory.vault.pools import ALPHA, JOINT, Claim, Look, read_looks


class Examiner:
    """Examines a look, and anew what the looks before it in its pool examined, for their joint level.

    Parameters
    ----------
    workspace : Workspace
        Whose pipelines.
    open_rows : callable
        Opens the rows of a dataset on which they are examined.
    every_mate : bool
        Whether earlier looks that failed late or by an error are examined too, as in a rehearsal: how long one takes may not
        tell which they are.
    """

    def __init__(self, workspace: Workspace, open_rows: Callable[[Workspace, str], Partition], *, every_mate: bool) -> None:
        self._workspace = workspace
        self._open_rows = open_rows
        self._every_mate = every_mate

    def examine(
        self, look: Entry, mates: Sequence[Look], pipeline: Pipeline, fitted: FittedPipeline, planned: exam.Plan
    ) -> dict[str, Any]:
        """Examine a look and return its report.

        Parameters
        ----------
        mates : sequence of Look
            Of :func:`mates_of`.
        """
        own, needed = float(look.payload["alpha"]), float(look.payload["n_min"])
        looks = [*self._before(look, mates), (self._examined(look, pipeline, fitted), own)]
        examined, level = looks[-1][0], own
        if len(looks) > 1:
            level = level_of_last([(one.frozen, its) for one, its in looks], look_seed(mates[0].entry))
        evidence = exam.unseen_evidence(looks, ALPHA)
        judged = exam.judge(examined, planned, fitted.base_rate, level, evidence, needed)
        return exam.report(examined, judged, level)

    def _examined(self, look: Entry, pipeline: Pipeline, fitted: FittedPipeline) -> exam.Examined:
        told = look.payload
        rows = self._open_rows(self._workspace, str(told["dataset"]))
        contract = Catalog(self._workspace).spec(str(told["dataset"])).contracts[pipeline.trade.contract]
        plan = float(told["information"]), float(told["paid"]), float(told["wager"])
        return exam.examine(pipeline, contract, fitted, rows, *plan, look_seed(look))

    def _before(self, look: Entry, mates: Sequence[Look]) -> list[tuple[exam.Examined, float]]:
        """Examine the looks before this one anew, with their own levels; none where each stands alone."""
        if look.payload["levels"] != JOINT or look.payload["passes"]:
            return []
        again = [(self._again(mate), float(mate.payload["alpha"])) for mate in mates]
        return [(examined, level) for examined, level in again if examined is not None]

    def _again(self, look: Look) -> exam.Examined | None:
        """Examine an earlier look anew.

        None where that is not what failed then, so that it keeps its own level.
        """
        if (look.verdict is None and not self._every_mate) or look.payload["version"] != factory.__version__:
            return None
        try:
            pipeline = find_pipeline(Store(self._workspace), str(look.payload["pipeline"]))
            if pipeline is None:
                return None
            fitted = exam.prepare(self._workspace, pipeline)
            return self._examined(look.entry, pipeline, fitted) if fitted.key == look.payload["artefact"] else None
        except Exception:
            # It failed by an error, then or now, or is not kept as it was.
            traceback.print_exc()
            return None


def earlier_looks(entries: Sequence[Entry], look: Entry) -> list[Look]:
    """Select the looks of the same pool that were spent before a look."""
    claims = {Claim(*plain) for plain in look.payload["claims"]}
    before = [one for one in read_looks(entries) if one.entry.seq < look.seq]
    return [one for one in before if any(a.meets(b) for a in one.claims for b in claims)]


def look_seed(look: Entry) -> int:
    """Derive the seed of a look's draws from the hash of its row, which nobody chooses."""
    return int(look.hash[:15], 16)
