"""What the factory says to agents, said to people: a call of a tool becomes the command that does the same."""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from factory.core.quoting import shell_line

Given = Mapping[str, str]
"""Arguments of a call, as text; ``...`` where any will do."""

QUOTED = ("yaml", "output")
"""Values of several lines, which stand as they are."""
AS_WRITTEN = (*QUOTED, "rows")
"""Parts of an answer that quote somebody."""
OPTIONS = ("by", "judge", "cells", "grid", "family", "dataset", "part")
"""Arguments of tools that are options of commands, under the same name."""
UNNAMED = "dataset: not named"
OWN_CODE = "an agent's own code"


def _with(*words: str) -> Callable[[Given], list[str]]:
    """Make a command with the arguments that name its subject, in order, and the rest as options."""

    def command(given: Given) -> list[str]:
        subject = [given[name] for name in ("pipeline", "parent", "job") if name in given][:1]
        options = {name: value for name, value in given.items() if name in OPTIONS}
        return [*words, *subject, *(word for name, value in options.items() for word in (f"--{name}", value))]

    return command


def _market(given: Given) -> list[str]:
    return ["dataset", "show", given["dataset"]] if "dataset" in given else ["dataset", "list"]


def _show(given: Given) -> list[str]:
    return ["show", *given.get("what", "").split(), *_with()(given)]


def _features(given: Given) -> list[str]:
    return ["features", *given.get("search", "").split(), *_with()(given)]


COMMANDS: Mapping[str, Callable[[Given], list[str]] | None] = {
    "describe_market": _market,
    "list_features": _features,
    "define_pipeline": _with("define"),
    "train": _with("train"),
    "backtest": _with("backtest"),
    "tune": _with("tune"),
    "rank_features": _with("rank"),
    "execute_python": None,
    "submit": _with("submit"),
    "propose": _with("propose"),
    "show": _show,
    "cancel": _with("cancel"),
}
"""What a person types in the place of each tool; None where only agents have it."""

_NAMES = "|".join(COMMANDS)
_CALL = re.compile(rf"`?\b({_NAMES})\(((?:[^()]|\([^()]*\))*)\)`?")
_BARE = re.compile(rf"`?\b({'|'.join(name for name in COMMANDS if '_' in name)})\b(?!\()`?")


def name_commands(text: str) -> str:
    """Name commands where a text names tools."""
    text = text.replace("a person runs", "run").replace(UNNAMED, f"--{UNNAMED}")
    return _BARE.sub(lambda match: _command(match[1], ""), _CALL.sub(lambda match: _command(match[1], match[2]), text))


def name_commands_throughout(answer: Any) -> Any:
    """Name commands in place of tools throughout an answer for people; what it quotes stays as it is."""
    if isinstance(answer, str):
        return name_commands(answer)
    if isinstance(answer, list):
        return [name_commands_throughout(item) for item in answer]
    if isinstance(answer, Mapping):
        return {name: item if name in AS_WRITTEN else name_commands_throughout(item) for name, item in answer.items()}
    return answer


def _command(tool: str, arguments: str) -> str:
    command = COMMANDS[tool]
    return OWN_CODE if command is None else f"`{shell_line('rfcat', *command(_given(arguments)))}`"


def _given(arguments: str) -> dict[str, str]:
    """Read the arguments of a call; those that are no literals are any."""
    try:
        call = ast.parse(f"call({arguments})", mode="eval").body
    except SyntaxError:
        return {}
    assert isinstance(call, ast.Call)
    return {one.arg: _value(one.value) for one in call.keywords if one.arg}


def _value(node: ast.expr) -> str:
    """Write an argument as a command takes it: a mapping in YAML, in a line."""
    if isinstance(node, ast.Dict):
        pairs = (f"{_value(key)}: {_value(value)}" for key, value in zip(node.keys, node.values, strict=True) if key)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(node, ast.List):
        return f"[{', '.join(map(_value, node.elts))}]"
    return str(node.value) if isinstance(node, ast.Constant) and node.value is not ... else "..."
