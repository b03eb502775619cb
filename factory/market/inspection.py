"""What files say of a series, before anybody wrote a dataset file: its kind, columns, period and source, and what is wrong.

Nothing is guessed that could shift a time or a price: what files do not tell is asked with a
:class:`~factory.market.questions.Question`, and an answer is a key of the dataset file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from factory.core.answers import Answer, table
from factory.core.errors import DataError
from factory.core.foreign import shorten
from factory.core.plainyaml import spell
from factory.core.times import iso, to_duration
from factory.market.bar_columns import BARS, FLOW, PRICES
from factory.market.book_columns import book_columns
from factory.market.books.formats import holds_books
from factory.market.build import check_rows, read_rows
from factory.market.column_choice import choose_columns
from factory.market.faults import JUMP
from factory.market.file_names import find_market
from factory.market.files import NONE
from factory.market.grid import detect_period
from factory.market.labels import find_market_cell, match_bars
from factory.market.months import detect_months
from factory.market.quality import Quality
from factory.market.questions import Question
from factory.market.raw_rows import RawRows
from factory.market.readers import Beginning, read_beginning
from factory.market.series_draft import CELL, SeriesDraft, holds_numbers, make_spec, split_header
from factory.market.series_kinds import series_kind
from factory.market.series_kinds.bars import Bars
from factory.market.series_kinds.depth import Depth
from factory.market.series_kinds.values import Values
from factory.market.series_spec import USUAL_LEVELS, SeriesSpec

SHOWN = 10
"""Rows that are shown."""
GUESSED, BOOK_PERIOD = "1m", "1s"
"""Period by which rows are first read, and that of order books, which have none of their own."""
MANY = 0.3
"""Share of rows with the stamp of the row before above which a file is taken for several series."""
ANSWERS = ("time", "zone", "format", "decimal")
"""What is asked that a key of the source answers by the same name."""


@dataclass(frozen=True)
class Inspection:
    """What files say of one series.

    Parameters
    ----------
    name : str
        Of the series.
    keys : mapping
        Its keys in a dataset file.
    spec : SeriesSpec
        The same, checked.
    frame : RawRows
        Its rows as read, the oldest first.
    quality : Quality
        What is wrong with them, or remarkable.
    share : float
        Of the steps from row to row that keep the period; 0 where there are none.
    remarks : tuple of str
        What was understood that the keys do not say.
    beginning : Beginning
        How the file begins whose rows come first.
    stamps : tuple of str
        The columns of stamps there; none of order books, of which nothing is shown.
    labels : mapping of str to str
        What the other columns are called there, by our names.
    """

    name: str
    keys: Mapping[str, Any]
    spec: SeriesSpec
    frame: RawRows
    quality: Quality
    share: float
    remarks: tuple[str, ...]
    beginning: Beginning
    stamps: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def span(self) -> tuple[int, int]:
        """First stamp, and the end of the last row, ms UTC."""
        return int(self.frame.time.min()), int(self.frame.time.max()) + self.spec.period_ms

    def show_rows(self) -> Answer:
        """Tabulate the first rows: what the file says, and what it was read as where that is another text."""
        named = [label if label.lower() == name else _arrow(label, name) for name, label in self.labels.items()]
        own, turned = [label.lower() for label in self.beginning.labels], self.frame.files[0][0] in self.frame.turned
        end = self.frame.files[1][1] if len(self.frame.files) > 1 else len(self.frame)
        rows = []
        for number, cells in enumerate(self.beginning.rows[:end]):
            held = dict(zip(own, cells, strict=False))
            at = end - 1 - number if turned else number
            stamp = " ".join(held[label.lower()] for label in self.stamps)
            values = [_tell(held[label.lower()], self.frame.columns[name][at]) for name, label in self.labels.items()]
            rows.append([number + 1, _arrow(stamp, iso(int(self.frame.time[at]))), *values])
        return table(["row", _arrow(" + ".join(self.stamps), "time"), *named], rows)

    def measure_jumps(self) -> list[tuple[int, float]]:
        """Measure the changes of level that were found: the moment of each, and new price over old."""
        spans = [span for fault in self.quality.faults if fault.kind == JUMP for span in fault.spans]
        if not spans:
            return []
        order = np.argsort(self.frame.time, kind="stable")
        time = self.frame.time[order]
        opened, close = (self.frame.columns[name][order] for name in ("open", "close"))
        jumps = []
        for begin, end in spans:
            at = int(np.searchsorted(time, begin))
            jumps.append((end, float((opened[at] if begin == end else close[at]) / close[at - 1])))
        return jumps


def inspect_series(name: str, paths: Sequence[Path], files: Sequence[str], answers: Mapping[str, str]) -> Inspection:
    """Inspect the files of one series.

    Parameters
    ----------
    name : str
        Of the series.
    paths : sequence of Path
        Its files.
    files : sequence of str
        What a dataset file calls them.
    answers : mapping of str to str
        What a person answered, by the key of the question.

    Raises
    ------
    Question
        If they can be read in several ways, or do not tell what is needed.
    DataError
        If they cannot be read, or too many rows are wrong.
    """
    source: dict[str, Any] = {"use": "files", "files": [*files] if len(files) > 1 else files[0]}
    if holds_books(paths[0]):
        return _inspect_books(name, paths, source, answers)
    asked = {answers.get("time", "")} - {""}
    beginning = read_beginning(paths[0], SHOWN, asked)
    source |= {key: answers[key] for key in ANSWERS if key in answers}
    if "header" in answers and not beginning.labels:
        source |= {"header": split_header(answers["header"])}
        beginning = replace(beginning, labels=tuple(source["header"]))
    market = _choose_market(paths[0], beginning, answers)
    keys = {"kind": _choose_kind(beginning), "underlying": market, "period": GUESSED, "source": source}
    frame, draft, share = _read_rows(SeriesDraft(paths, keys, beginning, answers))
    _refuse_several(paths[0], frame, beginning)
    if series_kind(draft.keys["kind"]).is_traded:
        frame, draft = draft.settle_contracts(frame)
    else:
        draft = draft.having(delay=draft.require_delay())
    first = next(path for path in paths if path.name == frame.files[0][0])
    shown = beginning if first == paths[0] else read_beginning(first, SHOWN, asked)
    shown = replace(shown, labels=draft.label(shown))
    stamps, labels = _choose_labels(first.name, draft.spec, shown)
    quality = check_rows(draft.spec, frame, name)
    keys = {**draft.keys, "underlying": draft.spec.underlying}
    return Inspection(name, keys, draft.spec, frame, quality, share, draft.remarks, shown, stamps, labels)


def _choose_kind(beginning: Beginning) -> str:
    """Choose bars where their prices are there, or there is no header; else values."""
    return Bars.name if {*PRICES} <= {*match_bars(beginning.labels)} or not beginning.labels else Values.name


def _read_rows(draft: SeriesDraft) -> tuple[RawRows, SeriesDraft, float]:
    """Read the rows with the period that most of them keep, and the share that does."""
    frame, draft = draft.name_bars().read_bars() if series_kind(draft.keys["kind"]).is_traded else draft.name_values().read()
    steps = detect_period(frame.time)
    kept = (to_duration(steps[0]), steps[1]) if steps else None
    if not series_kind(draft.keys["kind"]).is_traded:
        kept = detect_months(frame.time) or kept
    if kept and kept[0] != GUESSED:
        frame, draft = draft.having(period=kept[0]).read()
    if series_kind(draft.keys["kind"]).find_uncounted(frame.columns):
        draft = draft.sourced("columns", volume=NONE).noting("volume: 0 or empty in every row, so none is counted")
        frame, draft = draft.read()
    return frame, draft, kept[1] if kept else 0.0


def _inspect_books(name: str, paths: Sequence[Path], source: Mapping[str, Any], answers: Mapping[str, str]) -> Inspection:
    """Inspect files of order books, whose rows are made from events."""
    zone = {"zone": answers["zone"]} if "zone" in answers else {}
    levels = _count_levels(paths)
    keys = {
        "kind": Depth.name,
        "underlying": _choose_market(paths[0], Beginning((), ()), answers),
        "period": BOOK_PERIOD,
        **({"levels": str(levels)} if 0 < levels < USUAL_LEVELS else {}),
        "source": {**source, **zone},
    }
    spec = make_spec(keys)
    frame = read_rows(paths, spec)
    remarks = (f"order books: a row each {BOOK_PERIOD}, as the book stood at its end; write another period if you want one",)
    return Inspection(name, keys, spec, frame, check_rows(spec, frame, name), 0.0, remarks, Beginning((), ()))


def _count_levels(paths: Sequence[Path]) -> int:
    """Count the levels of each side that a file has a column for; 0 where columns do not tell."""
    for path in paths:
        if path.suffix.lower() in (".parquet", ".csv"):
            labels, levels = {*read_beginning(path, 1).labels}, 0
            while {*book_columns(levels + 1)} <= labels:
                levels += 1
            if levels:
                return levels
    return 0


def _choose_market(path: Path, beginning: Beginning, answers: Mapping[str, str]) -> str:
    """Choose what the seal goes by: what a person said, a column tells, or the file's name."""
    if "underlying" in answers:
        return answers["underlying"]
    row = dict(zip(beginning.labels, beginning.rows[0], strict=False)) if beginning.rows else {}
    market = find_market_cell(beginning.labels, row) or find_market(path)
    if market is None:
        mend = "say it with underlying:, as the exchange writes it, such as BTCUSDT"
        raise Question("underlying", f"{path.name}: nothing tells which market it is of", mend)
    return market


