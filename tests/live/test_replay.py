"""Rows that come one by one give the decisions and trades of a backtest of all of them (law 7)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE
from factory.expressions.columns import Columns
from factory.flow import fit
from factory.live.parity import compare_with_backtest
from factory.live.replay import Row, begin_market, list_rows, live_partition, replay
from factory.live.strategy import LiveStrategy
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.pipeline import load_shipped
from factory.pipeline.checks import check_pipeline
from factory.workshop import Workshop

ETH = {
    "use": "long_or_short", "contract": "eth-perpetual", "enter": 0.52, "exit": {"use": "after", "hold": "4h"},
    "size": {"use": "fixed", "share": 0.5},
}  # fmt: skip
CASES = {
    "five minutes": ("btc-up-or-down-5m", 2, {}),
    "a proxy": ("btc-up-or-down-proxy", 1, {}),
    "events and barriers": ("btc-long-short", 12, {}),
    "refits": ("btc-long-short", 12, {"refit": {"every": "5d", "window": "365d"}}),
    "two contracts": ("btc-long-short", 12, {"also": {"eth": ETH}}),
}
"""A shipped strategy, the days that are replayed, and what is changed of it."""
MOST_SIGNALS = 150


@dataclass(frozen=True)
class Case:
    """What is replayed.

    Parameters
    ----------
    begin : callable
        Gives a strategy that has decided nothing yet.
    rows : Partition
        All rows, with the bounds of decisions.
    done : LiveStrategy
        One that was fed all of them.
    signals : dict of int to (int, float)
        Side and size of the trades of some decisions, by moment, as they were known then.
    asked : set of int
        The moments of these decisions.
    """

    begin: Callable[[], LiveStrategy]
    rows: Partition
    done: LiveStrategy
    signals: dict[int, set[tuple[int, float]]]
    asked: set[int]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest, simulated: Workshop) -> Case:
    name, days, changes = CASES[request.param]
    whole = open_partition(simulated.workspace, "btc-sim", "validation")
    rows = live_partition(whole, whole.start, whole.start + days * DAY)
    pipeline = load_shipped()[name].changed(changes)
    spec, meta = simulated.catalog.spec("btc-sim"), simulated.catalog.meta("btc-sim")
    reach = max(check_pipeline(pipeline, spec, meta).look_back.values())
    fitted = fit(pipeline, Columns(open_partition(simulated.workspace, "btc-sim", "train"), None))

    def start() -> LiveStrategy:
        return LiveStrategy(pipeline, fitted, begin_market(rows, rows.start), reach, rows.start)

    done, asked, signals = start(), set[int](), {}
    for decided in replay(done, list_rows(rows.series, rows.start, rows.end - 1), rows.end - 1):
        if len(asked) < MOST_SIGNALS:
            now = int(decided.times[-1])
            asked.add(now)
            signals |= {at: trades for at, trades in list_trades(done, now).items() if at == now}
    return Case(start, rows, done, signals, asked)


def list_trades(strategy: LiveStrategy, now: int) -> dict[int, set[tuple[int, float]]]:
    """Side and size of the trades that begin at each moment."""
    account = strategy.account(now)
    assert account is not None
    trades, made = account.trades, dict[int, set[tuple[int, float]]]()
    for at, side, size in zip(trades.entry_ms.tolist(), trades.side.tolist(), trades.size.tolist(), strict=True):
        made.setdefault(at, set()).add((side, size))
    return made


def test_law_7_a_replay_decides_and_trades_as_the_backtest(case: Case) -> None:
    differing = compare_with_backtest(case.done, case.done.account(case.rows.end), case.rows)
    assert differing["decisions"] > 20
    assert differing["trades"] > 1
    assert (differing["decisions_differ"], differing["trades_differ"]) == (0, 0)


def test_a_signal_at_a_decision_is_what_the_trade_becomes(case: Case) -> None:
    """Its side and its size are known before the bar comes that fills it."""
    made = {at: trades for at, trades in list_trades(case.done, case.rows.end).items() if at in case.asked}
    assert made
    assert case.signals == made


def test_a_row_changed_after_a_decision_changes_nothing_that_was_decided(case: Case) -> None:
    """What is fed later cannot reach back."""
    half = (case.rows.start + case.rows.end) // 2

    def change(row: Row) -> Row:
        moved = {name: value * 1.5 for name, value in row.values.items()}
        return replace(row, values=moved if row.known > half and row.time % (7 * MINUTE) == 0 else row.values)

    other = case.begin()
    list(replay(other, map(change, list_rows(case.rows.series, case.rows.start, case.rows.end - 1)), case.rows.end - 1))
    (times, p), (others, q) = case.done.chances, other.chances
    assert np.array_equal(times[times <= half], others[others <= half])
    assert np.array_equal(p[times <= half], q[others <= half])
    assert not np.array_equal(p, q)


@pytest.mark.parametrize("minute", [98, 100])
def test_a_minute_that_did_not_come_is_missing(case: Case, minute: int) -> None:
    """From the moment at which it would have been known, as where all rows are there at once."""
    strategy, end = case.begin(), case.rows.start + DAY // 4
    gone = case.rows.start + minute * MINUTE
    rows = [row for row in list_rows(case.rows.series, case.rows.start, end) if (row.series, row.time) != ("btc", gone)]
    list(replay(strategy, iter(rows), end))
    series = strategy.market.series["btc"].since(gone)
    assert series.time[0] == gone
    assert np.isnan(series.columns["close"][0])
    times, _ = strategy.chances
    assert not ((times > gone) & (times <= gone + 20 * MINUTE)).any()


@pytest.mark.parametrize("shift", [0, -MINUTE, 30_000])
def test_a_row_out_of_order_is_refused(case: Case, shift: int) -> None:
    series = case.begin().market.series["btc"]
    last = int(series.since(0).time[-1])
    values = dict.fromkeys(series.since(0).columns, 1.0)
    with pytest.raises(DataError, match="come in order"):
        series.append(last + shift, last + MINUTE, values)
