"""The keys of a series in a dataset file, as far as its files and a person's answers tell them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any

from numpy import float64
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from factory.core.errors import DataError, did_you_mean
from factory.core.foreign import shorten
from factory.market.bar_columns import BARS, COINS, PRICES
from factory.market.bar_faults import FEWEST_PAID, measure_unit
from factory.market.build import read_rows
from factory.market.column_choice import choose_stamps, name_columns
from factory.market.files import NONE
from factory.market.labels import find_unit, match_bars, name_legally, simplify
from factory.market.mistakes import lines_of
from factory.market.questions import Question
from factory.market.raw_rows import RawRows
from factory.market.readers import Beginning
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.spec_fields import Delay, Underlying, Unit, Zone
from factory.market.texts import EMPTY

CELL = 40
"""Characters of a cell that is quoted."""
NUMBER = re.compile("[+-]?[.,]?[0-9][0-9.,' \u00a0\u202f\u2019]*([eE][+-]?[0-9]+)?")
FITTING, NEAR = 0.99, 1e-3
"""Share of bars whose price is the quotient of two columns that are their volumes, and by how much it may miss their range."""
TIME_OF_DAY = re.compile("[0-9]{1,2}:[0-9]{2}.*")
ANSWER_TYPES: dict[str, TypeAdapter[Any]] = {
    "zone": TypeAdapter(Zone),
    "header": TypeAdapter(Annotated[str, Field(pattern=",")]),
    "format": TypeAdapter(Annotated[str, Field(pattern="%")]),
    "contract_size": TypeAdapter(Unit),
    "underlying": TypeAdapter(Underlying),
    "delay": TypeAdapter(Delay),
}
"""What an answer may be where it is none of some choices."""
CONTRACTS = ("contracts", "contract", "lots")
"""Words in the name of a volume that counts something else than coins."""


@dataclass(frozen=True)
class SeriesDraft:
    """The keys of a series as far as they are known.

    Parameters
    ----------
    paths : sequence of Path
        Its files.
    keys : mapping
        As a dataset file has them.
    beginning : Beginning
        How the first file begins.
    answers : mapping of str to str
        What a person answered.
    remarks : tuple of str
        What was understood.
    """

    paths: Sequence[Path]
    keys: Mapping[str, Any]
    beginning: Beginning
    answers: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    @property
    def spec(self) -> SeriesSpec:
        """The keys, checked; what is published of values is not yet asked."""
        return make_spec({**({"delay": "0"} if series_kind(self.keys["kind"]).needs_delay else {}), **self.keys})

    def having(self, **keys: Any) -> "SeriesDraft":
        """Add keys before the source."""
        ordered = {**self.keys, **keys}
        return replace(
            self, keys={**{key: one for key, one in ordered.items() if key != "source"}, "source": ordered["source"]}
        )

    def sourced(self, key: str, **entries: Any) -> "SeriesDraft":
        """Add entries to a mapping of the source."""
        if not entries:
            return self
        source = self.keys["source"]
        return self.having(source={**source, key: {**source.get(key, {}), **entries}})

    def noting(self, *remarks: str) -> "SeriesDraft":
        """Add remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))

    def read(self) -> tuple[RawRows, "SeriesDraft"]:
        """Read the rows."""
        return read_rows(self.paths, self.spec), self

    def name_bars(self) -> "SeriesDraft":
        """Name the columns of bars that are called otherwise, and the units that their names tell."""
        matched = match_bars(self.beginning.labels)
        named = {name: label for name, label in matched.items() if label.lower() != name}
        asked = self.answers.get("volume")
        if asked is not None and (asked.lower() == NONE or asked.lower() in map(str.lower, self.beginning.labels)):
            named = {name: label for name, label in named.items() if label.lower() != asked.lower()} | {"volume": asked}
        units = {name: find_unit(label) for name, label in named.items() if name not in PRICES}
        return self.sourced("columns", **named).sourced("units", **{name: unit for name, unit in units.items() if unit})

    def name_values(self) -> "SeriesDraft":
        """Name the columns of numbers, and say which are left out."""
        labels, taken = self.beginning.labels, {*self._find_stamps()}
        cells = {label: [row[place] for row in self.beginning.rows if place < len(row)] for place, label in enumerate(labels)}
        others = [label for label in labels if label and label.lower() not in taken]
        numbers = [label for label in others if holds_numbers(cells[label])]
        left = [label for label in others if label not in numbers]
        named = name_legally(numbers)
        units = {name: unit for name, label in named.items() if (unit := find_unit(label))}
        if not numbers:
            raise DataError(f"{self.paths[0].name}: no column of numbers beside the stamps in its first rows; name other files")
        draft = self.noting(*[f"left out, as they hold no numbers: {', '.join(left)}"] if left else [])
        if left or any(name != label.lower() for name, label in named.items()):
            draft = draft.sourced("columns", **named)
        return draft.sourced("units", **units)

    def read_bars(self) -> tuple[RawRows, "SeriesDraft"]:
        """Read bars; of several columns that may be the volume take that by which another is worth the price, or ask."""
        try:
            return self.read()
        except Question as question:
            if question.key == "header":
                cells = self.beginning.rows[0] if self.beginning.rows else ()
                raise Question("header", question.says, question.mend, " ".join(cells), _guess_header(cells)) from None
            if question.key != "volume":
                raise
            asked = question
        for base, quote in permutations(asked.choices[:4], 2):
            draft = self.sourced("columns", volume=base, quote_volume=quote)
            frame, draft = draft.read()
            if _fits_price(frame.columns):
                return frame, draft.noting(f"{quote} over {base} is the price, so {base} is the volume")
        numbers = [label for label in self._label_numbers() if label not in asked.choices]
        raise Question(
            "volume", asked.says, asked.mend, self._quote_row(asked.choices or numbers), (*(asked.choices or numbers), NONE)
        )

    def _find_stamps(self) -> tuple[str, ...]:
        """Find the columns of the stamps, in small letters."""
        lower = [label.lower() for label in self.beginning.labels]
        return choose_stamps(self.paths[0].name, self.answers.get("time"), dict(zip(lower, lower, strict=True)))[0]

    def _label_numbers(self) -> list[str]:
        """List the columns that may be a volume."""
        taken = {label.lower() for label in match_bars(self.beginning.labels).values()} | {*self._find_stamps()}
        places = {label: place for place, label in enumerate(self.beginning.labels) if label and label.lower() not in taken}
        rows = self.beginning.rows
        return [label for label, place in places.items() if holds_numbers([row[place] for row in rows if place < len(row)])]

    def _quote_row(self, labels: Sequence[str]) -> str:
        """Quote some cells of the first row."""
        row = dict(zip(self.beginning.labels, self.beginning.rows[0], strict=False)) if self.beginning.rows else {}
        return ", ".join(f"{label} {shorten(row[label], CELL)}" for label in labels if label in row)

    def settle_contracts(self, frame: RawRows) -> tuple[RawRows, "SeriesDraft"]:
        """Turn a volume that counts contracts into coins, by the size that a person gave; ask for it."""
        if "volume" not in frame.columns:
            return frame, self
        unit = measure_unit(frame.columns) if "quote_volume" in frame.columns else None
        columns = self.keys["source"].get("columns", {})
        counts = {*simplify(columns.get("volume", "volume")).split("_")} & {*CONTRACTS}
        if unit is None and not (counts and "quote_volume" not in frame.columns) and "contract_size" not in self.answers:
            return frame, self
        file = self.paths[0].name
        if "contract_size" not in self.answers:
            says = unit.says if unit else f"column '{columns['volume']}' counts contracts"
            chosen = self.label_columns(("close", "volume", "quote_volume"))
            sizes = (f"{unit.size:.3g}",) if unit else ()
            raise Question("contract_size", f"{file}: {says}", "say how much one contract is", self._quote_row(chosen), sizes)
        size = self.answers["contract_size"]
        draft = self._swap_flow(size) if unit and unit.is_inverse else self._scale_coins(frame, size)
        frame, draft = draft.read()
        if "quote_volume" in frame.columns and (left := measure_unit(frame.columns)):
            raise DataError(
                f"{file}: with contracts of {size} {left.says}; "
                f"{f'give --contract-size {unit.size:.3g}' if unit else 'leave --contract-size out'}"
            )
        return frame, draft.noting(f"volume: contracts of {size} turned into coins")

    def label_columns(self, names: Sequence[str]) -> list[str]:
        """List what some columns of bars are called in the file."""
        matched = match_bars(self.label(self.beginning)) | self.keys["source"].get("columns", {})
        return [matched[name] for name in names if name in matched]

    def label(self, beginning: Beginning) -> tuple[str, ...]:
        """List the labels of a file, those of its provider where it has none."""
        width = len(beginning.rows[0]) if beginning.rows else 0
        return beginning.labels or name_columns(self.paths[0].name, width, self.spec)

    def _swap_flow(self, size: str) -> "SeriesDraft":
        """Take the column of coins for the volume, and that of contracts times their worth for the money."""
        flow = {"volume": "quote_volume", "taker_buy_volume": "taker_buy_quote_volume"}
        matched = match_bars(self.label(self.beginning)) | self.keys["source"].get("columns", {})
        pairs = [(coins, money) for coins, money in flow.items() if {coins, money} <= {*matched}]
        columns = {one: matched[other] for pair in pairs for one, other in (pair, pair[::-1])}
        return self.sourced("columns", **columns).sourced("units", **{money: size for _, money in pairs})

    def _scale_coins(self, frame: RawRows, size: str) -> "SeriesDraft":
        return self.sourced("units", **{name: size for name in COINS if name in frame.columns})

    def require_delay(self) -> str:
        """Get how late values are published.

        Raises
        ------
        Question
            If nobody said it.
        """
        if "delay" not in self.answers:
            file, period = self.paths[0].name, self.keys["period"]
            example = " ".join(self.beginning.rows[0][:4]) if self.beginning.rows else ""
            says = f"{file}: a value each {period}, and nothing says how long after its stamp it is published"
            raise Question("delay", says, "say it with delay: 8d, or delay: 0 where it is known at its stamp", example, ("0",))
        return self.answers["delay"]


