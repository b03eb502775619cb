"""What was traded in each period: open, high, low, close and volume."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from factory.core.errors import DataError
from factory.market.bar_columns import BARS, COINS, FLOW, PRICES, QUOTED
from factory.market.questions import Question
from factory.market.series_kinds.base import Aggregation, Header, SeriesKind

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from factory.market.faults import Fault

ALIASES = {"count": "number_of_trades"}
STEMS = {"volume": "vol"}
"""What a column's name has in it that may be meant by a missing one, where that is not its whole name."""
AGGREGATIONS: dict[str, Aggregation] = {"open": "first", "high": "greatest", "low": "least"}


class Bars(SeriesKind):
    """Bars, stamped at their open and known at their close."""

    name = "bars"
    about = "what was traded in each period, stamped at its open"
    columns = BARS
    takes_any_column = False
    is_stamped_at_open = True
    is_traded = True

    def extent(self, period: int, delay: int) -> int:
        """Return the time up to the close."""
        return period

    def known_after(self, period: int, delay: int) -> int:
        """Return the time up to the close, plus the delay."""
        return period + delay

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose open, high, low, close and volume, and the order flow that is there."""
        for name in BARS if header.counts_volume else PRICES:
            if name not in header.others:
                raise _ask_missing(header, name)
        known = {ALIASES.get(name, name): label for name, label in header.others.items()}
        return {name: label for name, label in known.items() if name in (*BARS, *FLOW)}

    def aggregation(self, column: str) -> Aggregation:
        """Choose how a column is aggregated: open first, high greatest, low least, volumes and counts in total, else last."""
        return "total" if column in ("volume", *FLOW) else AGGREGATIONS.get(column, "last")

    def adjustment_power(self, column: str) -> Literal[-1, 0, 1]:
        """Choose a column's power: prices are multiplied, counts of coins divided, what counts money or trades stays."""
        return -1 if column in COINS else 0 if column in QUOTED else 1

    def find_uncounted(self, columns: "Mapping[str, NDArray[float64]]") -> tuple[str, ...]:
        """Find a volume that is nowhere above nothing."""
        from factory.market.bar_checks import counts_nothing

        return ("volume",) if "volume" in columns and counts_nothing(columns["volume"]) else ()

    def find_wrong_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find cells that are missing, prices and volumes that contradict each other."""
        from factory.market.bar_checks import find_wrong_bars

        return find_wrong_bars(columns)

    def has_grown(self, columns: "Mapping[str, NDArray[float64]]", early: int, late: int) -> bool:
        """Check that a bar opened alike, its range and what was traded are no less, and it is not the same."""
        from factory.market.bar_checks import has_grown

        return has_grown(columns, early, late)

    def find_notable_runs(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find bars without volume."""
        return {"runs without volume": columns["volume"] == 0} if "volume" in columns else {}

    def find_notable_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find steps of the price that are far from its usual ones."""
        from factory.market.bar_checks import find_jumps

        return {"jumps": find_jumps(columns["close"])}

    def find_faults(
        self,
        time: "NDArray[int64]",
        columns: "Mapping[str, NDArray[float64]]",
        period: int,
        declared: Collection[int],
        places: "NDArray[int64] | None" = None,
    ) -> "tuple[Fault, ...]":
        """Find changes of level, volumes that count something else, feeds that stood still."""
        from factory.market.bar_faults import find_bar_faults

        return find_bar_faults(time, columns, period, declared, places)


def _ask_missing(header: Header, name: str) -> DataError:
    """Ask what to do where a column of bars is not in a file."""
    if {"ask_px_1", "bid_px_1"} & {*header.held}:
        mend = "give it a series of its own with kind: depth (docs/datasets.md)"
        return DataError(f"{header.file}: an order book, and no bars; {mend}")
    alike = [label for lower, label in header.held.items() if STEMS.get(name, name) in lower and lower not in (*BARS, *FLOW)]
    asked = f"say which it is with source: {{columns: {{{name}: {alike[0]}}}}}" if alike else ""
    mend = f"of {', '.join(alike)}, {asked}" if asked else f"bars need {', '.join(BARS)}"
    none = ", or source: {columns: {volume: none}} if none is counted" if name == "volume" and not alike else ""
    says = f"{header.file}: no column '{name}'"
    if name != "volume":
        return DataError(f"{says}; {mend}{none}")
    return Question(name, says, f"{mend}{none}", choices=alike)
