"""The sandbox as an operator sets it up: limits from the environment, a budget for each connection."""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from factory.core.errors import FactoryError, FlowError
from sandbox import Broker, Level, Limits
from sandbox.limits import MIB

HOUR = 3600.0
WEAK_IN_WORDS = "I accept that code runs without a wall"
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True)
class Settings:
    """What one call, and one connection, may use.

    Parameters
    ----------
    limits : Limits
        Of one call.
    shown : int
        Characters of output in an answer; the rest is paged.
    calls : int
        Of one connection within an hour.
    tokens : int
        That may come back to one connection within an hour, at four characters a token.
    allow_weak : bool
        Whether code may run where there is no wall.
    """

    limits: Limits = field(default_factory=Limits)
    shown: int = 4_000
    calls: int = 60
    tokens: int = 30_000
    allow_weak: bool = False


VARIABLES = {
    "RFCAT_SANDBOX_CODE": ("code", 1, "bytes of code"),
    "RFCAT_SANDBOX_SHOWN": ("shown", 1_000, "characters of output in an answer"),
    "RFCAT_SANDBOX_OUTPUT": ("output", 1_000, "characters of output that are kept and can be paged"),
    "RFCAT_SANDBOX_WALL": ("wall", 1, "seconds"),
    "RFCAT_SANDBOX_CPU": ("cpu", 1, "seconds of processor time"),
    "RFCAT_SANDBOX_MEMORY": ("memory", 64, "MiB on top of what a worker starts with"),
    "RFCAT_SANDBOX_CALLS": ("calls", 0, "calls of one connection an hour"),
    "RFCAT_SANDBOX_TOKENS": ("tokens", 0, "tokens of answers to one connection an hour"),
}
"""What each variable sets: the name, the least number allowed, and its meaning."""
WEAK = "RFCAT_SANDBOX_WEAK"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings, from the environment where it has them.

    Raises
    ------
    FactoryError
        If a value is no whole number that is allowed.
    """
    environment = os.environ if environment is None else environment
    given = [(key, _number(environment, name, least)) for name, (key, least, _) in VARIABLES.items() if environment.get(name)]
    found: dict[str, Any] = {key: value * (MIB if key == "memory" else 1) for key, value in given}
    of_limits = {each.name for each in fields(Limits)}
    limits = Limits(**{key: value for key, value in found.items() if key in of_limits})
    rest = {key: value for key, value in found.items() if key not in of_limits}
    return Settings(limits, allow_weak=_weak(environment), **rest)


def _number(environment: Mapping[str, str], variable: str, least: int) -> int:
    text = environment[variable]
    if not text.isdecimal() or int(text) < least:
        raise FactoryError(
            f"{variable}: '{text[:20]}' is no whole number of at least {least}; write for example {max(least, 60)}"
        )
    return int(text)


def _weak(environment: Mapping[str, str]) -> bool:
    said = environment.get(WEAK, "")
    if said and said != WEAK_IN_WORDS:
        raise FactoryError(f"{WEAK}: '{said[:40]}' came; leave it out, or write '{WEAK_IN_WORDS}'")
    return bool(said)


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
    settings : Settings
        What it may use.
    """

    def __init__(self, settings: Settings) -> None:
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
        """Count what came back to the connection's newest request; about how many tokens that is."""
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


def _used_up(calls: int, tokens: int, settings: Settings, seconds: float) -> str:
    which = (
        f"{tokens:,} tokens came back within the hour (limit {settings.tokens:,})"
        if tokens >= settings.tokens
        else f"{calls} calls within the hour (limit {settings.calls})"
    )
    minutes = max(1, round(seconds / 60))
    return f"execute_python: {which}; more in {minutes} min; until then rank_features, backtest and show answer for less"


class Sandboxing:
    """The sandbox of one server process.

    Parameters
    ----------
    workspace : Path
        Hidden from the code where the machine can.
    settings : Settings, optional
        Default: from the environment.
    """

    def __init__(self, workspace: Path, settings: Settings | None = None) -> None:
        self.settings = settings or read_settings()
        self.budget = Budget(self.settings)
        self._workspace = workspace

    @cached_property
    def broker(self) -> Broker:
        """Started on first use."""
        at_once = max(2, os.cpu_count() or 1)
        return Broker(self.settings.limits, hidden=[self._workspace], at_once=at_once, allow_weak=self.settings.allow_weak)

    def close(self) -> None:
        """End the sandbox's processes."""
        if "broker" in self.__dict__:
            self.broker.close()


def told(level: Level, settings: Settings) -> str:
    """How well code is walled in, for people and agents."""
    if level is not Level.WEAK:
        return f"{level}: {level.about}"
    state = "allowed all the same, in the operator's words" if settings.allow_weak else "so execute_python is off"
    return f"{level}: {level.about}; {state}"
