"""What a person decides and signs: drafted, signed elsewhere, checked again and recorded.

A signature is over bytes that begin with words of their own, so that none can be taken for a grant of looks, and say all that
the decision rests on. Recording drafts the decision again, under the ledger's lock: what has changed since it was shown
(another decision, a verdict, the data) voids the signature, and so does another pipeline, state, person or workspace.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from factory.core.canonical import digest, dumps, in_order
from factory.core.errors import LedgerError, PipelineError, ReviewError
from factory.core.foreign import clean_line, has_half
from factory.core.times import iso, moment, now_ms
from factory.ledger import Entry, Ledger
from factory.ledger.paired_files import PlannedFile, append_with_file
from factory.pipeline import SCHEMA_VERSION, Pipeline, parse, read_provenance
from factory.review.states import (
    APPROVED,
    DECIDED,
    READS,
    REJECTED,
    REVIEW,
    find_proposal,
    require_decision,
    require_transition,
    select_newest,
)
from factory.review.strategy_text import render_strategy
from factory.tracking.strategy_files import proposals_folder
from factory.vault.pools import read_looks
from factory.vault.reviewer import find_reviewer, verify_signature

if TYPE_CHECKING:
    from factory.tracking import Tracker

PREFIX = b"rfcat review 1\n"
"""Before what is signed."""
FIELDS = (
    *("state", "pipeline", "name", "dataset", "market", "looks", "by", "at", "comment"),
    *("pipeline_hash", "fingerprint", "provenance_hash", "workspace", "ledger", "after"),
)
"""Of a decision, in the order in which a file shows them; all are text, but the looks, which are lists of three texts."""
SPOKEN = {"after": "its newest proposal", "provenance_hash": "its newest proposal", "looks": "its sealed looks"}
"""What a person calls some of them."""
LONGEST_COMMENT, LONGEST_NAME, LONGEST_MESSAGE = 500, 64, 16_000
"""Characters."""
FRESH_MS = 600_000
"""How long a draft may wait for its signature."""
SKEW_MS = 60_000
"""How far two clocks may differ that write into one ledger."""

Decision = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for, where the ledger then stood and when that was."""

    pipeline: str
    state: str
    comment: str
    by: str
    at: str
    ledger: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision, and the strategy file that will carry it."""

    decision: Decision
    pipeline: Pipeline
    provenance: Mapping[str, Any]
    name: str
    replaces: bool


def draft_decision(tracker: "Tracker", pipeline: str, state: str, comment: str, by: str) -> Decision:
    """Draft a decision, to be shown, signed and then recorded.

    Parameters
    ----------
    tracker : Tracker
    pipeline : str
        Its id, or a name that means one.
    state : str
        ``approved``, ``rejected`` or ``retired``.
    comment : str
        At most 500 characters; compulsory for a rejection. Controls are taken out.
    by : str
        The person's name.

    Returns
    -------
    dict
        Its fields, texts but for the looks; :func:`signing_bytes` makes what is signed of it.

    Raises
    ------
    PipelineError
        If there is no such pipeline.
    ReviewError
        If it cannot get that state now, or the comment or the name will not do.
    """
    require_decision(state)
    chosen, head = tracker.resolve(pipeline).id, tracker.ledger.position()
    asked = Asked(chosen, state, clean_line(comment), clean_line(by), iso(now_ms() // 1000 * 1000), f"{head.seq}:{head.hash}")
    return _draft(tracker, asked, tracker.ledger.of_kinds(READS)).decision


def signing_bytes(decision: Mapping[str, Any]) -> bytes:
    """Write what is signed of a decision."""
    return PREFIX + dumps({name: decision[name] for name in FIELDS}).encode()


def read_decision(message: bytes) -> Decision:
    """Read a decision from what was signed.

    Raises
    ------
    ReviewError
        If it is not exactly what :func:`signing_bytes` writes of one.
    """
    try:
        decision = json.loads(message.removeprefix(PREFIX)) if len(message) <= LONGEST_MESSAGE else None
    except (ValueError, RecursionError):
        decision = None
    if not is_decision(decision) or signing_bytes(decision) != message:
        raise ReviewError("review: what came is no decision as it was drafted; draft it again, and sign that")
    return dict(decision)


def is_decision(value: Any) -> TypeGuard[Decision]:
    """Check whether a value has the fields of a decision and no others."""
    if not isinstance(value, dict) or value.keys() != set(FIELDS) or not isinstance(value["looks"], list):
        return False
    looks = value["looks"]
    rows = all(isinstance(one, list) and len(one) == 3 and all(map(_is_text, one)) for one in looks)
    return rows and all(_is_text(value[name]) for name in FIELDS if name != "looks")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not has_half(value)


def record_decision(tracker: "Tracker", message: bytes, signature: str | None, by: str) -> Path:
    """Record a decision that was drafted, and write it into the strategy file.

    Parameters
    ----------
    tracker : Tracker
    message : bytes
        As :func:`signing_bytes` made it of the draft.
    signature : str or None
        128 hex digits by the reviewer's key; None for a rejection or a retirement without the passphrase.
    by : str
        Who records it: the person that the draft names.

    Returns
    -------
    Path
        Of the strategy file that carries it.

    Raises
    ------
    ReviewError
        If it was not so drafted, not signed by the reviewer, or no longer holds; nothing is recorded then.
    LedgerError
        If the ledger or the file cannot be written.
    """
    decision = read_decision(message)
    if decision["by"] != clean_line(by):
        raise ReviewError(f"review: drafted for '{decision['by']}', and not for '{clean_line(by)}'; draft it again")
    _require_fresh(tracker.ledger, decision)
    decide = partial(_decide, tracker, decision, signature)
    return append_with_file(tracker.workspace, tracker.ledger, proposals_folder(tracker.workspace), REVIEW, READS, decide)


def _decide(
    tracker: "Tracker", decision: Decision, signature: str | None, entries: Sequence[Entry]
) -> tuple[Decision, PlannedFile]:
    """Make the row and the file of a decision, if it is what would be drafted now and properly signed."""
    require_signature(entries, decision, signature)
    asked = Asked(**{name: decision[name] for name in Asked.__slots__})
    draft = _draft(tracker, asked, entries)
    differing = [SPOKEN.get(name, name) for name in FIELDS if draft.decision[name] != decision[name]]
    if differing:
        changed = ", ".join(dict.fromkeys(differing))
        raise ReviewError(f"review: {changed} changed since it was drafted; look at {asked.pipeline} again, and sign that")
    told = {"review": draft.decision, **({"signature": signature} if signature else {})}
    text = render_strategy(draft.pipeline, {**draft.provenance, **told})
    row = {**decision, "signature": signature or "", "subject": digest(decision)}
    return row, PlannedFile(draft.name, text, draft.replaces)


def require_signature(entries: Sequence[Entry], decision: Mapping[str, Any], signature: str | None) -> None:
    """Refuse a decision that the reviewer of a ledger did not sign; only an approval needs to be signed.

    Raises
    ------
    ReviewError
        Saying what is missing.
    """
    state, reviewer = decision["state"], find_reviewer(entries)
    if not signature:
        if state == APPROVED:
            raise ReviewError("review: an approval is signed with the reviewer's passphrase; nothing was recorded")
        return
    if reviewer is None:
        raise ReviewError("review: this workspace has no reviewer; choose a passphrase with `rfcat vault reviewer`")
    if not is_signed(reviewer.signing, decision, signature):
        raise ReviewError("signature: not the reviewer's, or of another decision; nothing was recorded")


def is_signed(key: bytes, decision: Mapping[str, Any], signature: str) -> bool:
    """Check whether a key signed a decision; a signature has one spelling, of 128 lower-case hex digits."""
    is_spelt = len(signature) == 128 and set(signature) <= set("0123456789abcdef")
    return is_spelt and verify_signature(key, signing_bytes(decision), signature)


def hash_pipeline(pipeline: Pipeline) -> str:
    """Compute the hash of all that a pipeline's text says, its name, what it is about, its tune and every order included."""
    return digest(in_order({"schema": SCHEMA_VERSION, **pipeline.plain()}))


