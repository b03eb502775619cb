"""One pipeline over several contracts, through the workshop: defined, changed, tuned, scored, shown, and refused by the vault."""

import json
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import PipelineError, SealError
from factory.ledger.trial_list import TrialFilter
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import diff, draw_diagram, draw_outline, parse, render
from factory.report.card import make_card
from factory.report.render import render_html
from factory.report.stress import stress_trades
from factory.report.trial import RecordedTrial, export_trades
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tasks.requests import check_request
from factory.vault.readiness import SEVERAL
from factory.views.cards import read_trial
from factory.views.earnings import earnings_answer
from factory.views.trial_list import TrialQuery, make_page
from factory.workshop import Workshop
from tests.workshop.market import PERPETUAL, SPEC
from tests.workshop.test_framing import read

ETH = "  eth-perpetual: {use: perpetual, of: eth, taker: 0.0005, maker: 0.0002, slippage: 0.0003, funding: 0.0001, leverage: 3}\nsplit:"
TWIN = "  btc-twin: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}\nsplit:"
BOTH = SPEC.replace("small-sim", "several").replace("SMALL-", "SEVERAL-").replace("split:", ETH).replace("split:", TWIN)
SINGLE = PERPETUAL.replace("small-sim", "several").replace("small-long-short", "several-contracts")
TRADE = "{use: long_or_short, contract: eth-perpetual, enter: 0.52, exit: {use: after, hold: 4h}, size: {use: volatility, yearly: 0.15, leverage: 2}}"
SEVERAL_TRADES = SINGLE.replace("refit:", f"also:\n  eth: {TRADE}\nrefit:")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("several"))
    build(workspace, load_spec(BOTH))
    return Workshop(workspace, "tester")


@pytest.fixture(scope="module")
def pipeline_id(workshop: Workshop) -> str:
    return str(workshop.define(SEVERAL_TRADES)["pipeline"])


@pytest.fixture(scope="module")
def scored(workshop: Workshop, pipeline_id: str) -> dict:
    return perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline_id, "agent": "tester"})


@pytest.fixture(scope="module")
def trial(workshop: Workshop, pipeline_id: str, scored: dict) -> RecordedTrial:
    return read_trial(workshop, workshop.resolve(pipeline_id))


def test_a_pipeline_without_more_trades_hashes_as_before() -> None:
    single = parse(SINGLE)
    assert "also" not in single.plain()
    assert "also" not in render(single)
    assert single.contracts == ("btc-perpetual",)
    assert parse(SEVERAL_TRADES).changed({"also.eth": None}).id == single.id


def test_it_is_written_and_read_alike_one_line_a_trade() -> None:
    pipeline = parse(SEVERAL_TRADES)
    assert parse(render(pipeline)) == pipeline
    assert f"also:\n  eth: {TRADE}\n" in render(pipeline)
    assert pipeline.contracts == ("btc-perpetual", "eth-perpetual")
    assert "forest -> long_or_short eth-perpetual" in draw_outline(pipeline)
    assert "meta --> t_eth" in draw_diagram(pipeline)


