"""People are told commands: whatever the factory says of tools, in any text of the code, is a command that exists."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from server.cli.app import app
from server.mcp.tool_commands import COMMANDS, OWN_CODE, name_commands, name_commands_throughout
from server.mcp.tools import all_tools
from tests.conftest import ROOT

CALLS = re.compile(rf"\b({'|'.join(COMMANDS)})\(")
NAMES = re.compile(rf"\b({'|'.join(name for name in COMMANDS if '_' in name)})\b")


def texts(path: Path) -> Iterator[str]:
    """The texts of a module but its docstrings; what is filled in stands as X."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


SAID = sorted({text for folder in ("factory", "server") for path in (ROOT / folder).rglob("*.py") for text in texts(path)})
TOLD = [text for text in SAID if CALLS.search(text) or NAMES.search(text)]


def commands(text: str) -> Iterator[list[str]]:
    for line in re.findall(r"`(rfcat [^`]*)`", text):
        yield shlex.split(line)[1:]


def accept(words: list[str]) -> None:
    """Let the parser find the command and its options."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", ()):
        command, words = command.commands[words[0]], words[1:]
    assert not hasattr(command, "commands"), words
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    assert words == [word for word in words if word.startswith("--")] or any(
        parameter.param_type_name == "argument" for parameter in command.params
    )


def test_every_tool_has_words_for_people() -> None:
    assert {tool.name for tool in all_tools()} == set(COMMANDS)


@pytest.mark.parametrize("text", TOLD)
def test_what_is_said_of_tools_is_said_as_commands(text: str) -> None:
    told = name_commands(text)
    # Half a call, whose other half is filled in, is found whole where the parts are joined.
    if not CALLS.search(text) or text.count("(") == text.count(")"):
        assert not CALLS.search(told)
    assert not NAMES.search(told)
    for words in commands(told):
        accept(words)


@pytest.mark.parametrize("text", [text for text in SAID if "`rfcat " in text or "'rfcat " in text])
def test_the_commands_that_are_named_exist(text: str) -> None:
    for line in re.findall(r"[`'](rfcat [^`']*)[`']", text):
        accept([word for word in shlex.split(line)[1:] if "{" not in word])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("show(what='looks') lists the looks", "`rfcat show looks` lists the looks"),
        ("try `show(what='a b', by='hour')`.", "try `rfcat show a b --by hour`."),
        ("describe_market(dataset=...) for one", "`rfcat dataset show ...` for one"),
        ("backtest(parent='x; rm', changes={'meta.leaf': (1)})", "`rfcat backtest 'x; rm'`"),
        ("tune(pipeline='p', judge='validation')", "`rfcat tune p --judge validation`"),
        ("tune(pipeline='p', grid={'meta.leaf': [50, 200]})", "`rfcat tune p --grid '{meta.leaf: [50, 200]}'`"),
        ("list_features(family='mean reversion')", "`rfcat features --family 'mean reversion'`"),
        ("execute_python sees a third", f"{OWN_CODE} sees a third"),
        ("backtest it first (or show it)", "backtest it first (or show it)"),
    ],
)
def test_calls_become_commands(said: str, told: str) -> None:
    assert name_commands(said) == told


def test_what_is_quoted_stays_as_it_is() -> None:
    answer = {
        "yaml": "show(what='x')",
        "rows": [["show(what='x')"]],
        "next": ["show(what='x')"],
        "deep": {"a": "list_features"},
    }
    assert name_commands_throughout(answer) == {**answer, "next": ["`rfcat show x`"], "deep": {"a": "`rfcat features`"}}
