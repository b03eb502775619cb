"""Ask a server over HTTP: again where it stumbles, no faster than it allows."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from factory.core.errors import BlockedError, DataError
from factory.core.times import now_ms

TRIES = 5
MOST_WAIT = 120.0
"""Seconds for which a server may ask to wait; where it asks for more a person is told to come back."""
BARRED = (httpx.codes.FORBIDDEN, httpx.codes.UNAVAILABLE_FOR_LEGAL_REASONS)
"""What exchanges answer in countries that they do not serve."""

Answer = TypeVar("Answer")


@dataclass
class Pace:
    """Keep requests apart.

    Parameters
    ----------
    per_second : float
        Most of them.
    """

    per_second: float = math.inf
    _next: float = -math.inf

    def reserve(self, now: float) -> float:
        """Take the next place in time, and return the seconds until it comes."""
        at = max(now, self._next)
        self._next = at + 1 / self.per_second
        return at - now


def _open_client() -> httpx.Client:
    return httpx.Client(timeout=30, follow_redirects=True)


@dataclass(frozen=True)
class Caller:
    """Asks one provider for one symbol.

    Parameters
    ----------
    who : str
        Provider and symbol, as a message begins.
    pace : Pace
        How fast it may ask.
    client : httpx.Client
        Closed by whoever made the caller.
    """

    who: str
    pace: Pace = field(default_factory=Pace)
    client: httpx.Client = field(default_factory=_open_client)

    def get(self, url: str, parameters: dict[str, str | int] | None = None) -> httpx.Response:
        """Get what is at an address.

        Raises
        ------
        DataError
            If the server refuses, or fails time after time.
        """
        return self.attempt(lambda: self.client.get(url, params=parameters).raise_for_status())

    def attempt(self, work: Callable[[], Answer]) -> Answer:
        """Call `work`, which asks once, and again if the connection or the server fails.

        Raises
        ------
        DataError
            As :meth:`get`.
        """
        attempt = 0
        while True:
            time.sleep(self.pace.reserve(time.monotonic()))
            try:
                return work()
            except httpx.HTTPError as error:
                time.sleep(self._choose_wait(attempt, error))
                attempt += 1

    def _choose_wait(self, attempt: int, error: httpx.HTTPError) -> float:
        """Choose the seconds to the next try, or give up: at once where trying again cannot help."""
        answer = error.response if isinstance(error, httpx.HTTPStatusError) else None
        status = answer.status_code if answer else 0
        refused = 400 <= status < 500 and status != httpx.codes.TOO_MANY_REQUESTS
        asked = read_retry_after(answer) if answer else 0.0
        if status in BARRED:
            raise BlockedError(f"{self.who}: the server answered {status}, as where it serves nobody") from error
        if refused or attempt == TRIES - 1 or asked > MOST_WAIT:
            reason = f"the server answered {status}" if status else "no connection"
            later = f" in {math.ceil(asked / 60)} minutes" if asked > MOST_WAIT else ""
            mend = "check the symbol" if refused else f"run it again{later}: it goes on where it stopped"
            raise DataError(f"{self.who}: {reason}; {mend}") from error
        return max(asked, 0.5 * 2.0**attempt)


def read_retry_after(answer: httpx.Response) -> float:
    """Read for how many seconds a server asks to wait, as a number or a date; 0 where it does not say."""
    text: str = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except ValueError:
        return 0.0
    return max(0.0, at - now_ms() / 1000)
