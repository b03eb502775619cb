"""What one workspace knows: its datasets, its pipelines and its ledger."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import factory
from factory.core import canonical
from factory.core.answers import Answer, pluralize, round_answer
from factory.core.errors import DataError, PipelineError, did_you_mean
from factory.core.foreign import shorten
from factory.core.names import SLUG_LENGTH
from factory.core.times import now_ms
from factory.ledger import Entry, Ledger, paired_files
from factory.market.catalog import NONE_BUILT, Catalog
from factory.pipeline import Facts, Pipeline, check_pipeline, describe_idea, parse, remember_pipeline
from factory.storage.store import Run, Store
from factory.storage.workspace import Workspace
from factory.tracking import naming
from factory.tracking.explanations import record_explanation
from factory.tracking.strategy_files import proposals_folder
from factory.vault.pools import SEAL_ROWS, Pool, find_pool
from factory.vault.recovery import recover

CHANGE = 500
"""Characters that a trial's row says of how it differs from its parent."""
KEPT_DIGITS = 10
"""Of the figures of a trial in the ledger: what is computed of them later is as exact as what was computed with them."""


class Definition(NamedTuple):
    """A pipeline that was checked and kept.

    Parameters
    ----------
    pipeline : Pipeline
    origin : Pipeline or None
        What it was changed from.
    facts : Facts
        What the check found.
    renamed : str or None
        What its author is to be told of its name.
    """

    pipeline: Pipeline
    origin: Pipeline | None
    facts: Facts
    renamed: str | None


