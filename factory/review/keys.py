"""Keys that are trusted to have signed: given on the command line, or pinned by a person.

A key is the public half of a reviewer's, 64 hex digits. A file of keys has one a line; what follows it on its line is a note.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.core.errors import ReviewError
from factory.core.foreign import clean_line
from factory.storage.workspace import Workspace, write_text

PINNED = "review_keys"
"""Name of the files of pinned keys."""
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, and why it is trusted.

    Parameters
    ----------
    key : bytes
        Public, Ed25519.
    source : str
        Such as ``given`` or ``pinned by you``.
    """

    key: bytes
    source: str


def user_keys() -> Path:
    """Find the file of keys that the user has pinned, for all workspaces."""
    from platformdirs import user_config_path

    return user_config_path("random-forest-cat", appauthor=False) / PINNED


def workspace_keys(workspace: Workspace) -> Path:
    """Find the file of keys that are pinned in a workspace."""
    return workspace.root / PINNED


def read_given(text: str) -> list[TrustedKey]:
    """Read keys that a person gives: one as it is, or a file of them.

    Raises
    ------
    ReviewError
        If it is neither.
    """
    if _KEY.fullmatch(text.strip().lower()):
        return [TrustedKey(bytes.fromhex(text.strip()), "given")]
    path = Path(text).expanduser()
    if not path.is_file():
        raise ReviewError(f"key: '{text[:64]}' is neither 64 hex digits nor a file; `rfcat review key` prints a reviewer's")
    return _read_file(path, "given")


def read_pinned(workspace: Workspace | None) -> list[TrustedKey]:
    """Read the keys that the user has pinned, and those of a workspace."""
    pinned = _read_file(user_keys(), "pinned by you")
    return pinned if workspace is None else [*pinned, *_read_file(workspace_keys(workspace), "pinned in this workspace")]


def pin_key(path: Path, key: bytes, note: str) -> bool:
    """Add a key to a file of pinned keys; return whether it is new there."""
    if any(one.key == key for one in _read_file(path, "")):
        return False
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, f"{text}{key.hex()} {clean_line(note)}".rstrip() + "\n", 0o600)
    return True


def _read_file(path: Path, source: str) -> list[TrustedKey]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError):
        raise ReviewError(f"{path.name}: cannot be read as a file of keys; one a line, 64 hex digits") from None
    return [TrustedKey(key, source) for key in _parse(path, lines)]


def _parse(path: Path, lines: list[str]) -> Iterator[bytes]:
    for number, line in enumerate(lines, start=1):
        word = (line.partition("#")[0].split() or [""])[0].lower()
        if word and not _KEY.fullmatch(word):
            raise ReviewError(f"{path.name}: line {number} begins with no key; one a line, 64 hex digits")
        if word:
            yield bytes.fromhex(word)
