"""The dataset file: what a person fixes before anything is imported."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from factory.core import plainyaml
from factory.core.errors import DataError
from factory.core.names import Name, Slug
from factory.core.times import DAY, MINUTE, iso, moment, to_duration
from factory.market.contract_checks import find_contract_mistakes
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.files import Adjustment, Closed, Download, Files, Splice
from factory.market.mistakes import lines_of
from factory.market.publication import Publication
from factory.market.series_kinds import name_traded_kinds, series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.spec_fields import Column, Moment

PARTITIONS = ("train", "validation", "sealed")
SIMULATED = "SIMULATED: the market was drawn, and nothing holds outside it."
"""What stands above the figures of a simulated market, wherever they are shown."""
GAP_SHARE = 0.01
"""Share of train that the gap takes at least; see STATISTICS section 1."""
WARM_UP_SHARE, WARM_UP_ROWS = 0.2, 1_000
"""How far before train rows are kept for features to warm up on: a share of train, or rows of a series that reach further."""


class Simulated(Closed):
    """A market drawn by :mod:`factory.market.simulator`, or one by :mod:`factory.market.book_simulator`.

    Parameters
    ----------
    market : str
        ``minutes``: minute bars of two coins, hourly gold and weekly fails; ``book``: an order book and its minute bars.
    seed : int
        Same seed, same market.
    start : moment
        First minute, UTC midnight.
    days : int
        How long.
    edge : float
        Planted: chance above one half of the known rule while it is active; 0 for none.
    """

    market: Literal["minutes", "book"] = "minutes"
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    start: Moment
    days: Annotated[int, Field(ge=3, le=3660)]
    edge: Annotated[float, Field(ge=0, le=0.25)] = 0.0

    @model_validator(mode="after")
    def _midnight(self) -> Self:
        if moment(self.start) % DAY:
            raise ValueError(f"start: {self.start} is not midnight UTC; write a date")
        return self


class Split(Closed):
    """Which stretch of time is for what; each ``[from, to)``, UTC. Rows before train only warm features up.

    Parameters
    ----------
    train, validation, sealed : pair of moments
        In this order, without overlap.
    """

    train: tuple[Moment, Moment]
    validation: tuple[Moment, Moment]
    sealed: tuple[Moment, Moment]

    def span(self, partition: str) -> tuple[int, int]:
        """Return the bounds as written, the gap not taken off, ms UTC."""
        first, last = getattr(self, partition)
        return moment(first), moment(last)


class DatasetSpec(Closed):
    """A dataset as a person fixed it.

    Parameters
    ----------
    dataset : str
        Its name.
    about : str
        One line for people and agents.
    confirmed : bool
        A person looked at this file and stands by it. Nothing is imported before.
    simulated : Simulated or None
        Set for drawn markets.
    series : mapping of str to SeriesSpec
        Inputs by the name that expressions use. Their spans may differ.
    contracts : mapping of str to Contract
        What can be traded, at what least cost.
    split : Split
        Train, validation, sealed.
    validation_share : float
        Share of validation's days that agents' own code (``execute_python``) sees, the same days at each call.
    looks : int
        Sealed looks granted.
    baseline : str or None
        A column that may well rank labels, such as the market's own odds in ``pm.up``. Probe P5 then calls too good
        what is far above this column's AUC; without one, what is far above one half, or inside windows above that of their
        recorded price. P4 and P6 look at what features add to it.
    """

    dataset: Slug
    about: Annotated[str, Field(max_length=300)] = ""
    confirmed: bool = False
    simulated: Simulated | None = None
    series: Annotated[dict[Name, SeriesSpec], Field(min_length=1, max_length=50)]
    contracts: Annotated[dict[Slug, Contract], Field(max_length=50)]
    split: Split
    validation_share: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    looks: Annotated[int, Field(ge=1, le=20)] = 5
    baseline: Column | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        mistakes = [
            *self._split_mistakes(),
            *self._series_mistakes(),
            *find_contract_mistakes(self.contracts, self.series, self.span[1]),
            *self._baseline_mistakes(),
        ]
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    @property
    def traded(self) -> tuple[str, ...]:
        """Names of the series that can fill and settle trades and labels, as the file has them."""
        return tuple(name for name, series in self.series.items() if series_kind(series.kind).is_traded)

    @property
    def binaries(self) -> dict[str, Binary]:
        """Contracts that pay 1 or nothing, by name."""
        return {name: contract for name, contract in self.contracts.items() if isinstance(contract, Binary)}

    @property
    def gap(self) -> int:
        """Milliseconds kept free of decisions after train and after validation: max(1 day, 1 % of train)."""
        first, last = self.split.span("train")
        share = GAP_SHARE * (last - first)
        return max(DAY, -int(-share // MINUTE) * MINUTE)

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment of the dataset, ms UTC: train's start and the sealed part's end."""
        return self.split.span("train")[0], self.split.span("sealed")[1]

    def bounds(self, partition: str) -> tuple[int, int]:
        """Compute the bounds of a partition: its decisions t satisfy ``start <= t < end``.

        Parameters
        ----------
        partition : str
            ``train``, ``validation`` or ``sealed``.

        Returns
        -------
        tuple of int
            ms UTC, the gap taken off the start of validation and of sealed.
        """
        start, end = self.split.span(partition)
        if partition == "train":
            return start, end
        before = PARTITIONS[PARTITIONS.index(partition) - 1]
        return max(start, self.split.span(before)[1] + self.gap), end

    def warm_up_start(self, series: str) -> int:
        """Compute the first moment, ms UTC, of which rows of a series are kept, though train begins later.

        They are kept where its source has them.
        """
        first, last = self.split.span("train")
        return first - max(int(WARM_UP_SHARE * (last - first)), WARM_UP_ROWS * self.series[series].period_ms)

    def identity(self, series: str) -> str:
        """Return what the seal compares: the market behind a series, one for each seed if drawn."""
        underlying = self.series[series].underlying
        return f"{underlying}#{self.simulated.seed}" if self.simulated else underlying

    def identities(self, series: str) -> tuple[str, ...]:
        """Return what the seal compares of all markets that a series is made of, each once and the last source's first."""
        others = (joint.underlying for joint in self.series[series].splice)
        return tuple(dict.fromkeys([self.identity(series), *(one for one in others if one)]))

    def _split_mistakes(self) -> list[str]:
        mistakes = []
        for name in PARTITIONS:
            first, last = self.split.span(name)
            if first >= last:
                mistakes.append(f"split.{name}: {iso(first)} is not before {iso(last)}; write [from, to], to excluded")
        for earlier, later in pairwise(PARTITIONS):
            end, start = self.split.span(earlier)[1], self.split.span(later)[0]
            if start < end:
                mistakes.append(f"split.{later}: starts {iso(start)}, before {earlier} ends; start it at {iso(end)} or later")
        if mistakes:
            return mistakes
        for name in ("validation", "sealed"):
            first, last = self.bounds(name)
            if first >= last:
                mistakes.append(f"split.{name}: nothing is left after the gap of {to_duration(self.gap)}; make it longer")
        return mistakes

    def _series_mistakes(self) -> list[str]:
        mistakes = []
        if not self.traded:
            kinds = name_traded_kinds()
            mistakes.append(f"series: none is of {kinds}, by which moments and fills go; add one with kind: {kinds}")
        seen: dict[object, str] = {}
        for name, series in self.series.items():
            if self.simulated and (series.source or series.splice):
                key = "source" if series.source else "splice"
                mistakes.append(f"series.{name}.{key}: a simulated dataset has none; remove it")
            if not self.simulated and not series.source:
                provider = next(iter(PROVIDERS))
                mistakes.append(
                    f"series.{name}.source: missing; add {{use: files, files: ...}} or {{use: {provider}, symbol: ...}}"
                )
            mistakes += self._joint_mistakes(name, series)
            if series.source:
                twin = seen.setdefault((series.kind, series.source.model_dump_json(), series.period), name)
                if twin != name:
                    mistakes.append(f"series.{name}: the same source as series.{twin}; keep one of the two spellings")
        if self.simulated:
            first = moment(self.simulated.start)
            last = first + self.simulated.days * DAY
            if self.span[0] < first or self.span[1] > last:
                mistakes.append(
                    f"split: reaches outside the simulated {iso(first)} .. {iso(last)}; keep inside, or draw more days"
                )
        return mistakes

    def _joint_mistakes(self, name: str, series: SeriesSpec) -> list[str]:
        """Find joints in the sealed part, of whose step nobody may hear and across which an exam would trade."""
        end = self.split.span("validation")[1]
        return [
            f"series.{name}.splice.{place}: until {joint.until} lies after validation, across which an exam would trade; "
            f"use one source from {iso(end)} on, or move the split"
            for place, joint in enumerate(series.splice)
            if joint.moment > end
        ]

    def _baseline_mistakes(self) -> list[str]:
        series = (self.baseline or "").partition(".")[0]
        if not series or series in self.series:
            return []
        return [f"baseline: '{series}' is no series here; write series.column with one of {', '.join(sorted(self.series))}"]


