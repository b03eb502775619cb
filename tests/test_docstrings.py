"""What a function's docstring begins with, and names that name nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = [path for room in ("factory", "server", "sandbox", "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]
SHOWN = ROOT / "server" / "mcp" / "tools"
"""There the first line is what a host shows of a tool."""
NO_VERBS = frozenset(
    [
        "a",
        "all",
        "an",
        "as",
        "at",
        "by",
        "each",
        "every",
        "for",
        "from",
        "how",
        "if",
        "in",
        "is",
        "its",
        "least",
        "more",
        "most",
        "no",
        "of",
        "one",
        "rows",
        "some",
        "that",
        "the",
        "this",
        "those",
        "two",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "who",
        "whose",
        "with",
    ]
)
EMPTY_NAMES = frozenset({"found"})

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


@every_file
def test_a_docstring_says_what_the_function_does(path: Path) -> None:
    """It begins with a verb: an article, a question or a count is none."""
    if path.is_relative_to(SHOWN):
        pytest.skip("a host shows these lines beside the tool's name")
    first = {
        node.name: (ast.get_docstring(node) or "-").split()[0].strip(".,:;").lower()
        for node in functions(path)
        if not is_property(node)
    }
    assert {name: word for name, word in first.items() if word in NO_VERBS} == {}


@every_file
def test_no_variable_is_called_by_a_word_that_fits_all(path: Path) -> None:
    bound = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in EMPTY_NAMES
    ]
    assert bound == []
