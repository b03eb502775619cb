"""The sealed segment as people may read it: pools, looks, what a person decided, and tests on newer bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer, round_significant
from factory.core.times import iso, now_ms
from factory.vault.isolation import describe_seal
from factory.vault.pools import FORWARD, GRANT, PENDING, RETIREMENT, SEAL_ROWS, WAIVER, Look, find_pool, read_looks
from factory.vault.reports import report_path
from factory.vault.reviewer import find_reviewer
from factory.views.ledger_rows import tell_grant

if TYPE_CHECKING:
    from factory.ledger import Entry
    from factory.market.spec import DatasetSpec
    from factory.tracking import Tracker


@dataclass(frozen=True, slots=True)
class SealPage:
    """What may be told of the vault.

    Parameters
    ----------
    seal : str
        How well it is kept from an agent.
    has_reviewer : bool
    pools : list of dict
        One a dataset.
    looks : list of dict
        The newest first.
    decisions : list of dict
        Grants, waivers and retirements, the newest first.
    forwards : list of dict
        Tests of what passed on newer bars, the newest first.
    """

    seal: str
    has_reviewer: bool
    pools: list[Answer]
    looks: list[Answer]
    decisions: list[Answer]
    forwards: list[Answer]


def read_seal_page(tracker: "Tracker") -> SealPage:
    """Read what may be told of the sealed segments of all datasets: dates, counts, and PASS or FAIL."""
    rows, now = tracker.ledger.of_kinds(SEAL_ROWS), now_ms()
    reviewer = find_reviewer(rows)
    decided = [entry for entry in reversed(rows) if entry.kind in (GRANT, WAIVER, RETIREMENT)]
    return SealPage(
        describe_seal(),
        reviewer is not None,
        [_describe_pool(rows, tracker.catalog.spec(name), now) for name in tracker.catalog.names()],
        [_describe_look(tracker, look, now) for look in reversed(read_looks(rows))],
        [{**_describe_decision(entry), "signed": bool(reviewer and reviewer.signed(entry.payload))} for entry in decided],
        [{"at": entry.at, **entry.payload} for entry in reversed(rows) if entry.kind == FORWARD],
    )


def _describe_pool(rows: "Sequence[Entry]", spec: "DatasetSpec", now: int) -> Answer:
    pool = find_pool(rows, spec, now)
    start, end = spec.bounds("sealed")
    return {
        "dataset": spec.dataset,
        "is_simulated": spec.simulated is not None,
        "sealed": (iso(start)[:10], iso(end)[:10]),
        "pool": pool.id,
        "looks": pool.looks,
        "spent": len(pool.spent),
        "left": pool.left,
        "outlook": pool.outlook,
        "obstacle": "" if pool.closed else pool.obstacle or "",
        "level": None if pool.closed else round_significant(pool.level()),
        "markets": ", ".join(sorted({claim.identity for claim in pool.claims})),
    }


def _describe_look(tracker: "Tracker", look: Look, now: int) -> Answer:
    told, heard = look.payload, look.heard(now)
    return {
        "look": look.name,
        "at": look.entry.at,
        "dataset": told["dataset"],
        "number": f"{told['look']} of {told['looks']}",
        "name": told["name"],
        "pipeline": told["pipeline"],
        "claim": round_significant(float(told["claim"])),
        "why": str(told.get("why", "")),
        "by": str(told.get("agent") or told.get("model") or ""),
        "heard": heard,
        "due": look.due if heard == PENDING else None,
        "grade": "" if heard == PENDING else str(told["grade"]),
        "price": str(told.get("price") or ""),
        "has_report": report_path(tracker.workspace, look.name).is_file(),
    }


def _describe_decision(entry: "Entry") -> dict[str, Any]:
    payload = entry.payload
    if entry.kind == GRANT:
        says = tell_grant(payload)
    elif entry.kind == WAIVER:
        says = f"probe {payload.get('probe')} no longer blocks {payload.get('pipeline')}"
    else:
        says = "its sealed stretch is closed"
    return {
        "row": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "dataset": str(payload.get("dataset") or ""),
        "says": says,
        "why": str(payload.get("why") or ""),
    }
