"""The review of a pipeline: its state, and whether the signature of an approval holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.answers import Answer
from factory.core.errors import DataError
from factory.ledger import Entry
from factory.review.decisions import FIELDS, is_decision, is_signed
from factory.review.states import APPROVED, REVIEW, group_rows, list_banners
from factory.vault.reviewer import KIND as REVIEWER
from factory.vault.reviewer import Reviewer, find_reviewer

if TYPE_CHECKING:
    from factory.tracking import Tracker

VOID = "NOT APPROVED: the ledger says so, and the reviewer did not sign it; run `rfcat ledger verify`."
EARLIER = "APPROVED ON EARLIER DATA: the dataset has changed since; propose it again."


@dataclass(frozen=True, slots=True)
class Review:
    """Where the review of a pipeline stands.

    Parameters
    ----------
    pipeline, name, dataset : str
        Its id and name, and its data.
    state : str
        ``proposed``, ``approved``, ``rejected`` or ``retired``.
    by, at, comment : str
        Who decided, when, and in which words; of a proposal the agent, and why. Words are for people alone: a reviewer may
        have read a full report, and what that says no agent may hear.
    is_signed : bool
        Whether the reviewer signed what the row says.
    banners : tuple of str
        What stands above all else wherever it is shown; of what was signed.
    is_approved : bool
        Approved, with a signature that holds, on the data as they are.
    """

    pipeline: str
    name: str
    dataset: str
    state: str
    by: str
    at: str
    comment: str
    is_signed: bool
    banners: tuple[str, ...]
    is_approved: bool

    @property
    def short(self) -> str:
        """The state in a few words, for a cell: ``approved, no PASS``."""
        if self.state != APPROVED or not self.banners:
            return self.state
        return f"{self.state}, no PASS" if self.is_approved else "not approved" if not self.is_signed else "approved before"

    def answer(self) -> Answer:
        """Return what agents may know of it, too."""
        return {"state": self.state, "at": self.at, "banner": " ".join(self.banners) or None}


def review_status(tracker: "Tracker", pipeline: str) -> Review | None:
    """Read the review of a pipeline, by its id; None where it was never proposed.

    Parameters
    ----------
    tracker : Tracker
    pipeline : str
        Its id.
    """
    return read_reviews(tracker).get(pipeline)


def read_reviews(tracker: "Tracker") -> dict[str, Review]:
    """Read the review of every pipeline that was proposed, by id, the newest first."""
    entries = tracker.ledger.of_kinds((REVIEW, REVIEWER))
    rows, reviewer = group_rows(entries), find_reviewer(entries)
    datasets = {str(one[-1].payload["dataset"]) for one in rows.values()}
    present = {name: _fingerprint(tracker, name) for name in datasets}
    return {id: _read(one, reviewer, present) for id, one in rows.items()}


def _fingerprint(tracker: "Tracker", dataset: str) -> str:
    try:
        return tracker.catalog.fingerprint(dataset)
    except DataError:
        return ""


def _read(rows: Sequence[Entry], reviewer: Reviewer | None, present: Mapping[str, str]) -> Review:
    payload = rows[-1].payload
    state = str(payload["state"])
    # A row that was copied from earlier has a signature that holds, and follows another row than it says.
    signed = signs(reviewer, payload) and payload["after"] == (rows[-2].hash if len(rows) > 1 else "")
    is_present = payload["fingerprint"] == present[str(payload["dataset"])]
    banners: tuple[str, ...] = ()
    if state == APPROVED:
        banners = (*(() if is_present else (EARLIER,)), *list_banners(payload)) if signed else (VOID,)
    return Review(
        pipeline=str(payload["pipeline"]),
        name=str(payload["name"]),
        dataset=str(payload["dataset"]),
        state=state,
        by=str(payload["by"]),
        at=str(payload["at"]),
        comment=str(payload["comment"]),
        is_signed=signed,
        banners=banners,
        is_approved=state == APPROVED and signed and is_present,
    )


def signs(reviewer: Reviewer | None, payload: Mapping[str, Any]) -> bool:
    """Check whether the reviewer signed what a row of the ledger says."""
    decision = {name: payload.get(name) for name in FIELDS}
    signature = str(payload.get("signature", ""))
    return reviewer is not None and is_decision(decision) and is_signed(reviewer.signing, decision, signature)
