"""The CUSUM filter of a pipeline on one partition: what it reads, its running sums, and other thresholds.

The symmetric filter is that of Lam and Yam (1997), "CUSUM Techniques for Technical Trading in Financial Markets", as López de
Prado uses it to sample (Advances in Financial Machine Learning, 2018, section 2.5.2.1).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.expressions.columns import Columns
from factory.expressions.grammar import Expression
from factory.learning.event_kernels import cusum_sums
from factory.learning.sampling import at_bars, cusum
from factory.market.series import Series


@dataclass(frozen=True, slots=True)
class CusumFilter:
    """What a CUSUM filter reads on one partition, rows before its start included.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Measured quantity.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing.
    threshold : ndarray of float64, shape (n,) or (1,)
        In units of `values`.
    start, end : int
        Bounds of decisions, ms UTC.
    period : int
        Milliseconds between rows.
    """

    values: NDArray[float64]
    known: NDArray[int64]
    threshold: NDArray[float64]
    start: int
    end: int
    period: int

    def scale(self, multiple: float) -> "CusumFilter":
        """Make the filter with a multiple of the threshold."""
        return replace(self, threshold=self.threshold * multiple)

    def until(self, row: int) -> "CusumFilter":
        """Make the filter on the rows before some position."""
        threshold = self.threshold if len(self.threshold) == 1 else self.threshold[:row]
        return replace(self, values=self.values[:row], known=self.known[:row], threshold=threshold)

    def find_events(self) -> NDArray[int64]:
        """Find the moments at which it fires, ms UTC, increasing."""
        return cusum(self.values, self.known, self.threshold, self.start, self.end)

    def find_decisions(self, bars: Series) -> NDArray[int64]:
        """Find the beginnings of bars at which its events are acted on, ms UTC, increasing."""
        times = at_bars(self.find_events(), bars)
        return np.asarray(times[times < self.end])

    def compute_sums(self) -> tuple[NDArray[float64], NDArray[float64], NDArray[int8]]:
        """Compute both running sums and where each side fires, on all rows: see :func:`cusum_sums`."""
        sums: tuple[NDArray[float64], NDArray[float64], NDArray[int8]] = cusum_sums(self.values, self.threshold)
        return sums


def read_filter(columns: Columns, of: Expression, threshold: Expression | float) -> CusumFilter:
    """Read what a CUSUM filter measures, and its threshold as known at each of those rows."""
    measured, partition = columns.column(of), columns.partition
    band = np.array([threshold]) if isinstance(threshold, float) else columns.at(threshold, measured.known)
    return CusumFilter(measured.values, measured.known, band, partition.start, partition.end, measured.period)
