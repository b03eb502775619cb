"""One workspace's database: SQLite in WAL mode, shared by several processes."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Connection, QueuePool, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError

from factory.core.errors import LedgerError, WorkspaceError
from factory.storage.locks import exclusive
from factory.storage.schema import FOLLOWING, METADATA, ONLY_ADDED, TRIGGERS, VERSION
from factory.storage.workspace import Workspace

BUSY_MS = 20_000
PATIENCE = 30.0
"""Seconds to wait for the ledger's lock."""
FILE = 32_768
"""Bytes of the index that SQLite keeps beside a database, also to read it."""
UNWRITABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL})
"""What SQLite answers where it cannot make the files beside a database that even reading asks for."""


class Database:
    """Transactions on a workspace's tables.

    Parameters
    ----------
    workspace : Workspace
        Its database is made on first use; where it can only be read, or the disk is full, it is read.
    guarded : bool
        Whether the triggers that keep the ledger append-only must be in place; they need not for a proof of its rows.

    Raises
    ------
    WorkspaceError
        If another version wrote the tables.
    LedgerError
        If the file is no database, the disk is full, or a trigger is missing or altered.
    """

    def __init__(self, workspace: Workspace, *, guarded: bool = True) -> None:
        self._path = workspace.database
        self._open("mode=rwc")
        try:
            version = self._version()
        except LedgerError as error:
            if not _asks_for_files(error) or _takes_files(self._path.parent) or not self._path.exists():
                raise
            self.close()
            self._open(_choose_read_mode(self._path))
            version = self._version()
        if version != VERSION:
            with lock_ledger(workspace):
                self._prepare()
        if guarded:
            self._require_triggers()

    def _open(self, how: str) -> None:
        # A path in a URI is quoted: no character of it means anything else.
        uri = f"{self._path.absolute().as_uri()}?{how}"
        self._engine = create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False), poolclass=QueuePool
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(immediate=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open one consistent view of all tables."""
        with _reword_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open one transaction under the writer's lock; all of it is kept or none."""
        with _reword_errors(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def find_broken_triggers(self) -> list[str]:
        """List the triggers on the ledger's table that are missing, altered or none of ours."""
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = 'ledger'"
        with self.reading() as connection:
            triggers = {row.name: row.sql for row in connection.exec_driver_sql(query)}
        return sorted(name for name in triggers.keys() | TRIGGERS.keys() if triggers.get(name) != TRIGGERS.get(name))

    def restore_triggers(self, names: Sequence[str]) -> None:
        """Restore the triggers of the ledger's table to what they are in a new database."""
        quote = self._engine.dialect.identifier_preparer.quote
        with self.writing() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {quote(name)}")
                if name in TRIGGERS:
                    connection.exec_driver_sql(TRIGGERS[name])

    def _require_triggers(self) -> None:
        broken = self.find_broken_triggers()
        if broken:
            self.close()
            raise LedgerError(
                f"ledger: triggers that keep its rows as they were written are missing or altered ({', '.join(broken)}): rows "
                "may have been changed; run `rfcat ledger verify`, which proves them and then puts the triggers back"
            )

    def _version(self) -> int:
        with self.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def _prepare(self) -> None:
        with _reword_errors(), self._engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
        with self.writing() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version == VERSION:
                return
            if version not in (0, *ONLY_ADDED) or (not version and inspect(connection).get_table_names()):
                raise WorkspaceError(
                    f"workspace {self._path.parent}: its tables are of version {version}, this version reads {VERSION}; "
                    "use the version that wrote it, or another folder with --workspace"
                )
            METADATA.drop_all(connection, tables=FOLLOWING)
            METADATA.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")


@contextmanager
def lock_ledger(workspace: Workspace, *, reads: bool = False) -> Iterator[None]:
    """Hold the lock under which the ledger grows.

    Parameters
    ----------
    workspace : Workspace
        Whose ledger.
    reads : bool
        Whether nothing is written under it: then a workspace that cannot be written needs none.

    Raises
    ------
    LedgerError
        If another process keeps it for too long, or the workspace cannot be written.
    """
    with ExitStack() as stack:
        try:
            held = stack.enter_context(exclusive(workspace.root / "ledger.lock", PATIENCE, reads=reads))
        except OSError as error:
            raise LedgerError(f"ledger: it cannot be written here ({error.strerror or error}), only read") from error
        if not held:
            raise LedgerError(f"ledger: another process holds its lock for over {PATIENCE:g} s; end it and try again")
        yield


def _configure(connection: Any, _record: object) -> None:
    # SQLAlchemy's own BEGIN comes from `_begin`; the driver shall add none.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    # A commit must outlive a power cut: the anchor that follows it would otherwise tell of a truncation.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _choose_read_mode(path: Path) -> str:
    """Choose how to open a database beside which no file can be made: with the log that a writer has left, if there is one."""
    left = path.with_name(f"{path.name}-wal")
    return "mode=ro" if left.exists() and left.stat().st_size else "mode=ro&immutable=1"


def _asks_for_files(error: LedgerError) -> bool:
    reason = getattr(error.__cause__, "orig", None)
    # The lower byte tells the kind, the rest which of its cases.
    return isinstance(reason, sqlite3.Error) and getattr(reason, "sqlite_errorcode", 0) & 0xFF in UNWRITABLE


def _takes_files(folder: Path) -> bool:
    """Check whether a file as long as those that SQLite makes can be written in a folder."""
    try:
        with TemporaryFile(dir=folder) as tried:
            tried.write(bytes(FILE))
            tried.flush()
    except OSError:
        return False
    return True


@contextmanager
def _reword_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise LedgerError(f"ledger: {_explain(str(error.orig))}") from error


def _explain(reason: str) -> str:
    if "readonly" in reason:
        return "it cannot be written here, only read; nothing was written"
    if "full" in reason or "I/O" in reason:
        return f"{reason}; nothing was written; free some space and try again"
    if "locked" in reason:
        return f"another process has kept the database locked for {BUSY_MS // 1000} s; try again"
    if "not a database" in reason or "malformed" in reason:
        return f"{reason}; restore ledger.sqlite from a backup"
    return reason
