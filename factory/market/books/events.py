"""What loaders give: states of a book one after another, and trades, with the moments from which they count."""

from dataclasses import dataclass, field

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.market.series_spec import SeriesSpec

NANOS = 1_000_000
"""In a millisecond."""


@dataclass(frozen=True)
class Events:
    """States of one book in the order in which they came about.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    places : ndarray of int64, shape (n,)
        Row or line of each in the file, from 1.
    time : ndarray of int64, shape (n,)
        Moment from which each counts, ms UTC.
    books : ndarray of float64, shape (n, 4 * levels)
        As :func:`~factory.market.book_columns.book_columns` has them; NaN where a level is empty.
    broken : ndarray of bool, shape (n,)
        Whether the book is lost here, as where updates are missing; no later state follows from an earlier one across it.
    """

    file: str
    places: NDArray[int64]
    time: NDArray[int64]
    books: NDArray[float64]
    broken: NDArray[bool_]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, keep: NDArray[bool_]) -> "Events":
        """Select some of the events."""
        if keep.all():
            return self
        return Events(self.file, self.places[keep], self.time[keep], self.books[keep], self.broken[keep])


@dataclass(frozen=True)
class TradeEvents:
    """What was traded.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Moment from which each counts, ms UTC.
    size : ndarray of float64, shape (n,)
        As the book's sizes.
    is_buy : ndarray of bool, shape (n,)
        Whether the buyer took the offer.
    """

    time: NDArray[int64]
    size: NDArray[float64]
    is_buy: NDArray[bool_]


@dataclass
class Reading:
    """One pass over the files of a series.

    Parameters
    ----------
    spec : SeriesSpec
        What is to be read.
    notes : list of str
        What a person should know of how the files were read.
    """

    spec: SeriesSpec
    notes: list[str] = field(default_factory=list)


class ReceiverClock:
    """From when events of one file count: their own time, or the receiver's where that is later and can be believed.

    A receiver that on the median has events before they happened runs behind, and says nothing of when they arrived.
    """

    def __init__(self, file: str, notes: list[str]) -> None:
        self._file, self._notes = file, notes
        self._is_trusted: bool | None = None
        self._last = 0

    def stamp(self, event: NDArray[int64], received: NDArray[int64] | None) -> NDArray[int64]:
        """Compute the moments from which events count, ms UTC.

        Unless the receiver was judged before, it is by those of the first call.

        Parameters
        ----------
        event, received : ndarray of int64, shape (n,)
            ms UTC.
        """
        if received is None or not len(event):
            return event
        if self._is_trusted is None:
            self.judge(received - event)
        if not self._is_trusted:
            return event
        time = np.maximum.accumulate(np.maximum(np.maximum(event, received), self._last))
        self._last = int(time[-1])
        return time

    def judge(self, late: NDArray[int64]) -> None:
        """Decide whether the receiver's clock can be believed.

        Parameters
        ----------
        late : ndarray of int64, shape (n,)
            Milliseconds from some events to their receipt; none where nothing can be said.
        """
        middle = float(np.median(late)) if len(late) else 0.0
        self._is_trusted = middle >= 0
        if not self._is_trusted:
            self._notes.append(
                f"{self._file}: the receiver's clock runs {-middle:.0f} ms behind the exchange's and is not used: "
                "books count from the time of their event"
            )
