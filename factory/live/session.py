"""A strategy on a live feed: what it needs, its history, and minute by minute what it decided."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from factory.backtest.result import OUTCOMES
from factory.core.errors import DataError
from factory.core.progress import Progress, no_progress
from factory.core.times import DAY, iso, now_ms, to_ms
from factory.expressions.columns import Columns
from factory.flow import fit
from factory.live.feed import BarFeed, Minute, Pace
from factory.live.gate import Bar
from factory.live.rolling import RollingMarket
from factory.live.strategy import Account, LiveStrategy
from factory.market.catalog import OVERSHOOT, Catalog
from factory.market.contracts import Binary, Contract
from factory.market.dataset import open_partition
from factory.market.files import Download
from factory.market.series import Series
from factory.market.sources.binance import BINANCE, Binance
from factory.market.sources.binance_klines import STREAMS
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.pipeline.checks import check_pipeline
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace

HISTORY = 3
"""Times what features reach back that is read before the first decision."""
MOST_LATE = 10.0
"""Seconds after its end from which on nothing is decided on a minute: the price that was decided on is gone."""


@dataclass(frozen=True)
class Signal:
    """What was decided at one moment.

    Parameters
    ----------
    time : int
        ms UTC.
    p : float
        Chance of up.
    outcome : str
        What becomes of it, of :data:`~factory.backtest.result.OUTCOMES`.
    side : int
        1 long or Up, -1 short or Down, 0 none.
    size : float
        Share of the equity; of several contracts the sum.
    price : float
        The last close, at which it is taken to be filled; NaN of none.
    """

    time: int
    p: float
    outcome: str
    side: int
    size: float
    price: float


class Session:
    """Feeds minutes to a strategy and tells its signals.

    Parameters
    ----------
    strategy : LiveStrategy
        With its history.
    tell : callable
        Told each signal, with the account after it.
    say : callable
        Told a line when minutes begin to come too late, and when they come in time again.
    """

    def __init__(self, strategy: LiveStrategy, tell: Callable[[Signal, Account], None], say: Callable[[str], None]) -> None:
        self.strategy, self.tell, self.say = strategy, tell, say
        self.passed, self._is_late = 0, False

    def take_in(self, minute: Minute) -> None:
        """Append the bars of a minute and decide at its end; nothing is decided late."""
        for bar in minute.bars:
            series = self.strategy.market.series[bar.series]
            if bar.time > series.last:
                series.append(bar.time, minute.end + series.delay, {name: bar.values[name] for name in series.columns})
        self._warn(minute)
        if self._is_late:
            self.passed += len(self.strategy.pass_over(minute.end))
            return
        if len(self.strategy.decide(minute.end)):
            account = self.strategy.account(minute.end)
            assert account is not None, "something was decided"
            self.tell(self._read_signal(account), account)

    def _warn(self, minute: Minute) -> None:
        """Say when minutes begin to come too late to decide on, and when that is over."""
        was, self._is_late = self._is_late, minute.late > MOST_LATE
        if self._is_late and not was:
            self.say(
                f"{iso(minute.end)}: came {minute.late:.0f} s after its end, and nothing is decided after {MOST_LATE:g}; the "
                "feed was interrupted, or this machine's clock is ahead"
            )
        elif was and not self._is_late:
            self.say(f"{iso(minute.end)}: in time again; {self.passed} decisions were passed over so far")

    def _read_signal(self, account: Account) -> Signal:
        """Read what the last decision comes to."""
        times, p = self.strategy.chances
        trades, last = account.trades, len(times) - 1
        mine = np.flatnonzero(trades.decision == last)
        side, size = (int(trades.side[mine[0]]), float(trades.size[mine].sum())) if len(mine) else (0, 0.0)
        price = float(trades.price[mine[0]]) if len(mine) else float("nan")
        return Signal(int(times[last]), float(p[last]), OUTCOMES[account.result.outcome[last]], side, size, price)


def require_live(pipeline: Pipeline, spec: DatasetSpec) -> tuple[Binance, dict[str, str], str]:
    """Check that a pipeline can run on live bars, and find where they come from.

    Returns
    -------
    market : Binance
    symbols : dict of str to str
        By series that the pipeline reads or trades on what the exchange calls it.
    period : duration
        Of their bars.

    Raises
    ------
    DataError
        One line for each thing that is not fed live yet.
    """
    needed = {pipeline.label.of, *(name for one in pipeline.expressions().values() for name in one.series)}
    mistakes = ["refit: a strategy that is refitted is not run live yet; remove refit"] if pipeline.refit else []
    for name in (*pipeline.contracts, *pipeline.targets):
        contract = spec.contracts[name]
        needed.add(contract.of)
        if _reads_records(contract):
            mistakes.append(f"contracts.{name}: reads recorded prices, outcomes, books or funding, which are not fed live yet")
    symbols, markets, periods = dict[str, str](), set[str](), set[str]()
    for name in sorted(needed):
        source = spec.series[name].source
        if not isinstance(source, Download) or source.use not in STREAMS or source.earlier:
            mistakes.append(f"series.{name}: only bars of one symbol from {' or '.join(STREAMS)} are fed live yet")
            continue
        symbols[name] = source.symbol
        markets.add(source.use)
        periods.add(spec.series[name].period)
    if not mistakes and (len(markets) > 1 or len(periods) > 1):
        mistakes.append("series: of two markets or periods; a strategy that is fed live reads one of each")
    if mistakes:
        raise DataError(*mistakes)
    return next(one for one in BINANCE if one.name in markets), symbols, periods.pop()


def _reads_records(contract: Contract) -> bool:
    """Check whether fills or outcomes of a contract hang on other rows than its bars."""
    if isinstance(contract, Binary):
        return contract.odds is not None or not contract.settles_by_bars
    return contract.book is not None or contract.funding_column is not None


def run_live(
    workspace: Workspace,
    pipeline: Pipeline,
    tell: Callable[[Signal, Account], None],
    say: Callable[[str], None],
    pace: Pace | None = None,
    progress: Progress = no_progress,
    clock: Callable[[], int] = now_ms,
) -> None:
    """Run a pipeline on live bars, on paper, until interrupted.

    Parameters
    ----------
    tell : callable
        Told each signal, with the account after it.
    say : callable
        Told a line whenever something was amiss.
    pace, clock
        As of :class:`~factory.live.feed.BarFeed`.

    Raises
    ------
    DataError
        If it cannot be fed live, or the exchange does not answer.
    """
    catalog = Catalog(workspace)
    spec, meta = catalog.spec(pipeline.data), catalog.meta(pipeline.data)
    market, symbols, period = require_live(pipeline, spec)
    reach = max(check_pipeline(pipeline, spec, meta).look_back.values())
    fitted = fit(pipeline, Columns(open_partition(workspace, pipeline.data, "train"), Cache(workspace.cache)), progress)
    feed = BarFeed(market, symbols, period, say, pace, clock)
    due = -(-clock() // to_ms(period)) * to_ms(period)
    bars = asyncio.run(_fetch_history(feed, due - HISTORY * (2 * reach + DAY), due))
    history = {name: make_series(name, spec, meta["series"][name], bars[name]) for name in symbols}
    rolling = RollingMarket(spec.dataset, spec.contracts, history, f"live.{due}")
    strategy = LiveStrategy(pipeline, fitted, rolling, reach, due)
    due = min(series.last for series in rolling.series.values()) + to_ms(period)
    asyncio.run(feed.run(due, Session(strategy, tell, say).take_in))


async def _fetch_history(feed: BarFeed, start: int, before: int) -> dict[str, list[Bar]]:
    async with httpx.AsyncClient(timeout=30) as client:
        return {name: await feed.fetch(client, name, start, before) for name in feed.symbols}


def make_series(name: str, spec: DatasetSpec, facts: Mapping[str, Any], bars: list[Bar]) -> Series:
    """Lay bars on the grid of a series of a dataset, with the columns that it has there.

    Raises
    ------
    DataError
        If there is none.
    """
    if not bars:
        raise DataError(f"series.{name}: the exchange has no bars to begin with; check its symbol")
    period, delay = int(facts["period"]), int(facts["delay"])
    time = np.arange(bars[0].time, bars[-1].time + 1, period)
    place = np.array([bar.time - bars[0].time for bar in bars]) // period
    columns = {}
    for column in facts["columns"]:
        columns[column] = np.full(len(time), np.nan)
        columns[column][place] = [bar.values[column] for bar in bars]
    return Series(name, spec.series[name].kind, period, delay, time, time + period + delay, columns, facts[OVERSHOOT])
