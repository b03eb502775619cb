"""The face of the factory: what the MCP tools, the pages and the command line all call.

Light work is done here at once and imports nothing heavy; training, scoring,
searching, ranking and making frames are :func:`perform`'s, in this process or
in a worker.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import factory
from factory import framing, listing, naming, showing
from factory.binding import all_bound
from factory.core import canonical
from factory.core.answers import Answer, counted, tidy
from factory.core.errors import DataError, FactoryError, PipelineError, did_you_mean
from factory.core.progress import Progress, silent
from factory.core.times import now_ms, to_duration
from factory.explained import record_explanation
from factory.expressions.keys import column_key
from factory.ledger import Entry, Ledger, Run, Store, Verification
from factory.market.catalog import NONE_BUILT, Catalog
from factory.pipeline import Facts, Pipeline, check, describe_idea, diff, parse, remember
from factory.proposing import anchors, propose
from factory.storage.workspace import Workspace
from factory.vault.pools import SEAL_ROWS, Pool, pool_of
from factory.vault.recovery import recover

KEPT_DIGITS = 10
"""Of the figures of a trial in the ledger: what is computed of them later is as exact as what was computed with them."""
PRELOAD = ("factory.work",)
"""What a worker imports before its first job."""


class Workshop:
    """One user's factory. What a killed command has left in the workspace is finished or undone first.

    Parameters
    ----------
    workspace : Workspace
        Where datasets, trials and artefacts are kept.
    agent : str
        Who is working; written into the ledger with every trial.
    ledger, store : Ledger, Store, optional
        Open ones of the workspace, for one of many workshops; default: its own, opened when needed.
    """

    def __init__(
        self, workspace: Workspace, agent: str = "unknown", ledger: Ledger | None = None, store: Store | None = None
    ) -> None:
        self.workspace = workspace
        self.agent = agent
        self._ledger, self._store = ledger, store
        recover(workspace)

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

    def dataset(self, name: str | None) -> str:
        """The named dataset, or the only one.

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

    # -- looking ---------------------------------------------------------

    def describe(self, dataset: str | None = None) -> Answer:
        """Datasets: series, columns, spans, contracts, splits, looks left; one in full when it is named or alone."""
        return tidy(listing.market(self.catalog, self.ledger, dataset))

    def list_features(
        self, family: str | None = None, search: str | None = None, part: str | None = None, page: int = 1
    ) -> Answer:
        """Operators and recipes by family or search, or the building blocks of another stage."""
        return tidy(listing.features(family, search, part, page, next(all_bound(self.catalog), None)))

    def show(
        self,
        what: str = "leaderboard",
        by: str | None = None,
        page: int = 1,
        dataset: str | None = None,
        reader: str | None = None,
    ) -> Answer:
        """A pipeline or two to compare, a run, the datasets, or of one or all: the leaderboard, the trials, the ledger.

        With a reader, an agent, what others wrote in words of their own is left out.
        """
        return tidy(showing.show(self, what, by, page, dataset, reader))

    # -- defining --------------------------------------------------------

    def define(
        self, spec: Mapping[str, Any] | str | None = None, parent: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Answer:
        """Check a pipeline and keep it: a whole spec, or a parent and what changes.

        Returns
        -------
        dict
            The id, what differs from the parent, look-backs, warnings, and
            how many feature columns are already cached.

        Raises
        ------
        PipelineError
            One line a mistake; nothing is kept.
        """
        pipeline, origin = self._written(spec, parent, changes)
        facts = self.check(pipeline)
        renamed = self._keep_defined(pipeline, origin)
        cached = sum(self._is_cached(pipeline, text) for text in pipeline.features.values())
        return tidy(
            {
                "pipeline": pipeline.id,
                "known_as": self._known_as(pipeline),
                "data": self.data_text(pipeline.data),
                "changed": diff(origin, pipeline) if origin else None,
                "look_back": {name: to_duration(ms) for name, ms in facts.look_back.items()},
                "label_span": to_duration(facts.label_span),
                "warnings": [*facts.warnings, *([renamed] if renamed else [])] or None,
                "cached": f"{cached} of {len(pipeline.features)} feature columns",
                "scored": self.known(pipeline) is not None,
            }
        )

    def settle(self, pipeline: str | None = None, parent: str | None = None, changes: Mapping[str, Any] | None = None) -> str:
        """The id of a named pipeline, or of the child that a parent and changes make; the child is kept."""
        if pipeline and parent:
            raise PipelineError("pipeline: came with a parent; give one of them, and changes if you want a child")
        if pipeline and not changes:
            return self.resolve(pipeline).id
        child, origin = self._written(None, parent or pipeline, changes)
        self.check(child)
        self._keep_defined(child, origin)
        return child.id

    def _keep_defined(self, pipeline: Pipeline, origin: Pipeline | None) -> str | None:
        """Keep a checked pipeline under its name, if it is free; what its author is to be told of the name."""
        renames = origin is None or origin.pipeline != pipeline.pipeline
        told = naming.claim(self.store, pipeline, self.agent) if renames else None
        self._put(pipeline, origin.id if origin else None)
        return told

    def scored(self, pipeline: str) -> str:
        """The id of a pipeline that is a trial already: what looks at validation beyond a score takes no other.

        Raises
        ------
        PipelineError
            If it is unknown, or not scored yet.
        """
        chosen = self.resolve(pipeline)
        if self.known(chosen) is None:
            raise PipelineError(f"pipeline: {chosen.id} is no trial yet; backtest it first, or rank expressions on train")
        return chosen.id

    def adopt(self, pipeline: Pipeline, parent: str | None = None) -> Facts:
        """Check a pipeline against its dataset and keep it."""
        facts = self.check(pipeline)
        self._put(pipeline, parent)
        return facts

    def keep_shipped(self, pipeline: Pipeline) -> None:
        """Keep a shipped strategy that is used for the first time, so that all who know its id alone find it."""
        if self.store.pipeline(pipeline.id) is None:
            self._put(pipeline, None)

    def _known_as(self, pipeline: Pipeline) -> str | None:
        """The name that a pipeline had before, where it is another: the same parts are the same pipeline."""
        known = naming.first_words(self.store, pipeline).pipeline
        return known if known != pipeline.pipeline else None

    def _put(self, pipeline: Pipeline, parent: str | None) -> None:
        kept = naming.first_words(self.store, pipeline, parent)
        self.store.put_pipeline(kept.id, kept.pipeline, remember(kept), kept.data, parent if parent != kept.id else None)

    def check(self, pipeline: Pipeline) -> Facts:
        """Hold a pipeline against its dataset as it is now.

        Raises
        ------
        PipelineError
            One line a mistake.
        """
        return check(pipeline, self.catalog.spec(pipeline.data), self.catalog.meta(pipeline.data))

    def resolve(self, reference: str) -> Pipeline:
        """A pipeline by id, or by a name that means one; see :func:`factory.naming.resolve`.

        Raises
        ------
        PipelineError
            If there is none, or the name means several.
        """
        return naming.resolve(self.store, self.catalog, reference)

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

    def _is_cached(self, pipeline: Pipeline, text: str) -> bool:
        from factory.storage.cache import Cache

        fingerprint = self.catalog.fingerprint(pipeline.data, "train")
        return Cache(self.workspace.cache).has(column_key(text, fingerprint))

    def data_text(self, name: str) -> str:
        """A dataset's name, with "simulated" wherever it is."""
        return f"{name} (simulated)" if self.catalog.meta(name).get("simulated") else name

    # -- trials ----------------------------------------------------------

    def known(self, pipeline: Pipeline, why: str = "") -> Answer | None:
        """The trial of a pipeline when it has been scored on these data, else None; a new reason may explain its warnings."""
        entry = self.ledger.find_trial(pipeline.id, self.scored_on(pipeline))
        if entry is None:
            return None
        record_explanation(self.store, (self.agent, self.scored_on(pipeline)), pipeline, entry.payload, why)
        return self._told(pipeline, entry, new=False)

    def _told(self, pipeline: Pipeline, entry: Entry, *, new: bool) -> Answer:
        number = self.ledger.counts(pipeline.data, until=entry.seq).trials
        return tidy(showing.trial(self, pipeline, {**entry.payload, "trial": number}, new=new))

    def scored_on(self, pipeline: Pipeline) -> str:
        """Hash of what a pipeline's score depends on: the rows, and the contract at its present costs."""
        return self.catalog.score_key(pipeline.data, pipeline.trade.contract)

    def run(self, pipeline: Pipeline, kind: str) -> Run | None:
        """What was kept of one kind of work on a pipeline and today's data."""
        return self.store.run(self.run_id(pipeline, kind))

    def run_id(self, pipeline: Pipeline, kind: str) -> str:
        """Id of a run: the same work on the same data has the same."""
        return canonical.short_id([kind, pipeline.id, self.scored_on(pipeline)])

    def keep(self, pipeline: Pipeline, kind: str, result: Answer) -> Answer:
        """Keep the result of a run and give it back, tidy."""
        kept = tidy(result)
        self.store.put_run(self.run_id(pipeline, kind), pipeline.id, kind, pipeline.data, kept)
        return kept

    def explored(self, pipeline: Pipeline, what: str) -> None:
        """Count a score made without validation; the same one again, as after a kill, counts nothing."""
        subject = canonical.digest([what, pipeline.id, self.scored_on(pipeline)])
        payload = {"pipeline": pipeline.id, "agent": self.agent, "what": what, "subject": subject}
        self.ledger.append_once("exploration", {**payload, "dataset": pipeline.data, "count": 1})

    def explore_validation(self, pipeline: Pipeline, what: str, count: int) -> None:
        """Count figures made of validation beside a trial's score; the same ones again count nothing."""
        payload = {"pipeline": pipeline.id, "agent": self.agent, "what": what}
        looked_at = f"{what} of {pipeline.id}"
        self.ledger.validation_exploration(pipeline.data, looked_at, self.scored_on(pipeline), payload, count)

    def record(self, pipeline: Pipeline, outcome: Answer, *, model: str, why: str, daily: Sequence[float]) -> Answer:
        """Write a trial with its figures into the ledger; the answer about it.

        If the same trial got there first, it stands, and the answer is about that one.
        """
        payload = {
            "name": pipeline.pipeline,
            "idea": describe_idea(pipeline),
            "parent": self.parent(pipeline.id),
            "agent": self.agent,
            "why": why,
            "model": model,
            "version": factory.__version__,
            **tidy(outcome, KEPT_DIGITS),
            "daily": [float(f"{net:.{KEPT_DIGITS}g}") for net in daily],
        }
        fingerprint = self.scored_on(pipeline)
        _, new = self.ledger.trial(pipeline.id, pipeline.data, fingerprint, payload)
        entry = self.ledger.find_trial(pipeline.id, fingerprint)
        assert entry is not None, "it was just written"
        record_explanation(self.store, (self.agent, self.scored_on(pipeline)), pipeline, entry.payload, why)
        return self._told(pipeline, entry, new=new)

    def parent(self, id: str) -> str | None:
        """Id of the pipeline that another was changed from, if it was."""
        row = self.store.pipeline(id)
        return row.parent if row else None

    def standing(self, data: str) -> str:
        """Where the ledger stands for a dataset, in one line."""
        counts, few = self.ledger.counts(data), ""
        if counts.trials > 1:
            few = f" (about {self.ledger.independent(data):.0f} independent)"
        return f"{counted(counts.trials, 'trial')}{few}, {counts} on {data}; {self.pool(data).outlook}"

    def verify(self) -> Verification:
        """Prove the ledger whole, against the anchors in the vault and in this workspace's strategy files."""
        from factory.vault.audit import audit

        found = self.ledger.verify(anchors(self.workspace))
        looks = audit(self.workspace, self.ledger.of_kinds(SEAL_ROWS)) if found.ok else []
        return replace(found, problems=(*found.problems, *looks))

    # -- agents' own code ------------------------------------------------

    def frames(
        self, dataset: str | None = None, validation: bool = False, features: Sequence[str] = (), pipeline: str | None = None
    ) -> framing.Frames:
        """What a call of an agent's own code is to see; see :func:`factory.framing.frames`."""
        return framing.frames(self, dataset, validation, features, pipeline)

    def looked(self, frames: framing.Frames, code: str) -> None:
        """Write down, before it runs, that code is about to see validation: what is learned there is learned by searching.

        The same code on the same frames is one trial. Errors count too: their words can tell what was seen.
        """
        hashed = hashlib.sha256(code.encode()).hexdigest()
        seen = {"code": hashed, "features": list(frames.features), "pipeline": frames.pipeline}
        share = self.catalog.spec(frames.dataset).validation_share
        self.ledger.trial(
            f"python:{canonical.short_id(seen)}",
            frames.dataset,
            canonical.digest([self.catalog.fingerprint(frames.dataset, "validation"), share]),
            {"what": "execute_python", "agent": self.agent, **seen},
        )

    def called(
        self, frames: framing.Frames, code: str, *, seconds: float, tokens: int, limit: str | None, output: str | None
    ) -> str:
        """Log a call of an agent's own code; its id, under which :meth:`show` pages the output that was kept."""
        hashed = hashlib.sha256(code.encode()).hexdigest()
        return self.store.put_call(self.agent, frames.dataset, hashed, seconds, tokens, limit, output)

    # -- ending ----------------------------------------------------------

    def pool(self, data: str) -> Pool:
        """The sealed looks that a dataset draws on."""
        return pool_of(self.ledger.of_kinds(SEAL_ROWS), self.catalog.spec(data), now_ms())

    def heard(self, look: str) -> Answer:
        """What may be told of a look: PASS, FAIL, or when its verdict comes.

        Raises
        ------
        PipelineError
            If there is no such look.
        """
        return tidy(showing.look(self, look))

    def propose(self, pipeline: str, why: str) -> Answer:
        """Write the strategy file, with its provenance, for a person to review."""
        chosen = self.resolve(pipeline)
        scored = self.known(chosen)
        if scored is None:
            raise PipelineError(f"propose: {chosen.id} has no score; backtest it first")
        return tidy(
            {
                "file": str(propose(self, chosen, scored, why)),
                "pipeline": chosen.id,
                "reading": scored["reading"],
                "next": "a person reviews it",
                "ledger": self.standing(chosen.data),
            }
        )


def perform(root: str, kind: str, args: Mapping[str, Any], progress: Progress = silent) -> Answer:
    """Do one piece of heavy work.

    Parameters
    ----------
    root : str
        The workspace's folder.
    kind : str
        One of train, backtest, tune, rank, submit, frames, simulate, fresh.
    args : mapping
        ``agent`` and what the kind takes; pipelines by id.
    progress : Progress
        Told how far the work is; may raise Cancelled.

    Returns
    -------
    dict
        The answer, tidy.
    """
    from factory.work import WORK

    given = dict(args)
    workshop = Workshop(Workspace.open(root), given.pop("agent", "unknown"))
    if kind not in WORK:
        raise FactoryError(f"kind: '{kind}' unknown; {did_you_mean(kind, WORK)}")
    return tidy(WORK[kind](workshop, progress, **given))
