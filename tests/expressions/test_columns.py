"""Clocks meet by known-at, columns are cached, and recipes work."""

from pathlib import Path

import numpy as np
import pytest

from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.expressions.keys import column_key
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.market.series import Partition, Series
from factory.storage.cache import Cache
from tests.expressions.market import START, market, partition, series, with_gap

MINUTE, HOUR = 60_000, 3_600_000
MARKET = market()
BTC, GOLD = MARKET.series["btc"], MARKET.series["gold"]


def test_law_1_a_bar_is_known_at_its_close_and_not_before() -> None:
    columns = Columns(MARKET)
    close = parse("btc.close")
    t = int(BTC.time[100])
    at_open, just_before, at_close = columns.at(close, np.array([t, t + MINUTE - 1, t + MINUTE]))
    assert at_open == just_before == BTC.columns["close"][99]
    assert at_close == BTC.columns["close"][100]


def test_law_1_a_slow_series_joins_when_it_was_published() -> None:
    columns = Columns(MARKET)
    joined = columns.column(parse("gold.close + 0 * btc.close"))
    published = int(GOLD.known[10])
    row = int(np.searchsorted(joined.known, published))
    assert joined.known[row] == published
    assert joined.values[row - 1] == GOLD.columns["close"][9]
    assert joined.values[row] == GOLD.columns["close"][10]
    assert published == GOLD.time[10] + HOUR + 2 * MINUTE


def test_a_value_is_carried_for_one_period_and_its_delay_and_no_longer() -> None:
    column = parse("gold.close")
    last = int(GOLD.known[-1])
    valid = HOUR + 2 * MINUTE
    values = Columns(MARKET).at(column, np.array([GOLD.known[0] - 1, last, last + valid, last + valid + 1]))
    assert np.isnan(values[0])
    assert values[1] == values[2] == GOLD.columns["close"][-1]
    assert np.isnan(values[3])


def test_law_1_bars_gathered_from_rows_off_their_grid_are_known_with_their_last_row() -> None:
    levels = np.arange(40.0)
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), levels)
    odd = series("odd", "bars", 5 * HOUR, 0, 4 * HOUR, columns)
    pairs = Columns(partition({"odd": odd}, int(odd.known[-1]))).column(parse("at(10h, odd.close)"))
    whole = ~np.isnan(pairs.values)
    assert whole.sum() > 10
    assert np.array_equal(pairs.known[whole], odd.known[pairs.values[whole].astype(int)])


def test_law_8_a_missing_hour_is_not_bridged_by_the_hour_before() -> None:
    columns = Columns(with_gap(MARKET, "gold", 10, 1))
    joined = columns.column(parse("gold.close + 0 * btc.close"))
    gone = (joined.known >= GOLD.known[10]) & (joined.known < GOLD.known[11])
    assert gone.sum() == 60
    assert np.isnan(joined.values[gone]).all()
    assert not np.isnan(joined.values[joined.known >= GOLD.known[11]]).any()


def test_a_window_counts_the_rows_of_its_own_series() -> None:
    columns = Columns(MARKET)
    hours = columns.column(parse("zscore(ret(gold.close, 1), 48)"))
    assert hours.period == HOUR
    assert hours.delay == 2 * MINUTE
    assert np.isnan(hours.values).sum() == 48


def test_bars_are_gathered_as_an_exchange_would() -> None:
    columns = Columns(MARKET)
    whole = slice(43, 43 + 60)
    wanted = {"open": "[0]", "high": "max", "low": "min", "close": "[-1]", "volume": "sum"}
    for name, how in wanted.items():
        hours = columns.column(parse(f"at(1h, btc.{name})"))
        rows = BTC.columns[name][whole]
        expected = {"[0]": rows[0], "[-1]": rows[-1], "max": rows.max(), "min": rows.min(), "sum": rows.sum()}[how]
        assert np.isnan(hours.values[0]), "the first hour began before the data"
        assert hours.time[1] == BTC.time[43]
        assert hours.known[1] == BTC.known[102]
        assert hours.values[1] == pytest.approx(expected, rel=1e-12)


