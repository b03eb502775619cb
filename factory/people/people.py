"""People, passwords, roles."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import delete, insert, select, update

from factory.core.errors import PeopleError, did_you_mean
from factory.core.times import now_ms
from factory.storage.database import Database
from factory.storage.schema import PEOPLE, SIGN_INS
from factory.storage.workspace import Workspace

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Role = Literal["viewer", "reviewer"]
ROLES: tuple[Role, ...] = get_args(Role)
"""A viewer reads every page; a reviewer also approves, rejects and retires strategies and stops jobs."""
SHORTEST = 12
"""Characters of a password."""
LONGEST = 1_000
"""Characters of a password: more is no password, and costs time to hash."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
HASHING = threading.Lock()
"""One password at a time: each takes 64 MiB, whoever guesses."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in.

    Parameters
    ----------
    name : str
    role : str
        One of :data:`ROLES`.
    added : int
        When, ms UTC.
    """

    name: str
    role: Role
    added: int

    @property
    def is_reviewer(self) -> bool:
        """Whether the person may decide, not only read."""
        return self.role == "reviewer"


class People:
    """The people of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Whose people.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = Database(workspace)

    def add(self, name: str, role: str, password: str) -> Person:
        """Add a person.

        Parameters
        ----------
        name : str
            Small letters, digits, ``.``, ``-`` and ``_``; 32 at most.
        role : str
            One of :data:`ROLES`.
        password : str
            Kept only as its argon2id hash.

        Raises
        ------
        PeopleError
            If the name is no name or taken, the role unknown, or the password too short.
        """
        if not _NAME.fullmatch(name):
            raise PeopleError(f"name: '{name[:40]}' came; up to 32 small letters, digits, '.', '-' or '_', such as ada")
        if role not in ROLES:
            raise PeopleError(f"role: '{role[:40]}' unknown; {did_you_mean(role, ROLES, most=len(ROLES))}")
        row: dict[str, Any] = {"name": name, "role": role, "password": _hash(password), "added": now_ms()}
        with self._database.writing() as connection:
            if connection.execute(select(PEOPLE.c.name).where(PEOPLE.c.name == name)).first():
                raise PeopleError(f"name: '{name}' is taken; choose another, or: rfcat person password {name}")
            connection.execute(insert(PEOPLE).values(row))
        return _person(row["name"], row["role"], row["added"])

    def set_password(self, name: str, password: str) -> None:
        """Give a person another password; whoever is signed in by that name is signed out.

        Raises
        ------
        PeopleError
            If there is no such person, or the password is too short.
        """
        self._change(name, update(PEOPLE).where(PEOPLE.c.name == name).values(password=_hash(password)))

    def remove(self, name: str) -> None:
        """Remove a person, who is signed out with it; what the person decided stays in the ledger.

        Raises
        ------
        PeopleError
            If there is no such person.
        """
        self._change(name, delete(PEOPLE).where(PEOPLE.c.name == name))

    def _change(self, name: str, change: Any) -> None:
        with self._database.writing() as connection:
            if connection.execute(change).rowcount == 0:
                names = list(connection.execute(select(PEOPLE.c.name)).scalars())
                raise PeopleError(f"name: nobody is called '{name[:40]}'; {did_you_mean(name, names)}")
            connection.execute(delete(SIGN_INS).where(SIGN_INS.c.person == name))

    def list(self) -> Sequence[Person]:
        """List everybody by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(PEOPLE.c.name, PEOPLE.c.role, PEOPLE.c.added).order_by(PEOPLE.c.name))
            return [_person(*row) for row in rows]

    @property
    def is_empty(self) -> bool:
        """Whether nobody was added yet."""
        with self._database.reading() as connection:
            return connection.execute(select(PEOPLE.c.name).limit(1)).first() is None

    def check(self, name: str, password: str) -> Person | None:
        """Check a password; None unless it is the person's, after the same time whether or not there is such a person."""
        with self._database.reading() as connection:
            row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()
        nobodys = _nobodys_hash()  # Also where it is not needed: made at the first unknown name, it would tell that name.
        if not _matches(row.password if row else nobodys, password) or row is None:
            return None
        return _person(row.name, row.role, row.added)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _person(name: str, role: Role, added: int) -> Person:
    return Person(name, role, added)


@cache
def _hasher() -> "PasswordHasher":
    """Make the hasher: argon2id with the costs of RFC 9106 for little memory, which are the library's own."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def _hash(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise PeopleError(f"password: {len(password)} characters came; {SHORTEST} to {LONGEST}")
    with HASHING:
        return _hasher().hash(password)


def _matches(kept: str, password: str) -> bool:
    from argon2.exceptions import VerificationError

    with HASHING:
        try:
            return _hasher().verify(kept, password[: LONGEST + 1])
        except VerificationError:
            return False


@cache
def _nobodys_hash() -> str:
    return _hash("nobody's password")
