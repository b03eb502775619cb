"""The vault: looks, what is left of them, and what a person decided. Full reports open on the command line alone."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.web.site import Menu, render, workshop_of

MENU = Menu("Vault", "/vault", 60)
router = APIRouter()


@router.get("/vault")
def show_vault(request: Request) -> Response:
    """Show what may be told of the sealed segments: dates, counts, and PASS or FAIL."""
    from factory.views.sealed_looks import read_seal_page

    return render(request, "vault.html", seal=read_seal_page(workshop_of(request)))
