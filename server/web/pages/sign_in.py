"""Signing in and out."""

import math
from collections.abc import Mapping
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from server.web.access import scheme_of
from server.web.site import COOKIE, Site, form_of, read_form, render, secret_of, sign_in_of, site_of

PATH = "/sign-in"
"""Beside the start page and the assets the only path that is open to all."""
router = APIRouter()


@router.get(PATH)
def ask(request: Request) -> Response:
    """Ask for name and password."""
    if sign_in_of(request):
        return RedirectResponse("/", 303)
    return render(request, "sign_in.html", name="", wrong="")


@router.post(PATH)
async def sign_in(request: Request) -> Response:
    """Sign in who gives a name and its password, with a new secret each time."""
    site, form = site_of(request), await read_form(request)
    name, password = form.get("name", "").strip().lower()[:40], form.get("password", "")
    wait = site.guesses.wait(name)
    if wait:
        response = render(request, "sign_in.html", 429, name=name, wrong="Too many wrong passwords for this name; wait.")
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    # Counted before it is checked, so that guesses at the same time do not pass together.
    site.guesses.note(name)
    secret = await to_thread.run_sync(_enter, site, name, password, secret_of(request), limiter=site.entrance)
    if secret is None:
        return render(request, "sign_in.html", 401, name=name, wrong="That is not the name and password of anybody here.")
    site.guesses.forgive(name)
    entered = RedirectResponse("/", 303)
    entered.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=scheme_of(request) == "https")
    return entered


def _enter(site: Site, name: str, password: str, earlier: str) -> str | None:
    """Sign in whose password it is, end what the browser had before, and return its new secret; None for a wrong one."""
    person = site.people.check(name, password)
    if person is None:
        return None
    site.sign_ins.end(earlier)
    return site.sign_ins.start(person)


@router.post("/sign-out")
def sign_out(request: Request, _: Annotated[Mapping[str, str], Depends(form_of)]) -> Response:
    """Sign this browser out."""
    site_of(request).sign_ins.end(secret_of(request))
    response = RedirectResponse(PATH, 303)
    response.delete_cookie(COOKIE)
    return response
