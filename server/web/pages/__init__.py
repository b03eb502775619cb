"""The pages, one file each: a `router`, and a `MENU` where the page stands in the menu.

cards    the card of a strategy, and its trades
start    what the workspace holds, and how to connect a host
sign_in  signing in and out

A page is added by its file alone.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def list_pages() -> list[ModuleType]:
    """List the pages by name."""
    return [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
