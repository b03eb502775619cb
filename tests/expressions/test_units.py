"""No value hangs on the unit that prices and volumes are told in, and what is undefined is missing, alike everywhere."""

from functools import cache

import numpy as np
import pytest
import talib

from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.expressions.operators import OPERATORS, Operator
from factory.expressions.recipes import RECIPES
from tests.expressions.market import DEAD, START, in_units, partition, series

EXACT = [(2.0**-30, 1.0), (2.0**30, 1.0), (1.0, 2.0**-30), (1.0, 2.0**30), (2.0**-40, 2.0**24)]
"""Units that no digit is lost by: the values must be the same bits."""
DECIMAL = [(1e-9, 1.0), (1e-5, 1.0), (1e9, 1.0), (1.0, 1e-9), (1.0, 1e9), (1e-7, 1e3)]
WINDOWS = (2, 3, 5, 14, 31)
FOLLOWING = {
    name: operator for name, operator in OPERATORS.items() if operator.family != "clock" and operator.power is not None
}


def _call(operator: Operator, n: int | None = None) -> str:
    """The operator on prices themselves, with the literals of its example, or with windows near n."""
    literals = iter(parse(operator.example).node.children)
    conditions, values = "btc.close > btc.open", iter(("btc.close", "btc.open"))
    written = []
    for param in operator.params:
        literal = next(literals).text
        if param.kind == "expression":
            written.append(conditions if param.name == "condition" else next(values))
        elif param.kind == "window" and n:
            written.append(str(max(int(param.low), n + len(written) - 1)))
        else:
            written.append(literal)
    return f"{operator.name}({', '.join(written)})"


@cache
def _columns(price: float, volume: float) -> Columns:
    return Columns(in_units(price, volume))


def _values(text: str, price: float = 1.0, volume: float = 1.0) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(_columns(price, volume).column(parse(text)).values)


@pytest.mark.parametrize("operator", FOLLOWING.values(), ids=list(FOLLOWING))
def test_every_operator_follows_the_units_that_it_declares(operator: Operator) -> None:
    text = _call(operator)
    values = _values(text)
    deviation = np.nanstd(values)
    assert np.isfinite(values).any()
    for price, volume in EXACT:
        np.testing.assert_array_equal(
            _values(text, price, volume), values * price**operator.power * volume**operator.volume, err_msg=f"{price} {volume}"
        )
    for price, volume in DECIMAL:
        told = _values(text, price, volume) / (price**operator.power * volume**operator.volume)
        np.testing.assert_allclose(told, values, rtol=1e-9, atol=1e-9 * deviation, err_msg=f"{price} {volume}")


ON_EXPRESSIONS = {name: one for name, one in FOLLOWING.items() if any(param.kind == "expression" for param in one.params)}


@pytest.mark.parametrize("operator", ON_EXPRESSIONS.values(), ids=list(ON_EXPRESSIONS))
def test_an_operator_on_volumes_follows_their_unit(operator: Operator) -> None:
    text = _call(operator).replace("btc.close", "btc.volume").replace("btc.open", "btc.taker_buy_volume")
    values = _values(text)
    for volume in (2.0**-30, 2.0**30):
        np.testing.assert_array_equal(_values(text, 1.0, volume), values * volume**operator.power)


def test_operators_that_follow_no_unit_are_few_and_say_so() -> None:
    assert {name for name, operator in OPERATORS.items() if operator.power is None} == {"log", "exp", "tanh", "clip"}


LOGARITHMS = {"frac_03", "frac_04", "frac_06", "illiquidity"}
"""Recipes that are logarithms of something with a unit: another unit adds a constant."""


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in LOGARITHMS])
def test_no_recipe_hangs_on_the_unit_of_prices(name: str) -> None:
    text = RECIPES[name].on("btc", other="eth").text
    values = _values(text)
    spread = np.ptp(values[~np.isnan(values)]) if not np.isnan(values).all() else 0.0
    for price in (1e-9, 1e9):
        np.testing.assert_allclose(_values(text, price), values, rtol=1e-6, atol=1e-6 * spread)


