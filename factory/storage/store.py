"""Pipelines, results and calls: plain tables that may be rewritten."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from factory.core.canonical import in_order
from factory.core.times import now_ms
from factory.storage.database import Database
from factory.storage.schema import CALLS, NAMES, PIPELINES, RUNS
from factory.storage.workspace import Workspace

PAGE = 50
OUTPUTS = 100
"""Long outputs that are kept."""

_BY_ID = select(PIPELINES).where(PIPELINES.c.id == bindparam("reference"))


@dataclass(frozen=True, slots=True)
class StoredPipeline:
    """A defined pipeline.

    Parameters
    ----------
    id : str
        Its id.
    name : str
        What its author calls it; several may share it.
    yaml : str
        Canonical YAML.
    parent : str or None
        Id of the pipeline it was changed from.
    dataset : str
        The dataset it names.
    created : int
        When it was first defined, ms UTC.
    """

    id: str
    name: str
    yaml: str
    parent: str | None
    dataset: str
    created: int


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one stage of one pipeline.

    Parameters
    ----------
    id : str
        Hash of what it was made from.
    pipeline : str
        Id of the pipeline.
    kind : str
        ``train``, ``backtest``, ``tune``, ``rank``.
    dataset : str
        Name of the dataset.
    result : mapping
        JSON.
    created : int
        When it was last written, ms UTC.
    """

    id: str
    pipeline: str
    kind: str
    dataset: str
    result: Mapping[str, Any]
    created: int


@dataclass(frozen=True, slots=True)
class CodeCall:
    """A call of an agent's own code.

    Parameters
    ----------
    id : str
        Random.
    at : int
        When it ended, ms UTC.
    agent, dataset : str
        Who looked, at what.
    code : str
        SHA-256 of the source.
    seconds : float
        Wall time.
    tokens : int
        About how many went back to the agent.
    limit : str or None
        The limit that stopped it.
    output : str or None
        All that was printed, where the answer held only part of it; of the newest calls.
    """

    id: str
    at: int
    agent: str
    dataset: str
    code: str
    seconds: float
    tokens: int
    limit: str | None
    output: str | None


