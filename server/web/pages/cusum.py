"""The CUSUM picture of a pipeline, with a slider for the threshold."""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from factory.core.errors import PipelineError
from factory.core.times import iso, moment
from server.web.site import TEMPLATES, render, workshop_of

if TYPE_CHECKING:
    from factory.report.cusum import CusumPicture

router = APIRouter()


@router.get("/cusum/{reference}")
def show_cusum(
    request: Request,
    reference: str,
    partition: str = "train",
    from_: Annotated[str, Query(alias="from")] = "",
    span: str = "",
    of: str = "",
    threshold: str = "",
) -> Response:
    """Show what a CUSUM filter sums, chooses and gives to learn from; on validation its figures count as explorations, once."""
    from factory.report.render import render_cusum_sections
    from factory.views.cusum import make_cusum_sheet, read_cusum

    workshop = workshop_of(request)
    pipeline = workshop.resolve(reference)
    picture = read_cusum(workshop, pipeline, partition, _read_moment(from_), span or None, of, threshold)
    chooser = TEMPLATES.get_template("cusum_chooser.html").render(
        pipeline=pipeline,
        picture=picture,
        start=_write_moment(picture.window[0]),
        earliest=_write_moment(picture.bounds[0]),
        latest=_write_moment(picture.bounds[1]),
        length=_find_span(picture),
        is_trial=workshop.find_entry(pipeline) is not None,
        earlier=_link(picture, -1),
        later=_link(picture, 1),
    )
    sheet = make_cusum_sheet(workshop, pipeline, picture)
    return render(request, "cusum.html", title=sheet.title, sections=Markup(render_cusum_sections(sheet, chooser)))


def _read_moment(text: str) -> int | None:
    """Read a moment as browsers send it, in UTC; None for none."""
    try:
        return moment(f"{text}Z" if "T" in text and not text.endswith("Z") else text) if text else None
    except ValueError as error:
        raise PipelineError(f"from: {error}") from None


def _write_moment(ms: int) -> str:
    """Write a moment as browsers take it."""
    text = iso(ms)
    return text.removesuffix("Z")[:16] if "T" in text else f"{text}T00:00"


def _find_span(picture: "CusumPicture") -> str:
    """Find the length of the window among those that it may have; one cut short by the partition has the next one."""
    from factory.core.times import to_ms

    length = picture.window[1] - picture.window[0]
    return next((span for span in picture.spans if to_ms(span) >= length), picture.spans[-1])


def _link(picture: "CusumPicture", step: int) -> str:
    """Write the question for the window before or after; empty where there is none."""
    start, end = picture.window
    first, last = picture.bounds
    if (start <= first) if step < 0 else (end >= last):
        return ""
    asked = {"partition": picture.partition, "from": _write_moment(start + step * (end - start)), "span": _find_span(picture)}
    of, threshold = picture.text
    return "?" + urlencode(asked if picture.is_own else {**asked, "of": of, "threshold": threshold})
