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


def passphrase(secret: Path | None, *, least: int | None = None) -> str:
    """Read the reviewer's passphrase: see :func:`read_secret`."""
    return read_secret("passphrase", secret, least=least)


def read_secret(name: str, secret: Path | None, *, least: int | None = None) -> str:
    """Read a secret from its file, or typed or piped in where there is none; line ends do not count.

    Parameters
    ----------
    name : str
        What it is called where it is asked for.
    secret : Path or None
        Its file.
    least : int or None
        Characters that a new one needs, told to whoever types it, which is twice; None for one that was chosen before.

    Raises
    ------
    SealError
        If the file cannot be read, or nobody can be asked.
    """
    if secret is None:
        return _typed(name, least)
    try:
        return secret.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SealError(f"--{name}-file: {secret.name}: {error.strerror}") from None


def _typed(name: str, least: int | None) -> str:
    keyboard = sys.stdin or StringIO()  # A process may be started without one.
    if keyboard.isatty():
        words = name if least is None else f"{name}, at least {least} characters"
        return str(typer.prompt(words, hide_input=True, confirmation_prompt=least is not None))
    piped = keyboard.readline().rstrip("\r\n")
    if not piped:
        raise SealError(f"{name}: no terminal to ask at; give --{name}-file, or pipe it in")
    return piped
