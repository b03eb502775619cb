"""Windows count rows, bars follow sessions, and a value holds over the night: features on a market that closes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.expressions.operators import OPERATORS
from factory.market.series import Partition, Series, measure_paces
from tests.market.sessions import CHICAGO, draw, equity_hours, gather, minutes, ms, series

HOURS = [one for one in equity_hours() if "2023-11-13" <= one[0] < "2023-12-09"]
FRAME = draw(minutes(HOURS))
FRAME["taker_buy_volume"] = FRAME["volume"] * np.random.default_rng(3).beta(5, 5, len(FRAME))
FRAME["number_of_trades"] = np.ceil(FRAME["volume"] / 100)
SPY = series(FRAME, HOURS, "btc")
END = int(SPY.known[-1]) + DAY
DATES = np.asarray(FRAME.index.date)
OPENED = FRAME.index.to_series().groupby(DATES).transform("first")
EVERY = [one.example for one in OPERATORS.values() if one.family != "book"]
PRICED = [text for text in EVERY if parse(text).series == {"btc"}]
ROWS_ALONE = [text for text in PRICED if not text.startswith(("at(", "vwap_day"))]


def partition(*every: Series) -> Partition:
    return Partition("test", "train", int(every[0].time[0]), END, {one.name: one for one in every}, "sessions")


MARKET = partition(SPY)
WHOLE = Columns(MARKET)


def values(text: str, rows: Partition = MARKET) -> np.ndarray:
    return Columns(rows).column(parse(text)).values


def never_closing(name: str, first: int, last: int, period: int = MINUTE, seed: int = 5) -> Series:
    time = np.arange(first, last, period)
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 1e-3, len(time))))
    columns = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close, "volume": np.ones(len(time))}
    return Series(name, "bars", period, 0, time, time + period, columns)


@pytest.mark.parametrize("text", ROWS_ALONE)
def test_the_same_bars_on_a_clock_that_never_stops_give_the_same_bits(text: str) -> None:
    """Nights are nothing to a window of rows: the bars stamped with consecutive minutes are as good."""
    time = np.arange(len(SPY), dtype=np.int64) * MINUTE
    even = replace(SPY, time=time, known=time + MINUTE, sessions=None)
    np.testing.assert_array_equal(values(text), values(text, partition(even)))


@pytest.mark.parametrize("text", PRICED)
def test_law_7_a_run_that_starts_later_gives_the_same_values(text: str) -> None:
    """And the declared look-back, nights and holidays in it, is enough."""
    expression = parse(text)
    reach = expression.lookback({"btc": MINUTE}, {}, measure_paces(MARKET.series))
    known = WHOLE.column(expression).known
    for row in (len(known) - 1, len(known) - 2, len(known) * 9 // 10):
        t = int(known[row])
        later = SPY.cut(slice(int(np.searchsorted(SPY.time, t - reach)), int(np.searchsorted(SPY.known, t, side="right"))))
        column = Columns(partition(later)).column(expression)
        got, expected = column.values[column.known == t], WHOLE.column(expression).values[row : row + 1]
        if expression.exact:
            np.testing.assert_array_equal(got, expected)
        else:
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


MOMENTS = [int(at.timestamp() * 1000) for at in pd.DatetimeIndex([
    "2023-11-24 17:59", "2023-11-24 18:00", "2023-11-24 20:30", "2023-11-26 12:00", "2023-11-27 14:30", "2023-11-27 14:31",
    "2023-11-30 18:30", "2023-11-30 18:31", "2023-12-01 00:00",
], tz="UTC")]  # fmt: skip
"""Before and at an early close, after it, on a Sunday, at the open and in the midst of a session."""


@pytest.mark.parametrize("text", EVERY)
def test_law_1_no_value_moves_when_later_rows_are_cut_off(text: str) -> None:
    expression, times = parse(text), np.array(MOMENTS)
    full = WHOLE.at(expression, times)
    for t, expected in zip(MOMENTS, full, strict=True):
        known = SPY.cut(slice(int(np.searchsorted(SPY.known, t, side="right"))))
        np.testing.assert_array_equal(Columns(partition(known)).at(expression, np.array([t]))[0], expected)


def test_rolling_values_are_those_of_pandas_over_rows() -> None:
    close = FRAME["close"].reset_index(drop=True)
    np.testing.assert_allclose(values("mean(btc.close, 400)"), close.rolling(400).mean(), rtol=1e-9)
    rolled = close.rolling(400)
    np.testing.assert_allclose(values("zscore(btc.close, 400)"), (close - rolled.mean()) / rolled.std(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(values("ret(btc.close, 1)"), close.pct_change(), rtol=1e-9, atol=1e-12)
    ema = values("ema(btc.close, 20)")
    np.testing.assert_allclose(ema[500:], close.ewm(span=20, adjust=False).mean()[500:], rtol=1e-9)


@pytest.mark.parametrize(
    ("column", "how"), [("open", "first"), ("high", "max"), ("low", "min"), ("close", "last"), ("volume", "sum")]
)
@pytest.mark.parametrize("bar", ["1d", "1h"])
def test_bars_are_one_a_session_or_counted_from_its_open(bar: str, column: str, how: str) -> None:
    hour = ((FRAME.index - OPENED) // pd.Timedelta("1h")).to_numpy()
    expected = gather(FRAME, DATES if bar == "1d" else [DATES, hour])
    got = Columns(MARKET).column(parse(f"at({bar}, btc.{column})"))
    np.testing.assert_array_equal(got.time, ms(expected.index))
    np.testing.assert_allclose(got.values, expected[column], rtol=1e-12)
    last = FRAME.index.to_series().groupby([DATES] if bar == "1d" else [DATES, hour], sort=False).last()
    np.testing.assert_array_equal(got.known, ms(pd.DatetimeIndex(last)) + MINUTE)


def test_the_price_of_a_day_begins_with_its_session() -> None:
    typical = FRAME[["high", "low", "close"]].mean(axis=1) * FRAME["volume"]
    expected = typical.groupby(DATES).cumsum() / FRAME["volume"].groupby(DATES).cumsum()
    np.testing.assert_allclose(values("vwap_day(btc)"), expected, rtol=1e-12)


def test_a_session_that_begins_in_the_evening_is_one_day() -> None:
    """A future's Monday begins on Sunday evening, and midnight UTC is in the midst of it."""
    hours = [(day, "17:00", "16:00") for day in ("2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12")]
    frame = draw(minutes(hours, CHICAGO))
    rows = partition(series(frame, hours, "es", CHICAGO))
    day = np.repeat(np.arange(4), 23 * 60)
    daily = Columns(rows).column(parse("at(1d, es.volume)"))
    np.testing.assert_allclose(daily.values, frame["volume"].groupby(day).sum(), rtol=1e-12)
    typical = frame[["high", "low", "close"]].mean(axis=1) * frame["volume"]
    expected = typical.groupby(day).cumsum() / frame["volume"].groupby(day).cumsum()
    np.testing.assert_allclose(values("vwap_day(es)", rows), expected, rtol=1e-12)