# What has no value where nothing moved and everything was traded at one price; all else has one, and only one.
UNDEFINED = {
    "skew", "kurt", "zscore", "position", "trend", "corr", "beta", "autocorr", "efficiency", "rsi", "cmo", "stoch_rsi",
    "bollinger_position", "stochastic_k", "stochastic_d", "williams_r", "cci", "mfi", "ultimate", "adx", "plus_di", "minus_di",
    "money_flow",
}  # fmt: skip
# The same where nothing was traded either.
UNTRADED = UNDEFINED | {"vwap", "vwap_day", "obv", "amihud", "taker_share", "trade_imbalance", "trade_size"}


def _dead(price: float, volume: float, rows: int = 7_000) -> Columns:
    start = START // 86_400_000 * 86_400_000
    told = dict.fromkeys(("open", "high", "low", "close"), price)
    told |= {"volume": volume, "taker_buy_volume": volume / 3, "number_of_trades": float(volume > 0)}
    columns = {name: np.full(rows, value) for name, value in told.items()}
    return Columns(partition({"btc": series("btc", "bars", 60_000, 0, start, columns)}, start + rows * 60_000))


@pytest.mark.parametrize(("volume", "missing"), [(0.7, UNDEFINED), (0.0, UNTRADED)], ids=["traded", "untraded"])
@pytest.mark.parametrize("price", [0.1, 2.4e-7, 40_000.07, 1 / 3])
def test_in_a_dead_market_everything_stands_still_or_is_missing(price: float, volume: float, missing: set[str]) -> None:
    columns = _dead(price, volume)
    for name, operator in OPERATORS.items():
        if operator.family in ("clock", "book", "frame"):
            continue
        for text in (_call(operator, n) for n in WINDOWS):
            values = np.unique(columns.column(parse(text)).values[6_800:])
            assert len(values) == 1, f"{text}: {values[:3]}"
            assert np.isnan(values[0]) == (name in missing), f"{text}: {values[0]}"


def _stretches() -> list[tuple[int, int]]:
    return [(first, end) for first, end, _ in DEAD]


@pytest.mark.parametrize("name", ["rsi", "cmo", "plus_di", "minus_di"])
def test_an_index_of_wilders_holds_while_nothing_moves_and_is_missing_when_all_it_remembers_is_still(name: str) -> None:
    operator = OPERATORS[name]
    text = _call(operator)
    values, remembered = _values(text), parse(text).lookback({"btc": 60_000}) // 60_000 - 1
    for first, end in _stretches():
        held = values[first : min(end, first - 1 + remembered)]
        assert (held == values[first - 1]).all()
        assert np.isnan(values[first - 1 + remembered : end]).all()
        assert not np.isnan(values[end : end + 100]).any()


@pytest.mark.parametrize(("name", "indicator"), [("rsi", talib.RSI), ("cmo", talib.CMO)])
def test_where_an_index_holds_it_holds_what_talib_does(name: str, indicator) -> None:  # type: ignore[no-untyped-def]
    close = in_units(1.0, 1.0).series["btc"].columns["close"]
    values, expected = _values(f"{name}(btc.close, 14)"), indicator(close, 14)
    there = ~np.isnan(values)
    assert there[1_500:1_700].all()
    np.testing.assert_allclose(values[there], expected[there], rtol=1e-9, atol=1e-9)


def test_a_money_flow_index_is_the_textbooks_in_any_unit() -> None:
    columns = in_units(1e-7, 1e-4).series["btc"].columns
    high, low, close, volume = (columns[name] for name in ("high", "low", "close", "volume"))
    values, expected = _values("mfi(btc, 14)", 1e-7, 1e-4), talib.MFI(high * 1e9, low * 1e9, close * 1e9, volume * 1e9, 14)
    there = ~np.isnan(values) & (expected > 0)
    assert there.sum() > 6_000
    np.testing.assert_allclose(values[there], expected[there], rtol=1e-9, atol=1e-9)
    assert 45 < values[there].mean() < 55
