"""What a search on a dataset came to, also where that is nothing."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.web.site import render, workshop_of

router = APIRouter()


@router.get("/summary/{dataset}")
def show_summary(request: Request, dataset: str) -> Response:
    """Show what was tried on a dataset, what that rules out at which size of effect, and what is left."""
    from factory.views.conclusion import conclude_search, draw_ruled_out

    conclusion = conclude_search(workshop_of(request), dataset)
    return render(request, "summary.html", conclusion=conclusion, figure=draw_ruled_out(conclusion))