class Store:
    """Pipelines, runs and calls of a workspace. Putting the same thing twice keeps one.

    Parameters
    ----------
    workspace : Workspace
        Where they are kept.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = Database(workspace)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def put_pipeline(self, id: str, name: str, yaml: str, dataset: str, parent: str | None = None) -> bool:
        """Keep a pipeline.

        The newest name and text prevail (the id leaves out name, about and
        tune); parent and creation time stay the first, so that the family
        tree has no cycles.

        Returns
        -------
        bool
            Whether the id is new.
        """
        at = now_ms()
        values = {"id": id, "name": name, "yaml": yaml, "dataset": dataset, "parent": parent, "created": at, "updated": at}
        with self._database.writing() as connection:
            known = connection.execute(select(PIPELINES.c.id).where(PIPELINES.c.id == id)).first()
            renewed = {"name": name, "yaml": yaml, "updated": at}
            statement = insert(PIPELINES).values(**values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=renewed))
        return known is None

    def pipeline(self, id: str) -> StoredPipeline | None:
        """Find the pipeline with an id; None if there is none. A name is no id: see :meth:`named`."""
        with self._database.reading() as connection:
            row = connection.execute(_BY_ID, {"reference": id}).first()
        return None if row is None else _pipeline(row)

    def claim_name(self, name: str, pipeline: str, agent: str) -> bool:
        """Claim a name for a pipeline, if it is nobody else's yet.

        Returns
        -------
        bool
            Whether the name means it now; False where another agent, or an older version, gave it to another pipeline.
        """
        held = select(NAMES.c.pipeline, NAMES.c.agent).where(NAMES.c.name == name)
        whole = select(PIPELINES.c.id).where(PIPELINES.c.name == name, PIPELINES.c.parent.is_(None), PIPELINES.c.id != pipeline)
        with self._database.writing() as connection:
            owners = {row.pipeline: row.agent for row in connection.execute(held)}
            others = {**dict.fromkeys(connection.execute(whole).scalars(), ""), **owners}
            if pipeline not in owners and any(owner != agent for owner in others.values()):
                return False
            connection.execute(insert(NAMES).values(name=name, pipeline=pipeline, agent=agent).on_conflict_do_nothing())
        return True

    def owned(self, name: str, agent: str) -> list[str]:
        """List the ids of the pipelines that an agent defined whole under a name."""
        query = select(NAMES.c.pipeline).where(NAMES.c.name == name, NAMES.c.agent == agent)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def named(self, name: str) -> list[StoredPipeline]:
        """List the pipelines that a name may mean: those defined whole under it, then their children, newest first."""
        claimed = select(NAMES.c.pipeline).where(NAMES.c.name == name)
        query = select(PIPELINES).where(or_(PIPELINES.c.name == name, PIPELINES.c.id.in_(claimed)))
        order = PIPELINES.c.parent.is_not(None), PIPELINES.c.created.desc(), PIPELINES.c.id
        with self._database.reading() as connection:
            return [_pipeline(row) for row in connection.execute(query.order_by(*order))]

    def names(self) -> list[str]:
        """List the names of all pipelines, sorted."""
        with self._database.reading() as connection:
            given = connection.execute(select(PIPELINES.c.name).union(select(NAMES.c.name)))
            return sorted(given.scalars())

    def pipelines(self, dataset: str | None = None, page: int = 1, size: int = PAGE) -> list[StoredPipeline]:
        """List one page of pipelines, newest first."""
        query = select(PIPELINES).order_by(PIPELINES.c.created.desc(), PIPELINES.c.id)
        if dataset is not None:
            query = query.where(PIPELINES.c.dataset == dataset)
        with self._database.reading() as connection:
            return [_pipeline(row) for row in connection.execute(_paged(query, page, size))]

    def put_run(self, id: str, pipeline: str, kind: str, dataset: str, result: Mapping[str, Any]) -> None:
        """Keep a result; one with the same id is replaced.

        Raises
        ------
        ValueError
            If the result holds NaN or an infinite number.
        """
        text = _with_hash(in_order(result))
        values = {"pipeline": pipeline, "kind": kind, "dataset": dataset, "result": text, "created": now_ms()}
        statement = insert(RUNS).values(id=id, **values)
        with self._database.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

    def find_run(self, id: str) -> Run | None:
        """Find the run with an id.

        None where there is none, or not the one that was written, so that it is made anew.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.id == id)).first()
        return None if row is None else _run(row)

    def runs(
        self, pipeline: str | None = None, kind: str | None = None, dataset: str | None = None, page: int = 1
    ) -> list[Run]:
        """List one page of 50 runs, newest first."""
        query = select(RUNS).order_by(RUNS.c.created.desc(), RUNS.c.id)
        for column, wanted in ((RUNS.c.pipeline, pipeline), (RUNS.c.kind, kind), (RUNS.c.dataset, dataset)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._database.reading() as connection:
            runs = [_run(row) for row in connection.execute(_paged(query, page))]
        return [run for run in runs if run is not None]

    def put_call(
        self, agent: str, dataset: str, code: str, seconds: float, tokens: int, limit: str | None, output: str | None
    ) -> str:
        """Log a call of an agent's own code and return its id. Only the newest outputs are kept."""
        id = f"call-{secrets.token_hex(4)}"
        values = {"agent": agent, "dataset": dataset, "code": code, "seconds": seconds, "tokens": tokens, "limit": limit}
        held = select(CALLS.c.id).where(CALLS.c.output.is_not(None)).order_by(CALLS.c.at.desc(), CALLS.c.id)
        with self._database.writing() as connection:
            connection.execute(CALLS.insert().values(id=id, at=now_ms(), output=output, **values))
            old = CALLS.c.id.in_(held.offset(OUTPUTS).limit(PAGE))
            connection.execute(CALLS.update().where(old).values(output=None))
        return id

    def call(self, id: str) -> CodeCall | None:
        """Find the call with an id; None if there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(CALLS).where(CALLS.c.id == id)).first()
        return None if row is None else CodeCall(*row)

    def count_calls(self) -> int:
        """Count the calls."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(CALLS)).scalar_one()

    def calls(self, page: int = 1, size: int = PAGE) -> list[CodeCall]:
        """List one page of calls, newest first."""
        query = select(CALLS).order_by(CALLS.c.at.desc(), CALLS.c.id)
        with self._database.reading() as connection:
            return [CodeCall(*row) for row in connection.execute(_paged(query, page, size))]


def _paged(query: Select[Any], page: int, size: int = PAGE) -> Select[Any]:
    return query.limit(size).offset((page - 1) * size)


def _pipeline(row: Row[Any]) -> StoredPipeline:
    return StoredPipeline(row.id, row.name, row.yaml, row.parent, row.dataset, row.created)


def _with_hash(text: str) -> str:
    return f"{text}\n{hashlib.sha256(text.encode()).hexdigest()}"


def _run(row: Row[Any]) -> Run | None:
    text = row.result.rpartition("\n")[0]
    if row.result != _with_hash(text):
        return None
    return Run(row.id, row.pipeline, row.kind, row.dataset, json.loads(text), row.created)
