"""The families of trials, and the tree of one."""

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from server.web.pages.trials import read_page, spell_figure
from server.web.site import Menu, render, workshop_of

MENU = Menu("Families", "/families", 15)
PATH = "/families"
router = APIRouter()


@router.get(PATH)
def show_families(request: Request) -> Response:
    """Show one page of the families, the largest first."""
    from factory.views.families import PAGE, list_families

    page = read_page(request.query_params.get("page", "1"))
    families, total = list_families(workshop_of(request), page)
    pages = max(1, -(-total // PAGE))
    if page > pages:
        raise HTTPException(400, f"page: {page} came; the list has {pages}")
    return render(
        request, "families.html", families=families, total=total, page=page, pages=pages, list_path=PATH, spell=spell_figure
    )


@router.get(f"{PATH}/{{root}}")
def show_family(request: Request, root: str) -> Response:
    """Show the tree of a family, by the id of the pipeline that it began with."""
    from factory.views.families import draw_family

    return render(request, "family.html", family=draw_family(workshop_of(request), root), spell=spell_figure)
