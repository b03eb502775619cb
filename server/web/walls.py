"""What stands before every route: who is let in, how much is read and for how long, what browsers are told."""

import json
import math
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass

import anyio
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web.access import COOKIE, Access
from server.web.guesses import Guesses

TOKEN_PATH = "/token"
"""Where a browser shows the token; beside the start page the only path that is open without one."""
BODY = 4_096
"""Bytes that a body may have."""
BODIES = {"/mcp": 2**20}
"""Bytes for the paths that take more."""
BODY_SECONDS = 30.0
"""Within which a body must have come."""
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" browsers send "Origin: null" from our own form.
    "Referrer-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Walls:
    """Let pass what may come in, as far as it may; refuse the rest before its body is read.

    Parameters
    ----------
    app : ASGI application
        What is behind the walls.
    access : Access
        What callers must show.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        nonce = request.state.nonce = secrets.token_urlsafe(16)
        passage = Passage(receive, send, nonce, _has_body(request), BODIES.get(scope["path"], BODY))
        refusal = self._refuse(request)
        if refusal is not None:
            await passage.refuse(refusal)
            return
        with suppress(ClientDisconnect):  # The caller left, or was shown out.
            await self._app(scope, passage.receive, passage.send)
        if scope["path"] == TOKEN_PATH and passage.status != 401:
            self._guesses.forgive(_address(request))

    def _refuse(self, request: HTTPConnection) -> Response | None:
        """Refuse what the head of a request alone forbids; None if it may come in."""
        limit = BODIES.get(request.scope["path"], BODY)
        if not self._access.knows_host(request):
            return Response("Invalid host header", 400)
        if not self._access.knows_origin(request):
            return Response("Invalid Origin header", 403)
        if self._access.token and (refusal := self._refuse_token(request)):
            return refusal
        if int(request.headers.get("content-length", 0)) > limit:
            return _too_large(limit)
        return None

    def _refuse_token(self, request: HTTPConnection) -> Response | None:
        """Refuse who shows no token, a wrong one, or one wrong one after another; None if the request may come in."""
        entering = request.scope["path"] == TOKEN_PATH
        shown = "authorization" in request.headers or COOKIE in request.cookies
        wait = self._guesses.wait(_address(request)) if shown or entering else 0.0
        if wait:
            return Response("Too many wrong tokens; wait", 429, {"Retry-After": str(math.ceil(wait))})
        accepted = self._access.accepts(request)
        if entering or (shown and not accepted):
            # Who enters one is counted before its body has come, so that guesses at the same time do not pass together.
            self._guesses.note(_address(request))
        # The start page asks for the token itself.
        is_open = entering or (request.scope["path"] == "/" and request.scope["method"] in ("GET", "HEAD"))
        return None if accepted or is_open else _unauthorized(shown)


@dataclass
class Passage:
    """One request on its way in and out.

    Parameters
    ----------
    incoming, outgoing : callable
        Of the server.
    nonce : str
        That scripts and styles of the answer carry.
    reading : bool
        Whether more of a body is to come.
    limit : int
        Bytes of it.
    """

    incoming: Receive
    outgoing: Send
    nonce: str
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
            headers.update({**HEADERS, "Content-Security-Policy": POLICY.format(nonce=self.nonce)})
            if self.reading:
                headers["Connection"] = "close"  # What is still to come of the body is read by nobody.
        await self.outgoing(message)


def _has_body(request: HTTPConnection) -> bool:
    return "transfer-encoding" in request.headers or int(request.headers.get("content-length", 0)) > 0


def _address(request: HTTPConnection) -> str:
    return request.client.host if request.client else "unknown"


def _too_large(limit: int) -> Response:
    return Response(f"Request body too large; at most {limit} bytes", 413)


def _unauthorized(shown: bool) -> Response:
    error = "That is not the token" if shown else "Authentication required"
    body = json.dumps({"error": "invalid_token", "error_description": error})
    told = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
    return Response(body, 401, told, media_type="application/json")
