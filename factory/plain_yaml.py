"""YAML in which every scalar is text.

Dates, sexagesimals and booleans from ``on`` and ``no`` do not exist here: the
pydantic models behind a file convert the text of each scalar to what they
need. JSON is read too, being YAML.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

MAX_CHARACTERS = 65_536
MAX_DEPTH = 20


def load(text: str) -> Any:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        At most 65,536 characters.

    Returns
    -------
    Any
        Dicts, lists, text, and None where a value is left empty or ``null``.

    Raises
    ------
    ValueError
        With the line of the first mistake: broken syntax, a duplicate or an
        empty key, an anchor, more than one document, or too much of it.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{len(text):,} characters; at most {MAX_CHARACTERS:,}")
    try:
        node = YAML(typ="base", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{where}{(error.problem or 'not YAML').splitlines()[0]}") from None
    except (YAMLError, ValueError) as error:
        raise ValueError(str(error).splitlines()[0]) from None
    except RecursionError:
        raise ValueError(f"nested more than {MAX_DEPTH} deep") from None
    if node is None:
        raise ValueError("nothing in it")
    return _value(node, 0)


def _value(node: Node, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"line {_line(node)}: nested more than {MAX_DEPTH} deep")
    if node.anchor is not None:
        raise ValueError(f"line {_line(node)}: anchors (&{node.anchor}) are not used here; write it out")
    if isinstance(node, ScalarNode):
        return None if _is_null(node) else node.value
    if isinstance(node, SequenceNode):
        return [_value(item, depth + 1) for item in node.value]
    return _mapping(node.value, depth)


def _mapping(pairs: list[tuple[Node, Node]], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not isinstance(key, ScalarNode) or _is_null(key) or not key.value:
            raise ValueError(f"line {_line(key)}: a key must be a name")
        if key.value in found:
            raise ValueError(f"line {_line(key)}: '{key.value}' is there twice; keep one")
        found[key.value] = _value(value, depth + 1)
    return found


def _is_null(node: ScalarNode) -> bool:
    return node.style is None and node.value in ("", "~", "null")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
