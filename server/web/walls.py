"""What stands before every route: who is let in, how much is read and for how long, what browsers are told."""

import json
import math
import time
from contextlib import suppress
from dataclasses import dataclass

import anyio
from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web import assets
from server.web.guesses import Guesses
from server.web.pages import sign_in
from server.web.site import Site, secret_of

TOOLS = "/mcp"
"""Where agents come in; all else are pages."""
OPEN = frozenset({"/", sign_in.PATH})
"""Pages for who is not signed in."""
BODY = 32_768
"""Bytes that a body may have."""
BODIES = {TOOLS: 2**20}
"""Bytes for the paths that take more."""
BODY_SECONDS = 30.0
"""Within which a body must have come."""
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""Hash of nothing: a script of ours may add an empty style element, in which plotly then makes its rules."""
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" browsers send "Origin: null" from our own form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' {EMPTY_STYLE}; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
PRIVATE = {"Cache-Control": "no-store"}
"""Of every answer that names no caching of its own: a page stays with who was signed in."""


class Walls:
    """Let pass what may come in, as far as it may; refuse the rest before its body is read.

    Parameters
    ----------
    app : ASGI application
        What is behind the walls.
    site : Site
        What callers must show, and who is signed in.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._access = site.access
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        passage = Passage(receive, send, _has_body(request), BODIES.get(scope["path"], BODY))
        refusal = self._refuse(request) or await self._refuse_stranger(request)
        if refusal is not None:
            await passage.refuse(refusal)
            return
        with suppress(ClientDisconnect):  # The caller left, or was shown out.
            await self._app(scope, passage.receive, passage.send)
        if _is_guess(request) and passage.status not in (401, 429):
            self._guesses.forgive(_address(request))

    def _refuse(self, request: HTTPConnection) -> Response | None:
        """Refuse what the head of a request alone forbids; None if it may come in."""
        limit = BODIES.get(request.scope["path"], BODY)
        if not self._access.knows_host(request):
            return Response("Invalid host header", 400)
        if not self._access.knows_origin(request):
            return Response("Invalid Origin header", 403)
        if not self._access.knows_page(request):
            return Response("Not for pages of other sites", 403)
        if request.scope["path"] == TOOLS and (refusal := self._refuse_token(request)):
            return refusal
        if _is_guess(request) and (refusal := self._slow_guess(request)):
            return refusal
        if int(request.headers.get("content-length", 0)) > limit:
            return _too_large(limit)
        return None

    def _refuse_token(self, request: HTTPConnection) -> Response | None:
        """Refuse an agent that shows no token, a wrong one, or one wrong one after another."""
        shown = bool(self._access.token) and "authorization" in request.headers
        if shown and (refusal := self._wait(request)):
            return refusal
        if self._access.accepts(request):
            return None
        if shown:
            self._guesses.note(_address(request))
        return _unauthorized(shown)

    def _slow_guess(self, request: HTTPConnection) -> Response | None:
        """Refuse one password after another of one address; each is counted before its body has come."""
        refusal = self._wait(request)
        if refusal is None:
            self._guesses.note(_address(request))
        return refusal

    def _wait(self, request: HTTPConnection) -> Response | None:
        wait = self._guesses.wait(_address(request))
        return Response("Too many wrong guesses; wait", 429, {"Retry-After": str(math.ceil(wait))}) if wait else None

    async def _refuse_stranger(self, request: HTTPConnection) -> Response | None:
        """Send whoever is not signed in to do so, but for what is open to all; notes who is."""
        path, is_read = request.scope["path"], request.scope["method"] in ("GET", "HEAD")
        if path == TOOLS or path.startswith(f"{assets.PATH}/"):
            return None
        secret = secret_of(request)
        request.state.sign_in = await to_thread.run_sync(self._site.sign_ins.find, secret) if secret else None
        if request.state.sign_in is not None or (path in OPEN and (is_read or path == sign_in.PATH)):
            return None
        return RedirectResponse(sign_in.PATH, 303) if is_read else Response("Sign in first", 401)


@dataclass
class Passage:
    """One request on its way in and out.

    Parameters
    ----------
    incoming, outgoing : callable
        Of the server.
    reading : bool
        Whether more of a body is to come.
    limit : int
        Bytes of it.
    """

    incoming: Receive
    outgoing: Send
    reading: bool
    limit: int
    size: int = 0
    status: int | None = None
    refused: bool = False

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + BODY_SECONDS

    async def receive(self) -> Message:
        """Hand on a part of the body; a caller who sends too much or too slowly is refused and seems to have left."""
        message: Message = {"type": "http.disconnect"}
        if self.refused or not self.reading:
            return message if self.refused else await self.incoming()
        with anyio.move_on_after(max(0.0, self.deadline - time.monotonic())) as limited:
            message = await self.incoming()
        self.size += len(message.get("body", b""))
        self.reading = bool(message.get("more_body", False))
        if limited.cancelled_caught:
            await self.refuse(Response("The body did not come in time", 408))
        elif self.size > self.limit:
            await self.refuse(_too_large(self.limit))
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer, with our headers; nothing after a refusal."""
        if not self.refused:
            await self._send(message)

    async def refuse(self, response: Response) -> None:
        """Answer in the application's place and hang up; if its answer has begun, cut that off."""
        self.refused = True
        if self.status is None:
            response.headers["Connection"] = "close"
            await response({"type": "http"}, self.incoming, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            for name, value in PRIVATE.items():
                headers.setdefault(name, value)
            if self.reading:
                headers["Connection"] = "close"  # What is still to come of the body is read by nobody.
        await self.outgoing(message)


def _has_body(request: HTTPConnection) -> bool:
    return "transfer-encoding" in request.headers or int(request.headers.get("content-length", 0)) > 0


def _is_guess(request: HTTPConnection) -> bool:
    return (request.scope["path"], request.scope["method"]) == (sign_in.PATH, "POST")


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else "unknown"


def _too_large(limit: int) -> Response:
    return Response(f"Request body too large; at most {limit} bytes", 413)


def _unauthorized(shown: bool) -> Response:
    error = "That is not the token" if shown else "Authentication required"
    body = json.dumps({"error": "invalid_token", "error_description": error})
    told = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
    return Response(body, 401, told, media_type="application/json")
