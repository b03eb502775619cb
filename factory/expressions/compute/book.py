"""What is computed from order books."""

import numpy as np

from factory.expressions.compute.window import change_over, ratio, window_mean, window_sum
from factory.expressions.kernels import rows
from factory.expressions.signature import Literals
from factory.expressions.time_axis import Compute, Floats, TimeAxis

Columns = tuple[Floats, ...]
BLOCK = 16_384
"""Rows computed at once: what ten levels of so many leave behind on the way stays in a processor's nearer caches."""


def _in_blocks(compute: Compute, before: int = 0) -> Compute:
    """Compute block by block what a row knows from itself and so many rows before it; the same bits as all at once."""

    def compute_blocks(x: Columns, k: Literals, on: TimeAxis) -> Floats:
        out = np.empty(len(x[0]))
        for at in range(0, len(out), BLOCK):
            first = max(0, at - before)
            part = compute(tuple(column[first : at + BLOCK] for column in x), k, on)
            out[at : at + BLOCK] = part[at - first :]
        return out

    return compute_blocks


def _mid(ask: Floats, bid: Floats) -> Floats:
    return (ask + bid) / 2.0


def _total(sizes: Columns) -> Floats:
    """Sum columns one after the other: numpy's own order depends on the number of rows."""
    total = sizes[0]
    for size in sizes[1:]:
        total = np.add(total, size)
    return total


def _imbalance(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    ask, bid = _total(x[0::2]), _total(x[1::2])
    return ratio(bid - ask, bid + ask)


def _flow(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the order-flow imbalance of Cont, Kukanov and Stoikov (2014) at the best quotes from row to row."""
    ask, ask_size, bid, bid_size = x
    ask0, ask_size0, bid0, bid_size0 = (change_over(column, 1, rows.LAG) for column in x)
    buys: Floats = np.where(bid >= bid0, bid_size, 0.0) - np.where(bid <= bid0, bid_size0, 0.0)
    sells: Floats = np.where(ask <= ask0, ask_size, 0.0) - np.where(ask >= ask0, ask_size0, 0.0)
    return np.where(np.isnan(ask0), np.nan, buys - sells)


def _sides(x: Columns) -> tuple[Columns, Columns, Columns, Columns]:
    """Split the columns of whole books into ask prices, ask sizes, bid prices and bid sizes."""
    return x[0::4], x[1::4], x[2::4], x[3::4]


def _weighted_mid(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute a microprice from the mean prices and total sizes of some levels.

    That of Gatheral and Oomen (2010) takes the best level alone.
    """
    asks, ask_sizes, bids, bid_sizes = _sides(x)
    ask_size, bid_size = _total(ask_sizes), _total(bid_sizes)
    ask = ratio(_total(tuple(map(np.multiply, asks, ask_sizes))), ask_size)
    bid = ratio(_total(tuple(map(np.multiply, bids, bid_sizes))), bid_size)
    return ratio(ask * bid_size + bid * ask_size, ask_size + bid_size)


def _pressure(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the imbalance of sizes, each weighted by the inverse of its distance from the middle.

    As in Cao, Hansch and Wang (2009).
    """
    asks, ask_sizes, bids, bid_sizes = _sides(x)
    mid = _mid(asks[0], bids[0])
    sells = _total(tuple(ratio(size, price - mid) for price, size in zip(asks, ask_sizes, strict=True)))
    buys = _total(tuple(ratio(size, mid - price) for price, size in zip(bids, bid_sizes, strict=True)))
    return ratio(buys - sells, buys + sells)


def _side_slope(prices: Columns, sizes: Columns, mid: Floats) -> Floats:
    """Fit the least-squares slope through the origin of cumulative size on relative distance from the middle."""
    products, squares, size = [], [], np.zeros_like(mid)
    for price, more in zip(prices, sizes, strict=True):
        size, away = size + more, np.abs(price - mid) / mid
        products.append(size * away)
        squares.append(away * away)
    return ratio(_total(tuple(products)), _total(tuple(squares)))


def _book_slope(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the slope of the order book after Næs and Skjeltorp (2006).

    It is taken of plain sizes and distances in place of elasticities, so that it follows their units.
    """
    asks, ask_sizes, bids, bid_sizes = _sides(x)
    mid = _mid(asks[0], bids[0])
    return (_side_slope(asks, ask_sizes, mid) + _side_slope(bids, bid_sizes, mid)) / 2.0


def _queue_change(price: Floats, size: Floats, better: float) -> Floats:
    """Compute one side of the order-flow imbalance of Cont, Kukanov and Stoikov (2014); `better`: 1 for bids, -1 for asks."""
    price0, size0 = (change_over(column, 1, rows.LAG) for column in (price, size))
    step = (price - price0) * better
    return np.where(np.isnan(step), np.nan, np.where(step >= 0.0, size, 0.0) - np.where(step <= 0.0, size0, 0.0))


def _ofi_all(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the multi-level order flow of Xu, Gould and Howison (2018), scaled by mean depth.

    The scale is that of Cont, Cucuringu and Zhang (2023).
    """
    levels, n = int(k[0]), k[1]
    flows = window_sum(_totals(x[:levels], k, on), n, on)
    sizes = window_mean(_totals(x[levels:], k, on), n, on)
    return _scaled_flows((flows, sizes), k, on)


def _signed_volume(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the trade-sign imbalance of aggressors; NaN where nobody traded.

    As in Chordia, Roll and Subrahmanyam (2002).
    """
    buys, sells = window_sum(x[0], k[0], on), window_sum(x[1], k[0], on)
    return _shares((buys, sells), k, on)


_totals = _in_blocks(lambda x, k, on: _total(x))
_flows = _in_blocks(_flow, before=1)
_scaled_flows = _in_blocks(lambda x, k, on: ratio(2.0 * x[0], x[1]))
_shares = _in_blocks(lambda x, k, on: ratio(x[0] - x[1], x[0] + x[1]))

BOOK: dict[str, Compute] = {
    "mid": lambda x, k, on: _mid(*x),
    "spread": _in_blocks(lambda x, k, on: ratio(x[0] - x[1], _mid(*x))),
    "microprice": _in_blocks(lambda x, k, on: ratio(x[0] * x[3] + x[2] * x[1], x[3] + x[1])),
    "imbalance": _in_blocks(_imbalance),
    "depth": _totals,
    "order_flow": lambda x, k, on: window_sum(_flows(x, k, on), k[0], on),
    "weighted_mid": _in_blocks(_weighted_mid),
    "pressure": _in_blocks(_pressure),
    "book_slope": _in_blocks(_book_slope),
    "bid_change": _in_blocks(lambda x, k, on: _queue_change(x[0], x[1], 1.0), before=1),
    "ask_change": _in_blocks(lambda x, k, on: _queue_change(x[0], x[1], -1.0), before=1),
    "ofi": lambda x, k, on: window_sum(x[0], k[1], on),
    "ofi_all": _ofi_all,
    "signed_volume": _signed_volume,
    "events": lambda x, k, on: window_sum(x[0], k[0], on),
}
