"""The folder in which one user's datasets, trials and artefacts live."""

import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from factory.core.errors import WorkspaceError
from factory.core.quoting import terminal_line
from factory.core.settings import PlaceSettings
from factory.storage.locks import lock_unwritten, mark_writing

FORMAT = 1
"""Raised whenever an older version could no longer read what a newer one writes."""

MARKER = "format"
"""File by which a folder is known as a workspace."""
CHOOSE = "choose another folder with --workspace or RFCAT_WORKSPACE"
CHOOSE_EMPTY = "choose a new or empty folder with --workspace or RFCAT_WORKSPACE"
MOUNTED = "lost+found"
"""What a new disk holds."""
PART = ".part-"
"""Beginning of the names of files that are being written."""


@contextmanager
def atomic(path: Path, mode: int = 0o644, *, new: bool = False) -> Iterator[Path]:
    """Give a temporary sibling of `path`, renamed onto it when the block ends well.

    Siblings whose writers were killed are removed.

    Parameters
    ----------
    path : Path
        The file to be written or replaced.
    mode : int
        Its permissions.
    new : bool
        Whether a file that is there already shall stay.

    Yields
    ------
    Path
        Write here. A failure inside the block leaves `path` as it was.

    Raises
    ------
    FileExistsError
        If it shall be new and is not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in _find_abandoned(path.parent.glob(f"{PART}*")):
        left.unlink(missing_ok=True)
    with _make_sibling(path) as temporary:
        yield temporary
        with temporary.open("r+b") as written:  # Windows makes sure only of what may be written.
            os.fsync(written.fileno())
        temporary.chmod(mode)
        if new:
            path.hardlink_to(temporary)
        else:
            temporary.replace(path)


def find_leftovers(folder: Path) -> list[Path]:
    """Find half-written files of killed processes anywhere in a folder."""
    return sorted(_find_abandoned(folder.rglob(f"{PART}*")))


@contextmanager
def _make_sibling(path: Path) -> Iterator[Path]:
    """Make a new sibling, marked inside the block, and remove what is left of it.

    The mark tells it from what a killed process left.
    """
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{PART}{path.name}.")
        with mark_writing(handle):
            temporary = Path(name)
            if not temporary.exists():  # Somebody took it for abandoned before it was marked.
                continue
            try:
                yield temporary
            finally:
                temporary.unlink(missing_ok=True)
            return


def _find_abandoned(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that nobody writes; each stays so while it is looked at."""
    for path in paths:
        with suppress(FileNotFoundError), lock_unwritten(path) as is_left:
            if is_left:
                yield path


def write_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a text file whole or not at all."""
    with atomic(path, mode) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_new(path: Path, text: str) -> bool:
    """Write a text file whole, unless there is one already; return whether it was written."""
    with suppress(FileExistsError), atomic(path, new=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
        return True
    return False


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
            If another format version wrote it, it cannot be made, its folder holds other things, or its path is no text. One
            that is there and cannot be written is read.
        """
        workspace = cls(_resolve(root) if root else cls.default())
        try:
            workspace._prepare()
        except OSError as error:
            raise WorkspaceError(f"workspace {workspace.root}: {error.strerror or error}; {CHOOSE}") from error
        return workspace

    @classmethod
    def find(cls, root: Path | str | None = None) -> "Workspace":
        """Open the workspace that is there; only the user's own, taken where none is named, is made on first use.

        Raises
        ------
        WorkspaceError
            If the named folder holds none, or as :meth:`open` says.
        """
        named = root or PlaceSettings.read().workspace
        folder = _resolve(named) if named else None
        if folder and (lack := _find_lack(folder)):
            raise WorkspaceError(f"workspace {folder}: {lack}; {CHOOSE}, or make one there with `rfcat start`")
        return cls.open(folder)

    @staticmethod
    def default() -> Path:
        """Return the folder that is taken where none is named."""
        return _resolve(PlaceSettings.read().workspace or _default_root())

    def _prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        marker = self.root / MARKER
        if not marker.exists():
            # Whatever else a workspace holds follows its marker, also where another process makes it just now.
            if (others := _list_others(self.root)) and not marker.exists():
                raise WorkspaceError(f"workspace {self.root}: holds {others[0]} and no workspace; {CHOOSE_EMPTY}")
            write_text(marker, f"{FORMAT}\n")
        written = marker.read_text(encoding="utf-8").strip()
        if written != str(FORMAT):
            raise WorkspaceError(
                f"workspace {self.root}: written in format {written[:20]!r}, this version reads {FORMAT}; "
                "use the version that wrote it, or another folder with --workspace"
            )
        if not self._id.exists():
            write_text(self._id, f"{secrets.token_hex(6)}\n")
        # What a read-only or full workspace lacks of these is empty.
        with suppress(OSError):
            self.vault.mkdir(mode=0o700, exist_ok=True)
            for folder in (self.datasets, self.cache, self.artefacts, self.runs):
                folder.mkdir(exist_ok=True)

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


def _resolve(root: Path | str) -> Path:
    path = Path(root)
    with suppress(RuntimeError):  # A folder may be called ~name without there being such a user.
        path = path.expanduser()
    try:
        str(path).encode()
        return path.resolve()
    except ValueError:
        raise WorkspaceError(f"workspace {terminal_line(str(root))}: its path holds bytes that are no text; {CHOOSE}") from None


def _list_others(folder: Path) -> list[str]:
    """List what a folder holds that is no beginning of a workspace."""
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if name != MOUNTED and not name.startswith(PART))


def _find_lack(folder: Path) -> str | None:
    """Say why a folder is no workspace yet.

    None where it is one, or where what is wrong with it shows when it is opened.
    """
    with suppress(OSError):
        if not folder.exists():
            return "no such folder"
        if not _list_others(folder):
            return "empty, no workspace yet"
    return None


def _default_root() -> Path:
    from platformdirs import user_data_path

    return user_data_path("random-forest-cat", appauthor=False)
