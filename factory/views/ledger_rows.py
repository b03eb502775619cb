"""Rows of the ledger in words: what was done, by whom, and where more of it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.answers import pluralize, round_significant
from factory.core.errors import DataError, did_you_mean
from factory.core.times import now_ms
from factory.ledger import Entry
from factory.vault.pools import SEAL_ROWS, Look, read_looks

if TYPE_CHECKING:
    from factory.ledger.history import AgentCount, RowCount
    from factory.tracking import Tracker

PAGE = 50
KINDS = {
    "trial": "a pipeline, or an agent's own code, that was given validation",
    "exploration": "scores that are no trial: made without validation, or of what a trial did there",
    "look": "one exam on the sealed segment, counted before a sealed row was read",
    "verdict": "what a look came to, told at its time: PASS or FAIL",
    "review": "a proposal, or what a person decided of it",
    "grant": "terms of the looks, signed by the reviewer",
    "waiver": "a probe that no longer blocks a pipeline, signed by the reviewer",
    "retirement": "a sealed stretch that was closed, signed by the reviewer",
    "forward": "a test of what passed on bars that came later",
    "reviewer": "who may grant looks and read full reports",
}
"""What a row of each kind is."""
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowInWords:
    """A row as a person reads it.

    Parameters
    ----------
    seq : int
    at : int
        ms UTC.
    kind : str
    dataset, by : str
        Empty where the row names none.
    says : str
        What was done.
    why : str
        The reason that was given, in its author's words.
    pipeline : str
        Id of the pipeline that the row is about; empty where it is about none.
    look : str
        Name of the look that the row is about, likewise.
    hash : str
    """

    seq: int
    at: int
    kind: str
    dataset: str
    by: str
    says: str
    why: str
    pipeline: str
    look: str
    hash: str


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of rows.

    Parameters
    ----------
    rows : list of RowInWords
    total : int
        Rows of that kind and dataset.
    """

    rows: list[RowInWords]
    total: int


def read_ledger_page(tracker: "Tracker", kind: str | None, dataset: str | None, number: int) -> LedgerPage:
    """Read one page of rows in words, newest first.

    Raises
    ------
    DataError
        If no row is of that kind or dataset.
    """
    counts = tracker.ledger.row_counts()
    require_counted("kind", kind, [*KINDS, *(one.kind for one in counts)])
    require_counted("dataset", dataset, [*tracker.catalog.names(), *(one.dataset for one in counts if one.dataset)])
    total = sum(one.rows for one in counts if kind in (None, one.kind) and dataset in (None, one.dataset))
    entries = tracker.ledger.rows(kind, dataset, number, PAGE)
    looks = {look.entry.seq: look for look in read_looks(tracker.ledger.of_kinds(SEAL_ROWS))}
    return LedgerPage([describe_row(entry, looks, now_ms()) for entry in entries], total)


def require_counted(what: str, name: str | None, known: Sequence[str]) -> None:
    """Refuse a filter that the ledger has nothing of.

    Raises
    ------
    DataError
        Naming the nearest that there is.
    """
    if name is not None and name not in known:
        raise DataError(f"{what}: '{name[:40]}' unknown; {did_you_mean(name, known)}")


def describe_row(entry: Entry, looks: Mapping[int, Look], now: int) -> RowInWords:
    """Describe a row; of a verdict and a look no more than may be told at the moment.

    Parameters
    ----------
    looks : mapping of int to Look
        All looks, by the number of their row.
    now : int
        ms UTC.
    """
    payload = entry.payload
    number = entry.seq if entry.kind == "look" else _look_number(payload)
    look = looks.get(number) if number is not None else None
    tell = TELLERS.get(entry.kind, _tell_any)
    return RowInWords(
        entry.seq,
        entry.at,
        entry.kind,
        str(payload.get("dataset") or ""),
        _name_author(entry.kind, payload),
        tell(payload, look.heard(now) if look else ""),
        str(payload.get("why") or payload.get("comment") or ""),
        _pipeline_of(payload),
        look.name if look else "",
        entry.hash,
    )


def _name_author(kind: str, payload: Payload) -> str:
    if kind == "verdict":
        return "the vault"
    return str(payload.get("agent") or payload.get("by") or ("the reviewer" if "signature" in payload else ""))