def test_law_8_a_bar_or_a_day_that_lacks_a_minute_is_missing_and_the_next_is_not() -> None:
    columns = {name: np.where(np.arange(len(SPY)) == 400, np.nan, column) for name, column in SPY.columns.items()}
    gap = partition(replace(SPY, columns=columns))
    assert np.flatnonzero(np.isnan(values("at(1d, btc.close)", gap))).tolist() == [1]
    assert np.flatnonzero(np.isnan(values("at(1h, btc.close)", gap))).tolist() == [7]
    assert np.flatnonzero(np.isnan(values("vwap_day(btc)", gap))).tolist() == list(range(400, 780))
    assert np.flatnonzero(np.isnan(values("mean(btc.close, 30)", gap))).tolist() == [*range(29), *range(400, 430)]


def test_a_value_holds_over_the_night_until_the_next_is_known() -> None:
    """What a share closed at is known all week-end, at decisions on a market that never closes."""
    coin = never_closing("coin", int(SPY.time[0]) - DAY, END)
    both = Columns(partition(coin, SPY))
    at = both.at(parse("btc.close"), coin.time)
    row = np.searchsorted(SPY.known, coin.time, side="right") - 1
    np.testing.assert_array_equal(at, np.where(row >= 0, SPY.columns["close"][row], np.nan))
    spread = both.column(parse("coin.close - btc.close"))
    np.testing.assert_array_equal(spread.time, coin.time)
    assert (np.diff(spread.values[-600:]) != 0).all()


def test_a_row_that_a_session_lacks_ends_a_value() -> None:
    columns = {name: np.where(np.arange(len(SPY)) == 389, np.nan, column) for name, column in SPY.columns.items()}
    lost = Columns(partition(replace(SPY, columns=columns)))
    night = np.array([int(SPY.known[388]), int(SPY.known[389]), int(SPY.known[389]) + 3 * HOUR])
    assert np.isnan(lost.at(parse("btc.close"), night)).tolist() == [False, True, True]


def test_the_clock_tells_the_hour_of_the_decision_and_not_of_the_last_close() -> None:
    opens = ms(pd.DatetimeIndex(OPENED.unique()))[1:]
    np.testing.assert_array_equal(WHOLE.at(parse("hour()"), opens), opens % DAY // HOUR)
    np.testing.assert_array_equal(WHOLE.at(parse("weekday()"), opens), (opens // DAY + 3) % 7)
