"""The language refuses everything that is not an expression, and says how to mend it."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.errors import ExpressionError
from factory.expressions.grammar import MAX_DEPTH, parse
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.expressions.synonyms import SYNONYMS

REFUSED = {
    "": "is empty",
    "btc": "character 1: 'btc' alone is no value; a series needs a column, such as btc.close",
    "zscore(r15, 60)": "character 8: 'r15' alone is no value; a series needs a column, such as r15.close",
    "close / mean(btc.close, 30)": "character 1: 'close' is a column; write its series before it, such as btc.close",
    "Volume + 1": "'Volume' is a column; write its series before it, such as btc.volume",
    "sma + 1": "write a call, such as mean(btc.close, 30)",
    "future": "'future' alone is no value; looking ahead does not exist; lag(x, n) looks n rows back",
    "np.log(btc.close)": "operator 'np.log' unknown; write log(x), such as log(btc.close)",
    "talib.RSI(btc.close, 14)": "operator 'talib.RSI' unknown; write rsi(x, n=14), such as rsi(btc.close, 14)",
    "btc.close.pct_change(5)": "write calls around a column, such as mean(btc.close, 20)",
    "rsi": "write a call, such as rsi(btc.close, 14)",
    "rs + 1": "write a call, such as rsi(btc.close, 14)",
    "rsi + 1": "write a call, such as rsi(btc.close, 14)",
    "rsi(btc.close, window=14)": "rsi has no 'window'; write rsi(x, n=14), such as rsi(btc.close, 14)",
    "rsi(btc.close, n=14, n=15)": "'n' is there twice",
    "macd(btc.close, signal=9, 26)": "no name came after a named argument; write macd(x, fast=12, slow=26, signal=9), such as",
    "rsi(btc.close, n=0)": "n of rsi is 0; 2 to 10000 is allowed",
    "rsi(n=14)": "'x' is missing",
    "rsi(btc.close 14)": "',' or ')' is expected",
    "hour(3)": "hour takes 0; write hour()",
    "btc.close = 3": "write ==",
    "btc.close / 0": "character 11: division by 0; write another divisor",
    "btc.close / -0.0": "division by 0",
    "btc.close / (eth.close / (0))": "division by 0",
    "btc.close.x": "write calls around a column",
    "__import__('os')": "is no column",
    "btc.__class__": "is no column",
    "lambda x: x": "not part of the language",
    "[btc.close for a in b]": "lag(x, n) looks n rows back",
    "'text'": "write names bare",
    "btc.close[1]": "lag(x, n) looks n rows back",
    "btc.close ** 2": "'*' came",
    "Ref($close, 1)": "character 5: '$' means nothing here; columns are written series.column, such as btc.close",
    "btc.close & eth.close": "write and, or, not",
    "lag(btc.close, 0)": "n of lag is 0; 1 to 100000 is allowed",
    "lag(btc.close, -1)": "n of lag is -1; 1 to 100000 is allowed",
    "mean(btc.close, -30)": "n of mean is -30; 1 to 100000 is allowed, looking ahead does not exist",
    "lag(btc.close, 1.5)": "a whole number of rows",
    "lag(btc.close, btc.open)": "must be a literal number",
    "mean(btc.close, 200000)": "1 to 100000 is allowed",
    "1e99 * btc.close": "write one below 1e15",
    "9" * 40 + " * btc.close": "write one below 1e15",
    "(" * 100 + "btc.close": "nests too deep",
    " + ".join(["btc.close"] * 60): "nests too deep",
    "rsii(btc.close, 14)": "did you mean 'rsi'?",
    "rsi(btc.close, 14, 3)": "rsi takes 2",
    "ret(btc.close)": "'n' is missing; write ret(x, n), such as ret(btc.close, 15)",
    "atr(btc.close, 14)": "write it bare, such as atr(btc, 14)",
    "1 + 2": "the same at every moment",
    "mean(hour(), 5)": "holds no column",
    "at(60, btc.close)": "must be a duration",
    "at(2d, btc.close)": "1s to 1d is allowed",
    "at(1h, at(5m, btc.close))": "at inside at",
    "btc.close < eth.close < 3": "write a < b and b < c",
    "clip(btc.close, 5, 1)": "smaller bound first",
    "5min * btc.close": "is no duration",
    "ret(btc.close, 15": "')' is expected",
    "btc.close 3": "the end is expected",
    "btc.close not eth.close": "'not' stands before",
    "x" * 3000: "at most 2000 are allowed",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=[text[:24] for text in REFUSED])
def test_what_is_no_expression_gets_one_line_with_its_mend(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert len(caught.value.lines) == 1
    assert len(str(caught.value)) < 240


GUESSED = {
    "mean": "sma rolling_mean ma avg ts_mean SMA Moving_Average",
    "ret": "pct_change returns roc PCT_CHANGE",
    "lag": "delay shift ref Ref",
    "diff": "delta ts_delta",
    "std": "stdev stddev ts_std StdDev",
    "rank": "ts_rank",
    "max": "ts_max hhv",
    "min": "ts_min llv",
    "corr": "correlation",
    "wma": "decay_linear",
    "ema": "ewm ewma",
    "bollinger_upper": "bbands BBANDS",
    "stochastic_k": "stoch STOCH",
    "rsi": "RSI Rsi",
}


@pytest.mark.parametrize(("operator", "guess"), [(name, one) for name, words in GUESSED.items() for one in words.split()])
def test_the_fields_own_names_lead_to_the_operator(operator: str, guess: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"{guess}(btc.close, 5)")
    assert f"operator '{guess}' unknown; write {OPERATORS[operator].signature}" in str(caught.value)
    assert f"such as {OPERATORS[operator].example}" in str(caught.value)
    assert ("looking ahead does not exist" in str(caught.value)) == (operator == "lag")


@pytest.mark.parametrize("guess", ["lead", "LEAD", "future", "ts_lead", "forward_return", "next", "lookahead"])
def test_law_2_a_name_for_the_future_is_told_that_there_is_none(guess: str) -> None:
    for text in (f"{guess}(btc.close, 5)", f"{guess} + 1"):
        with pytest.raises(ExpressionError, match="looking ahead does not exist; lag"):
            parse(text)


@pytest.mark.parametrize("name", ["foo", "psar", "signed_power", "ichimoku", "entropy", "Sharpe", "product"])
def test_a_name_like_no_other_is_told_the_families(name: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"{name}(btc.close, 5)")
    families = ", ".join(dict.fromkeys(one.family for one in OPERATORS.values()))
    assert f"operator '{name}' unknown; families: {families}; list_features(family=...) lists one" in str(caught.value)


def test_a_synonym_stands_for_something_that_exists_and_is_no_name_itself() -> None:
    names = {*OPERATORS, *RECIPES}
    assert set(SYNONYMS) <= names
    for words in SYNONYMS.values():
        assert len(set(words)) == len(words)
        assert all(word == word.lower() and word not in OPERATORS for word in words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rsi(gold, 14)", "character 5: 'gold' is a series; name a column of it, such as gold.close"),
        ("zscore(pm, 60)", "'pm' is a series; name a column of it, such as pm.up"),
        ("close + 1", "'close' is a column; write its series before it, such as gold.close"),
        ("up + 1", "'up' is a column; write its series before it, such as pm.up"),
        ("open + 1", "'open' is a column; write its series before it, such as gold.open"),
        ("r15 + 1", "'r15' alone is no value; write a series and its column, such as gold.close; r15.close if it is a series"),
    ],
)
def test_a_bare_word_is_told_by_the_series_that_are_known(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, series={"gold": ("time", "close"), "pm": ("up",)})
    assert said in str(caught.value)


def test_thousands_of_nodes_are_refused() -> None:
    with pytest.raises(ExpressionError, match="too large"):
        parse("+".join("(" + "+".join(["a.b"] * 30) + ")" for _ in range(15)))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("ret( btc.close,15 )", "ret(btc.close, 15)"),
        ("rsi(btc.close)", "rsi(btc.close, 14)"),
        ("rsi(btc.close, n=14)", "rsi(btc.close, 14)"),
        ("rsi(n = 21, x = btc.close)", "rsi(btc.close, 21)"),
        ("macd(btc.close, slow=30)", "macd(btc.close, 12, 30, 9)"),
        ("atr(btc, n=20) + at(bar=1h, x=btc.close)", "atr(btc, 20) + at(1h, btc.close)"),
        ("where(condition=btc.close == 1, a=1, b=-2)", "where(btc.close == 1, 1, -2)"),
        ("macd(btc.close)", "macd(btc.close, 12, 26, 9)"),
        ("at(60m, btc.close)", "at(1h, btc.close)"),
        ("(a.b + c.d) + e.f", "a.b + c.d + e.f"),
        ("a.b + (c.d + e.f)", "a.b + (c.d + e.f)"),
        ("-(1.0+a.b)*-2.50 - -3", "-(1 + a.b) * -2.5 - -3"),
        ("not a.b>1 and (c.d<2 or e.f==3)", "not a.b > 1 and (c.d < 2 or e.f == 3)"),
        ("(not a.b) > 1", "(not a.b) > 1"),
        ("(a.b < 1) == (c.d < 1)", "(a.b < 1) == (c.d < 1)"),
        ("std(ret(btc.close,1),240)*15.5", "std(ret(btc.close, 1), 240) * 15.5"),
        ("btc . close * 1e-5", "btc.close * 1e-05"),
    ],
)
def test_two_spellings_of_the_same_are_one(written: str, canonical: str) -> None:
    expression = parse(written)
    assert expression.text == canonical
    assert parse(canonical) == expression
    assert parse(canonical).digest == expression.digest


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=list(OPERATORS))
def test_every_operator_has_a_valid_example_and_doc(operator) -> None:  # type: ignore[no-untyped-def]
    expression = parse(operator.example)
    assert parse(expression.text) == expression
    assert operator.example.startswith(f"{operator.name}(")
    assert operator.doc.endswith(".")
    assert len(operator.signature) + len(operator.doc) < 160


def test_there_are_at_least_sixty_operators_in_families() -> None:
    assert len(OPERATORS) >= 60
    assert {operator.family for operator in OPERATORS.values()} == {
        "math", "change", "window", "smoothing", "indicator", "volatility", "flow", "book", "clock", "frame",
    }  # fmt: skip


_leaves = st.sampled_from(["btc.close", "eth.volume", "1", "2.5", "-3", "hour()"])
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "<", "==", "and", "or"]), inner).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        inner.map(lambda t: f"-({t})"),
        inner.map(lambda t: f"not ({t})"),
        inner.map(lambda t: f"clip({t}, -1, 1)"),
        inner.map(lambda t: f"zscore(btc.close + {t}, 30)"),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_trees)
def test_canonical_text_is_a_fixpoint(text: str) -> None:
    expression = parse(f"btc.open + ({text})")
    assert parse(expression.text) == expression
    assert parse(expression.text).text == expression.text


def test_the_deepest_allowed_expression_can_be_written_and_hashed() -> None:
    expression = parse("-(" * (MAX_DEPTH // 2 - 1) + "btc.close" + ")" * (MAX_DEPTH // 2 - 1))
    assert parse(expression.text) == expression
    assert len({expression, parse(expression.text)}) == 1


def test_columns_and_series_are_known_without_data() -> None:
    expression = parse("atr(btc, 14) / btc.close + at(1h, ret(gold.close, 1)) * imbalance(book, 2)")
    assert expression.series == {"btc", "gold", "book"}
    assert ("btc", "high") in expression.columns
    assert ("book", "bid_qty_2") in expression.columns
    assert ("book", "bid_qty_3") not in expression.columns


MINUTES = {"btc": 60_000, "eth": 60_000, "gold": 3_600_000}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("btc.close", 1),
        ("ret(btc.close, 15)", 16),
        ("zscore(ret(btc.close, 15), 240)", 16 + 239),
        ("zscore(ret(gold.close, 1), 48)", 49 * 60),
        ("at(1h, zscore(btc.close, 24))", 24 * 60),
        ("ret(btc.close, 5) + gold.close", 120),
        ("vwap_day(btc)", 1441),
        ("hour() * btc.close", 1),
        ("hour()", 0),
    ],
)
def test_law_2_the_look_back_is_computed(text: str, minutes: int) -> None:
    assert parse(text).lookback(MINUTES) == minutes * 60_000


def test_law_2_a_recursive_operator_looks_back_until_the_rest_weighs_nothing() -> None:
    rows = parse("wilder(btc.close, 14)").lookback(MINUTES) // 60_000
    assert (1 - 1 / 14) ** rows < 1e-12 < (1 - 1 / 14) ** (rows - 5)
    assert parse("wilder(btc.close, 14)").recursive


def test_law_1_a_delay_lengthens_the_look_back() -> None:
    assert parse("ret(gold.close, 1)").lookback(MINUTES, {"gold": 60_000}) == 121 * 60_000


COLUMNS = {"btc": {"open", "high", "low", "close", "volume"}, "gold": {"close"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ret(bct.close, 1)", "series 'bct' is not in the dataset; did you mean 'btc'?"),
        ("btc.clos", "series 'btc' has no column 'clos'; did you mean 'close'?"),
        ("taker_share(btc, 30)", "series 'btc' has no column 'taker_buy_volume'"),
        ("mid(btc)", "mid needs an order-book series with columns ask_px_1, bid_px_1; btc has none"),
        (
            "imbalance(book, 5)",
            "imbalance needs an order-book series with columns ask_qty_1, bid_qty_1, ask_qty_2, bid_qty_2, ...; the dataset has none",
        ),
        ("at(5m, gold.close)", "at(5m, ...): gold has rows of 1h; write a multiple of it, such as at(1h, ...)"),
        ("at(90s, btc.close)", "at(90s, ...): btc has rows of 1m"),
    ],
)
def test_a_feature_over_what_the_dataset_lacks_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).check(COLUMNS, {"btc": 60_000, "gold": 3_600_000})
    assert said in str(caught.value)


def test_an_order_book_of_another_name_or_of_fewer_levels_is_named() -> None:
    columns = {**COLUMNS, "deep": {"ask_px_1", "bid_px_1", "ask_qty_1", "bid_qty_1"}}
    periods = {"btc": 60_000, "gold": 3_600_000, "deep": 1_000}
    parse("microprice(deep)").check(columns, periods)
    with pytest.raises(ExpressionError, match="series 'book' is not in the dataset"):
        parse("mid(book)").check(columns, periods)
    with pytest.raises(ExpressionError, match="series 'deep' has 1 level of each side; write at most 1"):
        parse("depth(deep, 2)").check(columns, periods)


def test_the_call_suggested_for_a_bare_operator_parses() -> None:
    for name in OPERATORS:
        with pytest.raises(ExpressionError) as caught:
            parse(f"{name} + 1")
        parse(str(caught.value).split("such as ")[1])


@pytest.mark.parametrize("operator", [one for one in OPERATORS.values() if one.params], ids=lambda one: one.name)
def test_every_argument_may_be_named(operator) -> None:  # type: ignore[no-untyped-def]
    call = parse(operator.example).node
    named = [f"{param.name}={argument.text}" for param, argument in zip(operator.params, call.children, strict=True)]
    assert parse(f"{operator.name}({', '.join(reversed(named))})").node == call


def test_what_the_dataset_holds_is_accepted() -> None:
    parse("atr(btc, 14) + at(4h, ret(gold.close, 1))").check(COLUMNS, {"btc": 60_000, "gold": 3_600_000})


def test_the_language_is_light() -> None:
    code = (
        "import sys, factory.expressions.grammar, factory.expressions.recipes, factory.expressions.keys;"
        "heavy = {'numpy', 'pandas', 'numba', 'scipy', 'sklearn', 'talib', 'pyarrow'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
