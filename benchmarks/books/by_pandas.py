"""Features of order books by columns of pandas."""

import pandas as pd

from benchmarks.books.drawn import LEVELS, Floats


def with_pandas(book: pd.DataFrame) -> list[Floats]:
    """Compute the features of the drawn book, in their order."""
    ask, asked, bid, bidden, flows = (_levels(book, name) for name in ("ask_px", "ask_qty", "bid_px", "bid_qty", "ofi"))
    mid = (ask[0] + bid[0]) / 2
    out = [mid, (ask[0] - bid[0]) / mid, (ask[0] * bidden[0] + bid[0] * asked[0]) / (bidden[0] + asked[0])]
    for n in (1, 5, LEVELS):
        a, b = sum(asked[:n]), sum(bidden[:n])
        out.append((b - a) / (b + a))
    a, b = sum(asked), sum(bidden)
    out += [a + b, (_joined(bid[0], bidden[0], 1) - _joined(ask[0], asked[0], -1)).rolling(50).sum()]
    mean_ask, mean_bid = sum(map(pd.Series.mul, ask, asked)) / a, sum(map(pd.Series.mul, bid, bidden)) / b
    out.append((mean_ask * b + mean_bid * a) / (a + b))
    sells = sum(size / (price - mid) for price, size in zip(ask, asked, strict=True))
    buys = sum(size / (mid - price) for price, size in zip(bid, bidden, strict=True))
    out += [(buys - sells) / (buys + sells), (_slope(ask, asked, mid) + _slope(bid, bidden, mid)) / 2]
    out += [_joined(bid[0], bidden[0], 1), _joined(ask[4], asked[4], -1)]
    out += [flows[level - 1].rolling(60).sum() for level in (1, 2, 3, 5)]
    out.append(2 * sum(flows).rolling(60).sum() / (a + b).rolling(60).mean())
    bought, sold = (book[name].rolling(60).sum() for name in ("buy_qty", "sell_qty"))
    out += [(bought - sold) / (bought + sold), book["events"].rolling(60).sum()]
    return [column.to_numpy() for column in out]


def _levels(book: pd.DataFrame, name: str) -> list[pd.Series]:
    return [book[f"{name}_{level}"] for level in range(1, LEVELS + 1)]


def _joined(price: pd.Series, size: pd.Series, better: int) -> pd.Series:
    step, before = price.diff() * better, size.shift()
    return (size.where(step >= 0, 0.0) - before.where(step <= 0, 0.0)).where(step.notna())


def _slope(prices: list[pd.Series], sizes: list[pd.Series], mid: pd.Series) -> pd.Series:
    size, products, squares = 0.0, 0.0, 0.0
    for price, more in zip(prices, sizes, strict=True):
        size, away = size + more, (price - mid).abs() / mid
        products, squares = products + size * away, squares + away * away
    return products / squares
