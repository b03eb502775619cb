"""What `rfcat ledger verify` checks of reviews beyond the chain: order, signatures, and that approvals have one."""

from collections.abc import Iterator

from factory.ledger import Entry, Ledger
from factory.review.decisions import check_position
from factory.review.states import APPROVED, FOLLOW, PROPOSED, READS, REVIEW, is_review
from factory.review.status import signs
from factory.vault.reviewer import Reviewer, find_reviewer


def audit_reviews(ledger: Ledger) -> list[str]:
    """List the problems of a ledger's reviews, one line each."""
    entries = ledger.of_kinds(READS)
    reviewer, newest = find_reviewer(entries), dict[str, Entry]()
    problems: list[str] = []
    for entry in entries:
        if entry.kind == REVIEW and not is_review(entry):
            problems.append(f"row {entry.seq}: a review that does not say what one says")
        elif entry.kind == REVIEW:
            pipeline = str(entry.payload["pipeline"])
            problems += [f"row {entry.seq}: {one}" for one in _check(ledger, reviewer, entry, newest.get(pipeline))]
            newest[pipeline] = entry
    return problems


def _check(ledger: Ledger, reviewer: Reviewer | None, entry: Entry, before: Entry | None) -> Iterator[str]:
    payload, state = entry.payload, entry.payload["state"]
    is_anew = state == PROPOSED and (before is None or before.payload["fingerprint"] != payload["fingerprint"])
    earlier = None if before is None or is_anew else before.payload["state"]
    if state not in FOLLOW[earlier]:
        yield f"a review that cannot be {state} after {earlier or 'nothing'}"
    if state == PROPOSED:
        return
    if (payload["signature"] or state == APPROVED) and not signs(reviewer, payload):
        yield f"a review that is {state}, and the reviewer did not sign that"
    if before is None or payload["after"] != before.hash:
        yield "a review of another state than the one before it"
    problem = check_position(ledger, payload)
    if problem:
        yield f"a review where {problem}"