def load_spec(source: Path | str | dict[str, Any]) -> DatasetSpec:
    """Read a dataset file.

    Parameters
    ----------
    source : Path, str or dict
        The file, its text, or what it holds.

    Raises
    ------
    DataError
        One line a mistake: the key as written, what came, what is allowed.
    """
    try:
        raw = source if isinstance(source, dict) else plainyaml.read(_text(source))
    except ValueError as error:
        raise DataError(f"dataset file: {error}") from None
    if not isinstance(raw, dict):
        raise DataError("dataset file: not a mapping; it starts with 'dataset: name'")
    try:
        return DatasetSpec.model_validate(raw)
    except ValidationError as error:
        raise DataError(*lines_of(error, raw, _allowed)) from None


def _text(source: Path | str) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{source.name}: {error.strerror}; name an existing dataset file") from None
    except UnicodeDecodeError:
        raise DataError(f"{source.name}: not UTF-8 text; a dataset file is YAML") from None


def _allowed(path: tuple[str, ...], holder: dict[str, Any]) -> set[str]:
    """List the keys that the mapping at `path` may have."""
    models: dict[tuple[str, int], type[BaseModel]] = {
        ("simulated", 1): Simulated,
        ("split", 1): Split,
        ("series", 2): SeriesSpec,
        ("series", 3): Publication if path[2:] == ("published",) else Files if holder.get("use") == "files" else Download,
        ("series", 4): Splice if path[2:3] == ("splice",) else Adjustment,
        ("series", 5): Files if holder.get("use") == "files" else Download,
        ("contracts", 2): Binary if holder.get("use") == "binary" else Perpetual,
    }
    model = models.get((path[0], len(path))) if path else DatasetSpec
    return set(model.model_fields) if model else set()
