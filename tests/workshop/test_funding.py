"""Recorded funding through the product: from files with jittered stamps to a trial, its card and an exam."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.times import DAY, HOUR
from factory.market.build import build
from factory.market.spec import load_spec
from factory.report.card import make_card
from factory.report.stress import stress_trades
from factory.report.trial import RecordedTrial
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault import exam
from factory.vault.frozen_perpetual import FrozenPerpetual
from factory.vault.sealed_data import open_sealed
from factory.views.cards import read_trial
from factory.views.terms import describe_contract
from factory.workshop import Workshop
from tests.market.bars import START, csv, rows

DAYS = 60
STAMPS = np.concatenate([np.arange(START, START + 40 * DAY, 8 * HOUR), np.arange(START + 40 * DAY, START + DAYS * DAY, HOUR)])
"""Each eight hours, and each hour from a day in validation on."""
SPEC = """\
dataset: funded
confirmed: true
series:
  btc: {kind: bars, underlying: FUNDED, period: 1m, source: {use: files, files: btc.csv}}
  fr: {kind: values, underlying: FUNDED-RATE, period: 1h, delay: 1m, source: {use: files, files: rate.csv}}
contracts:
  perp: {use: perpetual, of: btc, taker: 0.0002, maker: 0.0001, slippage: 0.0001, funding: fr.rate, leverage: 5}
split:
  train: [2024-01-01, 2024-02-05]
  validation: [2024-02-05, 2024-02-20]
  sealed: [2024-02-20, 2024-03-01]
looks: 3
"""
PIPELINE = """\
pipeline: funded-long-short
data: funded
features:
  move: ret(btc.close, 60)
  vol: std(ret(btc.close, 1), 60) * 8
sample: {use: clock, every: 30m}
label: {use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}
experts:
  trend: {use: logistic, see: [move, vol]}
meta: {use: forest, see: [trend, move], trees: 20, leaf: 20}
trade: {use: long_or_short, contract: perp, enter: 0.5, exit: {use: barriers}, size: {use: fixed, share: 0.5}}
"""


@pytest.fixture(scope="module")
def rates() -> np.ndarray:
    return np.random.default_rng(2).normal(0, 5e-4, len(STAMPS))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, rates: np.ndarray) -> Workshop:
    folder: Path = tmp_path_factory.mktemp("funded")
    csv(folder / "btc.csv", rows(DAYS))
    jitter = np.random.default_rng(3).integers(0, 16, len(STAMPS))
    csv(folder / "rate.csv", {"timestamp": STAMPS + jitter, "rate": rates})
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(SPEC), folder)
    return Workshop(workspace, "tester")


@pytest.fixture(scope="module")
def trial(workshop: Workshop) -> RecordedTrial:
    made = workshop.define(PIPELINE)["pipeline"]
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    return read_trial(workshop, workshop.resolve(made))


def test_who_pays_whom_is_listed(workshop: Workshop) -> None:
    told = workshop.describe()["contracts"]["perp"]
    assert "funding as recorded in fr.rate, which longs pay to shorts" in told
    terms = dict(describe_contract(workshop.catalog.spec("funded").contracts["perp"], 0.0, ""))
    assert terms["funding"].startswith("as recorded in fr.rate, which longs pay to shorts at each stamp")
    assert "ASSUMED" not in str(terms)


def test_each_trade_of_a_trial_pays_what_was_recorded_inside_it(trial: RecordedTrial, rates: np.ndarray) -> None:
    own, stamps = trial.trades, STAMPS
    opened = trial.bars.open[np.minimum(np.searchsorted(trial.bars.time, stamps), len(trial.bars.time) - 1)]
    wanted = np.zeros(trial.count)
    for i in range(trial.count):
        side, entry, left, at_open = own["side"][i], own["entry_ms"][i], own["exit_ms"][i], own["reason"][i] == 3
        due = side * rates * opened * own["unit"][i] / own["price"][i]
        is_held = (stamps > entry) & (stamps < left)
        is_fill = (stamps == entry) | ((stamps == left) & at_open)
        wanted[i] = due[is_held].sum() + np.maximum(due, 0)[is_fill].sum()
    assert trial.count > 50
    assert (wanted > 0).sum() > 10
    assert (wanted < 0).sum() > 10
    assert own["funding"] == pytest.approx(wanted, abs=1e-12)


def test_its_answer_tells_what_funding_came_to(trial: RecordedTrial) -> None:
    told = trial.answer
    assert told["funding"] == pytest.approx(trial.trades["funding"].sum(), rel=1e-3)


def test_its_card_tells_what_funding_took_and_gave(trial: RecordedTrial) -> None:
    (section,) = [one for one in make_card(trial).sections if one.title == "Funding as recorded"]
    told = {row.name: float(row.value.split()[0]) for row in section.rows}
    funding, net = trial.trades["funding"], trial.trades["net"]
    assert told["paid"] == pytest.approx(funding[funding > 0].sum(), rel=1e-3)
    assert told["received"] == pytest.approx(-funding[funding < 0].sum(), rel=1e-3)
    assert told["net of all trades"] == pytest.approx(net.sum(), rel=1e-3)
    assert told["net without funding"] == pytest.approx((net + funding).sum(), rel=1e-3)


def test_stress_shows_what_is_left_without_what_was_received(trial: RecordedTrial) -> None:
    means = {one.change: one for one in stress_trades(trial)}
    own = trial.trades
    each = own["funding"] / own["unit"]
    assert means["funding received is nothing"].mean_net == pytest.approx(np.mean(own["payoff"] + np.minimum(each, 0)))
    assert means["funding paid x 2"].mean_net == pytest.approx(np.mean(own["payoff"] - np.maximum(each, 0)))
    assert means["funding received is nothing"].difference < 0


def test_its_null_twin_pays_costs_and_no_funding(trial: RecordedTrial) -> None:
    cost = float(np.mean(trial.trades["unit_cost"]))
    assert trial.null["mean_net"] == pytest.approx(-cost, abs=4 * trial.null["mean_spread"])


def test_an_exam_draws_the_payments_of_its_part(workshop: Workshop, trial: RecordedTrial, rates: np.ndarray) -> None:
    pipeline, contract = trial.pipeline, trial.contract
    learned = exam.prepare(workshop.workspace, pipeline)
    planned = exam.plan(workshop.workspace, pipeline, contract, learned)
    sealed = open_sealed(workshop.workspace, pipeline.data)
    look = exam.examine(pipeline, contract, learned, sealed, planned.information, planned.price, planned.wager, 7)
    frozen = look.frozen
    assert isinstance(frozen, FrozenPerpetual)
    judged = exam.judge(look, planned, learned.base_rate, 0.01, exam.unseen_evidence([(look, 0.01)], 0.05), 1)
    assert not judged.passed
    stamps = STAMPS
    inside = (stamps >= sealed.start) & (stamps < sealed.end)
    bars = sealed.series["btc"]
    at = bars.time[frozen.payments.row]
    chosen = (at >= sealed.start) & (at < sealed.end)
    assert np.array_equal(at[chosen], stamps[inside])
    assert np.array_equal(frozen.payments.rate[chosen], rates[inside])
    price = bars.columns["close"]
    change = np.diff(price)[bars.time[1:] >= sealed.start] / price[:-1][bars.time[1:] >= sealed.start]
    periods = (sealed.end - sealed.start) / bars.period
    assert frozen.drift == pytest.approx((change.sum() - rates[inside].sum()) / periods, rel=1e-6)
