"""The face of the factory: what the MCP tools, the pages and the command line all call.

It holds no work of its own: what is known is the tracker's, what is told of it the views', what is heavy the tasks'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from factory.core.answers import Answer, round_answer
from factory.ledger import Verification
from factory.pipeline import Pipeline
from factory.tasks import frame_plan
from factory.tracking import Tracker
from factory.tracking.binding import bind_all_shipped
from factory.tracking.strategy_files import read_anchors
from factory.vault.pools import SEAL_ROWS
from factory.views import listing, trials
from factory.views.definitions import definition_answer
from factory.views.looks import look_status
from factory.views.proposals import propose
from factory.views.show import show


class Workshop(Tracker):
    """One user's factory: the tracker of a workspace, with answers about it."""

    def describe(self, dataset: str | None = None) -> Answer:
        """List the datasets: series, columns, spans, contracts, splits, looks left; one in full when it is named or alone."""
        return round_answer(listing.market_answer(self.catalog, self.ledger, dataset))

    def list_features(
        self, family: str | None = None, search: str | None = None, part: str | None = None, page: int = 1
    ) -> Answer:
        """List operators and recipes by family or search, or the building blocks of another stage."""
        return round_answer(listing.features_answer(family, search, part, page, next(bind_all_shipped(self.catalog), None)))

    def show(
        self,
        what: str = "leaderboard",
        by: str | None = None,
        page: int = 1,
        dataset: str | None = None,
        reader: str | None = None,
    ) -> Answer:
        """Show a pipeline, several to compare, a run, the datasets, or of one or all: the leaderboard, the trials, the ledger.

        With a reader, an agent, what others wrote in words of their own is left out.
        """
        return round_answer(show(self, what, by, page, dataset, reader))

    def define(
        self, spec: Mapping[str, Any] | str | None = None, parent: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Answer:
        """Check a pipeline and keep it; see :meth:`Tracker.store_definition` and :func:`definition_answer`."""
        return definition_answer(self, self.store_definition(spec, parent, changes))

    def find_trial(self, pipeline: Pipeline, why: str = "") -> Answer | None:
        """Find the answer about a pipeline's trial on these data, or None; a new reason may explain its warnings."""
        return trials.find_trial(self, pipeline, why)

    def verify(self) -> Verification:
        """Verify the ledger with its looks and reviews, against the anchors in the vault and in strategy files."""
        from factory.review.audit import audit_reviews
        from factory.vault.audit import audit

        verification = self.ledger.verify(read_anchors(self.workspace))
        if not verification.ok:
            return verification
        problems = (*audit(self.workspace, self.ledger.of_kinds(SEAL_ROWS)), *audit_reviews(self.ledger))
        return replace(verification, problems=problems)

    def frames(
        self, dataset: str | None = None, validation: bool = False, features: Sequence[str] = (), pipeline: str | None = None
    ) -> frame_plan.Frames:
        """Plan what a call of an agent's own code is to see; see :func:`factory.tasks.frame_plan.frames`."""
        return frame_plan.plan_frames(self, dataset, validation, features, pipeline)

    def record_validation_access(self, frames: frame_plan.Frames, code: str) -> None:
        """Record, before it runs, that code is about to see validation; see :mod:`factory.tasks.frame_plan`."""
        frame_plan.record_validation_access(self, frames, code)

    def log_code_call(
        self, frames: frame_plan.Frames, code: str, *, seconds: float, tokens: int, limit: str | None, output: str | None
    ) -> str:
        """Log a call of an agent's own code and return its id, under which :meth:`show` pages the output that was kept."""
        return frame_plan.log_code_call(self, frames, code, seconds=seconds, tokens=tokens, limit=limit, output=output)

    def look_status(self, look: str) -> Answer:
        """Say what may be told of a look: PASS, FAIL, or when its verdict comes."""
        return look_status(self, look)

    def propose(self, pipeline: str, why: str) -> Answer:
        """Record a proposal and write its strategy file, with its provenance, for a person to review."""
        return propose(self, pipeline, why)
