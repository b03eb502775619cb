"""Pictures as PNG: of a size that hosts take, of every figure that a card has, with the warnings that a reader must not miss."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from factory.report.charts import LOSS, OWN, Figure, draw_importance
from factory.report.pictures import PAPER, SIZE, WARNING, Heading, draw_png

LAYOUT: dict[str, Any] = {"height": 300, "xaxis": {}, "yaxis": {}}
DAYS = [f"2024-01-{day:02d}T00:00:00Z" for day in range(1, 31)]
HOSTILE = "$\\frac{1}{0}$ <b>name</b> \u202e猫"


def figure(*traces: dict[str, Any], **layout: Any) -> Figure:
    return {"data": list(traces), "layout": {**LAYOUT, **layout}}


def pixels(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def count(drawn: np.ndarray, colour: str, off: int = 24) -> int:
    """Pixels of about a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(drawn - wanted).max(axis=2) <= off).sum())


LINE = {"x": DAYS, "y": list(range(30)), "name": "up", "line": {"color": OWN, "width": 2}}


def test_a_picture_is_900_by_500_light_and_small() -> None:
    noise = np.random.default_rng(0).normal(size=2_000).cumsum().tolist()
    busy = {**LINE, "x": list(range(2_000)), "y": noise}
    png = draw_png([figure(busy), figure(busy)], Heading("a title", "facts", "SIMULATED market"))
    assert pixels(png).shape == (SIZE[1], SIZE[0], 3)
    assert len(png) < 60_000
    assert count(pixels(png), PAPER) > 0.5 * SIZE[0] * SIZE[1], "it has its own background"


def test_a_warning_is_drawn_where_there_is_one() -> None:
    with_it, without = (draw_png([figure(LINE)], Heading("t", "f", text)) for text in ("SIMULATED market", ""))
    assert count(pixels(with_it), WARNING) > 200
    assert count(pixels(without), WARNING) == 0


def test_a_line_stands_where_its_points_are() -> None:
    rising = pixels(draw_png([figure(LINE)]))
    rows, columns = np.nonzero(np.abs(rising - [0x3B, 0x6F, 0xD4]).max(axis=2) <= 24)
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_bars_lie_with_their_intervals_and_noise_in_another_colour() -> None:
    rows = [["burst", 0.01, 0.008, 0.012, 0.5], ["(noise)", 0.001, -0.001, 0.003, 0.5], ["none", "-", "-", "-", "-"]]
    made = draw_importance(rows, "(noise)")
    assert made["data"][0]["y"] == ["(noise)", "burst"]
    assert made["data"][0]["error_x"]["array"] == pytest.approx([0.002, 0.002])
    drawn = pixels(draw_png([made]))
    assert count(drawn, OWN) > 5 * count(drawn, "#8a8f98") > 0


@pytest.mark.parametrize(
    "traces",
    [
        [{**LINE, "fill": "tozeroy"}],
        [{**LINE, "showlegend": False}, {**LINE, "y": [y + 3 for y in range(30)], "fill": "tonexty", "fillcolor": "rgba(1,2,3,.2)"}],
        [{**LINE, "y": [None, *range(29)], "mode": "lines+markers", "line": {"color": LOSS, "dash": "dot"}}],
        [{"type": "bar", "x": ["a", "b"], "y": [1, -1], "marker": {"color": [OWN, LOSS]}}],
        [{"type": "heatmap", "x": ["Jan", "Feb"], "y": ["2024"], "z": [[0.1, None]], "zmin": -1, "zmax": 1,
          "colorscale": [[0, LOSS], [0.5, "rgba(128,128,128,.08)"], [1, OWN]]}],
    ],
    ids=["area", "band", "gap", "bars", "heatmap"],
)  # fmt: skip
def test_each_trace_leaves_its_colours(traces: list[dict[str, Any]]) -> None:
    empty, drawn = (pixels(draw_png([figure(*given)])) for given in ([], traces))
    assert (empty != drawn).any(axis=2).mean() > 0.01


def test_words_of_others_are_no_formula() -> None:
    named = figure({**LINE, "name": HOSTILE}, {**LINE, "name": "two"})
    assert len(draw_png([named], Heading(HOSTILE, HOSTILE, HOSTILE))) > 1_000


def test_a_trace_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="'pie'"):
        draw_png([figure({"type": "pie"})])
