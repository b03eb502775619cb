"""A whole book to which updates are applied."""

from collections.abc import Sequence

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.market.books import kernels
from factory.market.books.sequence import Update


class Rebuilder:
    """A whole book, of which the first levels are told.

    Parameters
    ----------
    levels : int
        How many.
    """

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._held, self._amounts = np.empty((2, 0)), np.empty((2, 0))
        self._counts = np.zeros(2, int64)

    def clear(self) -> None:
        """Forget the book."""
        self._counts[:] = 0

    def apply(self, file: str, updates: Sequence[Update]) -> NDArray[float64]:
        """Apply updates to the book, and return the first levels after each, shape (n, 4 * levels).

        Raises
        ------
        DataError
            If a price or size is no number or below 0.
        """
        lengths = np.array([len(cells) for update in updates for cells in (update.asks, update.bids)], int64)
        starts = np.concatenate(([0], np.cumsum(lengths)[1::2])).astype(int64)
        cells = self._parse(file, updates, starts)
        self._widen(len(cells))
        books = np.empty((len(updates), 4 * self._levels))
        which = np.repeat(np.tile([kernels.ASK, kernels.BID], len(updates)), lengths)
        prices, sizes = np.ascontiguousarray(cells[:, 0]), np.ascontiguousarray(cells[:, 1])
        kernels.rebuild(starts, which, prices, sizes, self._held, self._amounts, self._counts, books)
        return books

    def _parse(self, file: str, updates: Sequence[Update], starts: NDArray[int64]) -> NDArray[float64]:
        """Read the levels of updates, shape (m, 2).

        No object is kept for a level: so many would set off garbage collections over all that the process holds.
        """
        try:
            numbers = np.array(
                [
                    float(text)
                    for update in updates
                    for cells in (update.asks, update.bids)
                    for price, size in cells
                    for text in (price, size)
                ]
            ).reshape(-1, 2)
        except (TypeError, ValueError):
            raise DataError(
                f"{file} line {updates[0].place} or after: a price or size that is no number; get it again"
            ) from None
        wrong = ~((numbers[:, 0] > 0) & (numbers[:, 1] >= 0) & np.isfinite(numbers[:, 0] + numbers[:, 1]))
        if wrong.any():
            place = updates[int(np.searchsorted(starts, np.argmax(wrong), "right")) - 1].place
            raise DataError(
                f"{file} line {place}: a price that is not above 0, or a size below it; correct or remove that line"
            )
        return numbers

    def _widen(self, more: int) -> None:
        """Make room for so many new levels a side."""
        needed, held = int(self._counts.max()) + more, self._held.shape[1]
        if needed > held:
            wider = np.zeros((2, 2, 2 * needed))
            wider[0, :, :held], wider[1, :, :held] = self._held, self._amounts
            self._held, self._amounts = np.ascontiguousarray(wider[0]), np.ascontiguousarray(wider[1])
