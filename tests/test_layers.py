"""Imports run one way, and light modules stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("reading",),
    ("storage",),
    ("statistics",),
    ("market",),
    ("expressions",),
    ("pipeline",),
    ("learning",),
    ("backtest",),
    ("flow",),
    ("refits",),
    ("tuning",),
    ("ledger",),
    ("evidence",),
    ("vault",),
    ("jobs",),
    ("binding", "explained", "naming", "screening"),
    (
        "requests",
        "listing",
        "reference",
        "showing",
        "summary",
        "proposing",
        "framing",
        "workshop",
        "work",
    ),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "numba", "torch", "talib", "pyarrow", "plotly", "arch", "statsmodels")


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Modules that a file imports, also inside functions, but not for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    types_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for child in block.body
        for node in ast.walk(child)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in types_only:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names if node.module == "factory"}
    return names


def room(path: Path) -> str:
    parts = path.relative_to(ROOT / "factory").parts
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules("factory"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_of_the_factory_run_one_way(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    assert own in RANK, f"{own} has no place in the layer list"
    for name in imported(path):
        if name.startswith("factory.") and (other := name.split(".")[1]) in RANK:
            assert RANK[other] <= RANK[own], f"{own} imports {other}, which stands below it"
        assert name.split(".")[0] not in ("server", "sandbox"), f"{own} imports {name}"


@pytest.mark.parametrize("path", modules("sandbox"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_sandbox_imports_nothing_of_the_factory(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] in ("factory", "server")}


def test_defining_listing_and_refusing_need_no_heavy_library() -> None:
    code = "import sys, factory.workshop, factory.pipeline; print(*(m for m in sys.modules if '.' not in m))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not set(found.stdout.split()) & set(HEAVY)