def _look_number(payload: Payload) -> int | None:
    look = payload.get("look")
    text = str(look).removeprefix("look-")
    return int(text) if text.isdecimal() else None


def _pipeline_of(payload: Payload) -> str:
    pipeline = str(payload.get("pipeline") or "")
    return "" if pipeline.startswith("python:") else pipeline


def _tell_trial(payload: Payload, _: str) -> str:
    metrics = payload.get("metrics")
    if metrics is None:
        return f"code {str(payload.get('code', ''))[:12]} of the agent's own was given validation"
    sharpe = metrics.get("sharpe")
    scored = f", Sharpe {round_significant(sharpe)}" if sharpe is not None else ""
    trades = int(metrics.get("trades", 0))
    return f"{payload.get('name', '')} scored on validation: {trades:,} {'trade' if trades == 1 else 'trades'}{scored}"


def _tell_exploration(payload: Payload, _: str) -> str:
    where = "of validation" if payload.get("part") == "validation" else "without validation"
    what = payload.get("what")
    return f"{pluralize(int(payload.get('count', 1)), 'score')} {where}{f': {what}' if what else ''}"


def _tell_look(payload: Payload, heard: str) -> str:
    spent = f"look {payload['look']} of {payload['looks']} spent on {payload['name']}"
    return f"{spent}, claimed to earn {payload['claim']:g} a decision: {heard}"


def _tell_verdict(_: Payload, heard: str) -> str:
    return f"the verdict: {heard}"


def _tell_review(payload: Payload, _: str) -> str:
    return f"{payload.get('name', '')}: {payload.get('state', '')}"


def tell_grant(payload: Payload) -> str:
    """Say the terms of a grant."""
    told = [f"{payload['looks']} looks in all"] if "looks" in payload else []
    weights = payload.get("weights", [1.0])
    if len(weights) > 1:
        told.append(f"going on after a PASS with shares {', '.join(f'{one:g}' for one in weights)} of alpha")
    if "a_day" in payload:
        told.append(f"at most {payload['a_day']} within 24 hours")
    return "; ".join(told)


def _tell_grant(payload: Payload, _: str) -> str:
    return tell_grant(payload)


def _tell_waiver(payload: Payload, _: str) -> str:
    return f"probe {payload.get('probe')} no longer blocks it"


def _tell_retirement(_: Payload, __: str) -> str:
    return "its sealed stretch is closed"


def _tell_forward(payload: Payload, _: str) -> str:
    return (
        f"{pluralize(int(payload.get('decisions', 0)), 'decision')} on bars from {payload.get('from')} to {payload.get('to')}: "
        f"{payload.get('state')}, evidence {payload.get('e_value')} to 1 for an edge"
    )


def _tell_reviewer(_: Payload, __: str) -> str:
    return "a passphrase was chosen; its public keys stand here, itself nowhere"


def _tell_any(payload: Payload, _: str) -> str:
    """Say the name of what a row of another kind is about."""
    return str(payload.get("name") or payload.get("what") or "")


TELLERS: Mapping[str, Callable[[Payload, str], str]] = {
    "trial": _tell_trial,
    "exploration": _tell_exploration,
    "look": _tell_look,
    "verdict": _tell_verdict,
    "review": _tell_review,
    "grant": _tell_grant,
    "waiver": _tell_waiver,
    "retirement": _tell_retirement,
    "forward": _tell_forward,
    "reviewer": _tell_reviewer,
}
"""What says a row of each kind, given what may be told of its look."""


def tabulate_counts(rows: Sequence["RowCount"], agents: Sequence["AgentCount"]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tabulate how many rows there are by dataset and kind, and how many trials by agent and dataset."""
    from factory.core.answers import table

    kinds = [kind for kind in dict.fromkeys([*KINDS, *(one.kind for one in rows)]) if any(one.kind == kind for one in rows)]
    datasets = sorted({one.dataset or "" for one in rows})
    held = {(one.dataset or "", one.kind): one for one in rows}
    by_dataset = [
        [name or "(none)", *(held[name, kind].rows if (name, kind) in held else 0 for kind in kinds)] for name in datasets
    ]
    by_agent = [[one.agent, one.dataset, one.trials] for one in agents]
    return table(("dataset", *kinds), by_dataset), table(("agent", "dataset", "trials"), by_agent)
