"""The HTTP application: MCP at ``/mcp``, and pages for people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from mcp.server.transport_security import TransportSecuritySettings
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from factory.core.errors import FactoryError, UnknownError
from factory.core.foreign import clean_line, shorten
from factory.storage.workspace import Workspace
from server.mcp.app import FactoryServer, build_server
from server.web import assets
from server.web.access import Access
from server.web.pages import list_pages
from server.web.site import Menu, Site, render
from server.web.walls import Walls

LONGEST = 80
"""Characters of an address that an error page repeats."""


class WalledApp(FastAPI):
    """An application behind :class:`Walls`, which see also what fails inside it.

    Parameters
    ----------
    site : Site
        What the walls ask of callers, and the pages share.
    **options : Any
        Of FastAPI.
    """

    def __init__(self, site: Site, **options: Any) -> None:
        super().__init__(**options)
        self.state.site = site

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap the whole application, its own middleware included, in :class:`Walls`."""
        return Walls(super().build_middleware_stack(), self.state.site)


def create_app(workspace: Workspace, access: Access, server: FactoryServer | None = None, **transport: Any) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    workspace : Workspace
        Where everything is kept.
    access : Access
        Where it listens, and what it asks of callers.
    server : FactoryServer or None
        The MCP server; default: :func:`build_server` of the workspace.
    **transport : Any
        Options of the Streamable HTTP transport.
    """
    server = server or build_server(workspace, access.url, **access.mcp_options())
    # The walls check Host and Origin, of every route and whole.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    door = server.streamable_http_app(transport_security=unchecked, **transport)
    pages = list_pages()
    menu = sorted((page.MENU for page in pages if hasattr(page, "MENU")), key=_order)
    site = Site(workspace, access, tuple(menu))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield
        site.close()

    app = WalledApp(site, title="Random Forest Cat", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for room in (assets, *pages):
        app.include_router(room.router)
    app.add_exception_handler(FactoryError, _show_error)
    app.add_exception_handler(HTTPException, _show_refusal)
    app.add_exception_handler(RequestValidationError, _show_mistakes)
    door.state.site = site
    door.add_exception_handler(HTTPException, _show_refusal)
    app.mount("/", door)
    return app


def _order(menu: Menu) -> int:
    return menu.order


def _show_error(request: Request, error: Exception) -> Response:
    """Show what the factory refused: its own lines."""
    assert isinstance(error, FactoryError)
    status = 404 if isinstance(error, UnknownError) else 400
    return render(request, "error.html", status, lines=error.lines)


def _show_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_bare = error.detail == HTTPStatus.NOT_FOUND.phrase  # of the router: no route matched
    says = f"{shorten(clean_line(request.url.path), LONGEST)}: no such page" if is_bare else error.detail
    return render(request, "error.html", error.status_code, lines=[says])


def _show_mistakes(request: Request, error: Exception) -> Response:
    """Show what an address asks for that cannot be, a line each."""
    assert isinstance(error, RequestValidationError)
    lines = [f"{one['loc'][-1]}: '{str(one['input'])[:40]}' came; {one['msg'].lower()}" for one in error.errors()]
    return render(request, "error.html", 400, lines=lines)
