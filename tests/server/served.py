"""Our HTTP server in a process of its own, less patient than in use: run it with a workspace and a token."""

import sys
from pathlib import Path

from factory.storage.workspace import Workspace
from server.web import guesses, listen, walls
from server.web.access import Access
from server.web.app import create_app


def main(root: str, token: str) -> None:
    walls.BODY_SECONDS = listen.HEAD_SECONDS = listen.ANSWER_SECONDS = 1.0
    # A guess that waits for a busy machine is none the less one after another.
    guesses.SECONDS = 600.0
    sockets = listen.listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    app = create_app(Workspace.open(Path(root)), Access(port=port, token=token))
    print(port, flush=True)
    listen.server_of(app).run(sockets=sockets)


if __name__ == "__main__":
    main(*sys.argv[1:])
