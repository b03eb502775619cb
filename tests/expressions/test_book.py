"""Order-book operators against pandas and plain numpy, and against the flow that an import writes."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from factory.expressions.columns import Columns
from factory.expressions.compute import book as compute_book
from factory.expressions.grammar import parse
from tests.expressions.market import market, partition, series

MARKET = market()
BOOK = pd.DataFrame(dict(MARKET.series["book"].columns))
LEVELS = range(1, 6)


def side(name: str, what: str, levels: int = 5) -> pd.DataFrame:
    """Prices or sizes of the first levels of one side."""
    return BOOK[[f"{name}_{what}_{level}" for level in range(1, levels + 1)]].set_axis(range(levels), axis=1)


ASK, ASKED, BID, BIDDEN = (side(name, what) for name in ("ask", "bid") for what in ("px", "qty"))
MID = (ASK[0] + BID[0]) / 2


def _weighted_mid() -> pd.Series:
    ask, bid = (ASK * ASKED).sum(axis=1) / ASKED.sum(axis=1), (BID * BIDDEN).sum(axis=1) / BIDDEN.sum(axis=1)
    share = BIDDEN.sum(axis=1) / (ASKED.sum(axis=1) + BIDDEN.sum(axis=1))
    return ask * share + bid * (1 - share)


def _pressure() -> pd.Series:
    sells = (ASKED / ASK.sub(MID, axis=0)).sum(axis=1)
    buys = (BIDDEN / BID.rsub(MID, axis=0)).sum(axis=1)
    return (buys - sells) / (buys + sells)


def _book_slope() -> pd.Series:
    slopes = []
    for prices, sizes in ((ASK, ASKED), (BID, BIDDEN)):
        away = prices.sub(MID, axis=0).abs().div(MID, axis=0).to_numpy()
        size = sizes.cumsum(axis=1).to_numpy()
        slopes.append([np.linalg.lstsq(x[:, None], y, rcond=None)[0][0] for x, y in zip(away, size, strict=True)])
    return pd.Series(np.mean(slopes, axis=0))


def _queue(name: str, level: int, better: int) -> pd.Series:
    price, size = BOOK[f"{name}_px_{level}"], BOOK[f"{name}_qty_{level}"]
    step = np.sign(price.diff()) * better
    return (step >= 0) * size - (step <= 0) * size.shift() + 0 * size.shift()


def _flow(levels: int, n: int) -> pd.Series:
    flows = sum(BOOK[f"ofi_{level}"].rolling(n).sum() for level in range(1, levels + 1)) / levels
    depth = sum((BOOK[f"ask_qty_{level}"] + BOOK[f"bid_qty_{level}"]).rolling(n).mean() for level in range(1, levels + 1))
    return flows / (depth / (2 * levels))


def _signed() -> pd.Series:
    buys, sells = BOOK.buy_qty.rolling(60).sum(), BOOK.sell_qty.rolling(60).sum()
    return (buys - sells) / (buys + sells)


PANDAS = {
    "weighted_mid(book, 5)": _weighted_mid(),
    "pressure(book, 5)": _pressure(),
    "book_slope(book, 5)": _book_slope(),
    "bid_change(book, 1)": _queue("bid", 1, 1),
    "bid_change(book, 4)": _queue("bid", 4, 1),
    "ask_change(book, 3)": _queue("ask", 3, -1),
    "ofi(book, 3, 60)": BOOK.ofi_3.rolling(60).sum(),
    "ofi_all(book, 5, 60)": _flow(5, 60),
    "ofi_all(book, 1, 7)": _flow(1, 7),
    "signed_volume(book, 60)": _signed(),
    "events(book, 60)": BOOK.events.rolling(60).sum(),
}


@pytest.mark.parametrize(("text", "oracle"), PANDAS.items(), ids=list(PANDAS))
def test_values_match_pandas(text: str, oracle: pd.Series) -> None:
    values, expected = np.asarray(Columns(MARKET).column(parse(text)).values), oracle.to_numpy(dtype=np.float64)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(expected))
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9 * np.nanstd(expected))


def test_of_one_level_the_weighted_middle_is_the_microprice() -> None:
    columns = Columns(MARKET)
    one, other = (columns.column(parse(text)).values for text in ("weighted_mid(book, 1)", "microprice(book)"))
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_what_joined_the_bids_less_what_joined_the_asks_is_the_flow_of_the_best_level() -> None:
    columns = Columns(MARKET)
    one, other = (
        columns.column(parse(text)).values for text in ("bid_change(book, 1) - ask_change(book, 1)", "order_flow(book, 1)")
    )
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_row_that_is_missing_makes_each_window_over_it_missing() -> None:
    columns = {name: values.copy() for name, values in MARKET.series["book"].columns.items()}
    for values in columns.values():
        values[4_000] = np.nan
    start = int(MARKET.series["book"].time[0])
    whole = Columns(partition({"book": series("book", "depth", 100, 0, start, columns)}, MARKET.end))
    for text, rows in (
        ("ofi(book, 1, 60)", 60),
        ("ofi_all(book, 5, 60)", 60),
        ("bid_change(book, 1)", 2),
        ("pressure(book, 5)", 1),
    ):
        values = whole.column(parse(text)).values
        assert np.flatnonzero(np.isnan(values[100:])).tolist() == [*range(3_900, 3_900 + rows)]


LONG = market(300_000)
BLOCKWISE = (
    "spread(book)",
    "microprice(book)",
    "imbalance(book, 10)",
    "depth(book, 10)",
    "order_flow(book, 50)",
    "weighted_mid(book, 10)",
    "pressure(book, 10)",
    "book_slope(book, 10)",
    "bid_change(book, 1)",
    "ask_change(book, 3)",
    "ofi_all(book, 10, 60)",
    "signed_volume(book, 60)",
)


@pytest.mark.parametrize("rows", [1, 7, 1_000, 9_000])
@pytest.mark.parametrize("text", BLOCKWISE)
def test_values_are_the_same_bits_whatever_rows_are_computed_at_once(
    text: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Columns(MARKET).column(parse(text)).values
    monkeypatch.setattr(compute_book, "BLOCK", rows)
    np.testing.assert_array_equal(Columns(MARKET).column(parse(text)).values, whole)


@pytest.mark.parametrize("text", BLOCKWISE)
def test_a_feature_of_a_long_book_takes_little_more_memory_than_its_own_columns(text: str) -> None:
    columns, parsed = Columns(LONG), parse(text)
    Columns(MARKET).column(parsed)
    tracemalloc.start()
    values = columns.column(parsed).values
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Two whole columns of window sums and their ratio are the most that any takes.
    assert peak < 3.5 * values.nbytes, f"{peak / values.nbytes:.1f} columns"
