"""What stands before every route, over a real server and raw sockets."""

import base64
import hashlib
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from fastapi import APIRouter
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from factory.people import People, SignIns
from factory.people.people import HASHING
from factory.storage.workspace import Workspace
from server.web.access import Access
from server.web.app import create_app
from server.web.assets import PLOTLY, list_assets
from server.web.guesses import ADDRESSES, BURST, Guesses
from server.web.listen import listen, server_of
from server.web.pages.sign_in import PATH as SIGN_IN
from server.web.site import COOKIE, Site
from server.web.walls import BODIES, BODY, TOOLS
from tests.server.signed import PASSWORD

TOKEN = "a-secret-of-some-length"
PATIENCE = 60
"""Seconds after which a server that says nothing is taken to wait for ever."""
MANY = 64 * 2**20
"""Bytes, far more than the buffers between two processes hold."""
BROWSERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}
Endpoint = tuple[str, str]


def endpoints(routes: list[BaseRoute]) -> Iterator[Endpoint]:
    """Every method and path of an application, those of what is mounted in it too, and one that is not there."""
    for route in routes:
        if isinstance(route, Mount):
            yield from ((method, route.path + path) for method, path in endpoints(list(route.routes)))
        elif isinstance(inner := getattr(route, "original_router", None), APIRouter):
            yield from endpoints(list(inner.routes))
        else:
            assert isinstance(route, Route), f"{route}: of a kind that this test cannot walk"
            path = re.sub(r"{[^}]*}", "x", route.path)
            yield from ((method, path) for method in sorted(route.methods or ("GET", "POST", "DELETE")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walls") / "workspace"


@pytest.fixture(scope="module")
def every(folder: Path) -> list[Endpoint]:
    routes = list(endpoints(list(create_app(Workspace.open(folder), Access(token=TOKEN)).routes)))
    assert {"/", SIGN_IN, TOOLS} <= {path for _, path in routes}
    return [*routes, ("POST", "/nothing"), ("POST", "/")]


@pytest.fixture
def server(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, "-m", "tests.server.served", str(folder), TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.kill()


@contextmanager
def connected(port: int, address: str = "127.0.0.1") -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(address, 0))) as connection:
        yield connection


def head(endpoint: Endpoint, port: int, **headers: str) -> bytes:
    lines = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/json", **headers}
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{endpoint[0]} {endpoint[1]} HTTP/1.1\r\n{told}\r\n".encode()


def answered(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer; 0 and none if the connection ends without."""
    received = b""
    with suppress(ConnectionError):
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                return 0, {}
            received += part
    first, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def ended(connection: socket.socket) -> bool:
    """Wait for the other side to hang up."""
    with suppress(ConnectionError):
        while connection.recv(65_536):
            pass
    return True


def asked(endpoint: Endpoint, port: int, **headers: str) -> tuple[int, dict[str, str]]:
    with connected(port) as connection:
        connection.sendall(head(endpoint, port, **headers))
        return answered(connection)


@pytest.mark.parametrize("shown", [RIGHT, WRONG, {}, {"Cookie": "rfcat=guess"}], ids=["token", "wrong token", "none", "cookie"])
def test_a_stranger_and_an_agent_are_refused_before_a_byte_of_the_body(
    server: tuple[int, psutil.Process], every: list[Endpoint], shown: dict[str, str]
) -> None:
    """Whatever an agent shows opens no page; what a browser shows opens no tool."""
    for method, path in every:
        if path == TOOLS and shown == RIGHT:
            continue
        status, headers = asked((method, path), server[0], **shown, Content_Length="100")
        if path.startswith("/static/"):
            assert status in (404, 405), path  # files of the program, without anybody's data
        elif path in ("/", SIGN_IN) and method in ("GET", "HEAD"):
            assert status == 200, path
        elif (method, path) == ("POST", SIGN_IN):
            continue  # Here the body is the password; its limit is tested below.
        elif method in ("GET", "HEAD") and path != TOOLS:
            assert (status, headers["location"]) == (303, SIGN_IN), path
        else:
            assert status in (401, 429), (method, path)


def test_a_body_that_says_that_it_is_too_long_is_refused_before_it_comes(
    server: tuple[int, psutil.Process], every: list[Endpoint]
) -> None:
    for endpoint in every:
        limit = BODIES.get(endpoint[1], BODY)
        with connected(server[0], f"127.0.1.{1 + every.index(endpoint)}") as connection:
            connection.sendall(head(endpoint, server[0], **RIGHT, Content_Length=str(limit + 1)))
            status, headers = answered(connection)
        assert (status, headers["connection"]) == (413, "close"), endpoint


@pytest.mark.parametrize("shown", [RIGHT, {}], ids=["with the token", "without"])
def test_no_body_is_read_past_its_limit_however_it_comes(
    server: tuple[int, psutil.Process], every: list[Endpoint], shown: dict[str, str]
) -> None:
    port, process = server
    chunk = b"10000\r\n" + b"x" * 2**16 + b"\r\n"
    asked(("GET", "/"), port, **RIGHT)
    before = process.memory_info().rss
    for endpoint in every:
        sent = 0
        with connected(port) as connection, suppress(ConnectionError):
            connection.sendall(head(endpoint, port, **shown, Transfer_Encoding="chunked"))
            while sent < MANY:
                connection.sendall(chunk)
                sent += len(chunk)
        assert sent < MANY, f"{endpoint}: {sent} bytes were taken"
    assert process.memory_info().rss - before < MANY


def test_a_body_that_stops_coming_ends_the_request(server: tuple[int, psutil.Process], every: list[Endpoint]) -> None:
    for endpoint in every:
        with connected(server[0]) as connection:
            connection.sendall(head(endpoint, server[0], **RIGHT, Content_Length="100") + b"{")
            assert ended(connection), endpoint
    with connected(server[0], "127.0.0.3") as connection:
        connection.sendall(head(("POST", SIGN_IN), server[0], Content_Length="100", Origin=f"http://127.0.0.1:{server[0]}"))
        assert answered(connection)[0] == 408


def test_a_request_that_is_never_whole_ends(server: tuple[int, psutil.Process]) -> None:
    for begun in (b"", b"GET / HT", head(("GET", "/"), server[0])[:-2], head(("GET", "/"), server[0], **RIGHT) + b"GET"):
        with connected(server[0]) as connection:
            connection.sendall(begun)
            assert ended(connection), begun


def test_an_answer_that_nobody_takes_is_not_kept_for_ever(server: tuple[int, psutil.Process]) -> None:
    port, process = server
    times = MANY // list_assets()[PLOTLY].stat().st_size
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", port))
        connection.sendall(head(("GET", f"/static/{PLOTLY}"), port) * times)
        assert connection.recv(1)
        here = connection.getsockname()[1]
        until = time.monotonic() + PATIENCE
        while any(one.raddr and one.raddr.port == here for one in process.net_connections("tcp")):
            assert time.monotonic() < until, "it is still held"
            time.sleep(0.1)
        taken = 0
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                taken += len(part)
        assert taken < MANY // 2


def test_every_answer_tells_browsers_what_they_may_do(server: tuple[int, psutil.Process], every: list[Endpoint]) -> None:
    cases: list[dict[str, str]] = [RIGHT, {}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}]
    for endpoint in every:
        for case in [*cases, {**RIGHT, "Content-Length": str(MANY)}]:
            status, headers = asked(endpoint, server[0], **case)
            assert {name: headers.get(name) for name in BROWSERS} == BROWSERS, (endpoint, case, status)
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, (endpoint, case)
            assert "frame-ancestors 'none'" in policy, (endpoint, case)


def test_what_fails_inside_tells_browsers_the_same(workspace: Workspace) -> None:
    app = create_app(workspace, Access())

    def fail(_: object) -> None:
        raise RuntimeError("inside")

    app.router.routes.insert(0, Route("/static/fails", fail))
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        failed = client.get("/static/fails")
    assert failed.status_code == 500
    assert {name: failed.headers.get(name) for name in BROWSERS} == BROWSERS


def test_the_policy_lets_no_page_run_or_load_what_is_not_the_servers(server: tuple[int, psutil.Process]) -> None:
    policy = asked(("GET", "/"), server[0])[1]["content-security-policy"]
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    for name in ("script-src", "connect-src", "form-action"):
        assert directives[name] == "'self'", name
    nothing = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert directives["style-src"] == f"'self' 'sha256-{nothing}'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [TOOLS, SIGN_IN])
def test_guesses_are_slowed_for_their_sender_alone(server: tuple[int, psutil.Process], path: str) -> None:
    port = server[0]
    ours = f"http://127.0.0.1:{port}"

    def guess(n: int, forwarded: str) -> tuple[int, dict[str, str]]:
        if path == TOOLS:
            return asked(("GET", path), port, Authorization=f"Bearer {n}", **{"X-Forwarded-For": forwarded})
        with connected(port) as connection:
            headers = {"X-Forwarded-For": forwarded, "Origin": ours, "Content-Length": f"{len(f'name=a{n}&password=x')}"}
            connection.sendall(head(("POST", path), port, **headers) + f"name=a{n}&password=x".encode())
            return answered(connection)

    answers = [guess(n, f"10.0.0.{n}") for n in range(3 * BURST)]
    statuses = [status for status, _ in answers]
    assert statuses[:BURST] == [401] * BURST
    assert set(statuses) == {401, 429}
    assert all(int(headers["retry-after"]) >= 1 for status, headers in answers if status == 429)
    if path == TOOLS:
        # The right one waits as long: else its answer would tell it from the wrong ones. Who shows none is not slowed.
        assert asked(("GET", path), port, **RIGHT)[0] == 429
        assert asked(("GET", path), port)[0] == 401
    with connected(port, "127.0.0.2") as connection:
        connection.sendall(head(("GET", TOOLS), port, **RIGHT))
        assert answered(connection)[0] not in (401, 429)


def test_passwords_sent_at_the_same_time_do_not_pass_together(server: tuple[int, psutil.Process]) -> None:
    port = server[0]
    ours, body = f"http://127.0.0.1:{port}", b"name=ada&password=x"
    waiting = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(3 * BURST)]
    for connection in waiting:
        connection.sendall(head(("POST", SIGN_IN), port, Content_Length=str(len(body)), Origin=ours))
    for connection in waiting:
        with suppress(ConnectionError):
            connection.sendall(body)
    statuses = [answered(connection)[0] for connection in waiting]
    for connection in waiting:
        connection.close()
    assert 429 in statuses
    assert set(statuses) <= {401, 429, 0}


def test_the_memory_of_guesses_is_bounded() -> None:
    guesses = Guesses()
    for n in range(2 * ADDRESSES):
        guesses.note(f"10.1.{n // 256}.{n % 256}")
    assert len(guesses) == ADDRESSES
    for n in range(BURST):
        guesses.note(f"2001:db8::{n:x}")
    assert guesses.wait("2001:db8::ffff") > 0
    assert guesses.wait("2001:db8:0:1::1") == 0


@contextmanager
def serving(workspace: Workspace) -> Iterator[tuple[int, Site]]:
    """Serve a workspace in a thread of this process, so that a test can hold what its threads wait for."""
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    app = create_app(workspace, Access(port=port))
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
    thread.start()
    yield port, app.state.site
    server.should_exit = True
    thread.join()


def send_password(port: int, name: str, address: str = "127.0.0.1") -> socket.socket:
    body = urlencode({"name": name, "password": PASSWORD}).encode()
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(address, 0))
    connection.sendall(head(("POST", SIGN_IN), port, Content_Length=str(len(body)), Origin=f"http://127.0.0.1:{port}") + body)
    return connection


def test_many_passwords_at_once_leave_pages_their_threads(workspace: Workspace) -> None:
    with closing(People(workspace)) as people:
        person = people.add("ada", "viewer", PASSWORD)
    with closing(SignIns(workspace)) as sign_ins:
        cookie = f"{COOKIE}={sign_ins.start(person)}"
    with serving(workspace) as (port, site):
        with HASHING:
            waiting = [send_password(port, f"n{n}", f"127.0.1.{n + 1}") for n in range(60)]
            while len(site.guesses) < len(waiting):
                time.sleep(0.01)
            with connected(port) as connection:
                connection.settimeout(15)
                connection.sendall(head(("GET", "/ledger"), port, Cookie=cookie))
                assert answered(connection)[0] == 200
        assert {answered(one)[0] for one in waiting} == {401}
        for one in waiting:
            one.close()


def test_signing_in_while_the_tables_are_locked_holds_up_nobody_else(workspace: Workspace) -> None:
    with closing(People(workspace)) as people:
        people.add("ada", "viewer", PASSWORD)
    with serving(workspace) as (port, site), closing(sqlite3.connect(workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(send_password(port, "ada")) as entering:
            while not len(site.guesses):
                time.sleep(0.01)
            # Until the password was checked, and what follows waits for the tables.
            while not site.people.check("ada", PASSWORD):
                pass
            with connected(port) as connection:
                connection.settimeout(10)
                connection.sendall(head(("GET", "/static/favicon.svg"), port))
                assert answered(connection)[0] == 200
            other.execute("ROLLBACK")
            assert answered(entering)[0] == 303
