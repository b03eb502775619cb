"""On a narrow terminal columns give way, and never what a table is sorted by or concludes."""

import io

import pytest
from rich.console import Console

from factory.views.lists import BOARD
from server.cli.layout import grid

CHANGED = "meta: leaf 50 -> 150; trade: edge 0.01 -> 0.02"
TABLES = {
    "leaderboard": (BOARD, ("id", "name", "id", CHANGED, 1234, 0.5123, 0.5012, 1.234, 0.5678, 0.9876, 0.01234, 0.5123)),
    "summary": (
        ("idea", "trials", "best", "mean_net", "high", "says"),
        (
            "triple_barrier 4h, cusum",
            123,
            "0123456789ab",
            -0.001234,
            -0.0001234,
            "ruled out after costs; 3 with too few trades",
        ),
    ),
    "ranking": (("input", "log_loss", "low", "high", "auc"), ("lead15+lead30+burst", 0.001234, -0.000123, 0.001234, 0.001234)),
    "screen": (
        ("feature", "auc", "low", "high", "lag_1m", "lag_5m"),
        ("ret(eth.close, 5) - ret(btc.close, 5)", 0.5123, 0.5023, 0.5223, 0.5101, 0.5012),
    ),
}
SORTED_BY = {"leaderboard": {"sharpe"}, "summary": {"trials", "says"}, "ranking": {"log_loss", "auc"}, "screen": {"auc"}}


def printed(of: str, width: int, **other: str) -> str:
    columns, row = TABLES[of]
    cells = [other.get(column, cell) for column, cell in zip(columns, row, strict=True)]
    laid, _, least = grid({"columns": list(columns), "rows": [cells, cells]}, width)
    console = Console(file=io.StringIO(), width=max(width, least))
    console.print(laid)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_is_sorted_by_and_what_it_concludes_stay_at_any_width(name: str, width: int) -> None:
    assert set(printed(name, width).splitlines()[0].split()) >= SORTED_BY[name]


@pytest.mark.parametrize("name", ["x" * 8, "btc-up-or-down-5m", "a-name-of-thirty-characters-xy"])
def test_a_leaderboard_of_eighty_columns_tells_sharpe_deflated_and_return(name: str) -> None:
    shown = printed("leaderboard", 80, pipeline="0123456789ab", name=name, parent="0123456789ab")
    head = shown.splitlines()[0].split()
    assert {"sharpe", "deflated", "return"} <= set(head)
    assert "win_rate" not in head or "break_even" in head
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", ["summary", "ranking", "screen"])
def test_long_text_is_folded_before_a_column_gives_way(name: str) -> None:
    columns, row = TABLES[name]
    shown = printed(name, 80)
    assert shown.splitlines()[0].split() == list(columns)
    assert max(map(len, shown.splitlines())) <= 80
    assert {word for cell in row for word in str(cell).split()} <= set(shown.split())
