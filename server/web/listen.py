"""Take the port before anything is said about it, and serve on it."""

import asyncio
import errno
import os
import socket
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.web.access import AccessError

MOST_PORT = 65_535
HEAD_SECONDS = 15.0
"""Within which a connection must have sent the head of its first request, and of each one that it began."""
ANSWER_SECONDS = 30.0
"""Within which whoever has not taken what was sent must have taken most of it, some 50 KB."""


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on who begins a request and does not go on, and on who does not take the answer."""

    _head: asyncio.TimerHandle | None = None
    _answer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, but not for ever."""
        super().connection_made(transport)
        self._head = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Read on; what has begun to send a head has some seconds for all of it, however often it sends a byte."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, but not for ever."""
        super().pause_writing()
        self._answer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Send on."""
        self._stop_sending()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._stop_sending()
        super().connection_lost(exc)

    def _stop_sending(self) -> None:
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def server_of(app: ASGIApp, **options: Any) -> uvicorn.Server:
    """Make the server of an application.

    Parameters
    ----------
    app : ASGI application
        What it serves.
    **options : Any
        Of :class:`uvicorn.Config`.
    """
    # Guesses are counted by an address that nobody can choose, so not by one that a header tells.
    config = uvicorn.Config(
        app, http=TimedProtocol, ws="none", proxy_headers=False, log_level="warning", server_header=False, **options
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind every address of a host.

    Parameters
    ----------
    host : str
        Address or name of this machine.
    port : int
        Port to take.

    Raises
    ------
    AccessError
        If it is taken, or cannot be had here.
    """
    sockets: list[socket.socket] = []
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((one[0], one[4]) for one in addresses):
            sockets.append(socket.create_server(address, family=family))
    except OSError as error:
        for one in sockets:
            one.close()
        raise AccessError(_reason(host, port, error)) from error
    return sockets


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < MOST_PORT else port - 1
        return f"port: {port} of {host} is taken; name another: --port {other}, or make run PORT={other}"
    if error.errno == errno.EACCES:
        return f"port: {port} is not for you to bind; name one above 1023, such as --port 8000"
    known = isinstance(error, socket.gaierror)
    reason = error.strerror if known else os.strerror(error.errno or 0)
    return f"host: {host} cannot be bound ({reason}); give an address of this machine, such as 127.0.0.1"
