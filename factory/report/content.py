"""What a card is made of: sections of rows, tables, pictures and text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from factory.report.charts import Figure
from factory.report.diagram import Diagram
from factory.report.meanings import MEANINGS, TITLES, VALIDATION, Meaning
from factory.report.trial import RecordedTrial, export_trades


@dataclass(frozen=True)
class Row:
    """One figure: its name, by which its meaning is known, and its value as text."""

    name: str
    value: str


@dataclass(frozen=True)
class Grid:
    """A table: columns, and rows of text.

    Parameters
    ----------
    columns : tuple of str
    rows : tuple of tuple of str
    marks : tuple of str
        Of each row, ``block`` or ``warn`` where it must not be missed; none for a table of none such.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One part of a card: a title, a sentence, and what there is of figures, tables and pictures.

    Parameters
    ----------
    title : str
    says : str
    rows : tuple of Row
    grid : Grid or None
    figures : tuple of Figure
    text : str
        Shown as it is, in lines.
    diagram : Diagram or None
    windows : tuple of dict
        Prices around the trades that the rows of the grid are: see :func:`factory.report.windows.read_window`.
    is_half : bool
        Whether two such stand side by side where there is room.
    """

    title: str
    says: str = ""
    rows: tuple[Row, ...] = ()
    grid: Grid | None = None
    figures: tuple[Figure, ...] = ()
    text: str = ""
    diagram: Diagram | None = None
    windows: tuple[dict[str, Any], ...] = ()
    is_half: bool = False


def price_banner(price: str | None) -> str:
    """Say at what price all figures are, where none was recorded, and what settles them, where bars do not; else nothing."""
    if not price:
        return ""
    return f"Every figure is {price}.{' Nobody recorded what a share cost.' if 'assumed' in price else ''}"


@dataclass(frozen=True)
class Card:
    """What a person reads to judge a strategy.

    Parameters
    ----------
    title : str
    banners : tuple of str
        What stands above all else: a drawn market, an assumed price, no verdict.
    reading : str
        What the figures mean, in two sentences.
    sections : tuple of Section
    period : str
        The first and last day of the partition.
    trial : RecordedTrial or None
        What it is of; None for a sealed look.
    partition : str
        What its figures are of.
    explorations : int
        Of validation, as which its breakdowns count.
    """

    title: str
    banners: tuple[str, ...]
    reading: str
    sections: tuple[Section, ...]
    period: str
    trial: RecordedTrial | None = field(default=None, repr=False)
    partition: str = VALIDATION
    explorations: int = 0

    @property
    def looks(self) -> str:
        """Say what reading the card counts as; empty where it counts as nothing."""
        if not self.explorations:
            return ""
        return f"Its breakdowns look at validation: {self.explorations:,} explorations, counted once."

    @cached_property
    def trades_csv(self) -> str:
        """All trades, to download."""
        return export_trades(self.trial) if self.trial else ""

    @property
    def meanings(self) -> dict[str, Meaning]:
        """What the figures and columns on the card mean, by their keys."""
        named = dict.fromkeys(find_key(name) for name in self._names())
        known = {key: MEANINGS[key] for key in named if key in MEANINGS}
        return {key: one._replace(period=self.partition) if one.period == VALIDATION else one for key, one in known.items()}

    def _names(self) -> Iterator[str]:
        for section in self.sections:
            yield from (row.name for row in section.rows)
            yield from section.grid.columns if section.grid else ()


def find_key(name: str) -> str:
    """Find the key of what is shown under a name: ``95 % interval`` and ``win rate`` are ``interval`` and ``win_rate``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower().removeprefix("95 % ")).strip("_")


def spell_title(name: str) -> str:
    """Spell the name under which a figure or a column is shown."""
    return TITLES.get(name, TITLES.get(find_key(name), name.replace("_", " ")))
