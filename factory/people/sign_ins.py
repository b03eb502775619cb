"""Who is signed in, and until when."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from factory.core.times import now_ms
from factory.people.people import Person
from factory.storage.database import Database
from factory.storage.schema import PEOPLE, SIGN_INS
from factory.storage.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import Connection

HOURS = 12
"""After which one signs in again."""
_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser in which a person is signed in.

    Parameters
    ----------
    person : Person
    form_token : str
        What every form of this browser's pages carries, so that no other site can send one.
    """

    person: Person
    form_token: str


class SignIns:
    """The browsers that are signed in to a workspace; they outlive the server.

    Parameters
    ----------
    workspace : Workspace
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = Database(workspace)

    def start(self, person: Person) -> str:
        """Sign a person in; returns the secret that the browser keeps, which is made anew each time."""
        secret = secrets.token_urlsafe(_BYTES)
        row = {
            "secret_hash": _digest(secret),
            "person": person.name,
            "form_token": secrets.token_urlsafe(_BYTES),
            "ends": now_ms() + HOURS * 3_600_000,
        }
        with self._database.writing() as connection:
            _forget_ended(connection)
            connection.execute(insert(SIGN_INS).values(row))
        return secret

    def find(self, secret: str) -> SignIn | None:
        """Find who is signed in by a secret; None if nobody is, or no longer."""
        query = (
            select(PEOPLE.c.name, PEOPLE.c.role, PEOPLE.c.added, SIGN_INS.c.form_token)
            .join(SIGN_INS, SIGN_INS.c.person == PEOPLE.c.name)
            .where(SIGN_INS.c.secret_hash == _digest(secret), SIGN_INS.c.ends > now_ms())
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else SignIn(Person(row.name, row.role, row.added), row.form_token)

    def end(self, secret: str) -> None:
        """Sign out the browser that has a secret."""
        with self._database.writing() as connection:
            connection.execute(delete(SIGN_INS).where(SIGN_INS.c.secret_hash == _digest(secret)))

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _forget_ended(connection: "Connection") -> None:
    connection.execute(delete(SIGN_INS).where(SIGN_INS.c.ends <= now_ms()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
