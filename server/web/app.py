"""The HTTP application: MCP at ``/mcp``, and the start page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

import factory
from factory.core.settings import SandboxSettings
from factory.storage.workspace import Workspace
from factory.vault.isolation import describe_seal
from server.mcp import hosts
from server.mcp.app import FactoryServer, build_server
from server.mcp.tool_commands import name_commands_throughout
from server.web.access import COOKIE, Access, same, scheme_of
from server.web.walls import TOKEN_PATH, Walls

TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
TEMPLATES.env.filters["code"] = lambda value: Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(value))))


class Site(FastAPI):
    """An application behind :class:`Walls`, which see also what fails inside it.

    Parameters
    ----------
    access : Access
        What the walls ask of callers.
    **options : Any
        Of FastAPI.
    """

    def __init__(self, access: Access, **options: Any) -> None:
        super().__init__(**options)
        self.access = access

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap the whole application, its own middleware included, in :class:`Walls`."""
        return Walls(super().build_middleware_stack(), self.access)


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
    server = server or build_server(workspace, **access.mcp_options())
    # The walls check Host and Origin, of every route and whole.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    door = server.streamable_http_app(transport_security=unchecked, **transport)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with server.session_manager.run():
            yield

    app = Site(access, title="Random Forest Cat", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_pages(app, workspace, access)
    app.mount("/", door)
    return app


def _add_pages(app: FastAPI, workspace: Workspace, access: Access) -> None:
    @app.get("/", response_class=HTMLResponse)
    def start(request: Request) -> Response:
        if not access.accepts(request):
            return TEMPLATES.TemplateResponse(request, "token.html", status_code=401)
        return TEMPLATES.TemplateResponse(request, "start.html", _start_page(workspace, access))

    @app.post(TOKEN_PATH)
    async def enter(request: Request) -> Response:
        shown = parse_qs((await request.body()).decode(errors="replace")).get("token", [""])[0]
        if not access.token or not same(shown, access.token):
            return TEMPLATES.TemplateResponse(request, "token.html", {"wrong": True}, status_code=401)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(COOKIE, access.mark, httponly=True, samesite="strict", secure=scheme_of(request) == "https")
        return response


def _start_page(workspace: Workspace, access: Access) -> dict[str, Any]:
    from factory.workshop import Workshop
    from sandbox.selftest import level
    from server.python_tool.sandbox import describe_isolation

    workshop = Workshop(workspace, agent="person")
    return {
        "version": factory.__version__,
        "workspace": workspace.root,
        "url": f"{access.url}/mcp",
        "http_line": hosts.claude_http_line(f"{access.url}/mcp", token=bool(access.token)),
        "stdio_line": hosts.claude_line(workspace),
        "json_block": hosts.json_block(workspace),
        "seal": describe_seal(),
        "sandbox": describe_isolation(level(), SandboxSettings.read()),
        "market": name_commands_throughout(workshop.describe()),
        "leaderboard": name_commands_throughout(workshop.show("leaderboard")),
    }