class Tracker:
    """Datasets, stored pipelines and ledger of a workspace. What a killed command has left there is finished or undone first.

    Parameters
    ----------
    workspace : Workspace
        Where datasets, trials and artefacts are kept.
    agent : str
        Who is working; written into the ledger with every trial.
    ledger, store : Ledger, Store, optional
        Open ones of the workspace, for one of many trackers; default: its own, opened when needed.
    """

    def __init__(
        self, workspace: Workspace, agent: str = "unknown", ledger: Ledger | None = None, store: Store | None = None
    ) -> None:
        self.workspace = workspace
        self.agent = agent
        self._ledger, self._store = ledger, store
        recover(workspace)
        if paired_files.is_planned(workspace):
            paired_files.recover(workspace, self.ledger, proposals_folder(workspace))

    @cached_property
    def catalog(self) -> Catalog:
        """The datasets."""
        return Catalog(self.workspace)

    @cached_property
    def ledger(self) -> Ledger:
        """Every trial that anyone made."""
        return self._ledger or Ledger(self.workspace)

    @cached_property
    def store(self) -> Store:
        """Pipelines and runs by id."""
        return self._store or Store(self.workspace)

    # -- datasets --------------------------------------------------------

    def dataset(self, name: str | None) -> str:
        """Return the named dataset, or the only one.

        Raises
        ------
        DataError
            If it is unknown, or none is named among several.
        """
        names = self.catalog.names()
        if name is None and len(names) != 1:
            raise DataError(f"dataset: not named; {did_you_mean('', names)}" if names else f"dataset: {NONE_BUILT}")
        chosen = name or names[0]
        self.catalog.meta(chosen)
        return chosen

    def data_text(self, name: str) -> str:
        """Write a dataset's name, with "simulated" wherever it is."""
        return f"{name} (simulated)" if self.catalog.meta(name).get("simulated") else name

    def score_key(self, pipeline: Pipeline) -> str:
        """Compute the hash of what a pipeline's score depends on: the rows, and the contract at its present costs."""
        return self.catalog.score_key(pipeline.data, pipeline.trade.contract, pipeline.targets, pipeline.contracts[1:])

    def pool(self, data: str) -> Pool:
        """Find the pool of sealed looks that a dataset draws on."""
        return find_pool(self.ledger.of_kinds(SEAL_ROWS), self.catalog.spec(data), now_ms())

    def ledger_summary(self, data: str) -> str:
        """Say in one line where the ledger stands for a dataset."""
        counts, few = self.ledger.counts(data), ""
        if counts.trials > 1:
            few = f" (about {self.ledger.independent(data):.0f} independent)"
        return f"{pluralize(counts.trials, 'trial')}{few}, {counts} on {data}; {self.pool(data).outlook}"

    # -- pipelines -------------------------------------------------------

    def resolve(self, reference: str) -> Pipeline:
        """Find a pipeline by id, or by a name that means one; see :func:`factory.tracking.naming.resolve`.

        Raises
        ------
        PipelineError
            If there is none, or the name means several.
        """
        return naming.resolve(self.store, self.catalog, reference)

    def resolve_or_derive(
        self, pipeline: str | None = None, parent: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> str:
        """Return the id of a named pipeline, or of the child that a parent and changes make; the child is kept."""
        if pipeline and parent:
            raise PipelineError("pipeline: came with a parent; give one of them, and changes if you want a child")
        if pipeline and not changes:
            return self.resolve(pipeline).id
        child, origin = self._written(None, parent or pipeline, changes)
        self.check(child)
        self._keep_defined(child, origin)
        return child.id

    def require_trial(self, pipeline: str) -> str:
        """Return the id of a pipeline that is a trial already: what looks at validation beyond a score takes no other.

        Raises
        ------
        PipelineError
            If it is unknown, or not scored yet.
        """
        chosen = self.resolve(pipeline)
        if self.find_entry(chosen) is None:
            raise PipelineError(f"pipeline: {chosen.id} is no trial yet; backtest it first, or rank expressions on train")
        return chosen.id

    def _written(
        self, spec: Mapping[str, Any] | str | None, parent: str | None, changes: Mapping[str, Any] | None
    ) -> tuple[Pipeline, Pipeline | None]:
        if spec is not None and (parent or changes):
            raise PipelineError("spec: came with parent or changes; give a whole spec, or a parent and changes")
        if spec is not None:
            return parse(spec), None
        if not parent or not changes:
            raise PipelineError("define: give a whole spec, or a parent (id or name) and changes such as {'meta.leaf': 200}")
        origin = naming.resolve(self.store, self.catalog, parent, changes)
        return origin.changed(dict(changes)), origin

    def store_definition(
        self, spec: Mapping[str, Any] | str | None = None, parent: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Definition:
        """Check a pipeline and keep it: a whole spec, or a parent and what changes.

        Raises
        ------
        PipelineError
            One line a mistake; nothing is kept.
        """
        pipeline, origin = self._written(spec, parent, changes)
        facts = self.check(pipeline)
        return Definition(pipeline, origin, facts, self._keep_defined(pipeline, origin))

    def _keep_defined(self, pipeline: Pipeline, origin: Pipeline | None) -> str | None:
        """Keep a checked pipeline under its name, if it is free; return what its author is to be told of the name."""
        renames = origin is None or origin.pipeline != pipeline.pipeline
        told = naming.claim_name(self.store, pipeline, self.agent) if renames else None
        self._put(pipeline, origin.id if origin else None)
        return told

    def adopt(self, pipeline: Pipeline, parent: str | None = None) -> Facts:
        """Check a pipeline against its dataset and keep it."""
        facts = self.check(pipeline)
        self._put(pipeline, parent)
        return facts

    def keep_shipped(self, pipeline: Pipeline) -> None:
        """Keep a shipped strategy that is used for the first time, so that all who know its id alone can find it."""
        if self.store.pipeline(pipeline.id) is None:
            self._put(pipeline, None)

    def known_as(self, pipeline: Pipeline) -> str | None:
        """Return the name that a pipeline had before, where it is another: the same parts are the same pipeline."""
        known = naming.find_first_text(self.store, pipeline).pipeline
        return known if known != pipeline.pipeline else None

    def _put(self, pipeline: Pipeline, parent: str | None) -> None:
        kept = naming.find_first_text(self.store, pipeline, parent)
        self.store.put_pipeline(
            kept.id, kept.pipeline, remember_pipeline(kept), kept.data, parent if parent != kept.id else None
        )

    def check(self, pipeline: Pipeline) -> Facts:
        """Check a pipeline against its dataset as it is now.

        Raises
        ------
        PipelineError
            One line a mistake.
        """
        return check_pipeline(pipeline, self.catalog.spec(pipeline.data), self.catalog.meta(pipeline.data))

    def find_parent(self, id: str) -> Pipeline | None:
        """Find the pipeline that another was changed from, if it was and is still known."""
        return naming.find_parent(self.store, self.catalog, id)

    def parent(self, id: str) -> str | None:
        """Return the id of the pipeline that another was changed from, if it was."""
        row = self.store.pipeline(id)
        return row.parent if row else None

    # -- trials and runs -------------------------------------------------

    def find_entry(self, pipeline: Pipeline, why: str = "") -> Entry | None:
        """Find the trial of a pipeline on these data, or None; a new reason may explain its warnings."""
        entry = self.ledger.find_trial(pipeline.id, self.score_key(pipeline))
        if entry is not None:
            record_explanation(self.store, (self.agent, self.score_key(pipeline)), pipeline, entry.payload, why)
        return entry

    def record_trial(
        self, pipeline: Pipeline, outcome: Answer, *, model: str, why: str, daily: Sequence[float]
    ) -> tuple[Entry, bool]:
        """Write a trial with its figures into the ledger.

        Returns
        -------
        Entry
            If the same trial got there first, that one.
        bool
            Whether it is new.
        """
        payload = {
            "name": pipeline.pipeline,
            "idea": describe_idea(pipeline),
            "contract": shorten(" + ".join(pipeline.contracts), SLUG_LENGTH),
            "parent": self.parent(pipeline.id),
            "family": self._find_root(pipeline.id),
            "changed": self._tell_change(pipeline),
            "agent": self.agent,
            "why": why,
            "model": model,
            "version": factory.__version__,
            **round_answer(outcome, KEPT_DIGITS),
            "daily": [float(f"{net:.{KEPT_DIGITS}g}") for net in daily],
        }
        _, new = self.ledger.trial(pipeline.id, pipeline.data, self.score_key(pipeline), payload)
        entry = self.find_entry(pipeline, why)
        assert entry is not None, "it was just written"
        return entry, new

    def _find_root(self, id: str) -> str:
        """Find what a pipeline was changed from first, or its parent, or that one's."""
        while (parent := self.parent(id)) is not None:
            id = parent
        return id

    def _tell_change(self, pipeline: Pipeline) -> str | None:
        change = naming.describe_change(self.store, self.catalog, pipeline.id)
        return shorten(change, CHANGE) if change else None

    def find_run(self, pipeline: Pipeline, kind: str) -> Run | None:
        """Find what was kept of one kind of work on a pipeline and today's data."""
        return self.store.find_run(self.run_id(pipeline, kind))

    def run_id(self, pipeline: Pipeline, kind: str) -> str:
        """Compute the id of a run: the same work on the same data has the same."""
        return canonical.short_id([kind, pipeline.id, self.score_key(pipeline)])

    def store_run(self, pipeline: Pipeline, kind: str, result: Answer) -> Answer:
        """Keep the result of a run and return it rounded."""
        kept = round_answer(result)
        self.store.put_run(self.run_id(pipeline, kind), pipeline.id, kind, pipeline.data, kept)
        return kept

    def count_exploration(self, pipeline: Pipeline, what: str) -> None:
        """Count a score made without validation; the same one again, as after a kill, counts nothing."""
        subject = canonical.digest([what, pipeline.id, self.score_key(pipeline)])
        payload = {"pipeline": pipeline.id, "agent": self.agent, "what": what, "subject": subject}
        self.ledger.append_once("exploration", {**payload, "dataset": pipeline.data, "count": 1})

    def count_validation_exploration(self, pipeline: Pipeline, what: str, count: int) -> int:
        """Count figures made of validation beside a trial's score; the same ones again count nothing.

        Returns
        -------
        int
            What they count in the ledger, whoever looked first.
        """
        payload = {"pipeline": pipeline.id, "agent": self.agent, "what": what}
        looked_at = f"{what} of {pipeline.id}"
        data, key = pipeline.data, self.score_key(pipeline)
        position, is_new = self.ledger.validation_exploration(data, looked_at, key, payload, count)
        row = None if is_new else self.ledger.find_row(position.seq)
        return int(row.payload["count"]) if row else count
