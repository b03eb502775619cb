"""Whose requests may come in: hosts and origins as a whole, other sites and ports, proxies."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from factory.storage.workspace import Workspace
from server.web.access import Access
from server.web.app import create_app
from server.web.pages.sign_in import PATH as SIGN_IN
from server.web.walls import TOOLS
from tests.ports import find_port
from tests.server.test_walls import PATIENCE, RIGHT, TOKEN

OURS = ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://box.lan:8000", "HTTP://LOCALHOST:8000"]


THEIRS = [
    *("null", "", " ", "http://", "127.0.0.1:8000", "//127.0.0.1:8000", "file://", "http:127.0.0.1:8000"),
    *("http://evil.example", "http://evil.example:8000", "http://127.0.0.1:8000.evil.example", "http://127.0.0.1:80001"),
    *("http://127.0.0.1:8000@evil.example", "http://evil.example@127.0.0.1:8000", "http://localhost.evil.example:8000"),
    *("http://evil-localhost:8000", "http://evil.localhost:8000", "http://box.lan.evil:8000", "http://xbox.lan:8000"),
    *("https://127.0.0.1:8000", "ftp://127.0.0.1:8000", "xhttp://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1"),
    *("http://127.0.0.1:8001", "http://127.0.0.1:", "http://127.0.0.1:8000:8000", "http://127.0.0.1:8000 http://evil.example"),
    *("http://127.0.0.1:evil.example", "http://[::1]:8000:x", "http://[::1:8000", "http://[::2]:8000", "http://127.0.0.2:8000"),
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    workspace = Workspace.open(tmp_path_factory.mktemp("origins") / "workspace")
    with TestClient(create_app(workspace, Access(names=["box.lan"])), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.mark.parametrize("origin", OURS)
def test_our_own_pages_may_call(named: TestClient, origin: str) -> None:
    assert named.get("/", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize("origin", THEIRS)
def test_an_origin_is_ours_only_as_a_whole(named: TestClient, origin: str) -> None:
    for method, path in (("GET", "/"), ("POST", SIGN_IN), ("POST", TOOLS)):
        assert named.request(method, path, headers={"origin": origin}).status_code == 403, path
    both = [("origin", OURS[0]), ("origin", origin)]
    assert named.get("/", headers=both).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_or_port_may_lead_here_and_no_more(named: TestClient, site: str) -> None:
    def ask(path: str, mode: str, dest: str, method: str = "GET") -> int:
        told = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
        return named.request(method, path, headers=told).status_code

    for path in ("/", "/cards/x", "/jobs/events", "/static/site.css", TOOLS):
        for mode, dest in (("no-cors", "image"), ("no-cors", "empty"), ("cors", "empty"), ("navigate", "iframe"), ("", "")):
            assert ask(path, mode, dest) == 403, (path, mode, dest)
    assert ask("/", "navigate", "document") == 200
    assert ask(SIGN_IN, "navigate", "document", "POST") == 403


def test_our_pages_and_what_a_person_types_are_served(named: TestClient) -> None:
    for site, mode, dest in (
        ("same-origin", "cors", "empty"),
        ("same-origin", "no-cors", "image"),
        ("none", "navigate", "document"),
    ):
        told = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
        assert named.get("/", headers=told).status_code == 200, told


def test_behind_a_proxy_the_scheme_and_port_are_those_that_the_browser_saw(named: TestClient) -> None:
    seen = {"host": "box.lan", "x-forwarded-proto": "https"}
    assert named.get("/", headers={**seen, "origin": "https://box.lan"}).status_code == 200
    assert named.get("/", headers={**seen, "origin": "http://box.lan"}).status_code == 403
    assert named.get("/", headers={"host": "box.lan:9000", "origin": "http://box.lan:9000"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:8000@evil", "[::1", "", "box.lan:x", "a box.lan", "::1"]
)
def test_a_host_is_ours_only_as_a_whole(named: TestClient, host: str) -> None:
    assert named.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0:0:0:0:0:0:0:1", "0.0.0.0", "::"])
def test_the_address_that_serve_prints_works(tmp_path: Path, host: str) -> None:
    command = [
        sys.executable,
        "-m",
        "server",
        "--workspace",
        str(tmp_path),
        "serve",
        "--host",
        host,
        "--port",
        str(find_port()),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "RFCAT_TOKEN": TOKEN}) as process:
        assert process.stdout is not None
        page, mcp = re.findall(r"http://\S+", process.stdout.readline())
        opened = httpx.get(page, headers={**RIGHT, "Origin": page}, timeout=PATIENCE)
        called = httpx.post(mcp, headers={**RIGHT, "Content-Type": "application/json"}, content="{}", timeout=PATIENCE)
        process.kill()
    assert (opened.status_code, called.status_code // 100) == (200, 4)
    assert "json" in called.headers["content-type"], called.text
