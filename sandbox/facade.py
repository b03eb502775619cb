"""A read-only namespace."""

from difflib import get_close_matches
from typing import Any

from sandbox.policy import Refused


class Facade:
    """A read-only namespace. What is not in it does not exist."""

    __slots__ = ("_members", "_title")

    def __init__(self, title: str, members: dict[str, Any]) -> None:
        object.__setattr__(self, "_title", title)
        object.__setattr__(self, "_members", members)

    def __getattr__(self, name: str) -> Any:
        members = object.__getattribute__(self, "_members")
        if name in members:
            return members[name]
        if name.startswith("_"):
            raise AttributeError(name)
        near = get_close_matches(name, members, n=1, cutoff=0.7)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise AttributeError(f"{self} has no '{name}' in the sandbox{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise Refused(f"{self} is read-only in the sandbox")

    def __repr__(self) -> str:
        return str(object.__getattribute__(self, "_title"))
