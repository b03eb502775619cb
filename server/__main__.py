"""The console command ``random-forest-cat`` (``rfcat``): bare it serves MCP over stdio."""

import os
import signal
import sys
import threading
from io import TextIOWrapper

from factory.core.errors import FactoryError
from factory.core.quoting import terminal_text
from factory.core.settings import TerminalSettings
from server.cli.workspace import open_workspace

INTERRUPTED = 128 + signal.SIGINT
GRACE = 2.0
"""Seconds that a command has to end in after Ctrl-C."""
SHOW_CURSOR = "\x1b[?25h"
WAITING = "serving MCP over stdio: this is for a host. Ctrl-C ends it; `rfcat help` lists the commands for people"


def main() -> None:
    """Serve MCP over stdio, or hand over to the command line."""
    keep_stdout_clean()
    bare, root = stdio_arguments(sys.argv[1:])
    try:
        told = TerminalSettings.read()
        if bare and not (told.completes or told.completes_long):
            _serve(root)
        else:
            from server.cli.app import run

            end_on_interrupt()
            run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _serve(root: str | None) -> None:
    # At once, as a kill would: the SDK waits for a line that never comes. Workers end with this process, and what it leaves
    # unfinished is "interrupted" for whoever looks.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        workspace = open_workspace(root)
    except FactoryError as error:
        sys.exit(terminal_text(str(error)))
    from server.mcp.app import build_server

    server = build_server(workspace)
    if sys.stdin.isatty():
        sys.stderr.write(f"{WAITING}\n")
    server.run("stdio")


def end_on_interrupt() -> None:
    """End a command on Ctrl-C, soon, whatever it is doing.

    An exception may get lost in a callback of compiled code, or leave a lock of the compiler behind that threads wait for.
    What is cut short here is as safe as after a kill.
    """

    def interrupt(*_: object) -> None:
        # What is half made complains while it is thrown away.
        sys.unraisablehook = lambda _: None
        waiting = threading.Timer(GRACE, _leave)
        waiting.daemon = True
        waiting.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


def _leave() -> None:
    if sys.stderr.isatty():
        sys.stderr.write(SHOW_CURSOR)
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def keep_stdout_clean() -> None:
    """Flush stray text line by line, so that none is left to land on the wire when the stdio transport ends."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


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