def _choose_labels(file: str, spec: SeriesSpec, beginning: Beginning) -> tuple[tuple[str, ...], dict[str, str]]:
    """Choose what is shown: the labels of the stamps, and of the columns."""
    choice, own = choose_columns(file, spec, beginning.labels), {label.lower(): label for label in beginning.labels}
    names = [*dict.fromkeys([*(name for name in (*BARS, *FLOW) if name in choice.columns), *choice.columns])]
    return tuple(own[label] for label in choice.stamps), {name: own[choice.columns[name]] for name in names}


def _refuse_several(path: Path, frame: RawRows, beginning: Beginning) -> None:
    """Refuse rows of several series, one under the other."""
    again = np.diff(frame.time) == 0
    if not len(again) or again.mean() <= MANY:
        return
    texts = [
        label
        for place, label in enumerate(beginning.labels)
        if not holds_numbers([row[place] for row in beginning.rows if place < len(row)])
    ]
    told = f", told apart by {' and '.join(texts[:4])}" if texts else ""
    where = frame.place(int(np.argmax(again)) + 1)
    raise DataError(
        f"{path.name}: {again.mean():.0%} of the rows have the stamp of the row before, first {where}: several series in one "
        f"file{told}; write each to a file of its own"
    )


def _arrow(said: str, read: str) -> str:
    """Write what a file says, and what it was read as where that is another text."""
    said = shorten(said.strip(), CELL)
    return said if said == read else f"{said} -> {read}"


def _tell(said: str, value: float) -> str:
    """Write what a cell says, and the number that it was read as where it is spelt in another way."""
    if np.isnan(value):
        return _arrow(said, "missing")
    try:
        is_plain = float(said) == value
    except ValueError:
        is_plain = False
    return said.strip() if is_plain else _arrow(said, spell(float(value)))
