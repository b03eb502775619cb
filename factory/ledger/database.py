"""One workspace's database: SQLite in WAL mode, shared by several processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError

from factory.errors import LedgerError, WorkspaceError
from factory.ledger.locks import exclusive
from factory.ledger.schema import METADATA, ONLY_ADDED, VERSION
from factory.workspace import Workspace

BUSY_MS = 20_000


class Database:
    """Transactions on a workspace's tables.

    Parameters
    ----------
    workspace : Workspace
        Its database is made on first use.

    Raises
    ------
    WorkspaceError
        If another version wrote the tables.
    LedgerError
        If the file is no database, or the disk is full.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.database
        self._engine = create_engine(f"sqlite:///{self._path}")
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(immediate=True)
        if self._version() != VERSION:
            with exclusive(lock_of(workspace)):
                self._prepare()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of all tables."""
        with _explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction under the writer's lock; all of it is kept or none."""
        with _explained(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _version(self) -> int:
        with self.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def _prepare(self) -> None:
        with _explained(), self._engine.connect() as connection:
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
            METADATA.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")


def lock_of(workspace: Workspace) -> Path:
    """The lock file under which the ledger grows."""
    return workspace.root / "ledger.lock"


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


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise LedgerError(f"ledger: {_explain(str(error.orig))}") from error


def _explain(reason: str) -> str:
    if "full" in reason or "I/O" in reason:
        return f"{reason}; nothing was written; free some space and try again"
    if "locked" in reason:
        return f"another process has kept the database locked for {BUSY_MS // 1000} s; try again"
    if "not a database" in reason or "malformed" in reason:
        return f"{reason}; restore ledger.sqlite from a backup"
    return reason
