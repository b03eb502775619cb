"""Every registered operator, and every recipe's shape, is put through every law."""

import numpy as np
import pytest

from factory.expressions.columns import Columns
from factory.expressions.compute import COMPUTE
from factory.expressions.grammar import parse
from factory.expressions.nodes import FRAME
from factory.expressions.operators import OPERATORS, Operator
from tests.expressions.market import cut, market, with_gap

MARKET = market()
CASES = {operator.example: operator for operator in OPERATORS.values()}
MIXED = (
    "ret(eth.close, 5) - ret(btc.close, 5)",
    "ret(btc.close, 5) * gold.close",
    "at(1h, ema(btc.close, 3)) / btc.close",
    "zscore(at(15m, btc.close) - btc.close, 30)",
    "at(1h, corr(ret(btc.close, 1), ret(gold.close, 1), 10))",
    "where(hour() > 12 and not btc.close < btc.open, zscore(btc.volume, 30), -1)",
    "kurt(ret(btc.close, 2), 31) * elapsed(8h)",
)
EVERY = (*CASES, *MIXED)


def _values(text: str, partition) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def,type-arg]
    column = Columns(partition).column(parse(text))
    return column.known, column.values


@pytest.fixture(scope="module")
def whole() -> dict[str, tuple[np.ndarray, np.ndarray]]:  # type: ignore[type-arg]
    columns = Columns(MARKET)
    return {text: (column.known, column.values) for text in EVERY for column in [columns.column(parse(text))]}


def test_the_tree_knows_the_one_operator_that_gathers_rows() -> None:
    assert [name for name, operator in OPERATORS.items() if operator.family == "frame"] == [FRAME]


def test_every_operator_but_at_is_computed() -> None:
    assert set(COMPUTE) == set(OPERATORS) - {"at"}


@pytest.mark.parametrize("text", EVERY)
def test_every_operator_gives_float64_and_is_neither_all_missing_nor_constant(text: str, whole) -> None:  # type: ignore[no-untyped-def]
    values = whole[text][1]
    present = values[~np.isnan(values)]
    assert values.dtype == np.float64
    assert len(present) > 40
    assert np.isfinite(present).all()
    assert np.ptp(present) > 0


@pytest.mark.parametrize("text", EVERY)
def test_law_2_every_operator_is_causal(text: str, whole) -> None:  # type: ignore[no-untyped-def]
    known, values = whole[text]
    for row in (len(known) // 2, len(known) - 7):
        t = int(known[row])
        then, before = _values(text, cut(MARKET, 0, t))
        assert then[-1] == t
        np.testing.assert_array_equal(before, values[: row + 1])


@pytest.mark.parametrize("text", EVERY)
def test_law_2_the_declared_look_back_is_enough(text: str, whole) -> None:  # type: ignore[no-untyped-def]
    expression = parse(text)
    periods = {s.name: s.period for s in MARKET.series.values()}
    delays = {s.name: s.delay for s in MARKET.series.values()}
    known, values = whole[text]
    for row in (len(known) - 2, len(known) - 3, len(known) - 61):
        t = int(known[row])
        first = t - max(expression.lookback(periods, delays), 60_000)
        later_known, later = _values(text, cut(MARKET, first, t))
        value = later[later_known == t]
        if expression.exact:
            np.testing.assert_array_equal(value, values[row : row + 1])
        else:
            np.testing.assert_allclose(value, values[row : row + 1], rtol=1e-9, atol=1e-9)


WINDOWED = {
    example: operator
    for example, operator in CASES.items()
    if operator.family not in ("clock", "frame", "book") and not operator.recursive and operator.reach == 0
}


@pytest.mark.parametrize(("text", "operator"), WINDOWED.items(), ids=list(WINDOWED))
def test_law_8_a_gap_is_missing_for_exactly_the_windows_that_span_it(text: str, operator: Operator, whole) -> None:  # type: ignore[no-untyped-def]
    expression = parse(text)
    rows = expression.lookback({"btc": 60_000}) // 60_000 - 1
    first, gone = 4_000, 3
    values = _values(text, with_gap(MARKET, "btc", first, gone))[1]
    expected = np.isnan(whole[text][1])
    expected[first : first + gone + rows] = True
    np.testing.assert_array_equal(np.isnan(values), expected)


RECURSIVE = {example: operator for example, operator in CASES.items() if operator.recursive}


@pytest.mark.parametrize(("text", "operator"), RECURSIVE.items(), ids=list(RECURSIVE))
def test_law_8_a_recursive_operator_starts_anew_after_a_gap(text: str, operator: Operator) -> None:
    first, gone = 900, 3
    after = MARKET.series["btc"].time[first + gone]
    values = _values(text, with_gap(MARKET, "btc", first, gone))[1]
    anew = _values(text, cut(MARKET, int(after), MARKET.end))[1]
    assert np.isnan(values[first : first + gone]).all()
    np.testing.assert_array_equal(values[first + gone :], anew)
    settling = parse(text).lookback({"btc": 60_000}) // 60_000 - 1
    assert np.isnan(anew[:settling]).all()
    assert not np.isnan(anew[settling:]).any()


@pytest.mark.parametrize("name", ["min", "max", "sum", "mean", "zscore", "position"])
def test_law_8_a_long_window_that_spans_a_gap_is_missing(name: str) -> None:
    values = _values(f"{name}(btc.close, 700)", with_gap(MARKET, "btc", 4_000, 2))[1]
    expected = (np.arange(len(values)) < 699) | ((np.arange(len(values)) >= 4_000) & (np.arange(len(values)) < 4_701))
    np.testing.assert_array_equal(np.isnan(values), expected)


def test_law_8_a_day_that_lacks_a_row_has_no_vwap_from_then_on() -> None:
    time = MARKET.series["btc"].time
    values = _values("vwap_day(btc)", with_gap(MARKET, "btc", 4_000, 1))[1]
    same_day = time // 86_400_000 == time[4_000] // 86_400_000
    first_day = time // 86_400_000 == time[0] // 86_400_000
    expected = first_day | (same_day & (np.arange(len(time)) >= 4_000))
    np.testing.assert_array_equal(np.isnan(values), expected)


def test_law_8_an_hour_that_lacks_a_minute_is_missing() -> None:
    columns = Columns(with_gap(MARKET, "btc", 4_000, 1))
    hours = columns.column(parse("at(1h, btc.close)"))
    missing = hours.time[np.isnan(hours.values)]
    hour = MARKET.series["btc"].time[4_000] // 3_600_000 * 3_600_000
    first = MARKET.series["btc"].time[0] // 3_600_000 * 3_600_000
    assert hour in missing
    assert set(missing) <= {first, hour, hours.time[-1]}


@pytest.mark.parametrize("text", EVERY)
def test_law_5_the_same_rows_give_the_same_bits(text: str, whole) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(_values(text, MARKET)[1], whole[text][1])


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_partition_of_hardly_any_rows_gives_as_many_values(rows: int) -> None:
    start = int(MARKET.series["btc"].time[0])
    columns = Columns(cut(MARKET, start, start + rows * 60_000))
    for text in CASES:
        if OPERATORS[text.split("(")[0]].family not in ("frame", "book"):
            assert len(columns.column(parse(text)).values) == rows
