"""The page of the CUSUM picture: what it offers, what it refuses, and that words of others stay text."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from tests.server.signed import signed_in
from tests.workshop.market import BINARY, PERPETUAL, SPEC


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    workspace = Workspace.open(tmp_path_factory.mktemp("cusum"))
    build(workspace, load_spec(SPEC))
    workshop = Workshop(workspace, "tester")
    for text in (PERPETUAL, BINARY):
        workshop.define(text)
    with signed_in(workspace) as signed:
        yield signed


@pytest.mark.parametrize("name", ["small-long-short", "small-up-or-down"])
def test_a_pipeline_that_is_no_trial_is_shown_on_train_alone(client: TestClient, name: str) -> None:
    page = client.get(f"/cusum/{name}")
    assert page.status_code == 200
    assert 'type="range"' in page.text
    assert "counts 17 explorations" not in page.text
    assert client.get(f"/cusum/{name}?partition=validation").status_code == 400


def test_windows_before_and_after_keep_the_filter(client: TestClient) -> None:
    page = client.get("/cusum/small-up-or-down?from=2024-01-10T06:00&span=6h&threshold=0.003").text
    assert "2024-01-10 06:00 to 2024-01-10 12:00 UTC, train" in page
    later = "?partition=train&amp;from=2024-01-10T12%3A00&amp;span=6h&amp;of=log%28btc.close%29&amp;threshold=0.003"
    assert f'href="{later}"' in page
    assert 'rel="prev"' not in client.get("/cusum/small-up-or-down?from=2023-01-01").text


@pytest.mark.parametrize(
    "question",
    [
        "partition=sealed",
        "span=1y",
        "from=yesterday",
        "of=<script>alert(1)</script>",
        "threshold=<img src=x>",
        "threshold=nan",
        "threshold=0",
        "of=1 / (btc.close - btc.close)",
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line_and_as_text(client: TestClient, question: str) -> None:
    page = client.get("/cusum/small-long-short?" + question.replace("<", "%3C").replace(" ", "%20"))
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


def test_an_unknown_pipeline_has_no_page(client: TestClient) -> None:
    assert client.get("/cusum/none-such").status_code in (400, 404)
