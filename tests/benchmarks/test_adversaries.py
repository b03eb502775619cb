"""The adversaries of the benchmark: their markets are what they say, their pipelines are valid, and no attack is made twice."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import false_certification
from benchmarks.certification.adversaries import ADVERSARIES
from benchmarks.certification.adversaries.base import MEAN_ZERO
from benchmarks.certification.adversaries.dates import count_until_ahead, date_condition, find_best_run, read_outcomes
from benchmarks.certification.attack import attack_market
from benchmarks.certification.kinds import KINDS, write_market
from benchmarks.certification.record import Attacked, append, read
from benchmarks.certification.simulated import SimulatedMarket
from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.pipeline import Pipeline
from factory.pipeline.checks import check_pipeline

LINE = Attacked("ties", "ties", 0, 1.5, 3, 2, "rF", -0.0225, "ties-5m", "primary")
AT_HOME = {name: agent.kinds[0] for name, agent in ADVERSARIES.items()}


@pytest.fixture(scope="module")
def markets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SimulatedMarket]]:
    """One market of each kind where some adversary is at home."""
    drawn = {}
    for kind in sorted(set(AT_HOME.values())):
        folder = tmp_path_factory.mktemp(kind)
        drawn[kind] = SimulatedMarket(folder / "workspace", write_market(kind, 0, folder), "adversary", folder)
    yield drawn
    for market in drawn.values():
        market.workshop.ledger.close()


@pytest.mark.parametrize("name", ADVERSARIES)
def test_each_adversary_makes_pipelines_that_the_product_takes(name: str, markets: dict[str, SimulatedMarket]) -> None:
    market, agent = markets[AT_HOME[name]], ADVERSARIES[name]
    assert set(agent.kinds) <= set(KINDS)
    made = [Pipeline.of(spec) for spec in islice(agent.proposals(market), 3)]
    assert len({pipeline.id for pipeline in made}) == len(made) >= 2
    for pipeline in made:
        check_pipeline(pipeline, market.spec, market.workshop.catalog.meta(market.spec.dataset))


@pytest.mark.parametrize("kind", [kind for kind in MEAN_ZERO if kind != "crash"])
def test_minutes_without_a_direction_have_a_mean_of_zero(kind: str, tmp_path: Path) -> None:
    write_market(kind, 1, tmp_path)
    bars = pq.read_table(tmp_path / "btc.parquet").to_pandas()
    ret = (bars["close"] / bars["open"] - 1).to_numpy()
    assert abs(ret.mean()) < 4 * ret.std() / np.sqrt(len(ret))


def test_what_falls_in_a_crash_is_what_it_rises_before(tmp_path: Path) -> None:
    write_market("crash", 4, tmp_path)
    bars = pq.read_table(tmp_path / "btc.parquet").to_pandas()
    ret = bars["close"].to_numpy() / np.concatenate(([100.0], bars["close"].to_numpy()[:-1])) - 1
    fallen = ret < -0.1
    assert fallen.any()
    assert (bars["open"].to_numpy()[fallen] < bars["close"].shift().to_numpy()[fallen]).all()
    assert ret[~fallen].mean() == pytest.approx(0.225 / (100 * 1440), abs=4 * ret[~fallen].std() / np.sqrt(len(ret)))


def test_recorded_odds_are_the_chances_of_their_hours(markets: dict[str, SimulatedMarket]) -> None:
    market = markets["odds"]
    time, up = read_outcomes(market, "validation", HOUR)
    odds = market.parts["validation"].series["odds"]
    price = odds.columns["up"][np.searchsorted(odds.time, time)]
    assert set(np.unique(price)) == {0.5, 0.97, 0.98, 0.99}
    assert abs(up.sum() - price.sum()) < 4 * np.sqrt((price * (1 - price)).sum())


def test_two_clocks_tell_the_date(markets: dict[str, SimulatedMarket]) -> None:
    partition = markets["ties"].parts["validation"]
    first, last = partition.start + 3 * DAY, partition.start + 5 * DAY
    times = np.arange(partition.start, partition.end, MINUTE)
    said = Columns(partition, None).at(parse(f"where({date_condition(first, last)}, 1, 0)"), times)
    assert times[said == 1].tolist() == list(range(first, last, MINUTE))


def test_a_run_stops_when_it_is_ahead_and_the_best_run_is_found() -> None:
    always = np.ones(30, bool)
    assert [count_until_ahead(always, 1), count_until_ahead(always, 10), count_until_ahead(~always, 1)] == [8, 10, 0]
    assert find_best_run(np.array([True] * 4 + [False] * 4 + [True] * 30), 30) == 8


def test_an_attack_spends_looks_on_what_looks_clean_and_its_line_is_kept(tmp_path: Path) -> None:
    (attack,) = attack_market("ties", 0, ("ties",), str(tmp_path))
    assert (attack.agent, attack.kind, attack.index, attack.tried) == ("ties", "ties", 0, 3)
    assert set(attack.looks) <= set("PFr")
    assert attack.spent <= 5
    assert len(attack.looks) <= attack.clean
    append(tmp_path / "kept.csv", [attack])
    assert read(tmp_path / "kept.csv", Attacked) == [attack]


def test_attacks_that_are_kept_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.csv"
    append(kept, [replace(LINE, index=index, looks="P" if index == 2 else "F") for index in range(4)])
    before = kept.read_bytes()
    monkeypatch.setattr(sys, "argv", ["", "--agent", "ties", "--markets", "4", "--out", str(kept)])
    with pytest.raises(SystemExit) as ended:
        false_certification.main()
    assert ended.value.code == 0
    assert "| ties | ties | 1.00 | 1 of 4 |" in capsys.readouterr().out
    assert kept.read_bytes() == before


def test_a_cell_with_more_certificates_than_its_bound_explains_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    ten = [replace(LINE, index=index, looks="P" if index < 10 else "F") for index in range(100)]
    assert not false_certification.report_attacks([ten])
    assert false_certification.report_attacks([[*ten[1:], replace(LINE, index=100)]])
    assert false_certification.report_attacks([[replace(one, kind="crash") for one in ten]])
    assert "10 of 100" in capsys.readouterr().out


def test_a_crash_that_looks_like_a_redenomination_is_declared_as_a_move(tmp_path: Path) -> None:
    """Market 3 falls by more than a jump may be in its sealed part, and nothing is built on what nobody explains."""
    text = write_market("crash", 3, tmp_path)
    assert "adjust: [{at: 2024-05-20T11:42:00Z, factor: 1}]" in text
    assert SimulatedMarket(tmp_path / "workspace", text, "adversary", tmp_path).spec.dataset == "drawn"
