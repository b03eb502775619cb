"""The pages, one file each: a `router`, and a `MENU` where the page stands in the menu.

cards             the card of a strategy, and its trades
families          the families of trials, and the tree of one
start             what the workspace holds, and how to connect a host
sign_in           signing in and out
trial_comparison  two to five trials side by side
trials            the list of all trials
cusum             the CUSUM picture of a pipeline, with a slider for the threshold
reviews           what was proposed, and what people decide of it

A page is added by its file alone.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def list_pages() -> list[ModuleType]:
    """List the pages by name."""
    return [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
