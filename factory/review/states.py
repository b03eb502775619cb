"""The states of a review, what may follow which, and the banners of an approval."""

from collections.abc import Iterable, Mapping
from typing import Any

from factory.core.errors import ReviewError, did_you_mean
from factory.ledger import Entry
from factory.market.spec import SIMULATED
from factory.vault.pools import PASS, SEAL_ROWS

REVIEW = "review"
"""Kind of the ledger's rows."""
READS = (REVIEW, *SEAL_ROWS)
"""Kinds of rows that a review depends on."""
PROPOSED, APPROVED, REJECTED, RETIRED = "proposed", "approved", "rejected", "retired"
DECIDED = (APPROVED, REJECTED, RETIRED)
STATES = (PROPOSED, *DECIDED)
ROW = ("pipeline", "name", "dataset", "fingerprint", "by", "at", "comment")
"""What each row says beside its state; a decision more, all of it signed."""
FOLLOW: Mapping[str | None, tuple[str, ...]] = {
    None: (PROPOSED,),
    PROPOSED: (PROPOSED, APPROVED, REJECTED),
    REJECTED: (PROPOSED,),
    APPROVED: (RETIRED,),
    RETIRED: (),
}
COMMANDS = {
    PROPOSED: "`rfcat propose`",
    APPROVED: "`rfcat approve`",
    REJECTED: "`rfcat reject`",
    RETIRED: "`rfcat retire`",
}
WITHOUT_PASS = "APPROVED WITHOUT A PASS: no sealed look at it had passed when a person approved it."


def require_decision(state: str) -> None:
    """Refuse a state that no person decides on.

    Raises
    ------
    ReviewError
        Naming those that there are.
    """
    if state not in DECIDED:
        raise ReviewError(f"review: state '{state[:20]}' is none that a person decides on; {did_you_mean(state, DECIDED)}")


def require_transition(pipeline: str, newest: Entry | None, state: str) -> None:
    """Refuse a state that cannot follow the newest one.

    Raises
    ------
    ReviewError
        Naming what may follow.
    """
    before = None if newest is None else str(newest.payload["state"])
    allowed = FOLLOW[before]
    if state in allowed:
        return
    now = "not proposed" if newest is None else f"{before}, by {newest.payload['by']} at {newest.payload['at']}"
    mend = " or ".join(COMMANDS[one] for one in allowed)
    raise ReviewError(
        f"review: {pipeline} is {now}, and cannot be {state}; "
        + (f"what may follow is {mend}" if allowed else "nothing follows on these data; change the pipeline, and propose that")
    )


def is_review(entry: Entry) -> bool:
    """Check whether a row says all that a review says; a forged one may not."""
    payload = entry.payload
    texts = (*ROW, *(("market", "text") if payload.get("state") == PROPOSED else ("after", "signature")))
    return payload.get("state") in STATES and all(isinstance(payload.get(name), str) for name in texts)


def group_rows(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Group the review rows by pipeline, each oldest first; the pipeline with the newest row first."""
    rows: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind == REVIEW and is_review(entry):
            rows.setdefault(str(entry.payload["pipeline"]), []).append(entry)
    return dict(sorted(rows.items(), key=lambda item: -item[1][-1].seq))


def select_newest(entries: Iterable[Entry], pipeline: str) -> Entry | None:
    """Select the newest review row of a pipeline; None where it was never proposed."""
    rows = group_rows(entries).get(pipeline)
    return rows[-1] if rows else None


def find_proposal(entries: Iterable[Entry], pipeline: str) -> Entry | None:
    """Find the newest proposal of a pipeline."""
    rows = group_rows(entries).get(pipeline, ())
    return next((entry for entry in reversed(rows) if entry.payload["state"] == PROPOSED), None)


def has_pass(decision: Mapping[str, Any]) -> bool:
    """Check whether a sealed look had passed, by what was signed."""
    return any(verdict == PASS for _, verdict, _ in decision["looks"])


def list_market_banners(market: str) -> tuple[str, ...]:
    """List what stands above the figures of a market, ``simulated`` or ``real``."""
    return (SIMULATED,) if market == "simulated" else ()


def list_banners(decision: Mapping[str, Any]) -> tuple[str, ...]:
    """List what stands above all else wherever a signed approval is shown."""
    return (WITHOUT_PASS,) if decision["state"] == APPROVED and not has_pass(decision) else ()
