"""One pipeline on another market: ETH traded with BTC's features by two changes, through the workshop."""

import json
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import PipelineError
from factory.learning.labels import label
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline.parts.labels import UpDown
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tracking.naming import describe_change
from factory.views.cards import read_trial
from factory.workshop import Workshop
from tests.workshop.market import PERPETUAL, SPEC

ETH = "  eth-perpetual: {use: perpetual, of: eth, taker: 0.0005, maker: 0.0002, slippage: 0.0003, funding: 0.0001, leverage: 3}\nsplit:"
BOTH = SPEC.replace("small-sim", "both").replace("SMALL-", "BOTH-").replace("split:", ETH)
OTHER = {"label.of": "eth", "trade.contract": "eth-perpetual"}
SHORTER = {"refit.window": "30d", "refit.every": "15d"}
"""The small market is shorter than what the shipped strategy learns from."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("both"))
    build(workspace, load_spec(BOTH))
    return Workshop(workspace, "tester")


@pytest.fixture(scope="module")
def child(workshop: Workshop) -> str:
    """The shipped strategy on ETH, scored."""
    made = str(workshop.define(parent="btc-long-short", changes={**SHORTER, **OTHER})["pipeline"])
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    return made


def test_what_each_contract_is_on_is_listed(workshop: Workshop) -> None:
    told = workshop.describe()["contracts"]
    assert told["btc-perpetual"].startswith("perpetual on btc, taker 0.0005")
    assert told["eth-perpetual"].startswith("perpetual on eth, taker 0.0005")


def test_the_shipped_strategy_trades_the_other_market_by_two_changes(workshop: Workshop, child: str) -> None:
    parent = workshop.resolve(workshop.define(parent="btc-long-short", changes=SHORTER)["pipeline"])
    by_two = workshop.define(parent=parent.id, changes=OTHER)
    assert by_two["changed"] == ["label: of btc -> eth", "trade: contract btc-perpetual -> eth-perpetual"]
    assert by_two["pipeline"] == child
    traded = workshop.resolve(child)
    assert traded.features == parent.features
    assert traded.experts == parent.experts


def test_it_is_filled_by_the_other_markets_bars_at_its_costs(workshop: Workshop, child: str) -> None:
    trial = read_trial(workshop, workshop.resolve(child))
    own, eth = trial.trades, open_partition(workshop.workspace, "both", "validation").series["eth"]
    rows = np.searchsorted(eth.time, own["entry_ms"])
    assert trial.count > 10
    assert np.array_equal(own["price"], eth.columns["open"][rows])
    timed = own["reason"] == 3
    least = (0.0005 + 0.0003) * (1 + np.where(timed, own["exit_price"] / own["price"], 0.0))
    assert (own["unit_cost"] >= least - 1e-12).all()


def test_it_is_taught_the_other_markets_outcomes(workshop: Workshop) -> None:
    """A drawn ETH goes its own way: labels on it are not those on BTC."""
    part = open_partition(workshop.workspace, "both", "train")
    times = part.series["btc"].time[1_000:20_000:60]
    up = {
        of: label(UpDown(use="up_down", of=of, horizon="5m"), part.series[of], times, None, part.end).y for of in ("btc", "eth")
    }
    assert 0.55 < np.mean(up["btc"] == up["eth"]) < 0.95
    small = PERPETUAL.replace("small-sim", "both").replace("small-long-short", "either")
    made = {of: workshop.define(small.replace("of: btc", f"of: {of}").replace("btc-perp", f"{of}-perp")) for of in up}
    scores = {
        of: perform(str(workshop.workspace.root), "backtest", {"pipeline": one["pipeline"], "agent": "tester"})
        for of, one in made.items()
    }
    assert scores["btc"]["auc"] != scores["eth"]["auc"]


def test_one_of_the_two_changes_alone_is_told_the_other(workshop: Workshop) -> None:
    for changes, told in (
        ({"label.of": "eth"}, "label.of: 'eth', but btc-perpetual trades btc; write of: btc, or trade.contract: eth-perpetual"),
        (
            {"trade.contract": "eth-perpetual"},
            "label.of: 'btc', but eth-perpetual trades eth; write of: eth, or trade.contract: btc-perpetual",
        ),
    ):
        with pytest.raises(PipelineError) as refused:
            workshop.define(parent="btc-long-short", changes={**SHORTER, **changes})
        assert str(refused.value) == told


def test_barriers_in_the_other_markets_unit_are_warned_of(workshop: Workshop) -> None:
    mixed = workshop.define(parent="btc-long-short", changes={**SHORTER, **OTHER})
    (line,) = [line for line in mixed["warnings"] if line.startswith("label.unit")]
    assert line == "label.unit: vol reads btc, and barriers stand on eth; a unit of its own may fit better"
    own = {"features.vol": "std(ret(eth.close, 1), 240) * 15.5"}
    assert "label.unit" not in json.dumps(workshop.define(parent="btc-long-short", changes={**SHORTER, **OTHER, **own}))


def test_a_child_of_a_shipped_strategy_that_does_not_run_here_has_a_card_and_a_parent(workshop: Workshop, child: str) -> None:
    with pytest.raises(PipelineError, match="runs on no dataset here"):
        workshop.resolve("btc-long-short")
    changes = [str(change) for change in read_trial(workshop, workshop.resolve(child)).changes]
    assert any("eth" in change for change in changes)
    assert "contract btc-perpetual -> eth-perpetual" in (describe_change(workshop.store, workshop.catalog, child) or "")


def test_a_dataset_without_such_a_contract_says_which_it_has(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    build(workspace, load_spec(SPEC))
    with pytest.raises(PipelineError, match=r"trade\.contract: no contract 'eth-perpetual' in small-sim; did you mean"):
        Workshop(workspace, "tester").define(parent="btc-long-short", changes={**SHORTER, **OTHER})
