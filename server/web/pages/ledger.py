"""The ledger: its rows in words, its head, and its proof."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from server.web.site import Menu, PageNumber, form_of, person_of, render, site_of, workshop_of

MENU = Menu("Ledger", "/ledger", 50)
router = APIRouter()


@router.get("/ledger")
def show_ledger(request: Request, page: PageNumber = 1, kind: str = "", dataset: str = "") -> Response:
    """Show one page of the ledger, newest first, of one kind and dataset or of all."""
    from factory.views.ledger_rows import KINDS, PAGE, read_ledger_page, tabulate_counts

    workshop = workshop_of(request)
    shown = read_ledger_page(workshop, kind or None, dataset or None, page)
    counts = workshop.ledger.row_counts()
    by_dataset, by_agent = tabulate_counts(counts, workshop.ledger.agent_counts())
    return render(
        request,
        "ledger.html",
        shown=shown,
        head=workshop.ledger.position(),
        proof=site_of(request).verifier.proof,
        by_dataset=by_dataset,
        by_agent=by_agent,
        kind_meanings=KINDS,
        kinds=sorted({one.kind for one in counts}),
        datasets=sorted({one.dataset for one in counts if one.dataset}),
        kind=kind,
        dataset=dataset,
        page=page,
        pages=max(1, -(-shown.total // PAGE)),
        query="".join(f"&{urlencode({name: value})}" for name, value in (("kind", kind), ("dataset", dataset)) if value),
    )


@router.post("/ledger/verify")
def verify_ledger(request: Request, _: Annotated[Mapping[str, str], Depends(form_of)]) -> Response:
    """Start the ledger's proof in a thread; the page shows it when it is done."""
    workshop = workshop_of(request)
    site_of(request).verifier.start(person_of(request), workshop.verify)
    return RedirectResponse("/ledger", 303)
