"""How windows of a binary contract end where other rows than its bars decide it."""

import numpy as np
import pytest
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, moment
from factory.market.contracts import Binary, describe_settlement
from factory.market.series import Series
from factory.market.settlement import average_before, compare_with_bars, measure_lead, settle_windows, value_in_effect
from tests.market.bars import START, spec

SECOND, WINDOW = 1_000, 5 * MINUTE
ORACLE = "  oracle: {kind: values, underlying: CHAINLINK, period: 1s, delay: 1s, source: {use: files, files: oracle.csv}}\ncontracts:"
OUTCOMES = "  done: {kind: values, underlying: PM, period: 5m, delay: 5m, source: {use: files, files: done.csv}}\ncontracts:"
PUBLISHED = '{weekday: monday, time: "00:00", zone: UTC, after: 1m}'
ODDS = "  pm: {kind: values, underlying: PM-BTC, period: 5m, delay: 0, source: {use: files, files: pm.csv, columns: {up: up}}}\ncontracts:"


def contract(**settle: str) -> Binary:
    return Binary.model_validate(
        {"use": "binary", "of": "btc", "window": "5m", "odds": "pm", "fee": 0, "half_spread": 0, "settle": settle}
    )


def ticks(values: NDArray[float64], delay: int = 0, **columns: NDArray[float64]) -> Series:
    """An oracle's values, one a second from the beginning on."""
    time = START + SECOND * np.arange(len(values), dtype=int64)
    return Series("oracle", "values", SECOND, delay, time, time + delay, {"price": values, **columns})


def wander(seconds: int, seed: int = 0) -> NDArray[float64]:
    """Whole dollars, so that many windows tie."""
    return np.round(50_000 + np.cumsum(np.random.default_rng(seed).normal(0, 0.05, seconds)))


STARTS = START + MINUTE + MINUTE * np.arange(60)


def test_a_value_is_in_effect_from_its_stamp_until_the_next_and_for_sixty_periods() -> None:
    values = np.full(200, np.nan)
    values[[0, 10]] = 1.0, 2.0
    at = START + SECOND * np.array([-1, 0, 9, 10, 70, 71])
    np.testing.assert_array_equal(value_in_effect(ticks(values), values, at), [np.nan, 1.0, 1.0, 2.0, 2.0, np.nan])


def test_an_average_weighs_each_value_by_its_time() -> None:
    values = wander(900)
    values[np.random.default_rng(1).random(900) < 0.2] = np.nan
    at = START + SECOND * np.arange(120, 900)
    filled = values.copy()
    for second in range(1, len(filled)):
        if np.isnan(filled[second]):
            filled[second] = filled[second - 1]
    expected = [filled[second - 60 : second].mean() for second in range(120, 900)]
    np.testing.assert_allclose(average_before(ticks(values), values, at, MINUTE), expected, rtol=1e-15)


def test_the_point_rule_compares_values_in_effect_and_ties_go_up() -> None:
    values = wander(4_000)
    told = settle_windows(contract(use="point", of="oracle"), {"oracle": ticks(values)}, STARTS, START + DAY)
    second = (STARTS - START) // SECOND
    whole = second + 300 < 4_000
    np.testing.assert_array_equal(told.up[whole], values[second[whole] + 300] >= values[second[whole]])
    assert np.isnan(told.up[~whole]).all()
    assert told.tied.any()
    assert (told.up[told.tied] == 1).all()
    assert (told.lead == 0).all()


def test_averages_settle_from_their_day_on_and_say_what_is_over_of_the_move() -> None:
    values, since = wander(4_000), START + 30 * MINUTE
    told = settle_windows(
        contract(**{"use": "twap", "of": "oracle", "lookback": "1m", "from": "2024-01-01 00:30:00Z"}),
        {"oracle": ticks(values)}, STARTS, START + DAY,
    )  # fmt: skip
    second = (STARTS - START) // SECOND
    for i in np.flatnonzero(second + 300 < 4_000):
        strike, last = (values[at - 60 : at].mean() for at in (second[i], second[i] + 300))
        if STARTS[i] < since:
            strike, last = values[second[i]], values[second[i] + 300]
        assert told.up[i] == (last >= strike)
        assert told.lead[i] == pytest.approx(np.log(values[second[i]] / strike), abs=1e-15)


