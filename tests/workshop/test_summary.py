"""The honest summary of a search."""

import pytest
from anthropic_tokenizer import count_tokens

from factory.canonical import in_order
from factory.errors import PipelineError
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
    assert count_tokens(in_order(told)) <= 300
    assert workshop.show("summary small-sim") == told
