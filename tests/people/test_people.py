"""People and their signing in: what is kept of a password and a secret, and when it ends."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from factory.core.errors import PeopleError
from factory.people import People, SignIns
from factory.people.people import _nobodys_hash
from factory.people.sign_ins import HOURS
from factory.storage.workspace import Workspace

PASSWORD = "correct horse battery"


@pytest.fixture
def people(workspace: Workspace) -> Iterator[People]:
    with closing(People(workspace)) as people:
        yield people


@pytest.fixture
def sign_ins(workspace: Workspace) -> Iterator[SignIns]:
    with closing(SignIns(workspace)) as sign_ins:
        yield sign_ins


def test_a_password_opens_for_its_person_alone(people: People) -> None:
    assert people.is_empty
    ada = people.add("ada", "reviewer", PASSWORD)
    people.add("bob", "viewer", "another password")
    assert people.check("ada", PASSWORD) == ada
    assert ada.is_reviewer
    for name, password in (("ada", "another password"), ("bob", PASSWORD), ("eve", PASSWORD), ("ada", ""), ("", "")):
        assert people.check(name, password) is None
    assert [(one.name, one.role) for one in people.list()] == [("ada", "reviewer"), ("bob", "viewer")]


@pytest.mark.parametrize(
    ("name", "role", "password", "said"),
    [
        ("Ada", "viewer", PASSWORD, "name: 'Ada' came"),
        ("a b", "viewer", PASSWORD, "name: 'a b' came"),
        ("", "viewer", PASSWORD, "name: '' came"),
        ("<b>", "viewer", PASSWORD, "name: '<b>' came"),
        ("a" * 33, "viewer", PASSWORD, "32 small letters"),
        ("eve", "admin", PASSWORD, "role: 'admin' unknown"),
        ("eve", "viewer", "short", "password: 5 characters came; 12 to"),
        ("eve", "viewer", "x" * 1_001, "password: 1001 characters came"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(people: People, name: str, role: str, password: str, said: str) -> None:
    with pytest.raises(PeopleError) as refused:
        people.add(name, role, password)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert people.is_empty


def test_a_name_is_one_persons(people: People) -> None:
    people.add("ada", "viewer", PASSWORD)
    with pytest.raises(PeopleError, match="'ada' is taken"):
        people.add("ada", "reviewer", "another password")
    assert [one.role for one in people.list()] == ["viewer"]


def test_neither_password_nor_secret_is_on_the_disk(workspace: Workspace, people: People, sign_ins: SignIns) -> None:
    secret = sign_ins.start(people.add("ada", "viewer", PASSWORD))
    with closing(sqlite3.connect(workspace.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = database.execute("SELECT password FROM people").fetchone()[0]
    assert kept.startswith("$argon2id$")
    for path in workspace.root.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert PASSWORD.encode() not in held, path
            assert secret.encode() not in held, path


def test_who_signs_in_is_known_until_signing_out(people: People, sign_ins: SignIns) -> None:
    ada = people.add("ada", "reviewer", PASSWORD)
    one, two = sign_ins.start(ada), sign_ins.start(ada)
    first, second = sign_ins.find(one), sign_ins.find(two)
    assert first is not None
    assert second is not None
    assert first.person == second.person == ada
    assert first.form_token != second.form_token
    assert sign_ins.find("") is sign_ins.find("another") is None
    sign_ins.end(one)
    assert sign_ins.find(one) is None
    assert sign_ins.find(two) is not None


@pytest.mark.parametrize("end", ["password", "remove"])
def test_a_new_password_and_a_removal_sign_out_everywhere(people: People, sign_ins: SignIns, end: str) -> None:
    secret = sign_ins.start(people.add("ada", "viewer", PASSWORD))
    kept = sign_ins.start(people.add("bob", "viewer", PASSWORD))
    if end == "password":
        people.set_password("ada", "another password")
        assert people.check("ada", PASSWORD) is None
        assert people.check("ada", "another password") is not None
    else:
        people.remove("ada")
        assert people.check("ada", PASSWORD) is None
    assert sign_ins.find(secret) is None
    assert sign_ins.find(kept) is not None


@pytest.mark.parametrize("act", ["set_password", "remove"])
def test_nobody_is_named_with_a_guess(people: People, act: str) -> None:
    people.add("ada", "viewer", PASSWORD)
    with pytest.raises(PeopleError, match="nobody is called 'adda'; did you mean 'ada'"):
        getattr(people, act)("adda", *([PASSWORD] if act == "set_password" else []))


def test_signing_in_ends_by_itself(workspace: Workspace, people: People, sign_ins: SignIns) -> None:
    secret = sign_ins.start(people.add("ada", "viewer", PASSWORD))
    with closing(sqlite3.connect(workspace.database)) as database:
        database.execute("UPDATE sign_ins SET ends = ends - ?", (HOURS * 3_600_000 + 1,))
        database.commit()
    assert sign_ins.find(secret) is None
    sign_ins.start(people.list()[0])
    with closing(sqlite3.connect(workspace.database)) as database:
        assert database.execute("SELECT count(*) FROM sign_ins").fetchone() == (1,)


def test_the_first_unknown_name_takes_as_long_as_a_known_one(people: People) -> None:
    """What is compared with where there is no such person is made at the first sign-in, whoever's that is."""
    people.add("ada", "viewer", "correct horse battery")
    _nobodys_hash.cache_clear()
    assert people.check("ada", "wrong") is None
    assert _nobodys_hash.cache_info().currsize == 1