def hash_provenance(provenance: Mapping[str, Any]) -> str:
    """Compute the hash of a provenance as it is read from a file, without what a person decided."""
    return digest(in_order({name: value for name, value in provenance.items() if name not in ("review", "signature")}))


def _draft(tracker: "Tracker", asked: Asked, entries: Sequence[Entry]) -> Draft:
    """Draft what a person asks for, by the rows of the ledger; the same rows give the same draft."""
    _require_words(asked)
    newest = select_newest(entries, asked.pipeline)
    require_transition(asked.pipeline, newest, asked.state)
    proposal = find_proposal(entries, asked.pipeline)
    assert newest is not None, "nothing can be decided of what was not proposed"
    assert proposal is not None, "a review begins with a proposal"
    pipeline, provenance = parse(proposal.payload["text"]), read_provenance(proposal.payload["text"])
    if asked.state == APPROVED:
        _require_as_proposed(tracker, pipeline, proposal)
    now = now_ms()
    looks = [one for one in read_looks(entries) if one.payload["pipeline"] == pipeline.id]
    decision = {
        **{name: getattr(asked, name) for name in Asked.__slots__},
        "name": pipeline.pipeline,
        "dataset": pipeline.data,
        "market": proposal.payload["market"],
        "looks": [[one.name, one.heard(now), str(one.payload["grade"])] for one in looks],
        "pipeline_hash": hash_pipeline(pipeline),
        "fingerprint": proposal.payload["fingerprint"],
        "provenance_hash": hash_provenance(provenance),
        "workspace": tracker.workspace.id,
        "after": newest.hash,
    }
    name, replaces = _find_file(tracker, pipeline, provenance, newest)
    return Draft({field: decision[field] for field in FIELDS}, pipeline, provenance, name, replaces)


