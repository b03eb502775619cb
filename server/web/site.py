"""What all pages share: the workspace, who is signed in, how a page is made, and how a form is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from anyio import CapacityLimiter
from fastapi import HTTPException, Query, Request
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from factory.core.answers import round_significant
from factory.core.times import iso
from factory.market.spec import SIMULATED
from factory.people import People, SignIn, SignIns
from factory.report.meanings import MEANINGS
from factory.storage.workspace import Workspace
from server.mcp.state import State
from server.web.access import Access, same
from server.web.assets import asset_url, find_map_style
from server.web.guesses import Guesses
from server.web.job_events import JobEvents
from server.web.verifier import Verifier

if TYPE_CHECKING:
    from factory.workshop import Workshop

COOKIE = "rfcat"
"""What holds the secret of a browser that is signed in."""
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
"""Of a list, from 1."""
TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class Menu:
    """A page's place in the menu.

    Parameters
    ----------
    title, path : str
    order : int
        Small ones stand first.
    """

    title: str
    path: str
    order: int


class Site:
    """What the pages of one server share.

    Parameters
    ----------
    workspace : Workspace
    access : Access
    menu : tuple of Menu
    """

    def __init__(self, workspace: Workspace, access: Access, menu: tuple[Menu, ...]) -> None:
        self.workspace = workspace
        self.access = access
        self.menu = menu
        self.people = People(workspace)
        self.sign_ins = SignIns(workspace)
        self.state = State(workspace)
        self.guesses = Guesses()
        """At the password of one person, from wherever."""
        self.entrance = CapacityLimiter(1)
        """Passwords are checked one after another; those that wait hold none of the threads in which pages are made."""
        self.verifier = Verifier()
        self.job_events = JobEvents(lambda: self.state.jobs)

    def close(self) -> None:
        """Close the tables, and leave the jobs."""
        self.state.close()
        self.people.close()
        self.sign_ins.close()


def site_of(request: Request) -> Site:
    """Return what the pages share."""
    site: Site = request.app.state.site
    return site


def secret_of(request: HTTPConnection) -> str:
    """Read the secret that a browser shows; empty where it shows none."""
    # Not by `request.cookies`: for a quoted value, which ours never is, Python may take the square of its length.
    cookies = (one.strip().partition("=") for one in request.headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in cookies}.get(COOKIE, "")


def sign_in_of(request: Request) -> SignIn | None:
    """Return who is signed in; None on a page that is open to all."""
    sign_in: SignIn | None = getattr(request.state, "sign_in", None)
    return sign_in


def person_of(request: Request) -> str:
    """Name the person who is signed in.

    Raises
    ------
    HTTPException
        401 if nobody is.
    """
    sign_in = sign_in_of(request)
    if sign_in is None:
        raise HTTPException(401, "Sign in first")
    return sign_in.person.name


def workshop_of(request: Request) -> "Workshop":
    """Open the workshop for the person who is signed in."""
    from factory.workshop import Workshop

    site = site_of(request)
    return Workshop(site.workspace, person_of(request), *site.state.tables)


async def form_of(request: Request) -> Mapping[str, str]:
    """Read the form that a page of ours sent; a dependency of every route that changes something.

    Raises
    ------
    HTTPException
        403 unless the browser says that the form is ours, and it carries what only our pages know.
    """
    form = await read_form(request)
    sign_in = sign_in_of(request)
    if sign_in is None or not same(form.get("form_token", ""), sign_in.form_token):
        raise HTTPException(403, "This form is not of a page of yours, or you signed in again since; reload the page")
    return form


async def read_form(request: Request) -> dict[str, str]:
    """Read a form whose page may be open to all.

    Raises
    ------
    HTTPException
        403 if no browser says where it comes from: the walls have checked what it says.
    """
    if "origin" not in request.headers:
        raise HTTPException(403, "A form is sent by a page of this server, in a browser")
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def require_reviewer(request: Request) -> None:
    """Let reviewers alone pass; a dependency of every route on which something is decided.

    Raises
    ------
    HTTPException
        403 for a viewer.
    """
    sign_in = sign_in_of(request)
    if sign_in is None or not sign_in.person.is_reviewer:
        raise HTTPException(403, "A viewer reads; a reviewer decides. See: rfcat person add NAME --role reviewer")


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Make a page.

    Parameters
    ----------
    request : Request
    template : str
        Its file.
    status : int
    **values : Any
        What the template shows.
    """
    sign_in = sign_in_of(request)
    shared = {"menu": site_of(request).menu if sign_in else (), "sign_in": sign_in, "path": request.url.path}
    return TEMPLATES.TemplateResponse(request, template, {**shared, **values}, status_code=status)


def _mark_code(value: object) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(value))))


def _spell_time(ms: int | None) -> str:
    return "" if ms is None else f"{iso(ms)[:10]} {iso(ms)[11:16]}"


def _spell(value: object) -> str:
    """Write a cell: nothing for None, a number in four digits, anything else as it is."""
    if value is None:
        return ""
    return str(round_significant(value)) if isinstance(value, float) else str(value)


TEMPLATES.env.undefined = StrictUndefined
TEMPLATES.env.trim_blocks = TEMPLATES.env.lstrip_blocks = True
TEMPLATES.env.filters |= {"code": _mark_code, "when": _spell_time, "cell": _spell}
TEMPLATES.env.globals |= {"asset": asset_url, "map_style": find_map_style, "MEANINGS": MEANINGS, "SIMULATED": SIMULATED}
