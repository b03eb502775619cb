"""The card of a scored strategy, and its trades."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from server.web.site import render, workshop_of

router = APIRouter()


@router.get("/cards/{reference}")
def show_card(request: Request, reference: str) -> Response:
    """Show the card of a pipeline, by id or name; its breakdowns count as explorations of validation, once."""
    from factory.report.render import render_sections
    from factory.review.status import review_status
    from factory.views.cards import make_trial_card

    workshop = workshop_of(request)
    pipeline, card = make_trial_card(workshop, reference)
    sections = Markup(render_sections(card, f"/cards/{pipeline.id}/trades.csv"))
    review = review_status(workshop, pipeline.id)
    return render(request, "strategy_card.html", title=card.title, sections=sections, pipeline=pipeline, review=review)


@router.get("/cards/{reference}/trades.csv")
def export_card_trades(request: Request, reference: str) -> Response:
    """Send all trades of a scored pipeline as CSV."""
    from factory.report.trial import export_trades
    from factory.views.cards import read_trial

    workshop = workshop_of(request)
    pipeline = workshop.resolve(reference)
    name = f"{pipeline.pipeline}-{pipeline.id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(export_trades(read_trial(workshop, pipeline)), media_type="text/csv", headers=headers)
