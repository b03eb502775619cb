"""Attacks that earned certificates under an earlier rule, through the product: what each is told now."""

from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import t

from factory.core.errors import PipelineError, SealError
from factory.evidence.null_twin import widen_errors
from factory.market.build import build
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.spec import load_spec
from factory.tasks import perform
from factory.vault import exam, reports
from factory.vault.audit import _overspent
from factory.vault.pools import SEAL_ROWS, Look, read_looks
from factory.vault.reviewer import appoint, unlock
from factory.vault.sealed_data import open_sealed
from factory.workshop import Workshop
from tests.vault.test_vault import PASSPHRASE, lucky

PERPETUAL = Perpetual(use="perpetual", of="btc", taker=0, maker=0, slippage=0, funding=0, leverage=5)
BINARY = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0)
PENNIES = """\
pipeline: pennies-{k}
data: null-sim
features:
  flag: where(elapsed(136h) > {lo:.6f} and elapsed(136h) < {hi:.6f}, 1, 0)
  flagb: where(elapsed(136h) > {lo:.6f} and elapsed(136h) < {hi:.6f}, 5, 2)
  unit: std(ret(btc.close, 1), 1440) * where(elapsed(136h) > {lo:.6f} and elapsed(136h) < {hi:.6f}, 2.6, 40)
sample: {{use: clock, every: 8h}}
label: {{use: triple_barrier, of: btc, take: 1, stop: 100, unit: unit, horizon: 34h}}
meta: {{use: forest, see: [flag, flagb], trees: 30, leaf: 8, rows: 1000}}
trade: {{use: long_or_short, contract: perp, enter: 0.8, exit: {{use: barriers}}, size: {{use: fixed, share: 0.5}}}}
"""
"""Long before a near take, out after 34 hours, in one phase of 17: about one trade each 136 hours."""
NULL = """\
dataset: null-sim
confirmed: true
simulated: {seed: 101, start: 2024-01-01, days: 731, edge: 0}
series:
  btc: {kind: bars, underlying: NULL-BTC, period: 1m}
contracts:
  perp: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2025-01-01]
  validation: [2025-01-01, 2025-07-01]
  sealed: [2025-07-01, 2026-01-01]
"""


def examined(workshop: Workshop, made: str) -> exam.Judgement:
    """The exam of a trial at the level of one of five looks, in process, whatever the gate says."""
    workspace, pipeline = workshop.workspace, workshop.resolve(made)
    contract = workshop.catalog.spec(pipeline.data).contracts[pipeline.trade.contract]
    learned = exam.prepare(workspace, pipeline)
    plan = exam.plan(workspace, pipeline, contract, learned)
    sealed = open_sealed(workspace, pipeline.data)
    look = exam.examine(pipeline, contract, learned, sealed, plan.information, plan.price, plan.wager, 7)
    return exam.judge(look, plan, learned.base_rate, 0.01, exam.unseen_evidence([(look, 0.01)], 0.05), 1)


def tried(workshop: Workshop, made: str) -> dict[str, float]:
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "mallory"})
    pipeline = workshop.resolve(made)
    entry = workshop.ledger.find_trial(made, workshop.score_key(pipeline))
    assert entry is not None
    return dict(entry.payload["metrics"])


def test_a_real_edge_holds_in_each_part(workshop: Workshop) -> None:
    judged = examined(workshop, workshop.resolve("fast-up-or-down").id)
    assert judged.passed
    assert set(judged.checks) == {"decisions", "primary", "drift", "ties", "alike", "account", "model"}


def test_a_trial_stands_beside_its_null_twin(workshop: Workshop) -> None:
    made = workshop.resolve("fast-up-or-down").id
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    twin = told["on_flipped_bars"]
    assert twin["mean_net"][0] == pytest.approx(0.0, abs=1e-9), "no costs here"
    assert twin["auc"] == pytest.approx(0.5, abs=0.01)
    assert twin["excess_net"] == pytest.approx(told["mean_net"][0] - twin["mean_net"][0], rel=1e-3)
    assert twin["excess_auc"] == pytest.approx(told["auc"][0] - twin["auc"], abs=1e-3)


