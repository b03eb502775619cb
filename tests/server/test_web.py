"""The HTTP door: who may come in, and what the start page says."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from factory.market.build import build
from factory.storage.workspace import Workspace
from server.cli.running import greeting
from server.mcp import hosts
from server.web.access import Access, AccessError
from server.web.app import TEMPLATES, create_app
from server.web.listen import listen
from tests.conftest import ROOT
from tests.e2e.market import small_market
from tests.ports import find_port

TOKEN = "a-secret-of-some-length"
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.fixture
def visitor(workspace: Workspace) -> Iterator[TestClient]:
    with TestClient(create_app(workspace, Access()), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def guarded(workspace: Workspace) -> Iterator[TestClient]:
    app = create_app(workspace, Access(token=TOKEN))
    with TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        yield client


def initialize(client: TestClient, **headers: str) -> int:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    return client.post("/mcp", headers={**HEADERS, **headers}, content=json.dumps(body)).status_code


def test_the_start_page_holds_the_exact_lines_for_a_host(visitor: TestClient, workspace: Workspace) -> None:
    page = visitor.get("/")
    assert page.status_code == 200
    assert "claude mcp add --transport http random-forest-cat http://127.0.0.1:8000/mcp" in page.text
    assert hosts.claude_line(workspace) in page.text
    assert str(workspace.root) in page.text


def test_the_start_page_shows_the_market_the_trials_and_the_seal(workspace: Workspace) -> None:
    build(workspace, small_market())
    with TestClient(create_app(workspace, Access()), base_url="http://localhost:8000") as client:
        page = client.get("/").text
    for text in ("simulated", "polymarket-btc-5m", "5 looks left", "break_even", "same user as the agent"):
        assert text in page


def test_the_page_shows_commands_as_code_and_escapes_the_rest(visitor: TestClient) -> None:
    page = visitor.get("/").text
    assert "<code>rfcat start btc</code>" in page
    assert "`" not in page
    assert TEMPLATES.env.filters["code"]("<b> `x<y`") == "&lt;b&gt; <code>x&lt;y</code>"


def test_mcp_answers_at_the_path_without_a_slash(visitor: TestClient) -> None:
    assert initialize(visitor) == 200


@pytest.mark.parametrize("header", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_a_foreign_host_or_origin_is_refused(visitor: TestClient, header: dict[str, str]) -> None:
    assert initialize(visitor, **header) == (400 if "host" in header else 403)


def test_a_page_for_a_foreign_host_is_refused_as_the_readme_says(visitor: TestClient) -> None:
    refused = visitor.get("/", headers={"host": "evil.example"})
    assert (refused.status_code, refused.text) == (400, "Invalid host header")
    assert "HTTP 400 `Invalid host header`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_an_address_open_to_others_needs_a_token(host: str) -> None:
    with pytest.raises(AccessError, match="RFCAT_TOKEN"):
        Access(host=host)
    with pytest.raises(AccessError, match="15 characters came"):
        Access(host=host, token="a" * 15)
    Access(host=host, token=TOKEN)


def test_a_short_token_will_do_on_loopback() -> None:
    Access(token="short")


def test_hosts_on_other_machines_are_told_what_address_to_use() -> None:
    assert "http://192.168.1.5:8000/mcp" in greeting(Access("192.168.1.5", token=TOKEN))
    assert "--name" in greeting(Access("0.0.0.0", token=TOKEN))
    named = Access("0.0.0.0", token=TOKEN, names=["box.lan"])
    assert named.elsewhere == ["http://box.lan:8000"]
    assert 'Bearer $RFCAT_TOKEN" random-forest-cat http://box.lan:8000/mcp' in greeting(named)
    assert "other machines" not in greeting(Access())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_one_line_that_names_another(host: str) -> None:
    port = find_port()
    held = listen(host, port)
    with pytest.raises(
        AccessError, match=rf"port: {port} of {host} is taken; .*--port {port + 1}, or make run PORT={port + 1}$"
    ):
        listen(host, port)
    for one in held:
        one.close()
    for one in listen(host, port):
        one.close()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_run_takes_the_port_that_the_message_names() -> None:
    for given, port in (([], 8000), (["PORT=8001"], 8001)):
        run = subprocess.run(
            ["make", "-n", "--no-print-directory", "run", *given], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert run.stdout.splitlines()[-1] == f".venv/bin/rfcat serve --port {port}"
    with pytest.raises(AccessError, match="name another: --port 65534"), closing(listen("127.0.0.1", 65535)[0]):
        listen("127.0.0.1", 65535)


def test_an_address_of_another_machine_cannot_be_bound() -> None:
    for host in ("192.0.2.1", "no.such.host.invalid"):
        with pytest.raises(AccessError, match=rf"host: {host} cannot be bound"):
            listen(host, 0)


def test_the_token_guards_the_tools(guarded: TestClient) -> None:
    assert initialize(guarded) == 401
    assert initialize(guarded, authorization="Bearer wrong") == 401
    assert initialize(guarded, authorization=f"Bearer {TOKEN}") == 200


def test_the_token_guards_the_pages(guarded: TestClient) -> None:
    assert guarded.get("/").status_code == 401
    assert guarded.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_the_token_entered_once_is_kept_in_a_cookie_that_does_not_hold_it(guarded: TestClient) -> None:
    assert guarded.post("/token", content="token=wrong").status_code == 401
    entered = guarded.post("/token", content=f"token={TOKEN}")
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.get("/").status_code == 200


def test_the_host_line_names_the_token_by_its_variable(guarded: TestClient) -> None:
    page = guarded.get("/", headers={"authorization": f"Bearer {TOKEN}"}).text
    assert "Bearer $RFCAT_TOKEN" in page
    assert TOKEN not in page
