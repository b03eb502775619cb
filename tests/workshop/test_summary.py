"""The honest summary of a search."""

from unittest.mock import ANY

import pytest
from anthropic_tokenizer import count_tokens

from factory.core.canonical import in_order
from factory.core.errors import PipelineError
from factory.ledger.board import Idea
from factory.views.summary import judge_idea
from factory.workshop import Workshop


def test_a_search_is_summed_up_in_few_tokens(workshop: Workshop, binary: str, perpetual: str, do) -> None:
    with pytest.raises(PipelineError, match="no trial"):
        workshop.show("summary")
    do("backtest", pipeline=binary)
    do("backtest", pipeline=perpetual)
    told = workshop.show("summary")
    assert told["best"]["pipeline"] == binary
    assert told["best"]["mean_net"][1] > 0
    assert told["costs"].startswith("pays below 0.0")
    families = {row[0]: row[-1] for row in told["families"]["rows"]}
    assert families == {"up_down 5m, each 5m": "open", "triple_barrier 4h, cusum": "ruled out after costs"}
    assert len(told["mean_net_calm_to_wild"]) == 5
    assert told["price"] == "at an assumed price of 0.50"
    assert told["ledger"].startswith("2 trials")
    assert "(5 of validation)" in told["ledger"], "from calm to wild is a breakdown by volatility, counted once"
    assert count_tokens(in_order(told)) <= 300
    assert workshop.show("summary small-sim") == told


def test_an_idea_stays_open_when_more_trials_cannot_be_judged() -> None:
    assert judge_idea(Idea("up", 1, 1, 0.01)) == "open"
    assert judge_idea(Idea("up", 3, 1, 0.01)) == "open; 2 with too few trades"
    assert judge_idea(Idea("up", 2, 1, -0.01)) == "ruled out after costs; 1 with too few trades"
    assert judge_idea(Idea("up", 1, 0, None)) == "too few trades to say"


def test_no_idea_is_lost_between_pages(workshop: Workshop, binary: str, do) -> None:
    made = [binary]
    for every in ("10m", "15m", "20m", "30m", "1h"):
        made.append(workshop.define(parent=binary, changes={"sample.every": every})["pipeline"])
    for one in made:
        do("backtest", pipeline=one)
    first = workshop.show("summary")
    assert (first["total"], first["next_page"]) == (6, 2)
    second = workshop.show("summary", page=2)
    assert "best" not in second
    assert "next_page" not in second
    rows = [*first["families"]["rows"], *second["families"]["rows"]]
    assert sorted(row[2] for row in rows) == sorted(made)
    for _, _, best, mean_net, high, _ in rows:
        assert workshop.find_trial(workshop.resolve(best))["mean_net"] == [mean_net, ANY, high]
