"""Two to five trials side by side."""

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from factory.report.meanings import MEANINGS
from server.web.pages.trials import LONGEST, spell_figure
from server.web.site import render, workshop_of

router = APIRouter()


@router.get("/trials/compare")
def compare(request: Request) -> Response:
    """Show the trials that the address names, by ids or names of their pipelines; counts as nothing."""
    from factory.views.comparison import FIGURES, compare_trials
    from factory.views.trial_list import COLUMNS

    given = request.query_params.getlist("ids")
    if (length := sum(map(len, given))) > LONGEST * 2:
        raise HTTPException(400, f"ids: {length} characters came; at most {LONGEST * 2}")
    named = [part.strip() for text in given for part in text.split(",") if part.strip()]
    comparison = compare_trials(workshop_of(request), named)
    return render(
        request,
        "trial_comparison.html",
        comparison=comparison,
        figures=FIGURES,
        columns=COLUMNS,
        meanings=MEANINGS,
        spell=spell_figure,
    )
