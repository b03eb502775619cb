"""The face of the factory, as the tools and the command line use it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import DataError, FlowError, LedgerError, PipelineError
from factory.ledger import Entry
from factory.pipeline import parse, read_provenance
from factory.report.groups import mean_payoff
from factory.workshop import Workshop
from tests.workshop.market import BINARY, SPEC


def test_describe_tells_dates_of_the_sealed_part_and_nothing_else(workshop: Workshop) -> None:
    told = workshop.describe()
    assert told["kind"].startswith("simulated")
    assert told["split"]["sealed"] == "2024-03-11 to 2024-03-31"
    assert told["contracts"]["polymarket-btc-5m"].startswith("binary 5m up/down of btc at an assumed price of 0.50")
    assert told["contracts"]["polymarket-btc-5m"].endswith("orders from 1 of 10000")
    assert re.search(r"slippage 0\.0001 \(a stop's 0\.0001\d*\)", told["contracts"]["btc-perpetual"])
    assert told["ledger"].endswith("5 looks left, 1 a day")


def test_list_features_finds_by_family_search_and_part(workshop: Workshop) -> None:
    assert "rsi" in workshop.list_features()["operators"]["indicator"]
    assert any(line.startswith("yang_zhang(") for line in workshop.list_features(family="volatility")["features"])
    assert all("parkinson" in line.lower() for line in workshop.list_features(search="parkinson")["features"])
    assert [part["example"] for part in workshop.list_features(part="sample")["parts"]] == [
        "{use: clock, every: 5m}",
        "{use: cusum, of: logp, threshold: vol}",
        "{use: events, of: book, every: 500}",
    ]
    first, second = workshop.list_features(search="volatility"), workshop.list_features(search="volatility", page=2)
    assert first["next_page"] == 2
    assert not set(first["features"]) & set(second["features"])


def test_list_features_names_what_is_allowed(workshop: Workshop) -> None:
    with pytest.raises(PipelineError, match="did you mean 'volatility'"):
        workshop.list_features(family="volatilty")
    with pytest.raises(PipelineError, match="part"):
        workshop.list_features(part="labels")


def test_define_keeps_nothing_of_a_broken_spec(workshop: Workshop) -> None:
    with pytest.raises(PipelineError, match=r"label\.use: 'updown' unknown; did you mean 'up_down'"):
        workshop.define(BINARY.replace("up_down, of", "updown, of"))
    assert workshop.store.pipelines() == []


def test_define_a_child_tells_the_difference(workshop: Workshop, binary: str) -> None:
    child = workshop.define(parent=binary, changes={"meta.leaf": 80, "features.gold_day": None})
    assert child["pipeline"] != binary
    assert any("leaf 50 -> 80" in line for line in child["changed"])
    assert workshop.parent(child["pipeline"]) == binary


def test_law_5_renaming_makes_no_new_pipeline(workshop: Workshop, binary: str) -> None:
    renamed = BINARY.replace("small-up-or-down", "another-name").replace("tune: {meta.leaf: [50, 200]}\n", "")
    assert workshop.define(renamed)["pipeline"] == binary


def test_the_shipped_strategies_are_legal_parents(workshop: Workshop) -> None:
    child = workshop.define(parent="btc-up-or-down-5m", changes={"data": "small-sim", "meta.trees": 20})
    assert child["data"] == "small-sim (simulated)"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"trade.fee": 0.01}, "trade.fee"),
        ({"label.horizon": "3d", "sample.every": "3d"}, "label.horizon"),
        ({"features.far": "ret(doge.close, 5)"}, "doge"),
        ({"features.far": "std(btc.close, 99999)"}, "features.far"),
        ({"trade.contract": "kraken"}, "trade.contract"),
        ({"experts.line.see": ["nowhere"]}, "experts.line.see"),
    ],
)
def test_bad_changes_are_named_and_write_nothing(workshop: Workshop, binary: str, change: dict, told: str) -> None:
    before = workshop.ledger.position()
    with pytest.raises(PipelineError, match=told):
        workshop.define(parent=binary, changes=change)
    assert len(workshop.store.pipelines()) == 1
    assert workshop.ledger.position() == before


def test_an_unknown_pipeline_is_named_with_what_is_near(workshop: Workshop, binary: str) -> None:
    with pytest.raises(PipelineError, match="did you mean 'small-up-or-down'"):
        workshop.resolve("small-up-or-dwon")


def test_an_unknown_dataset_is_named_with_what_is_near(workshop: Workshop) -> None:
    with pytest.raises(DataError, match="did you mean 'small-sim'"):
        workshop.describe("smallsim")


def test_train_is_an_exploration_and_counts_once(workshop: Workshop, binary: str, do) -> None:
    first = do("train", pipeline=binary)
    again = do("train", pipeline=binary)
    assert first["experts"] == again["experts"]
    assert first["forest"]["on"] == "last fifth of train"
    counts = workshop.ledger.counts("small-sim")
    assert (counts.trials, counts.explorations) == (0, 1)


def test_law_4_the_same_pipeline_twice_is_one_trial(workshop: Workshop, binary: str, do) -> None:
    first = do("backtest", pipeline=binary, why="first idea")
    again = do("backtest", pipeline=binary)
    assert again["seen_before"] is True
    assert {key: first[key] for key in ("win_rate", "sharpe", "trial")} == {
        key: again[key] for key in ("win_rate", "sharpe", "trial")
    }
    assert workshop.ledger.counts("small-sim").trials == 1
    [entry] = workshop.ledger.rows("trial", "small-sim")
    assert entry.payload["why"] == "first idea"
    assert entry.payload["agent"] == "tester"
    assert len(entry.payload["daily"]) == 23, "a day of validation each, the gap taken off"
    assert workshop.ledger.verify().ok


def test_a_trial_finds_the_planted_edge_and_its_twins_do_not(workshop: Workshop, binary: str, do) -> None:
    answer = do("backtest", pipeline=binary)
    assert answer["win_rate"] > answer["break_even"] > 0.52
    assert answer["twins"]["coin"][0] < answer["break_even"]
    assert answer["price"] == "at an assumed price of 0.50"
    assert answer["data"] == "simulated"


def test_refit_is_walked_forward_and_loses_what_costs_take(workshop: Workshop, perpetual: str, do) -> None:
    answer = do("backtest", pipeline=perpetual)
    assert answer["trades"] > 0
    assert answer["costs"] > 0
    assert "price" not in answer


def test_show_breaks_a_trial_down_and_the_parts_add_up(workshop: Workshop, binary: str, do) -> None:
    trades = do("backtest", pipeline=binary)["trades"]
    for by in ("hour", "month", "side", "confidence", "volatility"):
        rows = workshop.show(binary, by)["rows"]
        assert sum(row[1] for row in rows) == trades, by


def test_law_4_breakdowns_and_rankings_on_validation_are_explorations_of_it(workshop: Workshop, binary: str, do) -> None:
    do("backtest", pipeline=binary)
    for by in ("hour", "side", "hour"):
        told = workshop.show(binary, by)
        groups = sum(row.payload["count"] for row in explored(workshop))
        assert told["ledger"] == f"1 trial, {groups} explorations ({groups} of validation) on small-sim; 5 looks left, 1 a day"
    assert groups == 24 + 2, "the same breakdown again tells nothing new"
    ranked = do("rank", pipeline=binary)
    assert f"{groups + 4} of validation" in ranked["ledger"], "four inputs beside the noise"
    assert do("rank", pipeline=binary, by="auc")["ledger"] == ranked["ledger"], "the same figures in another order"
    do("rank", pipeline=binary, raw=True)
    do("rank", features=["hour()"])
    counts = workshop.ledger.counts("small-sim")
    assert (counts.of_validation, counts.explorations) == (groups + 4 + 3, groups + 4 + 3 + 1)
    assert {row.payload["part"] for row in explored(workshop)[:-1]} == {"validation"}
    assert workshop.verify().ok


def test_payoffs_of_a_group_that_cancel_have_a_mean_of_nothing() -> None:
    payoff = np.array([0.1, 0.2, -0.3, 1e-9])
    assert payoff[:3].mean() != 0, "rounding leaves something"
    assert mean_payoff(payoff[:3]) == 0
    assert mean_payoff(payoff[3:]) == 1e-9, "small is not nothing"
    assert mean_payoff(np.zeros(2)) == 0


def test_a_breakdown_that_cannot_be_made_counts_nothing(workshop: Workshop, binary: str, do) -> None:
    with pytest.raises(PipelineError, match="backtest it first"):
        workshop.show(binary, "hour")
    idle = workshop.resolve_or_derive(binary, changes={"trade.edge": 0.45})
    do("backtest", pipeline=idle)
    with pytest.raises(FlowError, match="took no trade"):
        workshop.show(idle, "hour")
    assert explored(workshop) == []


def explored(workshop: Workshop) -> list[Entry]:
    return workshop.ledger.of_kinds(("exploration",))


def test_looking_at_several_pipelines_side_by_side_is_no_exploration(workshop: Workshop, binary: str, do) -> None:
    child = workshop.resolve_or_derive(binary, changes={"meta.leaf": 150})
    for one in (binary, child):
        do("backtest", pipeline=one)
    workshop.show(f"{binary} {child}")
    workshop.show(binary)
    workshop.show("leaderboard")
    workshop.show("ledger")
    assert workshop.ledger.counts("small-sim").explorations == 0


def test_show_compares_and_ranks(workshop: Workshop, binary: str, do) -> None:
    child = workshop.resolve_or_derive(binary, changes={"meta.leaf": 150})
    for one in (binary, child):
        do("backtest", pipeline=one)
    compared = workshop.show(f"{binary} {child}")
    assert compared["columns"] == ["figure", binary, child]
    assert compared["differences"][child] == ["meta: leaf 50 -> 150"]
    board = workshop.show()
    assert {row[0] for row in board["rows"]} == {binary, child}
    with pytest.raises(PipelineError, match="leaderboard"):
        workshop.show("leaderbord")
    mends = {"sumary": "summary", f"{binary} sumary": "summary", "small-up-or-dwn": "small-up-or-down"}
    mistyped = binary[:-1] + ("0" if binary[-1] != "0" else "1")
    for said, meant in {**mends, mistyped: binary}.items():
        with pytest.raises(PipelineError, match=f"unknown; did you mean '{meant}'"):
            workshop.show(said)
    with pytest.raises(PipelineError, match="'zzzz' unknown; give a pipeline's id or name"):
        workshop.show("zzzz")
    with pytest.raises(PipelineError, match="did you mean 'month'"):
        workshop.show(binary, "mnth")


def test_tune_explores_in_train_and_tries_only_the_winner(workshop: Workshop, binary: str, do) -> None:
    answer = do("tune", pipeline=binary)
    counts = workshop.ledger.counts("small-sim")
    assert (counts.trials, counts.explorations) == (1, 2)
    assert answer["cells"] == 2
    assert answer["winner"]["trial"] == 1
    assert workshop.parent(answer["winner"]["pipeline"]) in (binary, None)


def test_tune_judged_on_validation_makes_each_cell_a_trial(workshop: Workshop, binary: str, do) -> None:
    do("tune", pipeline=binary, grid={"trade.edge": [0.01, 0.02, 0.03]}, judge="validation")
    assert workshop.ledger.counts("small-sim").trials == 3


def test_tune_draws_from_ranges_the_same_cells_each_time(workshop: Workshop, binary: str) -> None:
    from factory.tuning import cells_of

    pipeline = workshop.resolve(binary).changed({"tune": {"meta.leaf": {"from": 20, "to": 400, "log": True}}})
    cells = cells_of(pipeline, 5)
    assert len({cell.pipeline.id for cell in cells}) == 5
    assert [cell.values for cell in cells] == [cell.values for cell in cells_of(pipeline, 5)]
    assert all(20 <= cell.values[0] <= 400 for cell in cells)


def test_ranking_inputs_needs_a_trial_and_puts_noise_below_the_planted_features(workshop: Workshop, binary: str, do) -> None:
    with pytest.raises(PipelineError, match="backtest it first"):
        do("rank", pipeline=binary)
    do("backtest", pipeline=binary)
    order = [row[0] for row in do("rank", pipeline=binary)["rows"]]
    assert order.index("(noise)") > order.index("lead15")
    raw = [row[0] for row in do("rank", pipeline=binary, raw=True)["rows"]]
    assert {"move5", "lead15", "burst", "(noise)"} == set(raw), "gold_day is looked at by nothing"
    grouped = [row[0] for row in do("rank", pipeline=binary, groups=True)["rows"]]
    assert {name for group in grouped for name in group.split("+")} == {"line", "trees", "lead15", "burst", "(noise)"}


def test_screening_expressions_counts_each_and_shows_the_decay(workshop: Workshop, do) -> None:
    answer = do("rank", features=["ret(eth.close, 15) - ret(btc.close, 15)", "hour()"])
    assert answer["columns"] == ["feature", "auc", "low", "high", "lag_1m", "lag_5m"]
    assert {row[0] for row in answer["rows"]} == {"ret(eth.close, 15) - ret(btc.close, 15)", "hour()", "(noise)"}
    assert workshop.ledger.counts("small-sim").explorations == 2
    with pytest.raises(PipelineError, match="momentum"):
        do("rank", family="momentun")


def test_law_4_a_screen_counts_once_however_it_is_asked_for(workshop: Workshop, do) -> None:
    def counted(**asked: Any) -> int:
        do("rank", **asked)
        return workshop.ledger.counts("small-sim").explorations

    assert counted(features=["hour()", "ret(btc.close, 5)", "ret( btc.close,n=5 )"]) == 2
    default = {"use": "up_down", "of": "btc", "horizon": "5m"}
    assert counted(features=["ret_5", "hour()"], label=default) == 2
    assert counted(features=["ret_5", "weekday()"], label={**default, "horizon": "300s"}) == 3, "one of them is new"
    assert counted(features=["hour()"], label={**default, "horizon": "10m"}) == 4
    assert counted(features=["hour()"], label={**default, "use": "fixed_return"}) == 5
    assert counted(family="Clock") == counted(family="clock")
    assert workshop.verify().ok


def test_what_a_screen_leaves_out_is_named_and_noise_stays(workshop: Workshop, do) -> None:
    asked = [f"ret(btc.close, {n})" for n in range(1, 23)]
    answer = do("rank", features=asked)
    shown = [row[0] for row in answer["rows"]]
    assert "(noise)" in shown
    left = answer["left_out"]
    number = len(asked) + 1 - len(shown)
    assert left.startswith(f"{number} ranked below these: ret(btc.close, ")
    assert left.endswith(f" and {number - 4} more")
    assert not any(name in left for name in shown)


def test_a_proposal_reads_back_as_the_pipeline_and_tells_its_history(workshop: Workshop, binary: str, do) -> None:
    with pytest.raises(PipelineError, match="backtest it first"):
        workshop.propose(binary, "too early")
    do("backtest", pipeline=binary)
    text = Path(workshop.propose(binary, "ETH leads while volume runs high")["file"]).read_text(encoding="utf-8")
    assert parse(text).id == binary
    history = read_provenance(text)
    assert history["id"] == binary
    assert history["by"] == "tester"
    assert history["why"] == "ETH leads while volume runs high"
    assert history["price"] == "at an assumed price of 0.50"


def test_answers_hold_no_nulls_and_stay_small(workshop: Workshop, binary: str, do) -> None:
    answer = do("backtest", pipeline=binary)
    text = json.dumps(answer)
    assert "null" not in text
    assert len(text) < 1600


def test_law_3_nothing_of_the_sealed_interval_is_outside_the_vault(built, workshop: Workshop, binary: str, do) -> None:
    import numpy as np

    from factory.core.times import moment
    from factory.market.spec import load_spec

    do("backtest", pipeline=binary)
    sealed = moment(load_spec(SPEC).split.sealed[0])
    for path in (*built.datasets.rglob("time.npy"), *built.datasets.rglob("known.npy")):
        assert np.load(path).max() <= sealed, path


def test_law_4_a_ledger_cut_back_to_before_a_proposal_is_found_by_the_strategy_file(
    workshop: Workshop, binary: str, do
) -> None:
    do("backtest", pipeline=binary)
    workshop.propose(binary, "good enough")
    assert workshop.verify().ok
    workshop.ledger.close()
    for path in workshop.workspace.root.glob("ledger.sqlite*"):
        path.unlink()
    (workshop.workspace.vault / "anchors.jsonl").unlink()
    fresh = Workshop(workshop.workspace, "tester")
    verification = fresh.verify()
    assert not verification.ok
    assert "1" in " ".join(verification.problems)


def test_a_trial_counts_its_trades_exactly_and_tells_its_sides(workshop: Workshop, binary: str, do) -> None:
    answer = do("backtest", pipeline=binary)
    assert answer["trades"] == answer["decisions"]["taken"] == sum(answer["sides"].values())
    assert "mean_net per share" in answer["units"]
    assert "1 trial" in answer["reading"] or "luck" in answer["reading"] or "loses" in answer["reading"]


def test_a_ruined_pipeline_is_called_so_everywhere(workshop: Workshop, binary: str, do) -> None:
    broke = workshop.resolve_or_derive(binary, changes={"trade.size": {"use": "fixed", "share": 1}})
    answer = do("backtest", pipeline=broke)
    assert answer["reading"].startswith("ruined")
    assert "sharpe" not in answer
    assert workshop.propose(broke, "it traded")["reading"].startswith("ruined")


def test_a_pipeline_and_a_parent_together_are_refused(workshop: Workshop, binary: str) -> None:
    with pytest.raises(PipelineError, match="came with a parent"):
        workshop.resolve_or_derive(binary, parent="small-up-or-down", changes={"meta.leaf": 60})


def test_a_mangled_strategy_file_is_named_by_the_verification(workshop: Workshop, binary: str, do) -> None:
    do("backtest", pipeline=binary)
    path = Path(workshop.propose(binary, "good enough")["file"])
    path.write_text(path.read_text(encoding="utf-8").replace("head: ", "heads: "), encoding="utf-8")
    with pytest.raises(LedgerError, match=path.name):
        workshop.verify()