@pytest.mark.parametrize("contract", [PERPETUAL, BINARY], ids=["perpetual", "binary"])
def test_a_trial_s_interval_is_no_narrower_than_its_twin_s(contract: Contract) -> None:
    sure = {"mean_net": 0.0005, "mean_error": 1e-5, "break_even": 0.5, "blocks": 31.0, "p_value": 1e-17}
    widened = widen_errors(sure, contract, {"mean_net": -0.0009, "mean_spread": 0.0012})
    assert widened["p_value"] == pytest.approx(t.sf(0.0005 / 0.0012, 30))
    assert widened["mean_high"] == pytest.approx(0.0005 + t.ppf(0.975, 30) * 0.0012)
    assert widened.get("win_high", 0.5 + widened["mean_high"]) == pytest.approx(0.5 + widened["mean_high"])
    assert widen_errors(sure, contract, {"mean_net": 0.0, "mean_spread": 1e-9})["p_value"] < 1e-17
    few = {"mean_net": 0.0005, "blocks": 29.0}
    assert widen_errors(few, contract, {"mean_spread": 0.0012}) == few


@pytest.mark.parametrize("contract", [PERPETUAL, BINARY], ids=["perpetual", "binary"])
def test_payoffs_that_are_all_alike_are_as_sure_as_their_twin_s(contract: Contract) -> None:
    alike = {"mean_net": 0.02, "break_even": 0.97, "blocks": 40.0}
    widened = widen_errors(alike, contract, {"mean_net": 0.0, "mean_spread": 0.03})
    assert widened["p_value"] == pytest.approx(t.sf(2 / 3, 39))


def test_dust_cannot_be_staked(workshop: Workshop) -> None:
    with pytest.raises(PipelineError, match=r"trade\.size\.share"):
        workshop.define(parent="fast-up-or-down", changes={"trade.size.share": 5e-324})


def test_a_ruined_account_does_not_pass_whatever_its_trades_were(workshop: Workshop) -> None:
    changes = {"trade.size": {"use": "fixed", "share": 0.25}}
    made = workshop.define(parent="fast-up-or-down", changes=changes)["pipeline"]
    assert tried(workshop, made)["total_return"] < 0
    judged = examined(workshop, made)
    assert judged.checks["primary"]
    assert not judged.checks["account"]
    assert not judged.passed


@pytest.mark.slow
def test_pennies_before_the_roller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from factory.storage.workspace import Workspace

    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    workshop = Workshop(Workspace.open(tmp_path), "mallory")
    build(workshop.workspace, load_spec(NULL))
    trials = []
    for k in range(17):
        spec = PENNIES.format(k=k, lo=max((k - 0.5) / 17, -0.01), hi=(k + 0.5) / 17)
        made = workshop.define(spec)["pipeline"]
        trials.append((tried(workshop, made), made))
    wins = [(metrics, made) for metrics, made in trials if metrics["win_rate"] == 1.0]
    assert wins, "some phase must have met no loss on validation"
    for metrics, made in wins:
        assert metrics["p_value"] > 0.05
        assert metrics["mean_low"] < 0
        request = {"pipeline": made, "claim": 0.9 * metrics["mean_net"], "why": "it never lost", "model": "m", "cutoff": "2023"}
        with pytest.raises(SealError, match="claim"):
            perform(str(tmp_path), "submit", {"agent": "mallory", **request})
        judged = examined(workshop, made)
        assert not judged.checks["primary"]
        assert not judged.checks["unseen"]


def test_a_later_look_at_the_same_decisions_gets_what_the_first_left(workshop: Workshop, submit) -> None:
    appoint(workshop.ledger, PASSPHRASE)
    made, claim = lucky(workshop)
    assert submit(made, claim=claim)["verdict"] == "FAIL"
    again = workshop.define(parent=made, changes={"trade.size.share": 0.002})["pipeline"]
    tried(workshop, again)
    submit(again, claim=claim)
    looks = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    told = [reports.read_report(workshop.workspace, look, unlock(workshop.ledger, PASSPHRASE)) for look in looks]
    assert [look.payload["levels"] for look in looks] == ["joint", "joint"]
    assert [look.payload["alpha"] for look in looks] == pytest.approx([0.01, 0.01])
    assert told[0]["level"] == 0.01
    assert 0.018 < told[1]["level"] < 0.021
    assert workshop.verify().ok


def test_levels_other_than_those_that_the_pool_began_with_are_found(workshop: Workshop, submit) -> None:
    made, claim = lucky(workshop)
    submit(made, claim=claim)
    (look,) = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    other = Look(replace(look.entry, seq=look.entry.seq + 1, payload={**look.payload, "look": 2, "levels": "apart"}), None)
    assert not _overspent(look, [])
    assert _overspent(other, [look]) == [f"{other.name}: its levels are apart, those of its pool joint"]