def test_what_is_not_there_or_not_known_by_the_end_settles_nothing() -> None:
    values = wander(4_000)
    values[300:420] = np.nan
    series = ticks(values, delay=2 * SECOND)
    told = settle_windows(contract(use="point", of="oracle"), {"oracle": series}, STARTS, int(STARTS[20]) + WINDOW + SECOND)
    second = (STARTS - START) // SECOND
    in_hole = np.isin(second, (60, 360))
    assert in_hole.sum() == 2, "the value of second 299 is too old at second 360"
    assert np.isnan(told.up[in_hole]).all()
    assert np.isnan(told.up[20:]).all(), "of the window that closes a second before the end nobody knew it by then"
    assert np.isfinite(told.up[~in_hole][:15]).all()
    np.testing.assert_array_equal(told.known, STARTS + WINDOW + 2 * SECOND)


def test_law_8_a_feed_that_is_silent_settles_nothing_by_the_value_before_it() -> None:
    values = wander(4_000)
    values[600:650] = np.nan
    series = {"oracle": ticks(values)}
    starts = START + SECOND * np.array([540, 585, 600, 610, 625, 660])
    short = Binary.model_validate(
        {"use": "binary", "of": "btc", "window": "1m", "fee": 0, "half_spread": 0, "settle": {"use": "point", "of": "oracle"}}
    )
    told = settle_windows(short, series, starts, START + DAY)
    np.testing.assert_array_equal(np.isfinite(told.up), [True, False, False, False, True, True])


def test_recorded_outcomes_are_read_at_their_window_and_void_pays_half() -> None:
    starts = START + WINDOW * np.arange(6)
    up = np.array([1.0, 0.0, 0.5, np.nan, 0.7, 1.0])
    series = Series("done", "values", WINDOW, WINDOW, starts, starts + WINDOW, {"up": up})
    told = settle_windows(contract(use="recorded", of="done"), {"done": series}, starts, int(starts[5]) + WINDOW - 1)
    np.testing.assert_array_equal(told.up, [1, 0, 0.5, np.nan, np.nan, np.nan], "no share pays 0.7; the last is not known yet")
    later = settle_windows(contract(use="recorded", of="done"), {"done": series}, starts + MINUTE, START + DAY)
    assert np.isnan(later.up).all(), "one window says nothing of another"


def test_what_bars_say_otherwise_is_counted() -> None:
    starts = START + WINDOW * np.arange(4)
    time = START + MINUTE * np.arange(20)
    close = np.repeat([101.0, 99.0, 101.0, 99.0], 5)
    bars = Series(
        "btc", "bars", MINUTE, 0, time, time + MINUTE,
        {"open": np.full(20, 100.0), "high": np.full(20, 101.0), "low": np.full(20, 99.0), "close": close},
    )  # fmt: skip
    done = Series("done", "values", WINDOW, WINDOW, starts, starts + WINDOW, {"up": np.array([1.0, 1.0, 0.5, 0.0])})
    one = contract(use="recorded", of="done")
    counted = compare_with_bars(one, {"btc": bars, "done": done}, START, START + DAY)
    assert counted == {"windows": 3, "otherwise": 1}
    assert describe_settlement(one, counted) == "settled as recorded in done, of which bars miss 33.33% of 3 windows"
    assert describe_settlement(contract(use="bars"), None) == ""


