"""What each connection may use of the sandbox within an hour."""

import threading
import time
from collections import deque
from dataclasses import dataclass

from factory.core.errors import FlowError
from factory.core.settings import SandboxSettings

HOUR = 3600.0
CHARACTERS_A_TOKEN = 4


@dataclass
class Spent:
    """What one request of a connection used."""

    at: float
    calls: int
    tokens: int = 0


class Budget:
    """What each connection has used within the last hour.

    Parameters
    ----------
    settings : SandboxSettings
        What it may use.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._spent: dict[str, deque[Spent]] = {}
        self._lock = threading.Lock()

    def admit(self, connection: str, calls: int = 1) -> None:
        """Count a call, or with none a page of what an earlier one printed; or refuse it.

        Raises
        ------
        FlowError
            If the hour's calls or tokens are used up: which, how many, and from when on there are more.
        """
        now = time.monotonic()
        with self._lock:
            self._forget(now - HOUR)
            spent = self._spent.setdefault(connection, deque())
            made, tokens = sum(each.calls for each in spent), sum(each.tokens for each in spent)
            if (calls and made >= self._settings.calls) or tokens >= self._settings.tokens:
                raise FlowError(_used_up(made, tokens, self._settings, spent[0].at + HOUR - now if spent else HOUR))
            spent.append(Spent(now, calls))

    def spend(self, connection: str, text: str) -> int:
        """Count what came back to the connection's newest request; return about how many tokens that is."""
        tokens = -(-len(text) // CHARACTERS_A_TOKEN)
        with self._lock:
            if spent := self._spent.get(connection):
                spent[-1].tokens += tokens
        return tokens

    def _forget(self, before: float) -> None:
        for connection, spent in list(self._spent.items()):
            while spent and spent[0].at < before:
                spent.popleft()
            if not spent:
                del self._spent[connection]


def _used_up(calls: int, tokens: int, settings: SandboxSettings, seconds: float) -> str:
    which = (
        f"{tokens:,} tokens came back within the hour (limit {settings.tokens:,})"
        if tokens >= settings.tokens
        else f"{calls} calls within the hour (limit {settings.calls})"
    )
    minutes = max(1, round(seconds / 60))
    return f"execute_python: {which}; more in {minutes} min; until then rank_features, backtest and show answer for less"