def test_an_hour_is_used_from_its_close_until_the_next() -> None:
    joined = Columns(MARKET).column(parse("btc.close / at(1h, btc.close)"))
    hour = int(np.flatnonzero(BTC.time % HOUR == 0)[3])
    rows = slice(hour + 59, hour + 119)
    np.testing.assert_array_equal(joined.values[rows], BTC.columns["close"][rows] / BTC.columns["close"][hour + 59])


def test_series_of_equal_period_and_other_spans_meet() -> None:
    late = {name: values[500:] for name, values in MARKET.series["eth"].columns.items()}
    every = {"btc": BTC, "eth": series("eth", "bars", MINUTE, 0, START + 500 * MINUTE, late)}
    values = Columns(partition(every, MARKET.end)).column(parse("btc.close - eth.close")).values
    assert np.isnan(values[:500]).all()
    np.testing.assert_array_equal(values[500:], BTC.columns["close"][500:] - late["close"])


def test_the_clock_is_that_of_the_decision() -> None:
    columns = Columns(MARKET)
    midnight = START // 86_400_000 * 86_400_000 + 86_400_000
    assert columns.at(parse("hour()"), np.array([midnight - 1, midnight])).tolist() == [23, 0]
    assert columns.at(parse("weekday()"), np.array([midnight])).tolist() == [1], "2024-01-02 was a Tuesday"
    assert columns.at(parse("elapsed(8h)"), np.array([midnight + 2 * HOUR])).tolist() == [0.25]


def test_logic_is_missing_where_an_operand_is() -> None:
    columns = Columns(with_gap(MARKET, "btc", 50, 1))
    for text in (
        "btc.close > 0",
        "not btc.close > 0",
        "btc.close > 0 or eth.close > 0",
        "where(btc.close > 0, 1, 0)",
        "btc.close != 3",
    ):
        values = columns.column(parse(text)).values
        assert np.isnan(values[50])
        assert set(np.unique(np.delete(values, 50))) <= {0.0, 1.0}
        assert not np.isnan(np.delete(values, 50)).any()


def test_infinite_values_stay_for_the_flow_to_refuse() -> None:
    values = Columns(MARKET).column(parse("1 / (btc.close - btc.close)")).values
    assert np.isinf(values).all()


