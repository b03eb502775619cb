import re

import pytest

from factory.pipeline import Pipeline, draw_diagram, draw_outline, load_shipped
from tests.pipeline.examples import long_short, up_down


def test_the_outline_reads_from_series_to_trade() -> None:
    assert draw_outline(long_short()).splitlines() == [
        "btc (btc-sim) -> logp, vol, r60, burst",
        "cusum of logp by vol -> decisions; triple_barrier of btc in 4h, 1 and 1 vol -> what is learned",
        "r60, vol -> trend (gradient_boosting)",
        "r60, burst -> revert (logistic)",
        "trend, revert, vol -> forest of 300 trees",
        "forest -> long_or_short btc-perpetual, from 0.55, exit barriers, size volatility",
        "refit every 30d on 180d",
    ]


def test_the_diagram_joins_what_mentions_each_other() -> None:
    lines = [line.strip() for line in draw_diagram(long_short()).splitlines()]
    assert lines[0] == "flowchart LR"
    for edge in [
        "s_btc --> f_logp",
        "f_logp -.-> sample",
        "f_vol -.-> sample",
        "f_vol -.-> label_",
        "f_r60 --> e_trend",
        "e_trend --> meta",
        "f_vol --> meta",
        "meta --> trade",
    ]:
        assert edge in lines
    assert "e_trend --> trade" not in lines


@pytest.mark.parametrize("pipeline", [up_down(), long_short(), *load_shipped().values()], ids=lambda pipeline: pipeline.id)
def test_every_edge_joins_nodes_that_are_drawn(pipeline: Pipeline) -> None:
    text = draw_diagram(pipeline)
    drawn = set(re.findall(r"^\s*(\w+)[\[({/]", text, re.M))
    edges = re.findall(r"^\s*(\w+) (?:-->|-\.->|-\. \".*\" \.->) (\w+)$", text, re.M)
    assert {end for edge in edges for end in edge} <= drawn
    assert len(edges) + len(drawn) + 3 == len(text.splitlines())
