"""The benchmark of false certificates: its agent, its rules, and that it knows the truth of its markets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.certification.agent import STATES, Climber, Idea
from benchmarks.certification.market import DATASET, spec_text
from benchmarks.certification.misses import failed
from benchmarks.certification.record import Judged, append, read
from benchmarks.certification.rules import Seen, afterwards, climbed, ladder, plain, thresholdout
from benchmarks.certification.search import FOREST, REFINED, Market, look, search
from benchmarks.false_certification import report
from factory.market.spec import load_spec
from factory.pipeline import Pipeline

PAIRS = [("lead", "burst"), ("before", "burst"), ("r1", "noon")]
LEVELS = dict.fromkeys(STATES, 1.0)


def seen(validation: float, test: float, p_value: float = 1.0, psr: float = 0.5) -> Seen:
    return Seen(validation, test, validation / 100, test / 100, 0.01, p_value, psr)


def test_an_agent_proposes_pipelines_that_it_did_not_try_the_same_each_time() -> None:
    runs = []
    for _ in range(2):
        climber, known = Climber(7, PAIRS), set[Idea]()
        for k in range(60):
            idea = climber.propose(known)
            assert idea not in known
            known.add(idea)
            climber.hear(idea, k % 17)
            Pipeline.of(idea.spec(DATASET, LEVELS))
        runs.append(known)
    assert runs[0] == runs[1]


def test_markets_share_no_draw_and_split_their_days() -> None:
    specs = [load_spec(spec_text(index, edge)) for index, edge in ((0, 0.0), (1, 0.0), (0, 0.04))]
    assert len({one.simulated.seed for one in specs if one.simulated}) == 3
    assert [one.simulated.days for one in specs if one.simulated] == [60, 60, 180]


def test_rules_that_read_a_search_afterwards() -> None:
    lucky = [seen(1.0, 0.1, 0.4), seen(0.5, 2.2, 0.01), seen(2.0, -1.0, 0.9, psr=0.97)]
    assert afterwards(lucky) == {"psr": True, "naive": True, "peek": False}
    assert afterwards([*lucky, seen(3.0, 2.0, 0.02, psr=0.9)]) == {"psr": False, "naive": True, "peek": True}


def test_a_rule_that_leads_a_search_ends_at_what_it_told_best() -> None:
    rng = np.random.default_rng(0)
    given: list[Seen] = []

    def evaluate(idea: Idea) -> Seen:
        given.append(seen(0.0, float(rng.normal()), float(rng.random())))
        return given[-1]

    p_values = climbed(Climber(3, PAIRS), evaluate, plain, (5, 20))
    best = [max(given[:mark], key=lambda one: one.test).p_value for mark in (5, 20)]
    assert [p_values[5], p_values[20]] == best


def test_the_ladder_tells_only_what_beats_the_last_by_an_error() -> None:
    released = ladder()
    told = [released(seen(0.0, test)) for test in (0.5, 1.6, 2.2, 3.4, 3.0)]
    assert told[0] == told[2] == told[4] == -np.inf
    assert told[1] == pytest.approx(0.02)
    assert told[3] == pytest.approx(0.03)


def test_thresholdout_tells_validation_where_test_agrees() -> None:
    released = thresholdout(np.random.default_rng(1), noise=1e-9)
    assert released(seen(1.0, 0.5)) == pytest.approx(0.01)
    assert released(seen(4.0, 0.0)) == pytest.approx(0.0, abs=1e-6)


def test_the_truth_of_a_planted_market_is_what_its_sealed_part_shows(tmp_path: Path) -> None:
    market = Market(tmp_path, 0.06, 3)
    idea = Idea(("before", "lead"), "burst", 1.0, 0.03, 2_000)
    result = market.scored(idea, "sealed").result
    true, n = market.true_rate(idea), len(result.trades)
    assert true > 0.54
    assert abs(result.metrics["win_rate"] - true) < 4 * np.sqrt(0.25 / n)
    coin = Market(tmp_path / "null", 0.0, 3)
    assert coin.true_rate(Idea(("r1",), None, 1.0, 0.0, 1_000)) == 0.5


def test_what_a_killed_run_left_half_is_passed_over_and_written_over(tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    first = [Judged(0.0, 1, 500, n, 30.1, "01---010", "FFF", "r1+r5||0.1|0.01|2000", 2.5, -0.25, 0.5) for n in (50, 500)]
    second = [replace(one, index=2, looks="rP") for one in first]
    append(kept, first)
    with kept.open("a") as file:
        file.write("0.0,2,500,50,30.1,01---010,rP,r1||0.1|0.01|2000,9.0,0.1,0.5\n0.0,2,5")
    assert [one.index for one in read(kept, Judged)] == [1, 1, 2]
    append(kept, second)
    assert read(kept, Judged) == [*first, *second]


def test_a_miss_is_told_by_the_part_of_the_rule_that_fails() -> None:
    judged = Judged(0.06, 3, 500, 500, 30.1, "01---010", "F", "before+lead|burst|1|0.03|2000", 2.5, -0.25, 0.5)
    assert "primary" not in failed(judged)
    assert "primary" in failed(replace(judged, idea="gold1|goldrush|0.001|0|4000"))
    assert failed(replace(judged, idea="gold1|goldrush|0.001|0.03|4000")).startswith("no trade")


@pytest.mark.slow
def test_before_a_look_the_best_three_ideas_get_a_whole_forest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    monkeypatch.setenv("RFCAT_LOOKS_A_DAY", "0")
    market = Market(tmp_path, 0.06, 3)
    ideas = [Idea(("before", "lead"), "burst", 1.0, cut, 2_000) for cut in (0.0, 0.005, 0.01, 0.03)]
    assert look(market.workshop, market.levels, [(idea, market.trial(idea)) for idea in ideas]).endswith("P")
    (spent,) = market.workshop.ledger.of_kinds(("look",))
    assert market.workshop.resolve(spent.payload["pipeline"]).meta.trees == FOREST
    assert market.workshop.ledger.counts(DATASET).trials == len(ideas) + REFINED


@pytest.mark.slow
def test_a_search_goes_through_the_vault_and_the_table_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    monkeypatch.setenv("RFCAT_LOOKS_A_DAY", "0")
    searches = search(0.0, 5, 20, True, str(tmp_path))
    (one,) = searches
    assert one.looks
    assert "-" not in one.marks
    assert Idea.of(one.idea).spec(DATASET, LEVELS)
    assert report(searches)
    assert "this protocol, five looks" in capsys.readouterr().out
