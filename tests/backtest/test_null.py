"""The null market: what a frozen trade and a label come to when each minute's direction is a coin."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from factory.backtest import Levels, Result, run_backtest
from factory.backtest.frozen import Holds, Payments, freeze_holds, log_moves
from factory.backtest.null import mix_signs, replay
from factory.backtest.null_labels import MeanQuestions, Questions, count_mean_ups, count_ups
from factory.core.times import HOUR, MINUTE, to_ms
from factory.learning.book_labels import label_mid_moves, mid_windows
from factory.learning.labels import label, windows_of
from factory.market.contracts import Perpetual
from factory.market.series import Series
from factory.pipeline.parts.labels import FixedReturn, Label, MidMove, TripleBarrier, UpDown
from factory.pipeline.parts.trades import LongOrShort
from tests.backtest.market import bars, example, parse, wander
from tests.learning.labels.bars import book_of, walk

FREE = Perpetual(use="perpetual", of="btc", taker=0, maker=0, slippage=0, funding=0, leverage=5)
EXITS = ({"use": "barriers"}, {"use": "after", "hold": "45m"}, {"use": "signal", "keep": 0.5})
SEED = 11


def sign(slot: int, draw: int, lane: int, *, gap: bool = False) -> float:
    word = -1 - slot if gap else slot >> 6
    return 1.0 if (int(mix_signs(uint64(SEED), draw, lane, word)) >> (0 if gap else slot & 63)) & 1 else -1.0


def flipped(series: Series, draw: int, lane: int, first: int, mirror: float = 1.0) -> Series:
    """The series from a row on, rebuilt in prices with the signs of one draw, or with all turned; written anew, bar by bar."""
    columns = {name: values.copy() for name, values in series.columns.items()}
    before, was = np.nan, np.nan
    for r in range(first, len(series)):
        o, h, low, c = (series.columns[name][r] for name in ("open", "high", "low", "close"))
        if np.isnan(c):
            continue
        slot, gap = int(series.time[r]) // MINUTE, r > first and np.isnan(series.columns["close"][r - 1])
        up = mirror * sign(slot, draw, lane)
        jump = mirror * sign(slot, draw, lane, gap=True) if gap else up
        opened = o if np.isnan(before) else before * (o / was) ** jump
        highest, lowest = (h, low) if up > 0 else (low, h)
        for name, value in (("open", o), ("high", highest), ("low", lowest), ("close", c)):
            columns[name][r] = opened * (value / o) ** up
        before, was = columns["close"][r], c
    return replace(series, columns=columns)


def trade_of(leave: dict[str, object]) -> LongOrShort:
    trade = parse(example(LongOrShort, enter=0.5, exit=leave, size={"use": "fixed", "share": 0.5}))
    assert isinstance(trade, LongOrShort)
    return trade


def traded(trade: LongOrShort, series: Series, times: NDArray[int64], p: NDArray[float64], levels: Levels) -> Result:
    end = int(series.time[-1]) + MINUTE
    return run_backtest(trade, FREE, series, times, p, start=int(series.time[0]), end=end, horizon_ms=HOUR, barriers=levels)


@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("leave", EXITS, ids=lambda leave: str(leave["use"]))
def test_a_replay_is_the_kernel_on_rebuilt_bars(leave: dict[str, object], missing: float) -> None:
    """Each frozen trade alone, from its entry on, with the times at which a signal ended it."""
    series = wander(3, 900, missing)
    there = np.flatnonzero(np.isfinite(series.columns["close"]))
    times = series.time[there[20:800:37]]
    p = np.where(np.arange(len(times)) % 3, 0.7, 0.3)
    far = Levels(np.full(len(times), 0.004), np.full(len(times), 0.003), HOUR)
    trade = trade_of(leave)
    result = traded(trade, series, times, p, far)
    moves = log_moves(series, int(series.time[-1]) + MINUTE)
    holds = freeze_holds(trade, FREE, series, result.trades, times, far)
    alone = trade_of({"use": "after", "hold": "1m"}) if leave["use"] == "signal" else trade
    for i in range(0, len(holds.row), 3):
        one = Holds._make(column[i : i + 1] for column in holds)
        gross = replay(moves, one, 4, SEED, 1).gross
        entry = series.time[holds.row[i]]
        for draw in range(4):
            again = flipped(series, draw, 1, int(holds.row[i]))
            if leave["use"] == "signal":
                hold = f"{int(holds.until[i] - holds.row[i])}m"
                alone = trade_of({"use": "after", "hold": hold})
            side = np.array([0.7 if holds.side[i] > 0 else 0.3])
            levels = Levels(far.up[:1], far.down[:1], HOUR)
            single = traded(alone, again, np.array([entry]), side, levels).trades
            assert gross[draw] == pytest.approx(holds.weight[i] * single.gross[0] / single.unit[0], abs=1e-12)


def test_signal_trades_are_cut_at_decisions_and_keep_their_sum() -> None:
    series = wander(5, 900)
    times = series.time[10:800:15]
    p = np.random.default_rng(0).uniform(0.3, 0.7, len(times))
    trade = trade_of({"use": "signal", "keep": 0.5})
    result = traded(trade, series, times, p, Levels(np.ones(len(times)), np.ones(len(times)), HOUR))
    holds = freeze_holds(trade, FREE, series, result.trades, times, None)
    assert len(holds.row) > len(result.trades)
    opened = series.columns["open"]
    paid = holds.weight * holds.side * (opened[np.minimum(holds.until, 899)] / opened[holds.row] - 1)
    whole = np.bincount(holds.trade, paid)
    kept = result.trades.reason != 6
    assert whole[kept] == pytest.approx((result.trades.gross / result.trades.unit)[kept], abs=1e-12)


def test_signal_trades_that_waited_for_somebody_to_trade_are_cut_where_they_could_have_left() -> None:
    series = wander(1, 2_000)
    rng = np.random.default_rng(0)
    series = replace(series, columns=series.columns | {"volume": (rng.random(2_000) < 0.3).astype(float)})
    times = series.time[60:-60:2]
    p = np.where(rng.random(len(times)) < 0.7, 0.6, 0.4)
    trade = trade_of({"use": "signal", "keep": 0.5})
    trades = traded(trade, series, times, p, Levels(np.ones(len(times)), np.ones(len(times)), HOUR)).trades
    holds = freeze_holds(trade, FREE, series, trades, times, None)
    assert (trades.entry_ms != times[trades.decision]).sum() > 20
    filled = np.flatnonzero(series.traded)
    for k in range(len(trades)):
        inside = times[(times > trades.entry_ms[k]) & (times < trades.exit_ms[k])]
        mine = holds.trade == k
        assert np.array_equal(holds.row[mine][1:], filled[np.searchsorted(series.time[filled], inside)])
        assert np.array_equal(holds.until[mine][:-1], holds.row[mine][1:])


def every_label() -> Iterator[tuple[Label, float]]:
    yield UpDown(use="up_down", of="btc", horizon="5m"), 0.0
    yield FixedReturn(use="fixed_return", of="btc", horizon="30m", above=0.001), float(np.log1p(0.001))
    yield TripleBarrier(use="triple_barrier", of="btc", take=1, stop=2, unit="unit", horizon="1h"), 0.0


@pytest.mark.parametrize(("part", "above"), list(every_label()), ids=lambda one: getattr(one, "use", ""))
def test_counted_ups_are_the_labels_of_rebuilt_bars(part: Label, above: float) -> None:
    series = wander(7, 600)
    times, unit, end = series.time[5:500:50], np.full(10, 0.002), int(series.time[-1]) + MINUTE
    first, last, up, down = windows_of(part, series, times, unit, end)
    with np.errstate(divide="ignore"):
        asked = Questions(
            first,
            last,
            np.log1p(up),
            np.log1p(-np.minimum(down, 1.0)),
            np.full(len(first), above),
            np.zeros(len(first), np.int64),
        )
    counted = count_ups(log_moves(series, end), asked, 3, SEED, 1)
    for i, row in enumerate(first):
        pairs = np.array(
            [[label(part, flipped(series, draw, i + 1, int(row), side), times, unit, end).y[i] for side in (1.0, -1.0)]
             for draw in range(3)]
        ).sum(axis=1)  # fmt: skip
        assert (counted.total[i], counted.counted[i]) == (pairs.sum(), 6)
        np.testing.assert_allclose(counted.variance[i], ((pairs / 2) ** 2).mean() / 2 - (pairs / 2).mean() ** 2 / 2)
    assert to_ms(part.horizon) // MINUTE == int(last[0] - first[0]) + 1


@pytest.mark.parametrize("against", ["now", "past"])
def test_counted_ups_of_means_are_the_labels_of_rebuilt_books(against: str) -> None:
    """The book from the decision on with each move of the mid turned by its sign; what was before it stays."""
    book = book_of(walk(300, seed=4))
    part = MidMove(use="mid_move", of="btc", book="book", horizon="6m", against=against, threshold=0.001)
    times, end = book.time[20:280:13].copy(), int(book.known[-1])
    windows = mid_windows(part, book, times, end)
    counted = count_mean_ups(book, MeanQuestions(*windows, 0.001), 4, SEED, 1)
    ups, moved = np.zeros(len(times)), np.zeros(len(times))
    for i, first in enumerate(windows.first):
        for draw in range(4):
            for mirror in (1.0, -1.0):
                label = label_mid_moves(part, turned(book, draw, i + 1, int(first), mirror), times, 0.001, end)
                ups[i] += label.y[i] == 1
                moved[i] += label.y[i] >= 0
    assert (counted.total.tolist(), counted.counted.tolist()) == (ups.tolist(), moved.tolist())
    assert 0 < moved.sum() < 8 * len(times), "some are flat"


def turned(book: Series, draw: int, lane: int, first: int, mirror: float) -> Series:
    """A book of one level whose mid is rebuilt from a row on."""
    mid = (book.columns["ask_px_1"] + book.columns["bid_px_1"]) / 2
    path = mid.copy()
    for r in range(first, len(mid)):
        path[r] = path[r - 1] * (mid[r] / mid[r - 1]) ** (mirror * sign(int(book.time[r]) // MINUTE, draw, lane))
    return replace(book, columns={**book.columns, "ask_px_1": path, "bid_px_1": path})


def test_draws_do_not_depend_on_threads_and_earn_nothing() -> None:
    series = wander(9, 40_000, 0.01)
    moves = log_moves(series, int(series.time[-1]) + MINUTE)
    row = np.flatnonzero(np.isfinite(moves.jump))[100:39_000:300]
    n = len(row)
    for take, stop in ((np.inf, -np.inf), (0.01, -0.01), (np.inf, -0.004)):
        side = np.where(np.arange(n) % 2, 1.0, -1.0)
        holds = Holds(row, row + 240, side, np.ones(n), np.full(n, take), np.full(n, stop), np.arange(n))
        replayed = replay(moves, holds, 600, SEED, 1)
        assert np.array_equal(replayed.gross, replay(moves, holds, 600, SEED, 2).gross)
        error = replayed.gross.std() / np.sqrt(600)
        # Inside a bar a stop fills at its very price, which in a bar that falls on is better than the bar's close.
        assert abs(replayed.gross.mean()) < 4 * error + n * (0 if np.isinf(stop) else 2e-4)
        assert replayed.variance.sum() == pytest.approx(replayed.gross.var(), rel=0.25)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_hold_that_no_draw_can_stop_is_walked_to_the_same_bits(side: float) -> None:
    """A stop that lies within the sum of all moves, and that no draw comes near, has its bars looked at one by one."""
    series = wander(9, 4_000, 0.02)
    moves = log_moves(series, int(series.time[-1]) + MINUTE)
    row = np.flatnonzero(np.isfinite(moves.jump))[100:3_800:150]
    n = len(row)
    payments = Payments(np.arange(50, 4_000, 97), np.full(41, 0.001))
    free = Holds(
        row, row + 100, np.full(n, side), np.linspace(0.5, 2, n), np.full(n, np.inf), np.full(n, -np.inf), np.arange(n)
    )
    width = np.nan_to_num(np.abs(moves.jump) + np.maximum(np.abs(moves.high), np.abs(moves.low)))
    stop = -np.array([width[first : first + 100].sum() for first in row]) * 0.9
    walked = replay(moves, free._replace(stop=stop), 300, SEED, 1, payments)
    through = replay(moves, free, 300, SEED, 1, payments)
    assert (stop > -0.3).all()
    assert np.array_equal(walked.gross, through.gross)
    assert np.array_equal(walked.held, through.held)
    assert np.array_equal(walked.variance, through.variance)


def test_shared_signs_make_the_same_trade_the_same() -> None:
    series = wander(9, 2_000)
    moves = log_moves(series, int(series.time[-1]) + MINUTE)
    two = Holds(
        np.array([100, 100]), np.array([300, 300]), np.array([1.0, -1.0]), np.ones(2), np.full(2, np.inf), np.full(2, -np.inf),
        np.arange(2),
    )  # fmt: skip
    assert np.abs(replay(moves, two, 300, SEED, 1, shared=True).gross).max() < 1e-12, "long and short of the same minutes"
    assert np.abs(replay(moves, two, 300, SEED, 1).gross).max() > 1e-3


def test_a_bar_that_traded_nothing_fills_nothing() -> None:
    series = wander(13, 300)
    volume = np.ones(300)
    volume[50:60] = 0
    moves = log_moves(replace(series, columns=series.columns | {"volume": volume}), int(series.time[-1]) + MINUTE)
    assert np.isnan(moves.jump[50:60]).all()
    assert moves.gap[60]
    closed = np.log(series.columns["close"])
    assert moves.jump[60] == pytest.approx(np.log(series.columns["open"][60]) - closed[49])


def test_a_tie_that_magnitudes_leave_is_no_direction() -> None:
    series = bars([(100.0, 100.0, 100.0, 100.0)] * 20)
    asked = Questions(np.array([2]), np.array([6]), np.array([np.inf]), np.array([-np.inf]), np.zeros(1), np.zeros(1, np.int64))
    assert count_ups(log_moves(series, int(series.time[-1]) + MINUTE), asked, 50, SEED, 1).total[0] == 50


def test_a_label_that_asks_as_much_of_either_side_has_a_chance_of_one_half() -> None:
    series = wander(7, 4_000)
    row = np.arange(5, 3_900, 30)
    far = np.full(len(row), np.inf)
    asked = Questions(row, row + 4, far, -far, np.zeros(len(row)), np.zeros(len(row), np.int64))
    ups = count_ups(log_moves(series, int(series.time[-1]) + MINUTE), asked, 20, SEED, 1)
    assert np.all(ups.chance() == 0.5)
    assert np.all(ups.excess() == 0)


def test_the_excess_of_noisy_chances_is_what_more_draws_take_away() -> None:
    series = wander(3, 40_000)
    row = np.arange(5, 39_000, 60)
    near, far = np.full(len(row), 0.004), np.full(len(row), -0.012)
    asked, moves = (
        Questions(row, row + 90, near, far, np.zeros(len(row)), np.zeros(len(row), np.int64)),
        log_moves(series, int(series.time[-1]) + MINUTE),
    )
    few, many = count_ups(moves, asked, 25, SEED, 1), count_ups(moves, asked, 2_000, SEED + 1, 1)
    truth = many.chance()
    loss = -(truth * np.log(few.chance()) + (1 - truth) * np.log(1 - few.chance()))
    least = -(truth * np.log(truth) + (1 - truth) * np.log(1 - truth))
    assert few.excess().mean() == pytest.approx((loss - least).mean(), rel=0.25)
    assert few.excess().mean() < 0.8 * 0.5 / 50, "less than of as many independent draws"
