"""The pages, one file each: a `router`, and a `MENU` where the page stands in the menu.

calls             the sandbox's log: agents' own code
cards             the card of a strategy, and its trades
cusum             the CUSUM picture of a pipeline, with a slider for the threshold
datasets          the datasets: series, what the import found, terms, split
families          the families of trials, and the tree of one
jobs              long work: how it stands, as it changes
ledger            the ledger's rows in words, and its proof
reviews           what was proposed, and what people decide of it
sign_in           signing in and out
start             what the workspace holds, what agents do now, and how to connect a host
summary           what a search came to, also where that is nothing
trial_comparison  two to five trials side by side
trials            the list of all trials
vault             sealed looks, and what is left of them

A page is added by its file alone.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def list_pages() -> list[ModuleType]:
    """List the pages by name."""
    return [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
