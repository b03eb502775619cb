"""The sandbox's log: calls of agents' own code."""

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from factory.core.quoting import terminal_text
from server.web.site import Menu, PageNumber, render, workshop_of

MENU = Menu("Calls", "/calls", 80)
PAGE = 50
router = APIRouter()


@router.get("/calls")
def list_calls(request: Request, page: PageNumber = 1) -> Response:
    """List one page of calls, newest first: who ran code, on what, what it took, and whether it was given validation."""
    workshop = workshop_of(request)
    calls, seen = workshop.store.calls(page, PAGE), _find_trials(request)
    rows = [(call, seen.get((call.dataset, call.code))) for call in calls]
    return render(request, "calls.html", rows=rows, page=page, pages=max(1, -(-workshop.store.count_calls() // PAGE)))


@router.get("/calls/{id}")
def show_call(request: Request, id: str) -> Response:
    """Show a call: the hash of its code, and the output that was kept, with control characters spelled out."""
    call = workshop_of(request).store.call(id)
    if call is None:
        raise HTTPException(404, f"call: '{id[:20]}' unknown; the list has those that there are")
    output = None if call.output is None else terminal_text(call.output)
    return render(request, "call.html", call=call, row=_find_trials(request).get((call.dataset, call.code)), output=output)


def _find_trials(request: Request) -> dict[tuple[str, str], int]:
    """Find the ledger's rows of code that was given validation, by dataset and the code's hash."""
    trials = workshop_of(request).ledger.code_trials()
    return {(str(one.payload["dataset"]), str(one.payload.get("code", ""))): one.seq for one in trials}
