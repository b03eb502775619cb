"""Take the port before anything is said about it."""

import errno
import os
import socket

from server.web.access import AccessError


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
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((one[0], one[4]) for one in found):
            sockets.append(socket.create_server(address, family=family))
    except OSError as error:
        for one in sockets:
            one.close()
        raise AccessError(_reason(host, port, error)) from error
    return sockets


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: {port} of {host} is taken by another program; name another, such as --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port: {port} is not for you to bind; name one above 1023, such as --port 8000"
    known = isinstance(error, socket.gaierror)
    reason = error.strerror if known else os.strerror(error.errno or 0)
    return f"host: {host} cannot be bound ({reason}); give an address of this machine, such as 127.0.0.1"
