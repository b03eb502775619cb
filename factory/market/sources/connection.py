"""Connections to an exchange's streams: given up when their data are too old, whatever the connection says.

That a connection is open says nothing: addresses accept a handshake and are silent.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

OPEN_SECONDS = 10
CLOSE_SECONDS = 1
"""Within which a server answers a farewell; it is not waited for longer, so that Ctrl-C ends soon."""
MOST_SAID = 200
"""Characters of what a library says of a failure."""

Take = Callable[[str], bool | str]
"""Takes in a message: says whether it was data, or why the connection is to be left."""


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long to wait before trying again, in seconds.

    Parameters
    ----------
    wait, longest_wait : float
        Before the first and at most before any further try. A connection that gave data for longer than the latter was sound.
    """

    wait: float = 0.5
    longest_wait: float = 60.0

    def pause(self, failures: int) -> float:
        """Draw the seconds before the next try.

        Twice as long after each failure, and never the same for two clients.
        """
        return min(self.wait * 2.0 ** min(failures, 30), self.longest_wait) * random.uniform(0.5, 1.0)


async def listen(address: str, silence: float, take: Take) -> str:
    """Take in what comes over one connection until it ends or its newest data are too old; return why.

    Parameters
    ----------
    silence : float
        Age of the newest data, in seconds, at which it is given up.
    take : callable
        Told each message.
    """
    try:
        async with connect(address, open_timeout=OPEN_SECONDS, close_timeout=CLOSE_SECONDS, max_size=None) as socket:
            return await _take_in(socket, silence, take)
    except ConnectionClosed as error:
        return f"closed with code {error.rcvd.code}" if error.rcvd else "connection lost"
    except (OSError, WebSocketException) as error:  # OSError: a time-out among them
        return f"no connection: {str(error)[:MOST_SAID] or 'no answer'}"


async def _take_in(socket: ClientConnection, silence: float, take: Take) -> str:
    clock = asyncio.get_running_loop().time
    newest = clock()
    while True:
        try:
            async with asyncio.timeout_at(newest + silence):
                text = await socket.recv(decode=True)
        except TimeoutError:
            return f"silent for {silence:g} s"
        taken = take(text)
        if isinstance(taken, str):
            return taken
        if taken:
            newest = clock()
