"""What `rfcat replay` tells of a scored pipeline, and what it refuses."""

import json
from dataclasses import replace

import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, iso
from factory.live.parity import check_parity
from factory.live.rolling import RollingSeries
from factory.market.dataset import open_partition
from factory.market.sessions import Sessions
from factory.pipeline import load_shipped
from factory.workshop import Workshop
from tests.server.test_cli import rfcat

SAME = ("decisions_differ", "trades_differ")


def test_parity_is_told_of_no_more_than_validation(simulated: Workshop) -> None:
    pipeline = load_shipped()["btc-up-or-down-5m"]
    part = open_partition(simulated.workspace, "btc-sim", "validation")
    shares = list[float]()
    told = check_parity(simulated.workspace, pipeline, 1, lambda share, _: shares.append(share))
    assert [told[name] for name in SAME] == [0, 0]
    assert 250 < told["decisions"] <= 288
    assert 0 < told["decision_ms_p50"] <= told["decision_ms_p99"]
    assert shares == sorted(shares)
    assert (told["from"], told["to"]) == (iso(part.start), iso(part.start + DAY))


def test_only_what_was_scored_is_replayed(simulated: Workshop) -> None:
    root = simulated.workspace.root
    assert "backtest" in rfcat(root, "replay", "btc-long-short", status=1)
    rfcat(root, "backtest", "btc-long-short")
    told, _ = json.JSONDecoder().raw_decode(rfcat(root, "replay", "btc-long-short", "--days", "5", "--json"))
    assert [told[name] for name in SAME] == [0, 0]


def test_a_market_that_closes_is_refused(simulated: Workshop) -> None:
    bars = open_partition(simulated.workspace, "btc-sim", "train").series["btc"]
    with pytest.raises(DataError, match="market closes"):
        RollingSeries(replace(bars, sessions=Sessions(bars.time[:0], bars.time[:0], bars.time[:0])))
