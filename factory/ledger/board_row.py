"""A trial's row of the board: what lists of trials are sorted, filtered and searched by."""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from sqlalchemy import Connection, bindparam, literal, select

from factory.core.errors import FactoryError
from factory.ledger.ranks import rank
from factory.ledger.rows import trial_subject
from factory.pipeline import describe_idea
from factory.pipeline.stored import read_pipeline
from factory.storage.schema import FIGURES, LEDGER, PIPELINES

UNKNOWN = "unknown"
"""The idea, contract or author of a trial whose row does not name it, and whose pipeline is not kept."""
CLEAN, WARN, BLOCK, UNPROBED = PROBES = ("clean", "warn", "block", "none")
"""What the probes made of a trial."""

DEEPEST = 100_000
"""Generations that are followed: no pipeline is its own ancestor, unless its table was edited."""
_YAML = select(PIPELINES.c.yaml).where(PIPELINES.c.id == bindparam("id"))
_CONTRACT = re.compile(r"^trade: \{.*?\bcontract: ([\w-]+)", re.MULTILINE)
"""In canonical text, which has a line a part: reading a pipeline takes a hundred times as long."""
_TRIAL = select(LEDGER.c.seq, LEDGER.c.payload).where(
    LEDGER.c.kind == "trial", LEDGER.c.subject == bindparam("subject"), LEDGER.c.seq < bindparam("before")
)


def make_board_row(connection: Connection, seq: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Make the board's row of one trial."""
    pipeline = str(payload["pipeline"])
    return {
        "seq": seq,
        "dataset": payload["dataset"],
        "idea": payload.get("idea") or _find_idea(connection, pipeline),
        "unjudged": rank(payload["metrics"])[0],
        "pipeline": pipeline,
        "name": str(payload.get("name", pipeline)),
        "parent": payload.get("parent"),
        "family": payload.get("family") or _find_root(connection, pipeline),
        "changed": payload.get("changed"),
        "agent": str(payload.get("agent", UNKNOWN)),
        "why": str(payload.get("why", "")),
        "contract": payload.get("contract") or _find_contract(connection, pipeline),
        "probes": tell_probe_state(payload),
        "fingerprint": payload["fingerprint"],
        **_compare_parent(connection, seq, payload),
        **select_figures(payload),
    }


def select_figures(payload: Mapping[str, Any]) -> dict[str, float | None]:
    """Select the metrics of a trial that the board repeats."""
    return {name: payload["metrics"].get(name) for name in FIGURES}


def tell_probe_state(payload: Mapping[str, Any]) -> str:
    """Tell what the probes made of a trial, in one word of :data:`PROBES`."""
    probes = payload.get("probes") or {}
    return next((state for state in (BLOCK, WARN) if probes.get(state)), CLEAN if probes else UNPROBED)


def correlate(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Compute the correlation of the daily net P&L of two trials; None where it is none: other days, or no variance."""
    try:
        return max(-1.0, min(1.0, statistics.correlation(one, other)))
    except statistics.StatisticsError:
        return None


def compare_sharpe(
    metrics: Mapping[str, Any], others: Mapping[str, Any], correlation: float | None
) -> tuple[float | None, float | None]:
    """Compute the difference of two trials' Sharpe ratios on the same days, and its standard error.

    The error is ``sqrt(a^2 + b^2 - 2 r a b)`` with the two errors and the correlation of the daily net P&L: ratios so small
    a day are correlated as the returns are. Source: Jobson & Korkie 1981, corrected by Memmel 2003, the term of first order.
    """
    if "sharpe" not in metrics or "sharpe" not in others:
        return None, None
    difference = float(metrics["sharpe"]) - float(others["sharpe"])
    if correlation is None or "sharpe_error" not in metrics or "sharpe_error" not in others:
        return difference, None
    one, other = float(metrics["sharpe_error"]), float(others["sharpe_error"])
    return difference, sqrt(max(0.0, one * one + other * other - 2 * correlation * one * other))


def _compare_parent(connection: Connection, seq: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a trial with its parent's on the same rows at the same terms, where that was made before it."""
    alone: dict[str, Any] = {"parent_seq": None, "gain": None, "gain_error": None}
    if not payload.get("parent"):
        return alone
    subject = trial_subject(str(payload["parent"]), payload["fingerprint"])
    row = connection.execute(_TRIAL, {"subject": subject, "before": seq}).first()
    if row is None:
        return alone
    before = json.loads(row.payload)
    correlation = correlate(payload.get("daily", ()), before.get("daily", ()))
    gain, error = compare_sharpe(payload["metrics"], before.get("metrics", {}), correlation)
    return {"parent_seq": row.seq, "gain": gain, "gain_error": error}


def _find_idea(connection: Connection, pipeline: str) -> str:
    """Find the idea of a trial whose row does not name it, by its pipeline."""
    text = connection.execute(_YAML, {"id": pipeline}).scalar()
    try:
        recipe = read_pipeline(pipeline, text)
    except FactoryError:
        return UNKNOWN
    return describe_idea(recipe) if recipe else UNKNOWN


def _find_contract(connection: Connection, pipeline: str) -> str:
    """Find what a trial traded whose row does not name it, in the text of its pipeline."""
    match = _CONTRACT.search(connection.execute(_YAML, {"id": pipeline}).scalar() or "")
    return match[1] if match else UNKNOWN


def _find_root(connection: Connection, pipeline: str) -> str:
    """Find what a pipeline was changed from first, or its parent, or that one's; itself where it was defined whole."""
    step = select(literal(0).label("depth"), PIPELINES.c.id, PIPELINES.c.parent).where(PIPELINES.c.id == pipeline)
    line = step.cte("line", recursive=True)
    up = select(line.c.depth + 1, PIPELINES.c.id, PIPELINES.c.parent)
    up = up.where(PIPELINES.c.id == line.c.parent, line.c.depth < DEEPEST)
    line = line.union_all(up)
    last = connection.execute(select(line.c.id, line.c.parent).order_by(line.c.depth.desc()).limit(1)).first()
    return pipeline if last is None else str(last.parent or last.id)
