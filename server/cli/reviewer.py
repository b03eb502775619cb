"""Secrets of people, typed or read from a file: the reviewer's passphrase, a person's password."""

import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factory.core.errors import SealError

if TYPE_CHECKING:
    from factory.vault.reviewer import Unlocked
    from factory.workshop import Workshop

Secret = Annotated[Path | None, typer.Option("--passphrase-file", help="File with the passphrase, instead of typing it.")]


def unlocked(workshop: "Workshop", secret: Path | None) -> "Unlocked":
    """Unlock the reviewer's keys, asking for the passphrase unless a file holds it."""
    from factory.vault.reviewer import unlock

    return unlock(workshop.ledger, passphrase(secret))


def passphrase(secret: Path | None, *, twice: bool = False) -> str:
    """Read the reviewer's passphrase: see :func:`read_secret`."""
    return read_secret("passphrase", secret, twice=twice)


def read_secret(name: str, secret: Path | None, *, twice: bool = False) -> str:
    """Read a secret from its file, or typed or piped in where there is none; line ends do not count.

    Raises
    ------
    SealError
        If the file cannot be read, or nobody can be asked.
    """
    if secret is None:
        return _typed(name, twice)
    try:
        return secret.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SealError(f"--{name}-file: {secret.name}: {error.strerror}") from None


def _typed(name: str, twice: bool) -> str:
    keyboard = sys.stdin or StringIO()  # A process may be started without one.
    if keyboard.isatty():
        return str(typer.prompt(name, hide_input=True, confirmation_prompt=twice))
    piped = keyboard.readline().rstrip("\r\n")
    if not piped:
        raise SealError(f"{name}: no terminal to ask at; give --{name}-file, or pipe it in")
    return piped
