"""The HTTP door: who may come in, to pages and to tools, and what the start page says."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from factory.market.build import build
from factory.people import People
from factory.storage.workspace import Workspace
from server.cli.running import greeting
from server.mcp import hosts
from server.web import guesses
from server.web.access import Access, AccessError
from server.web.app import create_app
from server.web.guesses import BURST
from server.web.listen import listen
from server.web.pages import list_pages
from server.web.site import COOKIE, TEMPLATES
from tests.conftest import ROOT
from tests.e2e.market import small_market
from tests.ports import find_port
from tests.server.signed import BASE, PASSWORD, sign_in, signed_in

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


def test_until_a_person_exists_pages_show_how_to_connect_and_nothing_else(workspace: Workspace) -> None:
    build(workspace, small_market())
    with TestClient(create_app(workspace, Access()), base_url="http://localhost:8000", follow_redirects=False) as client:
        page = client.get("/").text
        assert "person add ada --role reviewer" in page
        for text in ("polymarket-btc-5m", "looks left", "break_even"):
            assert text not in page
        assert client.get("/trials").status_code == 303


def test_the_start_page_shows_the_market_the_trials_and_the_seal(workspace: Workspace) -> None:
    build(workspace, small_market())
    with signed_in(workspace) as client:
        page = client.get("/").text
    for text in ("SIMULATED", "/datasets/btc-sim", "5 looks left", "Nothing was tried yet", "ame user as the agent"):
        assert text in page


def test_the_page_shows_commands_as_code_and_escapes_the_rest(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        page = client.get("/").text
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


def test_the_token_opens_no_page(guarded: TestClient, workspace: Workspace) -> None:
    with closing(People(workspace)) as people:
        people.add("ada", "viewer", PASSWORD)
    page = guarded.get("/", headers={"authorization": f"Bearer {TOKEN}"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")


def test_signing_in_opens_pages_and_no_tool(workspace: Workspace) -> None:
    with signed_in(workspace, Access(token=TOKEN)) as client:
        assert client.get("/").status_code == 200
        assert initialize(client) == 401
        assert initialize(client, authorization=f"Bearer {TOKEN}") == 200


def test_the_cookie_is_for_this_site_alone_and_new_each_time(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        first = client.cookies[COOKIE]
        planted = TestClient(client.app, base_url=BASE, headers={"cookie": f"{COOKIE}=planted"}, follow_redirects=False)
        entered = sign_in(planted, "ada")
        assert entered.status_code == 303
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert planted.cookies[COOKIE] not in ("planted", first), "a secret that was there before is not taken over"
        again = sign_in(client, "ada")
        assert client.cookies[COOKIE] != first
        assert again.status_code == 303
        old = TestClient(client.app, base_url=BASE, headers={"cookie": f"{COOKIE}={first}"}, follow_redirects=False)
        assert old.get("/").status_code == 303, "signing in again ends what this browser had"


def test_what_a_browser_shows_is_taken_as_it_is(workspace: Workspace) -> None:
    """Unquoting it, as Python does for a quoted cookie, takes the square of its length: 15 seconds for 60 KB, of all callers."""
    with signed_in(workspace) as client:
        secret = client.cookies[COOKIE]
        for cookie, status in (
            (f"{COOKIE}={secret}", 200),
            (f"other=x;{COOKIE}={secret} ; more", 200),
            (f'{COOKIE}="{secret}"', 303),
            (f'{COOKIE}="\\{ord(secret[0]):03o}{secret[1:]}"', 303),
        ):
            shown = TestClient(client.app, base_url=BASE, headers={"cookie": cookie}, follow_redirects=False)
            assert shown.get("/ledger").status_code == status, cookie


def test_behind_https_the_cookie_is_secure(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        headers = {"x-forwarded-proto": "https", "origin": "https://127.0.0.1:8000"}
        entered = client.post("/sign-in", content=f"name=ada&password={PASSWORD}", headers=headers)
    assert "Secure" in entered.headers["set-cookie"]


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("eve", PASSWORD), ("", ""), ("ada", "")])
def test_a_wrong_name_and_a_wrong_password_read_the_same(workspace: Workspace, name: str, password: str) -> None:
    with signed_in(workspace) as client:
        client.cookies.clear()
        refused = client.post("/sign-in", content=f"name={name}&password={password}", headers={"origin": BASE})
        assert refused.status_code == 401
        assert "That is not the name and password of anybody here." in refused.text
        assert "set-cookie" not in refused.headers


def test_guesses_at_one_name_are_slowed_from_wherever_they_come(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "SECONDS", 600.0)
    with signed_in(workspace) as client:
        statuses = []
        for n in range(2 * BURST):
            other = TestClient(client.app, base_url=BASE, client=(f"10.0.0.{n}", 1), follow_redirects=False)
            statuses.append(sign_in(other, "ada", "wrong").status_code)
    assert statuses[:BURST] == [401] * BURST
    assert statuses[-1] == 429


FORM_ROUTES = [
    (route.path, method)
    for page in list_pages()
    for route in page.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods - {"GET", "HEAD"}
    if route.path != "/sign-in"
]


@pytest.mark.parametrize(("path", "method"), FORM_ROUTES)
def test_every_form_needs_what_only_our_pages_know(workspace: Workspace, path: str, method: str) -> None:
    """Whoever adds a page that changes something is held by this too."""
    with signed_in(workspace, role="reviewer") as client:
        path = re.sub(r"{[^}]*}", "x", path)
        known = re.search(r'name="form_token" value="([^"]+)"', client.get("/").text)
        assert known is not None
        for headers, body in (
            ({"origin": BASE}, ""),
            ({"origin": BASE}, "form_token=guess"),
            ({}, f"form_token={known[1]}"),
            ({"origin": "http://evil.example"}, f"form_token={known[1]}"),
        ):
            assert client.request(method, path, content=body, headers=headers).status_code == 403, (headers, body)


def test_signing_out_ends_the_secret_itself(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        secret = client.cookies[COOKIE]
        form = re.search(r'name="form_token" value="([^"]+)"', client.get("/").text)
        assert form is not None
        assert client.post("/sign-out", content=f"form_token={form[1]}", headers={"origin": BASE}).status_code == 303
        again = TestClient(client.app, base_url=BASE, headers={"cookie": f"{COOKIE}={secret}"}, follow_redirects=False)
        assert again.get("/").status_code == 303


@pytest.mark.parametrize(
    "path", ["/static/..%2Fapp.py", "/static/%2e%2e%2fpages%2fstart.py", "/static/..%5capp.py", "/static/x"]
)
def test_assets_are_files_that_pages_name_and_no_other(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/nope", "/mcp/nope", "/%3Cscript%3Ealert(1)", f"/{'x' * 900}"])
def test_an_unknown_address_shows_an_error_page_with_the_menu(workspace: Workspace, path: str) -> None:
    with signed_in(workspace) as client:
        page = client.get(path)
        assert page.status_code == 404
        assert '<nav aria-label="Pages">' in page.text
        assert "no such page" in page.text
        assert "<script>alert" not in page.text
        assert "x" * 100 not in page.text
    with TestClient(create_app(workspace, Access()), base_url=BASE, follow_redirects=False) as stranger:
        assert stranger.get(path).headers["location"] == "/sign-in"


def test_the_sign_in_page_says_how_viewers_and_reviewers_are_added(visitor: TestClient) -> None:
    page = visitor.get("/sign-in").text
    assert "<code>rfcat person add NAME</code>" in page
    assert "<code>rfcat person add NAME --role reviewer</code>" in page


def test_pages_are_kept_by_no_cache_and_assets_are(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-store"
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        assert assets
        for one in assets:
            got = client.get(one)
            assert got.status_code == 200
            assert "immutable" in got.headers["cache-control"]


def test_nothing_of_a_page_is_inline(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        for path in ("/", "/sign-in"):
            text = client.get(path).text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
            assert not re.search(r"<script(?![^>]*(?:src=|type=.application/json.))", text)


def test_the_host_line_names_the_token_by_its_variable(guarded: TestClient) -> None:
    page = guarded.get("/").text
    assert "Bearer $RFCAT_TOKEN" in page
    assert TOKEN not in page