def _require_words(asked: Asked) -> None:
    if len(asked.comment) > LONGEST_COMMENT:
        raise ReviewError(f"comment: {len(asked.comment)} characters came; at most {LONGEST_COMMENT}")
    if asked.state == REJECTED and not any(sign.isalnum() for sign in asked.comment):
        raise ReviewError("comment: empty; say why it is rejected, so that the next proposal can mend it")
    if not asked.by or len(asked.by) > LONGEST_NAME:
        raise ReviewError(f"by: {len(asked.by)} characters came; the name of the person who decides, of 1 to {LONGEST_NAME}")
    if asked.comment != clean_line(asked.comment) or asked.by != clean_line(asked.by):
        raise ReviewError("review: its words hold what cannot be seen; draft it again")


def _require_as_proposed(tracker: "Tracker", pipeline: Pipeline, proposal: Entry) -> None:
    """Refuse to approve what is no longer what was proposed: the data, or the words of the pipeline."""
    if tracker.catalog.fingerprint(pipeline.data) != proposal.payload["fingerprint"]:
        raise ReviewError(
            f"review: dataset '{pipeline.data}' has changed since {pipeline.id} was proposed; "
            "`rfcat backtest` it there, `rfcat propose` it again, then decide"
        )
    kept = tracker.resolve(pipeline.id)
    if any(getattr(kept, name) != getattr(pipeline, name) for name in ("id", "pipeline", "about")):
        raise ReviewError(f"review: {pipeline.id} is kept under other words than were proposed; `rfcat propose` it again")


def _find_file(tracker: "Tracker", pipeline: Pipeline, provenance: Mapping[str, Any], newest: Entry) -> tuple[str, bool]:
    """Find the strategy file that the newest row wrote, or the name of a new one where it is gone.

    Raises
    ------
    ReviewError
        If it was edited: a person may have read there what is not going to be signed.
    """
    told = {"review": {name: newest.payload[name] for name in FIELDS}} if newest.payload["state"] in DECIDED else {}
    if newest.payload.get("signature"):
        told["signature"] = newest.payload["signature"]
    expected, name = render_strategy(pipeline, {**provenance, **told}), name_file(pipeline)
    edited = None
    for path in sorted(proposals_folder(tracker.workspace).glob(name.replace(".yaml", "*.yaml"))):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text == expected:
            return path.name, True
        edited = path if _claims(text, provenance) else edited
    if edited is not None:
        raise ReviewError(f"review: {edited.name} was edited since it was written; restore it, or move it away")
    return name, False


def name_file(pipeline: Pipeline) -> str:
    """Name the strategy file of a pipeline."""
    return f"{pipeline.pipeline}-{pipeline.id}.yaml"


def _claims(text: str, provenance: Mapping[str, Any]) -> bool:
    """Check whether a file says that it is of this very proposal, whatever else it says."""
    try:
        told = read_provenance(text)
    except PipelineError:
        return False
    mine, other = (one.get("ledger") for one in (provenance, told))
    same = all(told.get(name) == provenance[name] for name in ("workspace", "at"))
    return same and isinstance(other, Mapping) and isinstance(mine, Mapping) and other.get("head") == mine["head"]


def _require_fresh(ledger: Ledger, decision: Decision) -> None:
    """Refuse a draft that waited too long, or was not made where it says that the ledger stood.

    Raises
    ------
    ReviewError
        Saying which.
    """
    problem = check_position(ledger, decision)
    try:
        age = now_ms() - moment(decision["at"])
    except ValueError:
        raise ReviewError("at: no moment; draft it again") from None
    if problem:
        raise ReviewError(f"review: {problem}; draft it again, and sign that")
    if not -SKEW_MS <= age <= FRESH_MS:
        raise ReviewError(
            f"review: drafted at {decision['at']}, and a draft can be signed for {FRESH_MS // 60_000} minutes; draft it again"
        )


def check_position(ledger: Ledger, decision: Mapping[str, Any]) -> str | None:
    """Check that the ledger stood where a decision says, when it says; return what is wrong, or None."""
    seq, _, head = str(decision["ledger"]).partition(":")
    try:
        row = ledger.find_row(int(seq)) if seq.isdecimal() and len(seq) < 16 else None
        if row is None or row.hash != head or str(row.seq) != seq:
            return "the ledger has no such head"
        at, after = moment(str(decision["at"])), ledger.find_row(row.seq + 1)
    except (LedgerError, ValueError):
        return "its head of the ledger cannot be read"
    if row.at > at + SKEW_MS or (after is not None and after.at < at - SKEW_MS):
        return f"the ledger did not stand at row {seq} at {decision['at']}"
    return None
