"""Requests that are made again where the connection or the server fails."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx

from factory.core.errors import DataError

TRIES = 3

Answer = TypeVar("Answer")


def open_client() -> httpx.Client:
    """Open a client that follows redirects and waits for no answer longer than 30 seconds."""
    return httpx.Client(timeout=30, follow_redirects=True)


def get(client: httpx.Client, asked: str, url: str, parameters: Mapping[str, str | int] | None = None) -> httpx.Response:
    """Get what stands at an address.

    Parameters
    ----------
    client : Client
        From :func:`open_client`.
    asked : str
        What messages call what is asked for, such as ``binance BTCUSDT``.
    url : str
        The address.
    parameters : mapping of str to str or int, optional
        Of its query.

    Raises
    ------
    DataError
        As :func:`retry` does.
    """
    return retry(asked, lambda: client.get(url, params=parameters).raise_for_status())


def retry(asked: str, work: Callable[[], Answer]) -> Answer:
    """Call `work`, and again if the connection or the server fails.

    Raises
    ------
    DataError
        If it is refused, or fails three times.
    """
    attempt = 0
    while True:
        try:
            return work()
        except httpx.HTTPError as error:
            _pause(asked, attempt, error)
            attempt += 1


def _pause(asked: str, attempt: int, error: httpx.HTTPError) -> None:
    """Wait before the next try, or give up: at once where trying again cannot help."""
    status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 0
    refused = 400 <= status < 500 and status != httpx.codes.TOO_MANY_REQUESTS
    if refused or attempt == TRIES - 1:
        reason = f"the server answered {status}" if status else "no connection"
        mend = "check the symbol" if refused else "run it again: it goes on where it stopped"
        raise DataError(f"{asked}: {reason}; {mend}") from error
    time.sleep(0.5 * 2**attempt)
