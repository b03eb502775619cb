"""What a provider of rows offers. Pure: what takes a network is imported where it works."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from factory.core.progress import Progress
from factory.market.publication import Publication


class Provider(Protocol):
    """Where rows of some markets are published, and how they come from there."""

    @property
    def name(self) -> str:
        """What ``source: {use: ...}`` of a dataset file calls it."""

    @property
    def command(self) -> str:
        """What ``rfcat data fetch`` calls it."""

    @property
    def title(self) -> str:
        """What a sentence calls it."""

    @property
    def about(self) -> str:
        """Which of its markets these are, in a few words."""

    @property
    def page(self) -> str:
        """Address of the documentation of what it publishes."""

    @property
    def symbols(self) -> str:
        """Pattern of what it calls its series: letters, digits, ``_`` and ``-``, as files are named by it."""

    @property
    def example(self) -> str:
        """One of them."""

    @property
    def unit(self) -> str:
        """What the values in its files count, whatever it publishes them in; empty of prices."""

    @property
    def calendar(self) -> Publication | None:
        """When it publishes values, where their stamps do not tell; a dataset file may not say earlier."""

    @property
    def least_delay(self) -> str:
        """The least whole delay from a stamp by which each of its values is published; "0" where stamps tell."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of series that it serves, the usual one first."""

    @property
    def periods(self) -> tuple[str, ...]:
        """Periods that it offers, as a dataset file writes them."""

    @property
    def layout(self) -> tuple[str, ...]:
        """Columns of its files that have no header, in order, the stamps' among them."""

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download what a folder lacks from a moment up to the last row that is over, going on where it was interrupted.

        Parameters
        ----------
        symbol : str
            As the provider spells it.
        period : duration
            One of :attr:`periods`.
        start_ms : int
            First moment wanted, ms UTC; earlier rows may come too.
        folder : Path
            Exists. Files are left there that :func:`~factory.market.readers.read_files` reads.
        progress : Progress
            Told about each file.

        Raises
        ------
        DataError
            If the symbol does not exist there, a file is not what the provider says it is, or it does not answer.
        """

    def find_files(self, folder: Path) -> list[Path]:
        """Find the files in a folder that are whole, sorted; none of a download that was interrupted."""


class KnownByStamps:
    """What is the same of all providers of prices and rates whose stamps tell when they were known."""

    unit: str = ""
    calendar: Publication | None = None
    least_delay: str = "0"


@runtime_checkable
class ManyExchanges(Provider, Protocol):
    """A provider of many exchanges, of which a dataset file names one with ``exchange:``."""

    def at_exchange(self, exchange: str) -> Provider:
        """Return the provider of one exchange's rows."""
