"""Operators on order books."""

from factory.expressions.signature import Literals, Operator, Param, lagged, whole, window


def _sizes(literals: Literals) -> tuple[str, ...]:
    return tuple(f"{side}_qty_{level}" for level in range(1, int(literals[0]) + 1) for side in ("ask", "bid"))


def _books(literals: Literals) -> tuple[str, ...]:
    return tuple(
        f"{side}_{what}_{level}"
        for level in range(1, int(literals[0]) + 1)
        for side in ("ask", "bid")
        for what in ("px", "qty")
    )


def _flows(literals: Literals) -> tuple[str, ...]:
    return (*(f"ofi_{level}" for level in range(1, int(literals[0]) + 1)), *_sizes(literals))


def _window_after_level(literals: Literals) -> int:
    return int(literals[1]) - 1


_TOP = ("ask_px_1", "ask_qty_1", "bid_px_1", "bid_qty_1")
_BOOK = Param("book", "series")
_LEVELS = window("levels", 1, 20, 1)
_LEVEL = window("level", 1, 20)

BOOK = (
    Operator(
        "mid",
        "book",
        (_BOOK,),
        "Middle of best bid and best ask.",
        "mid(book)",
        needs=lambda literals: ("ask_px_1", "bid_px_1"),
        power=1,
    ),
    Operator(
        "spread",
        "book",
        (_BOOK,),
        "Best ask less best bid, over the middle.",
        "spread(book)",
        needs=lambda literals: ("ask_px_1", "bid_px_1"),
    ),
    Operator(
        "microprice",
        "book",
        (_BOOK,),
        "Best prices weighted by the size on the other side.",
        "microprice(book)",
        needs=lambda literals: _TOP,
        power=1,
    ),
    Operator(
        "imbalance",
        "book",
        (_BOOK, _LEVELS),
        "Bid less ask size over both, on the first levels, -1..1.",
        "imbalance(book, 5)",
        needs=_sizes,
    ),
    Operator(
        "depth", "book", (_BOOK, _LEVELS), "Size on both sides of the first levels.", "depth(book, 5)", needs=_sizes, volume=1
    ),
    Operator(
        "order_flow",
        "book",
        (_BOOK, window()),
        "Order-flow imbalance of the best level, summed over n rows.",
        "order_flow(book, 50)",
        lagged,
        lambda literals: _TOP,
        volume=1,
    ),
    Operator(
        "weighted_mid",
        "book",
        (_BOOK, _LEVELS),
        "Mean price of each side's first levels, weighted by the size on the other side.",
        "weighted_mid(book, 5)",
        needs=_books,
        power=1,
    ),
    Operator(
        "pressure",
        "book",
        (_BOOK, _LEVELS),
        "Bid less ask size over both, each size divided by its distance from the middle, -1..1.",
        "pressure(book, 5)",
        needs=_books,
    ),
    Operator(
        "book_slope",
        "book",
        (_BOOK, _LEVELS),
        "Size that the book gains a unit of relative distance from the middle, mean of both sides.",
        "book_slope(book, 5)",
        needs=_books,
        volume=1,
    ),
    Operator(
        "bid_change",
        "book",
        (_BOOK, _LEVEL),
        "Size that joined the bids of a level since the row before, less what left.",
        "bid_change(book, 1)",
        lambda literals: 1,
        lambda literals: (f"bid_px_{literals[0]:.0f}", f"bid_qty_{literals[0]:.0f}"),
        volume=1,
    ),
    Operator(
        "ask_change",
        "book",
        (_BOOK, _LEVEL),
        "Size that joined the asks of a level since the row before, less what left.",
        "ask_change(book, 1)",
        lambda literals: 1,
        lambda literals: (f"ask_px_{literals[0]:.0f}", f"ask_qty_{literals[0]:.0f}"),
        volume=1,
    ),
    Operator(
        "ofi",
        "book",
        (_BOOK, _LEVEL, window()),
        "Order-flow imbalance of a level from update to update, summed over n rows.",
        "ofi(book, 1, 60)",
        _window_after_level,
        lambda literals: (f"ofi_{literals[0]:.0f}",),
        volume=1,
    ),
    Operator(
        "ofi_all",
        "book",
        (_BOOK, window("levels", 1, 20), window()),
        "Mean order-flow imbalance of the first levels over n rows, in mean sizes of a level.",
        "ofi_all(book, 5, 60)",
        _window_after_level,
        _flows,
    ),
    Operator(
        "signed_volume",
        "book",
        (_BOOK, window()),
        "What buyers took less what sellers took, over both, of n rows, -1..1.",
        "signed_volume(book, 60)",
        whole,
        lambda literals: ("buy_qty", "sell_qty"),
    ),
    Operator(
        "events",
        "book",
        (_BOOK, window()),
        "Updates of the book in n rows.",
        "events(book, 60)",
        whole,
        lambda literals: ("events",),
    ),
)