@pytest.mark.parametrize(
    ("series", "settle", "told"),
    [
        (ORACLE, "{use: point, of: chain}", r"contracts\.up\.settle\.of: 'chain' is no series of values here; allowed: oracle"),
        (ORACLE, "{use: point, of: btc}", r"contracts\.up\.settle\.of: 'btc' is no series of values here; allowed: oracle"),
        (OUTCOMES.replace("period: 5m", "period: 7m"), "{use: point, of: done}", r"done has a row each 7m, and windows are 5m"),
        (ORACLE, "{use: twap, of: oracle}", r"contracts\.up\.settle\.lookback: missing; add it"),
        (ORACLE.replace("1s,", "2s,"), "{use: twap, of: oracle, lookback: 3s}", r"lookback: 3s is no multiple of oracle's 2s"),
        (
            OUTCOMES.replace("delay: 5m", "delay: 4m"),
            "{use: recorded, of: done}",
            r"settle\.of: done counts as known 4m after a window's start, before it is over; write delay: 5m or more",
        ),
        (
            OUTCOMES.replace("period: 5m", "period: 1h"),
            "{use: recorded, of: done}",
            r"settle\.of: done has a row each 1h and windows are 5m; record each",
        ),
        (
            OUTCOMES.replace("kind: values", "kind: outcomes").replace("period: 5m", "period: 1m"),
            "{use: recorded, of: done}",
            r"settle\.of: done has a row each 1m and windows are 5m; record each",
        ),
        (
            OUTCOMES.replace("files: done.csv", "files: done.csv, available: at"),
            "{use: recorded, of: done}",
            r"settle\.of: done counts as known 0 after a window's start, before it is over",
        ),
        (
            OUTCOMES.replace("delay: 5m", f"published: {PUBLISHED}"),
            "{use: recorded, of: done}",
            r"settle\.of: done counts as known 1m after a window's start, before it is over",
        ),
        (
            OUTCOMES.replace("kind: values", "kind: outcomes").replace("files: done.csv", "files: done.csv, available: at"),
            "{use: recorded, of: done}",
            r"series\.done: source\.available: 'outcomes' are known delay after the end of their window, never before",
        ),
        (
            OUTCOMES.replace("kind: values", "kind: outcomes").replace("delay: 5m", f"published: {PUBLISHED}"),
            "{use: recorded, of: done}",
            r"series\.done\.published: 'outcomes' are known delay after the end of their window, never before",
        ),
        (ORACLE, "{use: spot, of: oracle}", r"contracts\.up\.settle\.use: 'spot' unknown"),
    ],
)
def test_a_settlement_that_cannot_be_is_refused(series: str, settle: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        spec(("contracts:", series), ("price: 0.5", f"price: 0.5, settle: {settle}"))


def test_a_fixed_price_is_refused_where_averages_settle() -> None:
    settle = "settle: {use: twap, of: oracle, lookback: 1m, from: 2024-01-12}"
    with pytest.raises(DataError, match=r"contracts\.up\.odds: missing; where averages settle.*no fixed price is fair"):
        spec(("contracts:", ORACLE), ("price: 0.5", f"price: 0.5, {settle}"))
    later = spec(("contracts:", ORACLE), ("price: 0.5", f"price: 0.5, {settle.replace('2024-01-12', '2024-01-13')}"))
    assert later.binaries["up"].settle.model_dump()["since"] == "2024-01-13"
    assert spec(("contracts:", ORACLE.replace("contracts:", ODDS)), ("price: 0.5", f"odds: pm, {settle}")).binaries["up"].odds


def test_what_was_hashed_before_settlements_hashes_alike() -> None:
    plain = spec().contracts["up"].model_dump(mode="json")
    assert "settle" not in plain
    assert spec(("price: 0.5", "price: 0.5, settle: {use: bars}")).contracts["up"].model_dump(mode="json") == plain


def test_the_split_of_averages_is_read_from_what_the_file_says() -> None:
    one = contract(**{"use": "twap", "of": "oracle", "lookback": "60s", "from": "2026-08-07"})
    assert moment(one.settle.model_dump()["since"]) == moment("2026-08-07")


def test_what_is_over_of_the_move_is_the_price_in_effect_over_the_strike() -> None:
    values = wander(4_000)
    source, starts = {"oracle": ticks(values)}, START + WINDOW * np.arange(1, 10)
    second = (starts - START) // SECOND
    for gone in (0, 1, 130, 299):
        lead = measure_lead(contract(use="point", of="oracle"), source, starts, starts + gone * SECOND)
        np.testing.assert_allclose(lead, np.log(values[second + gone] / values[second]), atol=1e-15)


def test_while_the_price_that_settles_is_averaged_what_lies_over_of_the_mean_counts_too() -> None:
    """The sign of the lead is that of the window's end where the price stands still from then on."""
    rng = np.random.default_rng(5)
    settled = contract(use="twap", of="oracle", lookback="1m")
    for gone in (0, 100, 241, 270, 299):
        leads, ends = [], []
        for _ in range(60):
            values = 50_000 + np.cumsum(rng.normal(0, 1, 700))
            values[300 + gone :] = values[300 + gone]
            start = np.array([START + 300 * SECOND])
            series = {"oracle": ticks(values)}
            leads.append(measure_lead(settled, series, start, start + gone * SECOND)[0])
            ends.append(values[540:600].mean() - values[240:300].mean())
        np.testing.assert_array_equal(np.sign(leads), np.sign(ends))


def test_where_bars_or_a_record_settle_it_is_told_by_the_opens_of_bars() -> None:
    opened = np.array([100.0, 101.0, np.nan, 99.0])
    time = START + MINUTE * np.arange(4)
    bars = {"btc": Series("btc", "bars", MINUTE, 0, time, time + MINUTE, {"open": opened})}
    plain = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0)
    for one in (plain, contract(use="recorded", of="done")):
        lead = measure_lead(one, bars, np.repeat(START, 4), time)
        np.testing.assert_allclose(lead, np.log(opened / 100))
