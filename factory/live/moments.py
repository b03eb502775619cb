"""When a pipeline decides, as rows come."""

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from factory.expressions.columns import Columns
from factory.learning.cusum_filter import CusumFilter, read_filter
from factory.learning.decision_table import keep_fitting, sample
from factory.learning.event_kernels import cusum_sums
from factory.learning.sampling import at_bars
from factory.live.rolling import RollingMarket
from factory.pipeline import Pipeline
from factory.pipeline.parts.samples import Cusum

EVER = 2**62
NONE = np.empty(0, int64)


class RunningFilter:
    """A CUSUM filter that goes on from row to row: its sums depend on all rows before, so they are kept.

    Parameters
    ----------
    history : CusumFilter
        On all rows known when it begins.
    """

    def __init__(self, history: CusumFilter) -> None:
        self._up = self._down = 0.0
        self._known = -EVER
        self.find_events(history)

    def find_events(self, of: CusumFilter) -> NDArray[int64]:
        """Find the events of the rows since the last call, ms UTC.

        Parameters
        ----------
        of : CusumFilter
            On rows of which at least the last one of the call before is there again.
        """
        first = max(0, int(np.searchsorted(of.known, self._known, side="right")) - 1)
        band = of.threshold if len(of.threshold) == 1 else of.threshold[first:]
        ups, downs, fired = cusum_sums(of.values[first:], band, self._up, self._down)
        known = of.known[first:]
        if len(known):
            self._up, self._down, self._known = ups[-1] * (fired[-1] != 1), downs[-1] * (fired[-1] != -1), int(known[-1])
        fired[:1] = 0
        return np.asarray(known[fired != 0])


class Moments:
    """The moments of a pipeline's decisions.

    Parameters
    ----------
    pipeline : Pipeline
        Whose.
    market : RollingMarket
        The rows known when it begins.
    reach : int
        How far back rows are needed, ms.
    start : int
        First moment of decisions, ms UTC.
    """

    def __init__(self, pipeline: Pipeline, market: RollingMarket, reach: int, start: int) -> None:
        self._pipeline, self._market, self._reach = pipeline, market, reach
        self._pending = NONE
        history = Columns(market.partition(-EVER, start, start))
        self._filter = RunningFilter(self._read_filter(history)) if isinstance(pipeline.sample, Cusum) else None

    def find(self, begun: int, now: int) -> NDArray[int64]:
        """Find the moments in [begun, now], ms UTC."""
        fills = self._pipeline.label.of
        if self._filter is None:
            # What became known inside the bar before is acted on when the next one begins.
            start = begun - self._market.series[fills].period
            times = sample(self._pipeline, Columns(self._market.partition(start - self._reach, start, now + 1)))
            return times[times >= begun]
        columns = Columns(self._market.partition(begun - self._reach, begun, now + 1))
        events = self._filter.find_events(self._read_filter(columns))
        bars = columns.partition.series[fills]
        times = at_bars(np.append(self._pending, events), bars)
        self._pending = times[times > now]
        return keep_fitting(self._pipeline, bars, times[times <= now])

    def _read_filter(self, columns: Columns) -> CusumFilter:
        part, expressions = self._pipeline.sample, self._pipeline.expressions()
        assert isinstance(part, Cusum), "only such a sample has a filter"
        band = part.threshold
        return read_filter(columns, expressions[part.of], expressions[band] if isinstance(band, str) else band)