def test_paths_lead_into_it(workshop: Workshop, pipeline_id: str) -> None:
    parent = workshop.resolve(pipeline_id)
    assert diff(parent, parent.changed({"also.eth.enter": 0.6})) == ["also.eth: enter 0.52 -> 0.6"]
    assert diff(parent, parent.changed({"also.eth": None})) == ["- also.eth"]
    assert diff(parse(SINGLE), parse(SINGLE).changed({"also.eth": TRADE})) == [f"+ also.eth: {TRADE}"]
    tuned = parse(SEVERAL_TRADES + "tune: {also.eth.enter: [0.52, 0.55], also.eth.size.leverage: {from: 1, to: 2}}\n")
    assert tuned.tune["also.eth.enter"] == (0.52, 0.55)
    assert "also" not in parent.changed({"also.eth": None}).changed({"tune": None}).plain()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"also.eth.enter": 2}, "also.eth.enter: '2' not accepted; a number, 0.34 to below 1"),
        ({"also.eth.entre": 0.6}, "also.eth.entre: unknown key; did you mean 'enter'?"),
        ({"also.eth.size.use": "fix"}, "also.eth.size.use: 'fix' unknown; did you mean 'fixed'?"),
        (
            {"also.eth.enter": 0.4},
            "also.eth.enter: 0.4 is below one half, so that both sides could be taken; write 0.5 or more",
        ),
        (
            {"also.eth.contract": "btc-perpetual"},
            "also.eth.contract: btc-perpetual is traded by trade already; name another contract, or remove also.eth",
        ),
        (
            {"also.eth.contract": "eth-perp"},
            "also.eth.contract: no contract 'eth-perp' in several; did you mean 'eth-perpetual'?",
        ),
        (
            {"also.eth.contract": "polymarket-btc-5m"},
            "also.eth.contract: polymarket-btc-5m is a binary contract, and only perpetuals share an account; name one",
        ),
        (
            {"also.eth": "{use: up_or_down, contract: polymarket-btc-5m, edge: 0.02, size: {use: fixed, share: 0.01}}"},
            "also.eth.use: up_or_down bets on windows, and only perpetuals share an account; remove also.eth",
        ),
        (
            {"also.eth.exit": "{use: barriers}"},
            "also.eth.exit: the label's barriers stand on btc, and eth-perpetual is on eth; write exit: {use: after, hold: 4h}",
        ),
        ({"also.eth.size.leverage": 4}, "also.eth.size.leverage: 4 is above what eth-perpetual allows; at most 3"),
        ({"also.eth.exit.hold": "30d"}, "also.eth.exit.hold: 30d spans past the gap between partitions; at most"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_a_mistake_is_told_with_its_path_and_mend(workshop: Workshop, pipeline_id: str, changes: dict, told: str) -> None:
    with pytest.raises(PipelineError) as refused:
        workshop.define(parent=pipeline_id, changes=changes)
    assert str(refused.value).startswith(told)


def test_an_account_of_windows_and_perpetuals_is_refused(workshop: Workshop) -> None:
    from tests.workshop.market import BINARY

    mixed = BINARY.replace("small-sim", "several").replace("tune:", f"also:\n  eth: {TRADE}\ntune:")
    with pytest.raises(PipelineError, match=r"trade\.use: up_or_down bets on windows.*leave also out"):
        workshop.define(mixed)


def test_the_trial_tells_each_contract_beside_the_whole(scored: dict, trial: RecordedTrial) -> None:
    told = scored["by_contract"]
    assert told.pop("columns") == ["trades", "cut", "liquidated", "net", "mean_net"]
    assert set(told) == {"btc-perpetual", "eth-perpetual"}
    assert sum(one[0] for one in told.values()) == scored["trades"] == trial.count
    assert all(one[0] > 5 for one in told.values())
    assert sum(one[3] for one in told.values()) == pytest.approx(scored["return"], rel=2e-3)
    assert len(json.dumps(scored)) < 8_000


def test_each_contract_is_filled_by_its_own_bars(workshop: Workshop, trial: RecordedTrial) -> None:
    partition = open_partition(workshop.workspace, "several", "validation")
    own = trial.trades
    for series in ("btc", "eth"):
        mine = own["contract"] == f"{series}-perpetual"
        assert mine.sum() > 5
        rows = np.searchsorted(partition.series[series].time, own["entry_ms"][mine])
        assert np.array_equal(own["price"][mine], partition.series[series].columns["open"][rows])


def test_the_contract_traded_first_trades_as_it_does_alone(workshop: Workshop, trial: RecordedTrial) -> None:
    """Its margin is never short here, so that only stakes differ, which are shares of another equity."""
    single = str(workshop.define(SINGLE)["pipeline"])
    perform(str(workshop.workspace.root), "backtest", {"pipeline": single, "agent": "tester"})
    alone = read_trial(workshop, workshop.resolve(single)).trades
    mine = trial.trades["contract"] == "btc-perpetual"
    for name in ("decision", "entry_ms", "exit_ms", "side", "payoff", "size", "reason"):
        assert trial.trades[name][mine] == pytest.approx(alone[name]), name


def test_terms_of_every_contract_are_part_of_what_a_score_depends_on(workshop: Workshop, pipeline_id: str) -> None:
    pipeline, catalog = workshop.resolve(pipeline_id), workshop.catalog
    assert workshop.score_key(pipeline) != catalog.score_key("several", "btc-perpetual", ())
    assert workshop.score_key(parse(SINGLE)) == catalog.score_key("several", "btc-perpetual", ())


def test_lists_name_every_contract_and_call_the_trial_current(workshop: Workshop, pipeline_id: str, scored: dict) -> None:
    (row,) = [row for row in make_page(workshop, TrialQuery(TrialFilter())).rows if row["pipeline"] == pipeline_id]
    assert row["contract"] == "btc-perpetual + eth-perpetual"
    assert not row["stale"]


def test_code_of_agents_sees_whose_trade_it_is(workshop: Workshop, pipeline_id: str, scored: dict) -> None:
    frames = workshop.frames(validation=True, pipeline=pipeline_id)
    perform(str(workshop.workspace.root), "frames", {"agent": "tester", **frames.asked()})
    trades = read(frames.paths["trades"])
    assert set(trades["contract"]) == {"btc-perpetual", "eth-perpetual"}


def test_pages_breakdowns_and_files_know_the_contract(workshop: Workshop, pipeline_id: str, trial: RecordedTrial) -> None:
    shown = workshop.show(pipeline_id, by="contract")
    assert [row[0] for row in shown["rows"]] == ["btc-perpetual", "eth-perpetual"]
    lines = export_trades(trial).splitlines()
    assert lines[0].startswith("entry,exit,contract,side,reason")
    assert {line.split(",")[2] for line in lines[1:]} == {"btc-perpetual", "eth-perpetual"}
    page = render_html(make_card(trial))
    assert "eth-perpetual" in page
    stressed = {one.change: one.mean_net for one in stress_trades(trial)}
    assert stressed["fees x 2"] < stressed["as recorded"]


def test_a_breakdown_by_contract_of_one_contract_is_refused(workshop: Workshop) -> None:
    single = str(workshop.define(SINGLE)["pipeline"])
    perform(str(workshop.workspace.root), "backtest", {"pipeline": single, "agent": "tester"})
    with pytest.raises(Exception, match=r"by: contract.*one contract alone"):
        workshop.show(single, by="contract")


def test_one_market_under_two_names_deviates_as_one_on_drawn_markets(workshop: Workshop) -> None:
    """And a trade against its own twin does not deviate at all: what hedges is drawn as a hedge."""
    own = "{use: long_or_short, contract: btc-twin, enter: 0.52, exit: {use: barriers}, size: {use: volatility, yearly: 0.15, leverage: 2}}"
    spread = {}
    for name, text in (("single", SINGLE), ("doubled", SINGLE.replace("refit:", f"also:\n  twin: {own}\nrefit:"))):
        pipeline = workshop.resolve(workshop.define(text)["pipeline"])
        perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline.id, "agent": "tester"})
        spread[name] = workshop.find_entry(pipeline).payload["null"]["mean_spread"]
    assert spread["doubled"] == pytest.approx(spread["single"], rel=0.25), "and not less by the root of two"


