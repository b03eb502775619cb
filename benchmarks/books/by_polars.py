"""Features of order books by one lazy query of polars, which finds what they share."""

import polars as pl
from polars import Expr

from benchmarks.books.drawn import EXPRESSIONS, LEVELS, Floats


def with_polars(book: pl.DataFrame) -> list[Floats]:
    """Compute the features of the drawn book, in their order."""
    query = book.lazy().select(one.alias(text) for text, one in zip(EXPRESSIONS, _expressions(), strict=True))
    result = query.collect()
    return [result[text].to_numpy() for text in EXPRESSIONS]


def _expressions() -> list[Expr]:
    ask, asked, bid, bidden = (_levels(name) for name in ("ask_px", "ask_qty", "bid_px", "bid_qty"))
    mid = (ask[0] + bid[0]) / 2
    out = [mid, (ask[0] - bid[0]) / mid, (ask[0] * bidden[0] + bid[0] * asked[0]) / (bidden[0] + asked[0])]
    for n in (1, 5, LEVELS):
        a, b = sum(asked[:n]), sum(bidden[:n])
        out.append((b - a) / (b + a))
    a, b = sum(asked), sum(bidden)
    out += [a + b, (_joined(bid[0], bidden[0], 1) - _joined(ask[0], asked[0], -1)).rolling_sum(50)]
    mean_ask, mean_bid = sum(map(Expr.mul, ask, asked)) / a, sum(map(Expr.mul, bid, bidden)) / b
    out.append((mean_ask * b + mean_bid * a) / (a + b))
    sells = sum(size / (price - mid) for price, size in zip(ask, asked, strict=True))
    buys = sum(size / (mid - price) for price, size in zip(bid, bidden, strict=True))
    out += [(buys - sells) / (buys + sells), (_slope(ask, asked, mid) + _slope(bid, bidden, mid)) / 2]
    out += [_joined(bid[0], bidden[0], 1), _joined(ask[4], asked[4], -1)]
    flows = _levels("ofi")
    out += [flows[level - 1].rolling_sum(60) for level in (1, 2, 3, 5)]
    out.append(2 * sum(flows).rolling_sum(60) / (a + b).rolling_mean(60))
    bought, sold = (pl.col(name).rolling_sum(60) for name in ("buy_qty", "sell_qty"))
    return [*out, (bought - sold) / (bought + sold), pl.col("events").rolling_sum(60)]


def _levels(name: str) -> list[Expr]:
    return [pl.col(f"{name}_{level}") for level in range(1, LEVELS + 1)]


def _joined(price: Expr, size: Expr, better: int) -> Expr:
    step, before = price.diff() * better, size.shift()
    return pl.when(step > 0).then(size).when(step < 0).then(-before).when(step == 0).then(size - before)


def _slope(prices: list[Expr], sizes: list[Expr], mid: Expr) -> Expr:
    size, products, squares = pl.lit(0.0), pl.lit(0.0), pl.lit(0.0)
    for price, more in zip(prices, sizes, strict=True):
        size, away = size + more, (price - mid).abs() / mid
        products, squares = products + size * away, squares + away * away
    return products / squares