def test_a_column_is_computed_once_and_read_back_bit_for_bit(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    expression = parse("zscore(ret(btc.close, 5), 60)")
    first = Columns(MARKET, cache)
    assert not first.cached(expression)
    values = first.column(expression).values
    again = Columns(MARKET, cache)
    assert again.cached(expression)
    assert cache.has(column_key(expression.text, MARKET.fingerprint))
    np.testing.assert_array_equal(again.column(expression).values, values)
    assert again.column(expression).known is BTC.known


def test_no_column_of_other_kernels_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expression = parse("rsi(btc.close, 14)")
    Columns(MARKET, Cache(tmp_path)).column(expression)
    assert Columns(MARKET, Cache(tmp_path)).cached(expression)
    monkeypatch.setattr("factory.expressions.keys.KERNELS", -1)
    assert not Columns(MARKET, Cache(tmp_path)).cached(expression)


def test_another_partition_or_expression_has_another_key() -> None:
    keys = {column_key(text, data) for text in ("btc.close", "btc.open") for data in ("a", "b")}
    assert len(keys) == 4


def test_columns_cannot_be_written_to(tmp_path: Path) -> None:
    columns = Columns(MARKET, Cache(tmp_path))
    for text in ("btc.close", "ret(btc.close, 1)"):
        values = columns.column(parse(text)).values
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0
    assert BTC.columns["close"].flags.writeable


def test_parts_that_are_shared_are_never_written_over() -> None:
    texts = ("ret(btc.close, 1)", "std(ret(btc.close, 1), 30)", "ret(btc.close, 1) / std(ret(btc.close, 1), 30) - ret(btc.close, 1)",
             "at(1h, btc.close) - at(1h, btc.close) * 2", "btc.close - btc.open + btc.close", "(btc.close + 1) * (btc.close + 1)")  # fmt: skip
    shared = Columns(MARKET)
    for text in texts * 2:
        np.testing.assert_array_equal(shared.column(parse(text)).values, Columns(MARKET).column(parse(text)).values)
    returns = shared.column(parse("ret(btc.close, 1)")).values
    deviation = shared.column(parse("std(ret(btc.close, 1), 30)")).values
    np.testing.assert_array_equal(shared.column(parse(texts[2])).values, returns / deviation - returns)
    np.testing.assert_array_equal(shared.column(parse("btc.close")).values, market().series["btc"].columns["close"])


def test_mapped_read_only_columns_give_the_same_values() -> None:
    frozen = {}
    for name, values in BTC.columns.items():
        frozen[name] = values.copy()
        frozen[name].flags.writeable = False
    mapped = Partition(
        "test", "train", START, MARKET.end, {"btc": Series("btc", "bars", MINUTE, 0, BTC.time, BTC.known, frozen)}, "x"
    )
    for text in ("atr(btc, 14)", "cci(btc, 14)", "median(btc.close, 9)", "at(15m, zscore(btc.close, 24))", "vwap_day(btc)"):
        expression = parse(text)
        np.testing.assert_array_equal(Columns(mapped).column(expression).values, Columns(MARKET).column(expression).values)


def test_a_window_longer_than_the_data_is_missing_everywhere() -> None:
    columns = Columns(market(rows=1_500))
    for operator in OPERATORS.values():
        if operator.family == "window" and operator.params[-1].kind == "window" and len(operator.params) == 2:
            assert np.isnan(columns.column(parse(f"{operator.name}(btc.close, 2000)")).values).all()


def test_there_are_at_least_sixty_recipes_in_the_families() -> None:
    assert len(RECIPES) >= 60
    assert {recipe.family for recipe in RECIPES.values()} == {
        "momentum", "mean reversion", "volatility", "volume and flow", "cross-asset", "clock",
        "fractional differencing", "higher time frames",
    }  # fmt: skip
    assert len({recipe.on("btc").text for recipe in RECIPES.values()}) == len(RECIPES)


LONG = market(rows=34 * 1440, seed=11)
SHARED = Columns(LONG)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid_and_has_values(name: str) -> None:
    expression = RECIPES[name].on("btc", other="eth")
    periods = {s.name: s.period for s in LONG.series.values()}
    expression.check({s.name: set(s.columns) for s in LONG.series.values()}, periods)
    values = SHARED.at(expression, BTC.known[-1] + np.arange(20 * 1440, dtype=np.int64) * MINUTE)
    assert np.isnan(values).mean() < 0.2 or RECIPES[name].family == "higher time frames"
    present = values[~np.isnan(values)]
    assert len(present) > 1000
    assert np.isfinite(present).all()
    assert np.ptp(present) > 0


def test_order_book_operators_agree_with_a_real_book(shared: Path) -> None:
    import pandas as pd

    frame = pd.read_parquet(shared / "data/lob/binance_usdm_btcusdt_20240808_depth10.parquet").head(3000)
    names = [c for c in frame.columns if c.startswith(("ask_", "bid_"))]
    book = series("book", "values", 100, 0, START, {name: frame[name].to_numpy(dtype=np.float64) for name in names})
    columns = Columns(partition({"book": book}, START + 3000 * 100))
    values = {
        text: columns.column(parse(text)).values
        for text in ("spread(book)", "mid(book)", "microprice(book)", "imbalance(book, 10)")
    }
    assert (values["spread(book)"] > 0).all()
    assert (values["microprice(book)"] > frame.bid_px_1.to_numpy()).all()
    assert (values["microprice(book)"] < frame.ask_px_1.to_numpy()).all()
    bid, ask = frame.filter(like="bid_qty").sum(axis=1), frame.filter(like="ask_qty").sum(axis=1)
    np.testing.assert_allclose(values["imbalance(book, 10)"], (bid - ask) / (bid + ask), rtol=1e-9, atol=1e-12)
    flow = columns.column(parse("order_flow(book, 1)")).values
    moved = np.diff(frame.bid_px_1.to_numpy()) > 0
    assert np.mean(flow[1:][moved]) > 0
