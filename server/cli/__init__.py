"""The door for people: the command line."""

from server.cli.app import run

__all__ = ["run"]
