"""What a kind of series says of its rows. Pure: what takes numpy is imported where it works."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal

from factory.core.errors import DataError

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from factory.market.faults import Fault

Aggregation = Literal["first", "last", "greatest", "least", "total"]
"""Which value of some rows their coarser row has."""


@dataclass(frozen=True)
class Header:
    """The columns of one file, among which a kind chooses.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    held : mapping of str to str
        All labels as the file has them, by themselves in small letters.
    named : mapping of str to str
        Labels that the dataset file names, by the names that it gives them; not those of the stamps.
    others : mapping of str to str
        All labels but those of the stamps, in small letters, by their names in the dataset.
    counts_volume : bool
        False where the dataset file says that no volume is counted.
    """

    file: str
    held: Mapping[str, str]
    named: Mapping[str, str]
    others: Mapping[str, str]
    counts_volume: bool


class SeriesKind(ABC):
    """One kind of series: what its rows hold, when they are known, what is wrong with them, what may be done with them.

    What is not said anew holds of numbers that somebody publishes: any columns, the last of a span is the span's, nothing
    trades by them.

    Attributes
    ----------
    name : str
        What ``kind:`` of a dataset file calls it.
    about : str
        What one row is, in a few words.
    columns : tuple of str
        Those that its rows begin with; none where there are no usual ones.
    takes_any_column : bool
        Whether rows have what their source has; else no column says more than its name.
    needs_delay : bool
        Whether a row's stamp does not tell when it is published, so that a dataset file must.
    is_stamped_at_open : bool
        Whether rows that divide a day stand at its multiples, UTC, and cover the time up to the next.
    is_traded : bool
        Whether its rows fill and settle trades and labels; they then have open, high, low and close.
    gives_odds : bool
        Whether a column ``up`` of it may be the recorded price of a binary contract.
    settles : tuple of str
        Ways in which its rows may settle windows of a binary contract, as ``settle: {use: ...}`` calls them.
    gives_funding : bool
        Whether a column of it may be the recorded funding of a perpetual.
    holds_books : bool
        Whether its rows are order books, made from events by :mod:`factory.market.books`.
    words : mapping of str to float
        What cells in words count, by the word in small letters.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ()
    takes_any_column: ClassVar[bool] = True
    needs_delay: ClassVar[bool] = False
    is_stamped_at_open: ClassVar[bool] = False
    is_traded: ClassVar[bool] = False
    gives_odds: ClassVar[bool] = False
    settles: ClassVar[tuple[str, ...]] = ()
    gives_funding: ClassVar[bool] = False
    holds_books: ClassVar[bool] = False
    words: ClassVar[Mapping[str, float]] = MappingProxyType({})

    @abstractmethod
    def extent(self, period: int, delay: int) -> int:
        """Return the milliseconds after its stamp that a row may tell of."""

    @abstractmethod
    def known_after(self, period: int, delay: int) -> int:
        """Return the milliseconds from a row's stamp to when it is known; never less than what it tells of."""

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose the labels of the columns to read from a file, by their names in the dataset.

        Raises
        ------
        DataError
            If one that the kind needs is not there.
        """
        chosen = dict(header.named or header.others)
        if not chosen:
            raise DataError(f"{header.file}: no column beside the stamps; a series of {self.name} needs one")
        return chosen

    def derive_columns(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[float64]]":
        """Add the columns that follow from those of a file."""
        return dict(columns)

    def aggregation(self, column: str) -> Aggregation:
        """Choose which of a column's rows a coarser row of them has."""
        return "last"

    def adjustment_power(self, column: str) -> Literal[-1, 0, 1]:
        """Tell whether a declared factor multiplies a column (1), divides it (-1) or leaves it (0)."""
        return 1

    def find_uncounted(self, columns: "Mapping[str, NDArray[float64]]") -> tuple[str, ...]:
        """Find columns in which nothing is counted, which are left out."""
        return ()

    def find_wrong_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find rows that cannot be, by what is wrong with them.

        Infinite numbers and conflicting duplicates are found for all.
        """
        return {}

    def has_grown(self, columns: "Mapping[str, NDArray[float64]]", early: int, late: int) -> bool:
        """Check whether one row of a stamp may be what became of another of that stamp, which was not over yet."""
        return False

    def find_notable_runs(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find rows of which a person should know where many stand in a row."""
        return {}

    def find_notable_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find rows of which a person should know."""
        return {}

    def find_faults(
        self,
        time: "NDArray[int64]",
        columns: "Mapping[str, NDArray[float64]]",
        period: int,
        declared: Collection[int],
        places: "NDArray[int64] | None" = None,
    ) -> "tuple[Fault, ...]":
        """Find what would falsify a trial on rows that are each possible.

        Parameters
        ----------
        time : ndarray of int64, shape (n,)
            Stamps, increasing.
        columns : mapping of str to ndarray of float64, shape (n,)
            What passed :meth:`find_wrong_rows`.
        period : int
            Milliseconds from row to row.
        declared : collection of int
            Moments at which a person declared a change of scale, ms UTC.
        places : ndarray of int64, shape (n,), optional
            Number of each row among those that a calendar expects; default: by the time alone.
        """
        return ()
