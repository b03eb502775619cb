"""The reviewer's passphrase, typed or read from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factory.errors import SealError

if TYPE_CHECKING:
    from factory.vault.reviewer import Unlocked
    from factory.workshop import Workshop

Secret = Annotated[Path | None, typer.Option("--passphrase-file", help="File with the passphrase, instead of typing it.")]


def unlocked(workshop: "Workshop", secret: Path | None) -> "Unlocked":
    """The reviewer's keys; asks for the passphrase unless a file holds it."""
    from factory.vault.reviewer import unlock

    return unlock(workshop.ledger, passphrase(secret))


def passphrase(secret: Path | None, *, twice: bool = False) -> str:
    """The passphrase; a file's line end does not count.

    Raises
    ------
    SealError
        If the file cannot be read.
    """
    if secret is None:
        return str(typer.prompt("passphrase", hide_input=True, confirmation_prompt=twice))
    try:
        return secret.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SealError(f"--passphrase-file: {secret.name}: {error.strerror}") from None