def make_spec(keys: Mapping[str, Any]) -> SeriesSpec:
    """Check the keys of a series.

    Raises
    ------
    DataError
        One line a mistake.
    """
    try:
        return SeriesSpec.model_validate(keys)
    except ValidationError as error:
        raise DataError(*lines_of(error, keys, lambda path, holder: set())) from None


def holds_numbers(cells: Sequence[str]) -> bool:
    """Check whether the cells of a column, as far as they are filled, look like numbers."""
    filled = [cell.strip() for cell in cells if cell.strip() and cell.strip() not in EMPTY]
    return bool(filled) and all(NUMBER.fullmatch(cell) for cell in filled)


def _fits_price(columns: Mapping[str, NDArray[float64]]) -> bool:
    """Check whether `quote_volume` over `volume` is the price of nearly all bars."""
    volume, quote = columns["volume"], columns["quote_volume"]
    traded = (volume > 0) & (quote > 0)
    if traded.sum() < FEWEST_PAID:
        return False
    paid = quote[traded] / volume[traded]
    inside = (paid >= columns["low"][traded] * (1 - NEAR)) & (paid <= columns["high"][traded] * (1 + NEAR))
    return bool(inside.mean() >= FITTING)


def split_header(text: str) -> list[str]:
    """Split the names of columns that a person typed."""
    return [name.strip() for name in text.split(",")]


def _guess_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Guess what the columns of a file without a header are, for a person to say so; nothing where they look like no bars."""
    stamps = ("date", "time") if len(cells) > 1 and TIME_OF_DAY.fullmatch(cells[1].strip()) else ("timestamp",)
    names = [(*stamps, *columns) for columns in (BARS, PRICES) if len(stamps) + len(columns) == len(cells)]
    return tuple(",".join(one) for one in names if holds_numbers(cells[len(stamps) :]))


def check_answer(key: str, text: str, choices: Sequence[str]) -> str:
    """Check an answer to a question.

    Parameters
    ----------
    key : str
        Of the question.
    text : str
        The answer.
    choices : sequence of str
        Of the question.

    Raises
    ------
    DataError
        If it cannot be one.
    """
    if key in ANSWER_TYPES:
        try:
            ANSWER_TYPES[key].validate_python(text.strip())
        except ValidationError as error:
            raise DataError(*lines_of(error, text, lambda path, holder: set())) from None
        return text.strip()
    match = next((one for one in choices if one.lower() == text.strip().lower()), None)
    if match is None:
        raise DataError(f"'{text}' is none of them; {did_you_mean(text, choices)}")
    return match
