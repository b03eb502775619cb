"""Ports that tests may bind."""

import errno
import random
import socket

RANGE = range(20_000, 32_000)
"""Below the ports that systems hand to outgoing connections, so that no other test's client takes one meanwhile."""


def find_port() -> int:
    """Find a port that is free on every loopback address."""
    while True:
        port = random.SystemRandom().choice(RANGE)
        if all(_is_free(family, host, port) for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))):
            return port


def _is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True
