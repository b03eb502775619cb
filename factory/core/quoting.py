"""Names, paths and foreign text put into a shell line, onto a terminal or into Markdown: one function a syntax.

SQL is bound by SQLAlchemy, addresses of databases are built by its ``URL``, HTML is escaped by Jinja, JSON by :mod:`json`, and
YAML by :mod:`factory.pipeline.writing`.
"""

import os
import shlex
import subprocess

UNFIT = {"\\": r"\\", "'": r"\'"}
"""What means something inside ``$'...'``."""


def shell_line(*words: str) -> str:
    """Write a command that a person can copy: each word reaches it as it is, in bash and zsh, or on Windows in its prompt.

    A word with line ends or other controls is written as ``$'...'``, so that the command stays one line.
    """
    if os.name == "nt":
        return subprocess.list2cmdline(words)
    return " ".join(shlex.quote(word) if word.isprintable() else _ansi_c(word) for word in words)


def _ansi_c(word: str) -> str:
    return "$'" + "".join(UNFIT.get(sign) or (sign if sign.isprintable() else _bytes(sign)) for sign in word) + "'"


def _bytes(sign: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in sign.encode("utf-8", "surrogateescape"))


def terminal_line(text: str) -> str:
    """Show a name or a path on one line of a terminal: what is not printable is spelled out, as ``repr`` does."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def markdown_text(text: str) -> str:
    """Let words of others be text in Markdown: no element, and no line of their own."""
    return " ".join(text.split("\n")).replace("&", "&amp;").replace("<", "&lt;")


def markdown_cell(text: str) -> str:
    """Let words of others be one cell of a table in Markdown."""
    return markdown_text(text).replace("|", "&#124;")


def terminal_text(text: str) -> str:
    """Show text of several lines on a terminal: line ends stay and tabs are blanks; other controls are spelled out."""
    return "\n".join(terminal_line(line) for line in text.expandtabs().split("\n"))
