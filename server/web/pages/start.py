"""The start page: what this workspace holds, what agents do in it now, how to connect a host, and what to do next."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

import factory
from factory.core.quoting import shell_line
from factory.core.settings import SandboxSettings
from factory.vault.isolation import describe_seal
from server.mcp import hosts
from server.web.access import is_loopback
from server.web.pages.sign_in import PATH
from server.web.site import Menu, render, sign_in_of, site_of, workshop_of

MENU = Menu("Start", "/", 0)
ADD = ("person", "add", "ada", "--role", "reviewer")
router = APIRouter()


@router.get("/")
def start(request: Request) -> Response:
    """Show the start page; until there is anybody, only how to connect a host and how to add a person."""
    if sign_in_of(request) is None:
        if not site_of(request).people.is_empty:
            return RedirectResponse(PATH, 303)
        return render(request, "connect.html", **_describe_connection(request))
    from factory.views.overview import read_overview
    from sandbox.selftest import level
    from server.python_tool.sandbox import describe_isolation

    workshop = workshop_of(request)
    return render(
        request,
        "start.html",
        **_describe_connection(request),
        overview=read_overview(workshop, site_of(request).state.jobs),
        version=factory.__version__,
        workspace=workshop.workspace.root,
        seal=describe_seal(),
        sandbox=describe_isolation(level(), SandboxSettings.read()),
    )


def _describe_connection(request: Request) -> dict[str, Any]:
    """Write the lines that connect a host; those with folders of this machine only for who is on it."""
    site = site_of(request)
    url = f"{site.access.url}/mcp"
    is_local = is_loopback(site.access.host) or sign_in_of(request) is not None
    return {
        "url": url,
        "http_line": hosts.claude_http_line(url, token=bool(site.access.token)),
        "stdio_line": hosts.claude_line(site.workspace) if is_local else "",
        "json_block": hosts.json_block(site.workspace) if is_local else "",
        "person_line": hosts.command_line(site.workspace, *ADD) if is_local else shell_line("rfcat", *ADD),
    }
