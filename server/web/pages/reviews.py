"""What was proposed, and what people decide of it: signed in the browser, so that no passphrase reaches this process."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import RedirectResponse, Response

from factory.core.errors import ReviewError
from factory.core.quoting import shell_line
from server.mcp.hosts import command_line
from server.web.site import Menu, form_of, person_of, render, require_reviewer, workshop_of

if TYPE_CHECKING:
    from factory.workshop import Workshop

PATH = "/reviews"
MENU = Menu("Reviews", PATH, 30)
Form = Annotated[Mapping[str, str], Depends(form_of)]
PAGE = 20
FIGURES = ("trades", "win_rate", "break_even", "mean_net", "sharpe", "sharpe_error", "deflated", "return", "drawdown")
"""Of a trial, that stand beside a decision on it."""
MEANINGS = {
    "pipeline_hash": "every word of the pipeline, its name and what it is about",
    "fingerprint": "the rows and the terms of the dataset",
    "provenance_hash": "every word of where it comes from: parent, agent, trials before it, scores, probes",
    "workspace": "the folder whose ledger holds all this",
    "ledger": "where the ledger stood: its last row, and that row's hash",
    "after": "the row of the review that this one follows",
}
"""What hashes and numbers stand for that are signed."""
ACTS = {"approved": "Approve", "rejected": "Reject", "retired": "Retire"}
"""What a person does to give a state."""
router = APIRouter()


@router.get(PATH)
def list_reviews(request: Request, page: Annotated[int, Query(ge=1)] = 1) -> Response:
    """List what was proposed, the newest first."""
    from factory.review.status import read_reviews

    reviews = list(read_reviews(workshop_of(request)).values())
    shown = reviews[(page - 1) * PAGE : page * PAGE]
    return render(request, "reviews.html", reviews=shown, page=page, pages=-(-len(reviews) // PAGE))


@router.get(f"{PATH}/{{reference}}")
def show_review(request: Request, reference: str) -> Response:
    """Show where a pipeline's review stands, how it came there, and what may follow."""
    from factory.review.states import FOLLOW, PROPOSED
    from factory.review.status import review_status

    workshop = workshop_of(request)
    pipeline = workshop.resolve(reference)
    review = review_status(workshop, pipeline.id)
    allowed = FOLLOW[None if review is None else review.state]
    return render(
        request,
        "review.html",
        pipeline=pipeline,
        review=review,
        history=_read_history(workshop, pipeline.id),
        acts={state: ACTS[state] for state in allowed if state in ACTS},
        may_propose=PROPOSED in allowed and (review is None or review.state != PROPOSED),
        scored=_tell_score(workshop, pipeline.id),
        **_describe_file(workshop, pipeline.id),
    )


@router.get(f"{PATH}/{{reference}}/strategy.yaml")
def send_file(request: Request, reference: str) -> Response:
    """Send the newest strategy file of a pipeline."""
    path = _find_file(workshop := workshop_of(request), workshop.resolve(reference).id)
    if path is None:
        raise HTTPException(404, "No strategy file of it is there; propose it, and one is written")
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return Response(path.read_text(encoding="utf-8"), media_type="application/yaml", headers=headers)


@router.post(f"{PATH}/{{reference}}/propose", dependencies=[Depends(require_reviewer)])
def propose(request: Request, reference: str, form: Form) -> Response:
    """Write the strategy file, for a person to decide on."""
    answer = workshop_of(request).propose(reference, form.get("why", ""))
    return RedirectResponse(f"{PATH}/{answer['pipeline']}", 303)


