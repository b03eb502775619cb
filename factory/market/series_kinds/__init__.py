"""Kinds of series, one class a file.

base      SeriesKind: what a kind says of its rows, and what holds where it says nothing
bars      what was traded in each period
depth     order books
odds      quotes of a prediction market as its windows start
outcomes  how those windows ended
values    numbers that somebody publishes

The rest of the house asks a kind what it needs to know, never for its name. A new kind is a class of its own file that is
named in :data:`SERIES_KINDS`.
"""

from factory.core.errors import DataError, did_you_mean
from factory.market.series_kinds.bars import Bars
from factory.market.series_kinds.base import SeriesKind
from factory.market.series_kinds.depth import Depth
from factory.market.series_kinds.odds import Odds
from factory.market.series_kinds.outcomes import Outcomes
from factory.market.series_kinds.values import Values

__all__ = ["SERIES_KINDS", "SeriesKind", "name_odds_kinds", "name_settling_kinds", "name_traded_kinds", "series_kind"]

SERIES_KINDS: dict[str, SeriesKind] = {kind.name: kind for kind in (Bars(), Depth(), Odds(), Outcomes(), Values())}
"""Every kind of series by its name."""


def series_kind(name: str) -> SeriesKind:
    """Get a kind by its name.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if name not in SERIES_KINDS:
        raise DataError(f"kind: '{name}' unknown; {did_you_mean(name, SERIES_KINDS)}")
    return SERIES_KINDS[name]


def name_traded_kinds() -> str:
    """Name the kinds that fill and settle trades, for messages."""
    return " or ".join(kind.name for kind in SERIES_KINDS.values() if kind.is_traded)


def name_settling_kinds(way: str) -> str:
    """Name the kinds whose rows may settle windows in a way, for messages."""
    return " or ".join(kind.name for kind in SERIES_KINDS.values() if way in kind.settles)


def name_odds_kinds() -> str:
    """Name the kinds that a binary contract may be priced by, for messages."""
    return " or ".join(kind.name for kind in SERIES_KINDS.values() if kind.gives_odds)
