"""The exact lines that connect an MCP host to this installation."""

import json
import sys
from pathlib import Path

from factory.core.quoting import shell_line
from factory.storage.workspace import Workspace

NAME = "random-forest-cat"
CARD_PAGE = "/cards/{pipeline}"
"""Of the pages that the HTTP server has."""


def stdio_command(workspace: Workspace) -> list[str]:
    """Start the server over stdio on this workspace, with absolute paths: hosts have another PATH."""
    script = Path(sys.executable).with_name(NAME)
    start = [str(script)] if script.exists() else [sys.executable, "-m", "server"]
    return [*start, "--workspace", str(workspace.root)]


def command_line(workspace: Workspace, *words: str) -> str:
    """Write a command of this program as it runs on this machine, from any folder: for pages, whose lines are copied."""
    return shell_line(*stdio_command(workspace), *words)


def claude_line(workspace: Workspace) -> str:
    """Register the stdio server with Claude Code."""
    return shell_line("claude", "mcp", "add", NAME, "--", *stdio_command(workspace))


def claude_http_line(url: str, token: bool) -> str:
    """Register the HTTP server with Claude Code."""
    # The shell puts the token in, so that it is not in what is printed.
    header = '--header "Authorization: Bearer $RFCAT_TOKEN" ' if token else ""
    return f"claude mcp add --transport http {header}{shell_line(NAME, url)}"


def json_block(workspace: Workspace) -> str:
    """Write what Claude Desktop, Cursor and others take in their ``mcpServers`` file."""
    command, *args = stdio_command(workspace)
    return json.dumps({"mcpServers": {NAME: {"command": command, "args": args}}}, indent=2)


def card_place(address: str | None, pipeline: str) -> str:
    """Name where a person finds the card of a trial: its page, or the command that writes it where no pages are served."""
    return shell_line("rfcat", "card", pipeline) if address is None else f"{address}{CARD_PAGE.format(pipeline=pipeline)}"
