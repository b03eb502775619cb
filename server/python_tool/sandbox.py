"""The sandbox of a server, with the limits that an operator set."""

import os
from functools import cached_property
from pathlib import Path

from factory.core.settings import SandboxSettings
from sandbox import Broker, Level, Limits
from sandbox.limits import MIB
from server.python_tool.budget import Budget


def limits_of(settings: SandboxSettings) -> Limits:
    """Return the limits of one call: those that were set, else the sandbox's own."""
    given = settings.model_dump(include={"code", "output", "wall", "cpu", "memory"}, exclude_none=True)
    return Limits(**{name: value * (MIB if name == "memory" else 1) for name, value in given.items()})


class Sandbox:
    """The sandbox of one server process.

    Parameters
    ----------
    workspace : Path
        Hidden from the code where the machine can.
    """

    def __init__(self, workspace: Path) -> None:
        self.settings = SandboxSettings.read()
        self.limits = limits_of(self.settings)
        self.budget = Budget(self.settings)
        self._workspace = workspace

    @cached_property
    def broker(self) -> Broker:
        """Started on first use."""
        at_once = max(2, os.cpu_count() or 1)
        return Broker(self.limits, hidden=[self._workspace], at_once=at_once, allow_weak=self.settings.allow_weak)

    def close(self) -> None:
        """End the sandbox's processes."""
        if "broker" in self.__dict__:
            self.broker.close()


def describe_isolation(level: Level, settings: SandboxSettings) -> str:
    """Say how well code is isolated, for people and agents."""
    if level is not Level.WEAK:
        return f"{level}: {level.about}"
    state = "allowed all the same, in the operator's words" if settings.allow_weak else "so execute_python is off"
    return f"{level}: {level.about}; {state}"
