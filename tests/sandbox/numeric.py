"""The public numeric API of the offered libraries, name by name, as small programs that call all of it."""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

MOST_BYTES = 19_000
"""Of one program; the sandbox takes 20,000."""
PRELUDE = """
V, I, B = np.array([3.0, 1.0, 2.0, 5.0, 4.0]), np.array([3, 1, 2, 0, 4]), np.array([True, False, True, True, False])
M, P, T = np.array([[4.0, 1.0], [1.0, 3.0]]), V / 15, np.array(["2024-01-01", "2024-01-05"], "M8[D]")
S = pd.Series(V, index=pd.date_range("2024-01-01", periods=5), name="s")
N = pd.DataFrame({"a": V, "b": I}, index=S.index)
D, X, W = N.assign(k=list("xyxyx")), S.index, pd.Series(list("abcab"))
F = lambda x: x
C = [(), (V,), (V, V), (M,), (M, M), (3,), (V, 2), (I,), (I, I), (V, 0.5), (2, 3), (2.0, 3.0), (V, I), ([V, V],), (B,),
     (V, B), (F, V), (V, V, V), ("f8",), (3, 2, 1), (V, -1, 1), (T,), (0.5,), (P,), (I, I, V), (0.3, 5), (2, 3, 4, 5),
     (M, V[:2]), (F,), ("mean",), ("a",), ("D",), (N,), (S,), (5, P), (T, 1), (V, 1, 1), (0, 0), (0, 1), ("2024-01-01",)]
def attempt(name, find, choices=C):
    said = "never called"
    for arguments in choices:
        spelt = len(arguments) > 0 and isinstance(arguments[-1], dict)
        named = arguments[-1] if spelt else {}
        try:
            found = find()
            str(found(*arguments[:len(arguments) - spelt], **named) if callable(found) else found)
            return
        except Exception as error:
            said = type(error).__name__ + ": " + str(error)
            if "sandbox" in said or "PermissionError" in said or "ImportError" in said:
                break
    print(name + " | " + said[:160])
"""


class Part(NamedTuple):
    """A module or class, how a program reaches it, what its names are called with, and which are not offered."""

    name: str
    owner: Any
    special: Mapping[str, str] = {}
    left_out: Iterable[str] = ()
    prelude: str = ""

    @property
    def calls(self) -> list[str]:
        """One line of a program for each name."""
        lines = []
        for each in public(self.owner):
            if each not in self.left_out:
                choices = f", {self.special[each]}" if each in self.special else ""
                lines.append(f'attempt("{self.name}.{each}", lambda: {self.name}.{each}{choices})\n')
        return lines


def public(owner: Any) -> list[str]:
    """Names of a module or class that are for its users; no modules, no instance a class sets up for itself."""
    names = getattr(owner, "__all__", None) or dir(owner)
    return sorted(
        {name for name in names if not name.startswith("_") and not isinstance(getattr(owner, name, None), ModuleType)}
    )


def programs(prelude: str, lines: Iterable[str]) -> Iterator[str]:
    """As few programs of these lines as fit."""
    start = code = PRELUDE + prelude
    for line in lines:
        if len(code) + len(line) > MOST_BYTES:
            yield code
            code = start
        code += line
    yield code


def one(*arguments: str) -> str:
    """The only arguments to try."""
    return f"[({', '.join(arguments)},)]" if arguments else "[()]"


FILES = {"dump", "dumps", "tofile"}
MEMORY = {"base", "ctypes", "data", "getfield", "resize", "setfield", "setflags"}
PLOTS = {"boxplot", "hist", "plot", "style"}


def names(owner: Any, *beginnings: str) -> set[str]:
    """Its public names that begin so."""
    return {name for name in public(owner) if name.startswith(beginnings)}
