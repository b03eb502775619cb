"""Our own ``build_server`` and HTTP application, with the suite's fixtures added: run it with a port."""

import sys
import tempfile

from server.cli.workspace import open_workspace
from server.mcp.app import FactoryServer, build_server
from server.web.access import Access
from server.web.app import create_app
from server.web.listen import server_of
from tests.conformance.contents import add_contents, add_prompts, add_resources
from tests.conformance.legacy import Events, add_conversations, add_notices, add_old_methods
from tests.conformance.rounds import add_rounds_with_state, add_single_rounds


def describe(server: FactoryServer) -> None:
    """Let every fixture have a description, which the suite asks for."""
    for fixture in (*server._tool_manager.list_tools(), *server._prompt_manager.list_prompts()):
        fixture.description = fixture.description or f"Fixture {fixture.name}"


def main(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(folder)
        server = build_server(workspace)
        for add in (
            add_contents,
            add_resources,
            add_prompts,
            add_single_rounds,
            add_rounds_with_state,
            add_conversations,
            add_notices,
            add_old_methods,
        ):
            add(server)
        describe(server)
        app = create_app(workspace, Access(port=port), server, event_store=Events(), retry_interval=100)
        server_of(app, host="127.0.0.1", port=port).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
