"""What changes about jobs, over a real server: events come as it happens, and streams end."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import httpx
import pytest

from factory.jobs import Jobs
from factory.people import People
from factory.storage.workspace import Workspace
from server.web.job_events import STREAMS, JobEvents
from tests.conftest import ROOT
from tests.server.signed import PASSWORD

TARGET = "tests.jobs.target:perform"
PATIENCE = 60.0
"""Seconds after which nothing is taken to come any more."""


@contextmanager
def served(workspace: Workspace) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a workspace in a process of its own, and give its address."""
    command = [sys.executable, "-m", "tests.server.served", str(workspace.root), "a-secret-of-some-length"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextmanager
def signed_browser(url: str, name: str = "ada") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        form = urlencode({"name": name, "password": PASSWORD})
        assert client.post("/sign-in", content=form, headers={"origin": url}).status_code == 303
        yield client


@pytest.fixture
def people(workspace: Workspace) -> None:
    with closing(People(workspace)) as people:
        people.add("ada", "viewer", PASSWORD)
        people.add("eve", "viewer", PASSWORD)


def events(stream: httpx.Response) -> Iterator[list[dict[str, object]]]:
    """Read the events of a stream as they come."""
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_an_event_comes_when_a_job_begins_moves_and_ends(workspace: Workspace, people: None, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with served(workspace) as (url, _), signed_browser(url) as client, Jobs(workspace, TARGET) as jobs:
        with client.stream("GET", "/jobs/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            id = jobs.start("gated", {"gate": str(gate)}, "tester")
            seen: list[dict[str, object]] = []
            for changed in events(stream):
                seen += [job for job in changed if job["job"] == id]
                if seen and seen[-1]["doing"] == "waiting at the gate":
                    gate.touch()
                if seen and seen[-1]["state"] == "done":
                    break
        states = [str(job["state"]) for job in seen]
        assert "running" in states
        assert states[-1] == "done"
        assert states.count("done") == 1


def test_whoever_comes_later_is_told_how_all_stand(workspace: Workspace, people: None) -> None:
    with served(workspace) as (url, _), signed_browser(url) as client, Jobs(workspace, TARGET) as jobs:
        ids = {jobs.start("add", {"a": 1, "b": n}, "tester") for n in range(3)}
        for id in ids:
            jobs.wait(id, PATIENCE)
        for _ in range(2):
            with client.stream("GET", "/jobs/events") as stream:
                assert {job["job"] for job in next(events(stream))} == ids


def test_one_person_has_few_streams_and_others_have_theirs(workspace: Workspace, people: None) -> None:
    with (
        served(workspace) as (url, _),
        signed_browser(url) as client,
        signed_browser(url, "eve") as other,
        Jobs(workspace, TARGET) as jobs,
    ):
        jobs.wait(jobs.start("add", {"a": 1, "b": 1}, "tester"), PATIENCE)
        told = []  # Held, since httpx hangs up on a stream that nobody reads from any more.
        with ExitStack() as stack:
            for _ in range(STREAMS):
                told.append(events(stack.enter_context(client.stream("GET", "/jobs/events"))))
                next(told[-1])
            refused = client.get("/jobs/events")
            assert refused.status_code == 429
            assert "close one" in refused.text
            with other.stream("GET", "/jobs/events") as stream:
                assert next(events(stream))
        # Those that were left end, and make room.
        while True:
            with client.stream("GET", "/jobs/events") as stream:
                if stream.status_code == 200:
                    break
        assert client.get("/jobs").status_code == 200


def test_streams_opened_at_the_same_time_are_no_more(workspace: Workspace) -> None:
    with Jobs(workspace, TARGET) as jobs:
        jobs.wait(jobs.start("add", {"a": 1, "b": 1}, "tester"), PATIENCE)
        streams = JobEvents(lambda: jobs)

        async def open_all() -> list[bool]:
            """Open them all before any has begun to send; which of them then send."""
            bodies = [aiter(streams.watch("ada").body_iterator) for _ in range(3 * STREAMS)]
            sent = [await anext(body, None) is not None for body in bodies]
            for body in bodies:
                await cast(AsyncGenerator[object], body).aclose()
            return sent

        assert asyncio.run(open_all()) == [True] * STREAMS + [False] * 2 * STREAMS


def test_nobody_who_is_not_signed_in_hears_of_jobs(workspace: Workspace, people: None) -> None:
    with served(workspace) as (url, _), httpx.Client(base_url=url) as client:
        answer = client.get("/jobs/events")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        token = client.get("/jobs/events", headers={"authorization": "Bearer a-secret-of-some-length"})
        assert token.status_code == 303


def test_a_stream_ends_with_its_server(workspace: Workspace, people: None) -> None:
    with served(workspace) as (url, process), signed_browser(url) as client, Jobs(workspace, TARGET) as jobs:
        jobs.wait(jobs.start("add", {"a": 1, "b": 1}, "tester"), PATIENCE)
        with client.stream("GET", "/jobs/events") as stream:
            told = events(stream)
            next(told)
            process.terminate()
            assert list(told) == []
        assert process.wait(PATIENCE) is not None
