"""The folder in which one user's datasets, trials and artefacts live."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from factory.errors import WorkspaceError

FORMAT = 1
"""Raised whenever an older version could no longer read what a newer one writes."""


@contextmanager
def atomic(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary sibling of `path`, renamed onto it when the block ends well.

    Parameters
    ----------
    path : Path
        The file to be written or replaced.
    mode : int
        Its permissions.

    Yields
    ------
    Path
        Write here. A failure inside the block leaves `path` as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a text file whole or not at all."""
    with atomic(path, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Workspace:
    """Where things are kept.

    Parameters
    ----------
    root : Path
        The folder; :meth:`open` makes it.
    """

    root: Path

    @classmethod
    def open(cls, root: Path | str | None = None) -> "Workspace":
        """Open the workspace, making it on first use.

        Parameters
        ----------
        root : Path, str or None
            Default: ``RFCAT_WORKSPACE``, else the user's data directory.

        Raises
        ------
        WorkspaceError
            If another format version wrote it, or it cannot be written.
        """
        workspace = cls(Path(root or os.environ.get("RFCAT_WORKSPACE") or _default_root()).expanduser().resolve())
        try:
            workspace._prepare()
        except OSError as error:
            raise WorkspaceError(
                f"workspace {workspace.root}: {error.strerror or error}; "
                "choose another folder with --workspace or RFCAT_WORKSPACE"
            ) from error
        return workspace

    def _prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        marker = self.root / "format"
        if not marker.exists():
            write_text(marker, f"{FORMAT}\n")
        written = marker.read_text(encoding="utf-8").strip()
        if written != str(FORMAT):
            raise WorkspaceError(
                f"workspace {self.root}: written in format {written[:20]!r}, this version reads {FORMAT}; "
                "use the version that wrote it, or another folder with --workspace"
            )
        if not self._id.exists():
            write_text(self._id, f"{secrets.token_hex(6)}\n")
        for folder in (self.datasets, self.cache, self.artefacts, self.runs):
            folder.mkdir(exist_ok=True)
        self.vault.mkdir(mode=0o700, exist_ok=True)

    @property
    def id(self) -> str:
        """Twelve random hex digits; strategy files name the workspace whose ledger they anchor."""
        return self._id.read_text(encoding="utf-8").strip()

    @property
    def _id(self) -> Path:
        return self.root / "id"

    @property
    def database(self) -> Path:
        """SQLite file of the ledger, jobs and runs."""
        return self.root / "ledger.sqlite"

    @property
    def datasets(self) -> Path:
        """One folder a dataset: its file, its fingerprints, its open partitions."""
        return self.root / "datasets"

    @property
    def vault(self) -> Path:
        """Sealed rows, raw downloads and ledger anchors; owner-only."""
        return self.root / "vault"

    @property
    def cache(self) -> Path:
        """Columns and fitted stages, by hash; may be deleted at any time."""
        return self.root / "cache"

    @property
    def frames(self) -> Path:
        """Rows and columns as agents' own code sees them; may be deleted at any time."""
        return self.cache / "frames"

    @property
    def artefacts(self) -> Path:
        """Trained models, by hash."""
        return self.root / "artefacts"

    @property
    def runs(self) -> Path:
        """Trades and predictions of trials, by run."""
        return self.root / "runs"


def _default_root() -> Path:
    from platformdirs import user_data_path

    return user_data_path("random-forest-cat", appauthor=False)
