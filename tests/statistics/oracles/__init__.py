"""What each public function of the statistics is held against on random inputs: one file a module, :data:`ORACLES` in each."""

from importlib import import_module
from pkgutil import iter_modules

from factory import statistics
from tests.statistics.oracles.common import Oracle

MODULES = [module.name for module in iter_modules(statistics.__path__)]


def all_oracles() -> list[Oracle]:
    """Of every module of the statistics; one without a file here is an error."""
    return [one for name in MODULES for one in import_module(f"{__name__}.{name}").ORACLES]