@router.post(f"{PATH}/{{reference}}/draft", dependencies=[Depends(require_reviewer)])
def draft(request: Request, reference: str, form: Form) -> Response:
    """Draft a decision, and show exactly what is to be signed."""
    from factory.review.decisions import draft_decision, signing_bytes
    from factory.review.states import list_banners
    from factory.vault.reviewer import KIND, find_reviewer

    workshop = workshop_of(request)
    state, comment = form.get("state", ""), form.get("comment", "")
    decision = draft_decision(workshop, reference, state, comment, person_of(request))
    return render(
        request,
        "review_sign.html",
        decision=decision,
        act=ACTS[decision["state"]],
        banners=list_banners(decision),
        message=urlsafe_b64encode(signing_bytes(decision)).decode().rstrip("="),
        reviewer=find_reviewer(workshop.ledger.of_kinds((KIND,))),
        must_sign=decision["state"] == "approved",
        scored=_tell_score(workshop, decision["pipeline"]),
        proposal=next((one for one in _read_history(workshop, decision["pipeline"]) if one["state"] == "proposed"), None),
        meanings=MEANINGS,
        command=command_line(workshop.workspace, "vault", "reviewer"),
    )


@router.post(f"{PATH}/{{reference}}", dependencies=[Depends(require_reviewer)])
def decide(request: Request, reference: str, form: Form) -> Response:
    """Record a decision that was drafted and signed."""
    from factory.review.decisions import read_decision, record_decision

    message = _read_message(form.get("message", ""))
    workshop = workshop_of(request)
    pipeline = workshop.resolve(reference).id
    if read_decision(message)["pipeline"] != pipeline:
        raise ReviewError(f"review: drafted for another pipeline than {pipeline}; draft it again")
    record_decision(workshop, message, form.get("signature") or None, person_of(request))
    return RedirectResponse(f"{PATH}/{pipeline}", 303)


def _read_message(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ReviewError("review: what came is no decision as it was drafted; draft it again, and sign that") from None


def _read_history(workshop: "Workshop", pipeline: str) -> list[Mapping[str, Any]]:
    """Read what was decided of a pipeline, the newest first."""
    from factory.review.states import REVIEW, group_rows

    rows = group_rows(workshop.ledger.of_kinds((REVIEW,))).get(pipeline, [])
    return [{**entry.payload, "row": entry.seq, "is_signed": bool(entry.payload.get("signature"))} for entry in reversed(rows)]


def _find_file(workshop: "Workshop", pipeline: str) -> Path | None:
    """Find the newest strategy file of a pipeline."""
    from factory.tracking.strategy_files import proposals_folder

    files = proposals_folder(workshop.workspace).glob(f"*-{pipeline}*.yaml")
    return max(files, key=lambda path: (len(path.name), path.name), default=None)


def _describe_file(workshop: "Workshop", pipeline: str) -> dict[str, Any]:
    """Describe the strategy file of a pipeline, and how it is verified, here and elsewhere."""
    from factory.vault.reviewer import KIND, find_reviewer

    path, reviewer = _find_file(workshop, pipeline), find_reviewer(workshop.ledger.of_kinds((KIND,)))
    if path is None:
        return {
            "file": None,
            "needs_reviewer": reviewer is None,
            "command": command_line(workshop.workspace, "vault", "reviewer"),
        }
    key = ("--key", reviewer.signing.hex()) if reviewer else ()
    return {
        "file": path,
        "text": path.read_text(encoding="utf-8", errors="replace"),
        "here": command_line(workshop.workspace, "verify", str(path), *key),
        "elsewhere": shell_line("rfcat", "verify", path.name, *key),
        "needs_reviewer": reviewer is None,
        "command": command_line(workshop.workspace, "vault", "reviewer"),
    }


def _tell_score(workshop: "Workshop", pipeline: str) -> dict[str, Any] | None:
    """Tell what a person should have read before deciding: the honest reading, the figures that it rests on, the probes."""
    scored = workshop.find_trial(workshop.resolve(pipeline))
    if scored is None:
        return None
    return {
        "is_simulated": scored.get("data") == "simulated",
        "price": scored.get("price"),
        "reading": scored["reading"],
        "figures": {name: scored[name] for name in FIGURES if name in scored},
        "probes": scored.get("probes"),
    }
