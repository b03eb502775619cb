"""A browser in which a person is signed in."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlencode

from httpx import Response
from starlette.testclient import TestClient

from factory.people import People
from factory.storage.workspace import Workspace
from server.web.access import Access
from server.web.app import create_app

BASE = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> Response:
    """Send the form of the sign-in page."""
    return client.post("/sign-in", content=urlencode({"name": name, "password": password}), headers={"origin": BASE})


@contextmanager
def signed_in(
    workspace: Workspace, access: Access | None = None, *, name: str = "ada", role: str = "viewer"
) -> Iterator[TestClient]:
    """Serve a workspace to a person who is signed in; redirects are not followed."""
    with closing(People(workspace)) as people:
        people.add(name, role, PASSWORD)
    app = create_app(workspace, access or Access())
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        assert sign_in(client, name).status_code == 303
        yield client
