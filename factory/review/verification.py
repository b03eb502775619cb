"""A strategy file checked against keys that a person trusts: with no workspace, on any machine.

All that the file says is held against what was signed, and its text against what the factory writes of that. A key inside a
file proves nothing and is not looked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.errors import FactoryError
from factory.pipeline import Pipeline, parse, read_provenance
from factory.review.decisions import check_position, hash_pipeline, hash_provenance, is_decision, is_signed
from factory.review.keys import TrustedKey
from factory.review.states import APPROVED, REVIEW, list_banners, list_market_banners, select_newest
from factory.review.strategy_text import render_strategy

if TYPE_CHECKING:
    from factory.tracking import Tracker


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a strategy file.

    Parameters
    ----------
    decision : mapping
        What was signed, by a key that is trusted; empty where nothing was.
    key : TrustedKey or None
        That signed it.
    banners : tuple of str
        Of what was signed.
    verified, unverified : tuple of str
        What was checked, and what could not be checked here, a line each.
    problems : tuple of str
        Why the file is not to be used; empty where it is approved and whole.
    """

    decision: Mapping[str, Any]
    key: TrustedKey | None
    banners: tuple[str, ...]
    verified: tuple[str, ...]
    unverified: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the file is approved by a trusted key, and whole."""
        return not self.problems


def verify_strategy(text: str, keys: Sequence[TrustedKey], tracker: "Tracker | None" = None) -> Verification:
    """Check a strategy file.

    Parameters
    ----------
    text : str
        Of the file.
    keys : sequence of TrustedKey
        Those that may have signed it.
    tracker : Tracker or None
        Of the workspace that is at hand: what it knows of the data and of later decisions is held against the file too.
    """
    try:
        provenance, pipeline = read_provenance(text), parse(text)
    except FactoryError as error:
        return _refuse(*error.lines)
    decision, signature = provenance.get("review"), str(provenance.get("signature", ""))
    if decision is None:
        return _refuse("review: there is none in it; nobody has decided on it")
    if not is_decision(decision):
        return _refuse("review: not as a decision is written; the file was edited")
    if not signature:
        return _refuse(f"signature: none; whoever wrote '{decision['state']}' into it did not give the passphrase")
    if not keys:
        return _refuse("key: none is trusted here; give --key, as the reviewer's `rfcat review key` prints it, or pin it")
    key = next((one for one in keys if is_signed(one.key, decision, signature)), None)
    if key is None:
        whose = "the one key that is" if len(keys) == 1 else f"any of the {len(keys)} keys that are"
        return _refuse(f"signature: not by {whose} trusted here, or the review was edited")
    problems = _compare(text, pipeline, provenance, decision)
    verified = () if problems else _tell_signed(decision)
    here, elsewhere, later = _compare_with_workspace(decision, tracker)
    if decision["state"] != APPROVED:
        problems.append(f"state: {decision['state']}; only what is approved passes")
    banners = (*list_banners(decision), *list_market_banners(decision["market"]))
    return Verification(decision, key, banners, (*verified, *here), elsewhere, (*problems, *later))


def _refuse(*lines: str) -> Verification:
    return Verification({}, None, (), (), (), lines)


def _compare(text: str, pipeline: Pipeline, provenance: Mapping[str, Any], decision: Mapping[str, Any]) -> list[str]:
    """List where a file says otherwise than what was signed."""
    signed = {
        "pipeline": (pipeline.id, pipeline.pipeline, pipeline.data, hash_pipeline(pipeline))
        == tuple(decision[name] for name in ("pipeline", "name", "dataset", "pipeline_hash")),
        "provenance": hash_provenance(provenance) == decision["provenance_hash"],
    }
    if wrong := [f"{name}: not what was signed; it was edited since" for name, same in signed.items() if not same]:
        return wrong
    lines, due = text.splitlines(), render_strategy(pipeline, provenance).splitlines()
    place = next((i for i in range(max(len(lines), len(due))) if lines[i : i + 1] != due[i : i + 1]), None)
    if place is None:
        return []
    return [f"text: line {place + 1} is not as this version writes what was signed; take the file from who approved it"]


def _tell_signed(decision: Mapping[str, Any]) -> tuple[str, ...]:
    looks = "; ".join(f"{name} {verdict} ({grade})" for name, verdict, grade in decision["looks"]) or "none"
    return (
        f"the key's signature on '{decision['state']}', by {decision['by']} at {decision['at']}",
        f"pipeline {decision['pipeline']} ({decision['name']}), every word of the file",
        f"sealed looks when it was decided: {looks}",
        f"names the data {decision['dataset']} ({decision['market']}), fingerprint {decision['fingerprint'][:12]}",
        f"names the ledger of workspace {decision['workspace']}, at row {decision['ledger'].partition(':')[0]}",
    )


def _compare_with_workspace(
    decision: Mapping[str, Any], tracker: "Tracker | None"
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """List what the workspace at hand confirms, what only another could, and what it contradicts."""
    if tracker is None or tracker.workspace.id != decision["workspace"]:
        questions = ("whether it was retired since", "whether the data and the ledger are as it names them")
        return (), tuple(f"{one}: only workspace {decision['workspace']} can tell" for one in questions), ()
    newest = select_newest(tracker.ledger.of_kinds((REVIEW,)), decision["pipeline"])
    state = newest.payload["state"] if newest else "unknown"
    later = () if state == decision["state"] else (f"state: {state} here by now; the file says {decision['state']}",)
    wrong = check_position(tracker.ledger, decision)
    cut = (f"ledger: {wrong}; run `rfcat ledger verify`",) if wrong else ()
    told = () if later or cut else ("still the newest decision of its workspace, whose ledger stood so",)
    data = decision["dataset"]
    if data not in tracker.catalog.names():
        return told, (f"whether the data are as it names them: there is no dataset '{data}' here any more",), (*later, *cut)
    if tracker.catalog.fingerprint(data) != decision["fingerprint"]:
        return told, (), (*later, *cut, f"data: '{data}' has changed since it was signed; propose it again")
    return (*told, f"data: '{data}' is here with that fingerprint"), (), (*later, *cut)