def test_the_order_in_which_trades_are_written_is_none() -> None:
    other = TRADE.replace("eth-perpetual", "btc-twin")
    one = parse(SINGLE.replace("refit:", f"also:\n  a: {TRADE}\n  b: {other}\nrefit:"))
    turned = one.changed({"also.a": None}).changed({"also.a": TRADE})
    assert list(turned.also) == ["b", "a"]
    assert (turned.id, list(turned.trades)) == (one.id, ["trade", "also.a", "also.b"])


def test_a_proposal_holds_every_trade(
    workshop: Workshop, pipeline_id: str, scored: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path))
    workshop.propose(pipeline_id, "two markets, one account")
    (file,) = tmp_path.rglob("*.yaml")
    assert f"  eth: {TRADE}" in file.read_text(encoding="utf-8")
    assert parse(file.read_text(encoding="utf-8")).id == pipeline_id


def test_no_sealed_look_is_spent_on_several_contracts(workshop: Workshop, pipeline_id: str, scored: dict) -> None:
    assert scored["ready"] == {"missing": [SEVERAL]}
    assert any(
        line.startswith("also:") for line in workshop.define(parent=pipeline_id, changes={"also.eth.enter": 0.55})["warnings"]
    )
    before = workshop.ledger.position()
    request = {"claim": 0.001, "why": "a pair", "model": "tester", "cutoff": "2023-01-01"}
    with pytest.raises(SealError, match=r"also: no sealed look examines several contracts.*nothing was spent"):
        check_request(workshop, "submit", {"pipeline": pipeline_id, **request})
    with pytest.raises(SealError, match=r"also: no sealed look examines several contracts.*nothing was spent"):
        perform(str(workshop.workspace.root), "submit", {"pipeline": pipeline_id, "agent": "tester", **request})
    assert workshop.ledger.position() == before


def test_the_course_of_the_account_falls_no_deeper_than_its_drawdown(
    workshop: Workshop, pipeline_id: str, scored: dict
) -> None:
    """Positions that end together are one step: a hedge's loss is no fall before its gain."""
    told = earnings_answer(workshop, workshop.resolve(pipeline_id))
    assert told is not None
    assert -min(told["drawdown"]) <= scored["drawdown"] + 1e-4
    assert told["equity"][-1] == pytest.approx(1 + scored["return"], abs=1e-4)
