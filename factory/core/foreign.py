"""Text that others wrote, made harmless where it enters: it will stand on a person's terminal and in agents' answers."""

import re
import unicodedata
from typing import Any

CLIENT = 32
"""Characters of a client's name."""
NOBODY = "unknown"
CUT = "..."

# What a terminal obeys: colours and cursors, then titles and links, then the short ones.
_ORDERS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# What has no look of its own, beside the categories of controls and formats: fillers, joiners, selectors, tags.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_HALF = re.compile("[\ud800-\udfff]")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class _Harmless(dict[int, int | None]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        dropped = unicodedata.category(character) in _DROPPED or _UNSEEN.match(character)
        self[code] = None if dropped and character not in "\n\t\x1b\x9b\x9c\x07" else code
        return self[code]


_VISIBLE = _Harmless()
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def clean_text(text: str) -> str:
    """Take out of a text what cannot be seen or what a terminal obeys; lines and tabs stay.

    Parameters
    ----------
    text : str
        Of any origin.

    Returns
    -------
    str
        Without control characters and their sequences, overrides of direction, characters of no width and halves of
        characters; `text` itself where it has none.
    """
    if text.isascii() and text.isprintable():
        return text
    lines = re.sub("\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    # In this order: a character of no width could stand inside a sequence, and hide it.
    return _ORDERS.sub("", lines.translate(_VISIBLE)).translate(_CONTROLS)


def has_half(text: str) -> bool:
    """Check whether a text holds half a character: JSON and YAML can spell one, UTF-8 cannot, so it has no bytes to sign."""
    return _HALF.search(text) is not None


def clean_line(text: str) -> str:
    """Clean a text into one line, without blanks at its ends or beside each other."""
    return " ".join(clean_text(text).split())


def clean_value(value: Any) -> Any:
    """Clean every text of a JSON-like value, keys too."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_value(key): clean_value(inner) for key, inner in value.items()}
    return [clean_value(inner) for inner in value] if isinstance(value, list) else value


def guard_cell(text: str) -> str:
    """Keep a text from being a formula where a table is opened in a spreadsheet: see OWASP, *CSV injection*."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def client_name(text: str) -> str:
    """Reduce a client's name to letters, digits, ``.``, ``_`` and ``-``, at most 32.

    So it is too little to say anything to other agents.
    """
    return _UNSAFE.sub("-", clean_text(text)).strip("-.")[:CLIENT].rstrip("-.") or NOBODY


def shorten(text: str, most: int) -> str:
    """Cut a text to at most `most` characters, marking a longer one as cut."""
    return text if len(text) <= most else f"{text[: most - len(CUT)]}{CUT}"
