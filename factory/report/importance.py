"""Which inputs carry information, as a picture: each beside the column of noise that rules it."""

from collections.abc import Sequence
from typing import Any

from factory.report.charts import COIN, OWN, Figure

ROW = 26
"""Pixels of an input."""


def draw_importance(rows: Sequence[Sequence[Any]], noise: str) -> Figure:
    """Draw by how much log-loss rises when each input is shuffled, with its 95 % interval.

    Parameters
    ----------
    rows : sequence
        Of each input, best first: its name, the rise, the ends of its interval.
    noise : str
        Name of the column of noise.
    """
    drawn = [row[:4] for row in reversed(rows) if isinstance(row[1], int | float)]
    bars = {
        "type": "bar", "orientation": "h", "y": [row[0] for row in drawn], "x": [row[1] for row in drawn],
        "marker": {"color": [COIN if noise in row[0].split("+") else OWN for row in drawn]},
        "error_x": {"type": "data", "symmetric": False,
                    "array": [row[3] - row[1] for row in drawn], "arrayminus": [row[1] - row[2] for row in drawn]},
        "hovertemplate": "%{y}: log-loss rises by %{x:.4g}<extra></extra>",
    }  # fmt: skip
    layout = {
        "margin": {"l": 160, "r": 16, "t": 8, "b": 40},
        "height": 90 + ROW * len(drawn),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"title": {"text": "rise of log-loss when shuffled"}, "gridcolor": "rgba(128,128,128,.2)"},
        "yaxis": {"type": "category"},
    }
    return {"data": [bars], "layout": layout}
