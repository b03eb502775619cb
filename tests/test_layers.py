"""Imports run one way, and light modules stay light."""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS: tuple[str, ...] = (
    "core",
    "storage",
    "statistics",
    "market",
    "expressions",
    "pipeline",
    "learning",
    "backtest",
    "flow",
    "tuning",
    "ledger",
    "evidence",
    "vault",
    "jobs",
    "live",
    "people",
    "report",
    "tracking",
    "review",
    "views",
    "tasks",
    "workshop",
)
"""Rooms and the files that stand alone; each imports only those above it."""
RANK = {name: rank for rank, name in enumerate(LAYERS)}
HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "numba",
    "torch",
    "talib",
    "pyarrow",
    "plotly",
    "arch",
    "statsmodels",
    "matplotlib",
    "PIL",
)


VAULT = "factory.vault.server"
"""What alone opens sealed rows: it runs in the vault's own process."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path for folder in ("factory", "server", "sandbox") for path in sorted((ROOT / folder).rglob("*.py"))
}


def imported(name: str) -> set[str]:
    """Modules of the project that a module imports, also inside functions and for types alone; not the packages it is in."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules |= {one if one in FILES else node.module for one in inner}
    return {one for one in modules if one in FILES and one != name and not name.startswith(f"{one}.")}


GRAPH = {name: imported(name) for name in FILES}


def find_circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring; empty if there are none."""
    left = {name: set(others) for name, others in graph.items()}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def test_no_modules_import_each_other() -> None:
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c", "d"]
    assert find_circle(GRAPH) == []


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("factory.")])
def test_imports_of_the_factory_run_one_way(name: str) -> None:
    own = name.split(".")[1]
    assert own in RANK, f"{own} has no place in the list of rooms"
    for other in GRAPH[name]:
        room = other.split(".")
        assert room[0] == "factory", f"{name} imports {other}"
        assert len(room) == 1 or RANK[room[1]] <= RANK[own], f"{name} imports {other}, which stands below it"


def test_only_the_vault_imports_its_sealed_rows() -> None:
    assert [name for name, others in GRAPH.items() if "factory.vault.sealed_data" in others] == [VAULT]
    named = [path.name for path in (ROOT / "benchmarks").rglob("*.py") if "sealed_data" in path.read_text()]
    assert named == []


TABLES = {"factory.storage.database", "factory.storage.schema"}
"""What those rooms alone import that keep tables."""


@pytest.mark.parametrize("name", [name for name, others in GRAPH.items() if others & TABLES])
def test_tables_are_read_and_written_by_their_rooms_alone(name: str) -> None:
    assert name.split(".")[1] in ("storage", "ledger", "jobs", "people")


DOORS = ("python_tool", "mcp", "web", "cli", "__main__")


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("server.")])
def test_imports_of_the_server_run_one_way(name: str) -> None:
    for other in GRAPH[name]:
        if other.startswith("server."):
            assert DOORS.index(other.split(".")[1]) <= DOORS.index(name.split(".")[1]), f"{name} imports {other}"


@pytest.mark.parametrize(
    "room",
    [
        *(
            f"factory.{room}"
            for room in LAYERS
            if f"factory.{room}" in FILES and FILES[f"factory.{room}"].name == "__init__.py"
        ),
        "sandbox",
        "server",
        *(f"server.{room}" for room in DOORS[:-1]),
    ],
)
def test_a_room_says_what_is_in_which_file(room: str) -> None:
    about = ast.get_docstring(ast.parse(FILES[room].read_text(encoding="utf-8"))) or ""
    inside = {name.removeprefix(f"{room}.").partition(".")[0] for name in FILES if name.startswith(f"{room}.")} - {"__main__"}
    assert [one for one in sorted(inside) if not re.search(rf"\b{one}\b", about)] == []


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("sandbox")])
def test_the_sandbox_imports_nothing_of_the_factory(name: str) -> None:
    assert all(other.startswith("sandbox") for other in GRAPH[name])


def test_defining_listing_and_refusing_need_no_heavy_library() -> None:
    code = "import sys, factory.workshop, factory.pipeline; print(*(m for m in sys.modules if '.' not in m))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(run.stdout.split()) & set(HEAVY)
