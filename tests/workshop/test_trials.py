"""A trial stands in the ledger alone: killed, raced, priced anew or stale, it is counted once and told alike."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from factory.core.errors import DataError, FlowError, PipelineError
from factory.core.hashes import write_hashes
from factory.ledger import Ledger
from factory.tasks import backtest
from factory.workshop import Workshop

FIGURES = ("pipeline", "trial", "win_rate", "sharpe", "decisions", "twins", "price", "ledger")


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def owned(workshop: Workshop) -> Path:
    """The dataset's folder, as a copy that a test may change."""
    folder = workshop.workspace.datasets / "small-sim"
    built = folder.resolve()
    folder.unlink()
    return Path(shutil.copytree(built, folder))


def contracts_changed(folder: Path, change) -> None:
    path = folder / "spec.json"
    spec = json.loads(path.read_text())
    change(spec["contracts"])
    path.write_text(json.dumps(spec))
    write_hashes(folder)


def test_law_4_a_trial_whose_process_died_after_the_ledger_is_known_and_not_made_again(
    workshop: Workshop, binary: str, do, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = do("backtest", pipeline=binary)
    other = str(workshop.resolve_or_derive(binary, changes={"meta.leaf": 150}))
    append = Ledger.trial

    def die(*args):
        append(*args)
        raise Killed

    monkeypatch.setattr(Ledger, "trial", die)
    with pytest.raises(Killed):
        do("backtest", pipeline=other)
    monkeypatch.undo()
    known = workshop.find_trial(workshop.resolve(other))
    assert known is not None
    assert set(known) == {*whole, "seen_before", "changed"}
    assert known["trial"] == 2
    monkeypatch.setattr(backtest, "score", lambda desk: pytest.fail("scored again"))
    assert do("backtest", pipeline=other) == known
    assert workshop.ledger.counts("small-sim").trials == 2


def test_law_4_a_trial_made_by_two_at_once_is_one_with_one_number(workshop: Workshop, binary: str, do) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: do("backtest", pipeline=binary), range(2))
    assert workshop.ledger.counts("small-sim").trials == 1
    assert {key: first.get(key) for key in FIGURES} == {key: second.get(key) for key in FIGURES}
    assert [first.get("seen_before"), second.get("seen_before")].count(True) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features.move5": "1 / (btc.close - btc.close)"}, "infinite"),
        ({"features.move5": "log(btc.close - 1000000000)"}, "missing at 100%"),
        ({"sample.every": "1d", "label.horizon": "5m"}, "labelled decisions"),
        ({"refit": {"every": "1d", "window": "1d"}, "sample.every": "30m"}, "refit.window"),
    ],
)
def test_law_4_a_backtest_that_ends_in_an_error_before_its_score_costs_nothing(
    workshop: Workshop, binary: str, do, changes: dict, told: str
) -> None:
    child = workshop.resolve_or_derive(binary, changes=changes)
    with pytest.raises(FlowError, match=told):
        do("backtest", pipeline=child)
    assert workshop.ledger.position().seq == 0
    assert workshop.find_trial(workshop.resolve(child)) is None


def test_a_trial_keeps_its_number_when_others_follow(workshop: Workshop, binary: str, do) -> None:
    do("backtest", pipeline=binary)
    workshop.record_validation_access(workshop.frames(validation=True), "1 + 1")
    do("backtest", pipeline=workshop.resolve_or_derive(binary, changes={"meta.leaf": 150}))
    told = workshop.find_trial(workshop.resolve(binary))
    assert told is not None
    assert told["trial"] == 1
    assert told["ledger"].startswith("3 trials")


def test_law_9_new_costs_make_a_new_trial_and_never_show_the_old_score(
    workshop: Workshop, binary: str, owned: Path, do
) -> None:
    before = do("backtest", pipeline=binary)
    contracts_changed(owned, lambda contracts: contracts["btc-perpetual"].update(taker=0.001))
    assert do("backtest", pipeline=binary)["seen_before"], "another contract's costs change nothing here"
    contracts_changed(owned, lambda contracts: contracts["polymarket-btc-5m"].update(fee=0.2))
    assert workshop.find_trial(workshop.resolve(binary)) is None
    after = do("backtest", pipeline=binary)
    assert after["break_even"] > before["break_even"] + 0.01
    assert workshop.show(binary, "side")["rows"][0][1] < after["trades"] < before["trades"]
    assert workshop.ledger.counts("small-sim").trials == 2


def test_a_pipeline_whose_contract_is_gone_is_refused_in_one_line(workshop: Workshop, binary: str, owned: Path, do) -> None:
    contracts_changed(owned, lambda contracts: contracts.pop("polymarket-btc-5m"))
    for kind in ("train", "backtest", "tune"):
        with pytest.raises(PipelineError, match=r"trade\.contract: no contract 'polymarket-btc-5m'"):
            do(kind, pipeline=binary)
    assert workshop.ledger.position().seq == 0


def test_law_4_a_score_on_rows_that_were_replaced_meanwhile_is_no_trial(
    workshop: Workshop, binary: str, owned: Path, do, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = backtest.score

    def slow(desk):
        scored = score(desk)
        contracts_changed(owned, lambda contracts: contracts["polymarket-btc-5m"].update(fee=0.2))
        return scored

    monkeypatch.setattr(backtest, "score", slow)
    with pytest.raises(DataError, match=r"dataset 'small-sim': built anew while \w+ ran on it; run it again"):
        do("backtest", pipeline=binary)
    assert workshop.ledger.position().seq == 0


def test_an_answer_tells_how_many_independent_trials_near_copies_amount_to(workshop: Workshop, binary: str, do) -> None:
    assert "independent" not in do("backtest", pipeline=binary)["ledger"]
    before = workshop.resolve(binary)
    near = workshop.define(parent=binary, changes={"meta.leaf": before.meta.leaf + 1})["pipeline"]
    told = do("backtest", pipeline=near)["ledger"]
    amount = workshop.ledger.independent(before.data)
    assert 1 <= amount <= 2
    assert told.startswith(f"2 trials (about {amount:.0f} independent), ")
    assert do("backtest", pipeline=near)["ledger"] == told


def test_a_trial_tells_what_it_was_changed_from(workshop: Workshop, binary: str, do) -> None:
    assert "changed" not in do("backtest", pipeline=binary)
    child = workshop.resolve_or_derive(parent=binary, changes={"meta.leaf": 77})
    assert do("backtest", pipeline=child)["changed"] == "meta: leaf 50 -> 77"
