"""Choose the columns of a file that a series needs, and name those of a file without a header."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from factory.core.errors import DataError, did_you_mean
from factory.market.files import Download, Files
from factory.market.questions import Question
from factory.market.series_kinds import series_kind
from factory.market.series_kinds.base import Header
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS

STAMPS = (
    "timestamp", "time", "open_time", "unix", "unix_timestamp", "unix_time", "epoch", "date", "datetime",
    "observation_date", "as_of_date", "asofdate", "calc_time",
)  # fmt: skip
"""Names of a column of stamps, first come first; with ``utc`` or ``gmt`` in the name, stamps without a zone are in that."""
UTC_WORD = re.compile(r"(?<![a-z])(utc|gmt)(?![a-z])")
NAMED = 12
"""Columns that a line lists."""


@dataclass(frozen=True)
class Choice:
    """Which columns of a file are read.

    Parameters
    ----------
    stamps : tuple of str
        The column of stamps, or those of date and time of day, as the file has them.
    zone : str or None
        ``UTC`` where the column's name says so.
    columns : mapping of str to str
        What a column is called in the file, by its name here.
    published : str or None
        The column of the moments at which rows were published.
    """

    stamps: tuple[str, ...]
    zone: str | None
    columns: Mapping[str, str]
    published: str | None = None

    @property
    def moments(self) -> tuple[str, ...]:
        """All columns that hold moments."""
        return (*self.stamps, self.published) if self.published else self.stamps


def name_columns(file: str, width: int, spec: SeriesSpec) -> tuple[str, ...]:
    """Name the columns of a file without a header: as a person did, or the provider lays them out whose files have that many.

    Raises
    ------
    Question
        If neither did.
    """
    source = spec.source
    if isinstance(source, Files) and source.header:
        if len(source.header) != width:
            raise DataError(f"{file}: {width} columns, and source.header names {len(source.header)}; name each")
        return source.header
    usual = [provider for provider in PROVIDERS.values() if spec.kind in provider.kinds]
    asked = [PROVIDERS[source.use]] if isinstance(source, Download) else usual
    fitting = {provider.layout for provider in asked if len(provider.layout) == width}
    if len(fitting) == 1:
        return fitting.pop()
    columns = ",".join(series_kind(spec.kind).columns or ("value",))
    known = {f"{provider.title}'s {len(provider.layout)}": None for provider in usual if provider.layout}
    raise Question(
        "header",
        f"{file}: {width} columns and no header",
        f"add one as the first line, such as timestamp,{columns} or date,time,{columns} ({', '.join(known)} need none), or "
        "name them with source: {header: [...]}",
    )


def choose_columns(file: str, spec: SeriesSpec, labels: Sequence[str]) -> Choice:
    """Choose the columns that a series needs among a file's.

    Raises
    ------
    DataError
        If one is missing, or it cannot be told which it is.
    """
    held = {label.lower(): label for label in labels if label}
    if len(held) < sum(1 for label in labels if label):
        raise DataError(f"{file}: a column is there twice; keep one")
    source = spec.source if isinstance(spec.source, Files) else None
    named = {name: label.strip().lower() for name, label in source.columns.items()} if source else {}
    if not spec.counts_volume:
        del named["volume"]
        held.pop("volume", None)
    for label in named.values():
        if label not in held:
            raise DataError(f"{file}: no column '{label}', which source.columns names; {did_you_mean(label, held)}")
    view = {label: label for label in held if label not in named.values() and label not in named} | named
    stamps, zone = choose_stamps(file, source.time if source else None, view)
    published = _choose_published(file, source.available if source else None, view, stamps)
    moments = (*stamps, published)
    others = {name: label for name, label in view.items() if label not in moments}
    own = {name: label for name, label in named.items() if label not in moments}
    header = Header(file, held, own, others, spec.counts_volume)
    return Choice(stamps, zone, series_kind(spec.kind).choose_columns(header), published)


def _choose_published(file: str, asked: str | None, view: Mapping[str, str], stamps: Sequence[str]) -> str | None:
    """Find the column of moments of publication, which is not that of the stamps."""
    if asked is None:
        return None
    name = asked.strip().lower()
    if name not in view:
        raise DataError(f"{file}: no column '{asked}', which source.available names; {did_you_mean(name, view)}")
    if view[name] in stamps:
        raise DataError(f"{file}: source.available names '{asked}', of which rows tell; name the moments of publication")
    return view[name]


def choose_stamps(file: str, asked: str | None, view: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    """Choose the column of stamps, or of dates and of times of day; find the zone that its name tells.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    asked : str or None
        The column that a person named.
    view : mapping of str to str
        Labels in small letters, by their names in the dataset.

    Raises
    ------
    Question
        If there is none.
    """
    if asked is not None:
        name = asked.strip().lower()
        if name not in view:
            raise DataError(f"{file}: no column '{asked}'; {did_you_mean(name, view)}")
        return (view[name],), _find_zone(name)
    plain = {_plain_name(name): name for name in reversed([*view])}
    candidates = [plain[name] for name in STAMPS if name in plain]
    if not candidates:
        listed = ", ".join([*view][:NAMED]) + (", ..." if len(view) > NAMED else "")
        says = f"{file}: no column of stamps such as timestamp or date among {listed}"
        raise Question("time", says, "name it with source: {time: ...}", choices=tuple(view.values()))
    if _plain_name(candidates[0]) == "time" and "date" in plain:
        return (view[plain["date"]], view[candidates[0]]), _find_zone(candidates[0]) or _find_zone(plain["date"])
    return (view[candidates[0]],), _find_zone(candidates[0])


def _find_zone(name: str) -> str | None:
    return "UTC" if UTC_WORD.search(name) else None


def _plain_name(name: str) -> str:
    """Rewrite a column's name as :data:`STAMPS` spells it; that of a column called by its zone alone is ``time``."""
    return re.sub(r"[^a-z0-9]+", "_", UTC_WORD.sub("", name)).strip("_") or ("time" if UTC_WORD.search(name) else name)
