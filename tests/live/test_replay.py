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
from factory.live.replay import Row, begin, list_rows, live_partition, replay
from factory.live.strategy import LiveStrategy
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.pipeline import load_shipped
from factory.pipeline.checks import check_pipeline
from factory.pipeline.parts.trades import Refit
from factory.workshop import Workshop

CASES = {
    "five minutes": ("btc-up-or-down-5m", 3, {}),
    "a proxy": ("btc-up-or-down-proxy", 2, {}),
    "events and barriers": ("btc-long-short", 20, {}),
    "refits": ("btc-long-short", 20, {"every": "7d", "window": "200d"}),
}
"""A shipped strategy, the days that are replayed, and changes of its refit."""


MOST_SIGNALS = 150


@dataclass(frozen=True)
class Case:
    """What is replayed."""

    begin: Callable[[], LiveStrategy]
    rows: Partition


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest, simulated: Workshop) -> Case:
    name, days, refit = CASES[request.param]
    whole = open_partition(simulated.workspace, "btc-sim", "validation")
    rows = live_partition(whole, whole.start, whole.start + days * DAY)
    pipeline = load_shipped()[name]
    if refit:
        pipeline = pipeline.model_copy(update={"refit": Refit(**refit)})
    spec, meta = simulated.catalog.spec("btc-sim"), simulated.catalog.meta("btc-sim")
    reach = max(check_pipeline(pipeline, spec, meta).look_back.values())
    fitted = fit(pipeline, Columns(open_partition(simulated.workspace, "btc-sim", "train"), None))
    contract = spec.contracts[pipeline.trade.contract]
    return Case(lambda: LiveStrategy(pipeline, contract, fitted, begin(rows, rows.start), reach, rows.start), rows)


def test_law_7_a_replay_decides_and_trades_as_the_backtest(case: Case) -> None:
    strategy = case.begin()
    for _ in replay(strategy, list_rows(case.rows.series, case.rows.start, case.rows.end), case.rows.end - 1):
        pass
    account = strategy.account(case.rows.end)
    assert account is not None
    differing = compare_with_backtest(strategy, account, case.rows)
    assert differing["decisions"] > 20
    assert differing["trades"] > 1
    assert (differing["decisions_differ"], differing["trades_differ"]) == (0, 0)


def test_a_signal_at_a_decision_is_what_the_trade_becomes(case: Case) -> None:
    """Its side and its size are known before the bar comes that fills it."""
    strategy, end = case.begin(), case.rows.end - 1
    asked, signals = set[int](), {}
    for decided in replay(strategy, list_rows(case.rows.series, case.rows.start, end), end):
        if len(asked) < MOST_SIGNALS:
            now = int(decided.times[-1])
            asked.add(now)
            signals |= {at: trade for at, trade in list_trades(strategy, now).items() if at == now}
    made = {at: trade for at, trade in list_trades(strategy, end).items() if at in asked}
    assert made
    assert signals == made


def list_trades(strategy: LiveStrategy, now: int) -> dict[int, tuple[int, float]]:
    account = strategy.account(now)
    assert account is not None
    trades = account.trades
    return {int(at): (int(side), float(size)) for at, side, size in zip(trades.entry_ms, trades.side, trades.size, strict=True)}


def test_a_row_changed_after_a_decision_changes_nothing_that_was_decided(case: Case) -> None:
    """What is fed later cannot reach back."""
    span = case.rows.end - case.rows.start
    half, end = case.rows.start + span // 2, case.rows.start + span * 3 // 4

    def change(row: Row) -> Row:
        moved = {name: value * 1.5 for name, value in row.values.items()}
        return replace(row, values=moved if row.known > half and row.time % (7 * MINUTE) == 0 else row.values)

    one, other = case.begin(), case.begin()
    rows = list(list_rows(case.rows.series, case.rows.start, end))
    list(replay(one, iter(rows), end))
    list(replay(other, map(change, rows), end))
    (times, p), (others, q) = one.chances, other.chances
    assert np.array_equal(times[times <= half], others[others <= half])
    assert np.array_equal(p[times <= half], q[others <= half])
    assert not np.array_equal(p, q)


def test_a_minute_that_did_not_come_is_missing(case: Case) -> None:
    strategy, end = case.begin(), case.rows.start + DAY // 4
    gone = case.rows.start + 100 * MINUTE
    rows = [row for row in list_rows(case.rows.series, case.rows.start, end) if row.time != gone]
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
