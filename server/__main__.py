"""The console command ``random-forest-cat`` (``rfcat``): bare it serves MCP over stdio."""

import sys

from factory.errors import FactoryError
from server.entry import keep_stdout_clean, open_workspace


def main() -> None:
    """Serve MCP over stdio, or hand over to the command line."""
    keep_stdout_clean()
    arguments = sys.argv[1:]
    bare, root = stdio_arguments(arguments)
    if not bare:
        from server.cli import run

        run()
        return
    try:
        workspace = open_workspace(root)
    except FactoryError as error:
        sys.exit(str(error))
    from server.mcp.app import build_server

    build_server(workspace).run("stdio")


def stdio_arguments(arguments: list[str]) -> tuple[bool, str | None]:
    """Tell whether there is no command, and which workspace was named.

    Read by hand, because a host waits while the command line's library loads.
    """
    match arguments:
        case []:
            return True, None
        case ["--workspace", root]:
            return True, root
        case [only] if only.startswith("--workspace="):
            return True, only.removeprefix("--workspace=")
    return False, None


if __name__ == "__main__":
    main()
