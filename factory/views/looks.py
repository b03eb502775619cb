"""What may be told of sealed looks."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, round_answer, table
from factory.core.errors import PipelineError
from factory.core.times import iso, now_ms
from factory.vault.pools import PASS, PENDING, SEAL_ROWS, find_look, read_looks

if TYPE_CHECKING:
    from factory.tracking import Tracker

PAGE = 10


def look_status(tracker: "Tracker", name: str) -> Answer:
    """Say all that may be told of a look: the same for every FAIL, whatever its reason."""
    look = find_look(tracker.ledger.of_kinds(SEAL_ROWS), name)
    if look is None:
        raise PipelineError(f"show: '{name[:20]}' unknown; show(what='looks') lists the looks")
    heard = look.heard(now_ms())
    waiting = heard == PENDING
    data = str(look.payload["dataset"])
    told = {
        "look": name,
        "pipeline": look.payload["pipeline"],
        "verdict": heard,
        "verdict_at": iso(-(-look.due // 1000) * 1000) if waiting else None,
        "grade": None if waiting else look.payload["grade"],
        "price": look.payload.get("price"),
        "next": _after(name, heard),
        "ledger": tracker.ledger_summary(data),
    }
    return round_answer(told)


def _after(name: str, heard: str) -> str:
    if heard == PENDING:
        return f"show(what='{name}') tells it then"
    return "propose it; a person reads the report" if heard == PASS else "search on, or report what was ruled out"


def looks_answer(tracker: "Tracker", data: list[str], *, whole: bool) -> Answer:
    """List every look, also on what is no longer here, or those on some data: when, on what, and what was heard."""
    now = now_ms()
    rows = [
        [one.name, iso(one.entry.at // 1000 * 1000), one.payload["dataset"], one.payload["pipeline"], one.heard(now)]
        for one in read_looks(tracker.ledger.of_kinds(SEAL_ROWS))
        if whole or one.payload["dataset"] in data
    ]
    return {
        **table(("look", "at", "dataset", "pipeline", "verdict"), rows[-PAGE:]),
        "ledger": [tracker.ledger_summary(name) for name in data],
    }
