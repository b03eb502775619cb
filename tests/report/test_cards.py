"""Cards: every figure again from the exported trades alone, foreign words escaped, pages that need nothing else."""

import json
import math
import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, norm

from factory.backtest.quotes import all_in_price
from factory.report.card import SHOWN_TRADES, make_card
from factory.report.charts import draw_months
from factory.report.groups import GROUPINGS, group_by, group_trades, split_evenly
from factory.report.render import render_markdown
from factory.report.stress import break_even_cost, stress_trades
from factory.report.trial import RecordedTrial
from factory.statistics.blocks import block_mean
from factory.tasks import perform
from factory.views.cards import read_trial
from factory.workshop import Workshop
from tests.report.reading import exported, figures, first, grid

SHOWN = 0.5e-4 + 1e-12
"""How far a share in percent may be from what it was written of: half of its last digit."""


def test_figures_are_those_of_the_exported_trades(trial: RecordedTrial) -> None:
    """An independent reading: the file alone, in plain Python."""
    card = make_card(trial)
    trades, told = exported(card), figures(card)
    payoff = [float(row["payoff"]) for row in trades]
    net = [float(row["net"]) for row in trades]
    assert first(told["trades"]) == len(trades) == trial.count
    assert first(told["win_rate"]) == pytest.approx(sum(one > 0 for one in payoff) / len(payoff), abs=SHOWN)
    assert first(told["mean_net"]) == pytest.approx(sum(payoff) / len(payoff), rel=1e-3)
    assert first(told["total_return"]) == pytest.approx(sum(net), abs=SHOWN)
    assert first(told["costs"]) == pytest.approx(sum(float(row["cost"]) for row in trades), rel=1e-3)
    longest = run = 0
    for one in payoff:
        run = 0 if one > 0 else run + 1
        longest = max(longest, run)
    assert first(told["longest_losing_run"]) == longest


def test_months_hours_weekdays_and_sides_are_those_of_the_exported_trades(trial: RecordedTrial) -> None:
    card = make_card(trial)
    trades = exported(card)
    keys = {
        "hour": lambda row: f"{datetime.fromisoformat(row['entry']).hour:02d}",
        "weekday": lambda row: f"{datetime.fromisoformat(row['entry']):%A}",
        "month": lambda row: row["entry"][:7],
        "side": lambda row: row["side"],
    }
    for by, key in keys.items():
        groups = defaultdict(list)
        for row in trades:
            groups[key(row)].append(float(row["payoff"]))
        for name, count, won, _, mean in grid(card, f"By {by}"):
            assert int(count.replace(",", "")) == len(groups[name])
            assert first(won) == pytest.approx(sum(one > 0 for one in groups[name]) / len(groups[name]), abs=SHOWN)
            assert float(mean) == pytest.approx(sum(groups[name]) / len(groups[name]), rel=1e-3)
    equity, ends = 1.0, {}
    for row in trades:  # an exit at midnight belongs to the day that ends
        moment = datetime.fromisoformat(row["exit"]).timestamp() - 0.001
        equity += float(row["net"])
        ends[f"{datetime.fromtimestamp(moment, tz=datetime.fromisoformat(row['exit']).tzinfo):%Y-%m}"] = equity
    before = 1.0
    for month, told in grid(card, "Returns by month"):
        after = ends.get(month, before)
        assert float(told.rstrip("%")) / 100 == pytest.approx(after / before - 1, abs=1e-4)
        before = after


def test_the_twins_and_the_band_are_those_of_the_exported_trades(trial: RecordedTrial) -> None:
    card = make_card(trial)
    trades, told = exported(card), figures(card)
    for name, shown in (("coin_net", "coin-flip twin"), ("long_net", "always-long twin"), ("net", "this trial")):
        equity = 1 + sum(float(row[name] or 0) for row in trades)
        assert float(told[shown].split(",")[0]) == pytest.approx(equity, rel=1e-3)
    same = [row["long_net"] for row in trades if row["side"] == "up"]
    assert len({row["coin_side"] for row in trades}) == 2
    assert any(float(one) != 0 for one in same)
    equity, drift, variance = 1.0, 0.0, 0.0
    mean, deviation = trial.null["mean_net"], trial.null["mean_spread"] * math.sqrt(len(trades))
    for row in trades:
        weight = float(row["unit"]) / equity
        drift += weight * mean - (weight * deviation) ** 2 / 2
        variance += (weight * deviation) ** 2
        equity += float(row["net"])
    low, high = (math.exp(drift + sign * 1.959964 * math.sqrt(variance)) for sign in (-1, 1))
    assert [float(one) for one in told["no edge, one trial"].split(" to ")] == pytest.approx([low, high], rel=1e-3)
    best = math.exp(drift + norm.ppf(0.975 ** (1 / trial.independent)) * math.sqrt(variance))
    assert float(told["no edge, best of search"].split()[1].rstrip(",")) == pytest.approx(best, rel=1e-3)


def test_an_always_long_twin_of_a_binary_pays_the_same_price(workshop: Workshop) -> None:
    """From the file alone: where the side is up the twin is the trade itself at its own equity, else it won what the trade lost."""
    trades = exported(make_card(read_trial(workshop, workshop.resolve("small-up-or-down"))))
    own, long = 1.0, 1.0
    for row in trades:
        paid = float(row["size"]) / float(row["unit"]) * own
        won = float(row["exit_price"]) > 0.5
        shares = float(row["size"]) * long / paid
        assert float(row["long_net"]) == pytest.approx(shares * ((won == (row["side"] == "up")) - paid), rel=1e-6)
        own, long = own + float(row["net"]), long + float(row["long_net"])


def test_the_win_rate_against_the_price_paid_is_that_of_the_exported_trades(workshop: Workshop) -> None:
    trial = read_trial(workshop, workshop.resolve("small-up-or-down"))
    title = "Win rate against price paid"
    alone = grid(make_card(trial), title)
    assert len(alone) == 1, "every share was bought at one price"
    rng = np.random.default_rng(0)
    prices = rng.choice([0.3, 0.4, 0.5, 0.6, 0.7], trial.count)
    arrays = {**trial.arrays, "trades.price": prices}
    recorded = replace(trial, arrays=arrays)
    card = make_card(recorded)
    groups = defaultdict(list)
    for row in exported(card):
        groups[float(row["price"])].append(float(row["payoff"]) > 0)
    rows = grid(card, title)
    assert [int(row[1].replace(",", "")) for row in rows] == [len(groups[price]) for price in sorted(groups)]
    for row, price in zip(rows, sorted(groups), strict=True):
        assert first(row[2]) == pytest.approx(sum(groups[price]) / len(groups[price]), abs=SHOWN)


def test_drift_is_that_of_the_columns(workshop: Workshop, trial: RecordedTrial) -> None:
    """From the columns of both partitions, by scipy and pandas."""
    from factory.expressions.columns import Columns
    from factory.learning.decision_table import read_decisions
    from factory.market.dataset import open_partition

    past, new = (
        read_decisions(trial.pipeline, Columns(open_partition(workshop.workspace, "small-sim", name), None)).features
        for name in ("train", "validation")
    )
    rows = grid(make_card(trial), "Drift of features")
    assert {row[0] for row in rows} == set(past)
    assert [float(row[1]) for row in rows] == sorted((float(row[1]) for row in rows), reverse=True)
    for name, psi, ks in rows:
        assert float(ks) == pytest.approx(ks_2samp(past[name], new[name]).statistic, rel=1e-3)
        edges = [-np.inf, *np.quantile(past[name], np.linspace(0, 1, 11)[1:-1]), np.inf]
        shares = [
            pd.Series(pd.cut(values, edges, right=False)).value_counts(sort=False) + 0.5 for values in (past[name], new[name])
        ]
        t, v = (one / one.sum() for one in shares)
        assert float(psi) == pytest.approx(float(((v - t) * np.log(v / t)).sum()), rel=1e-3)


def test_a_ranking_is_shown_once_it_was_made(workshop: Workshop) -> None:
    pipeline = workshop.resolve("small-up-or-down")
    title = "Importance of inputs"
    before = make_card(read_trial(workshop, pipeline))
    assert f"rfcat rank {pipeline.id}" in next(section.says for section in before.sections if section.title == title)
    ranked = perform(str(workshop.workspace.root), "rank", {"pipeline": pipeline.id, "agent": "tester"})
    rows = grid(make_card(read_trial(workshop, pipeline)), title)
    assert [row[0] for row in rows] == [row[0] for row in ranked["rows"]]
    assert "(noise)" in {row[0] for row in rows}
    assert [float(row[1]) for row in rows] == pytest.approx([row[1] for row in ranked["rows"]], rel=5e-3)


def test_each_shown_trade_has_the_prices_around_it(trial: RecordedTrial) -> None:
    card = make_card(trial)
    section = next(section for section in card.sections if section.title == "Trades")
    assert section.grid is not None
    trades = exported(card)[::-1]
    assert len(section.windows) == len(section.grid.rows) == min(len(trades), SHOWN_TRADES)
    assert len(json.dumps(section.windows)) < 250_000
    for window, row in zip(section.windows, trades[:SHOWN_TRADES], strict=True):
        moments = [datetime.fromisoformat(row[name]).timestamp() * 1000 for name in ("entry", "exit")]
        assert [window["entry"], window["exit"]] == moments
        assert window["start"] - window["step"] < window["entry"]
        assert window["start"] + len(window["close"]) * window["step"] > window["exit"]
        opened = trial.bars.open[np.searchsorted(trial.bars.time, window["entry"])]
        assert window["price"] == pytest.approx(opened, rel=1e-7)
        at = round((window["entry"] - window["start"]) / window["step"])
        assert window["low"][at] <= window["close"][at] <= window["high"][at]
        left = window["price"] * (1 + window["leaves"] / 1e6)
        if trial.is_binary:
            assert (left >= opened) == ((float(row["exit_price"]) > 0.5) == (row["side"] == "up"))
        else:
            assert left == pytest.approx(float(row["exit_price"]), rel=2e-6)
            stop = "below" if row["side"] == "up" else "above"
            if row["reason"] == "stop":
                assert window["leaves"] == pytest.approx(window[stop], abs=2000), "near its barrier"


def test_money_and_turnover_are_written_with_their_unit_and_luck_is_put_together(trial: RecordedTrial) -> None:
    judged = replace(trial, answer={**trial.answer, "deflated": 0.3}, metrics={**trial.metrics, "p_value": 0.02})
    card = make_card(judged)
    told = figures(card)
    assert told["costs"].endswith(" of the starting equity")
    assert told["turnover"].endswith(" a year")
    assert re.fullmatch(r"[+-][\d,]+\.\d\d%", told["total_return"])
    for name in ("win_rate", "break_even", "max_drawdown"):
        assert re.match(r"\d+\.\d\d%", told[name]), name
    says = next(one.says for one in card.sections if one.title == "Figures on validation")
    for word in ("p, how often", "the chance in the reading", "deflated, how likely"):
        assert word in says
    assert says in render_markdown(card)
    unjudged = make_card(replace(judged, answer={**trial.answer, "deflated": None}))
    assert "Luck" not in next(one.says for one in unjudged.sections if one.title == "Figures on validation")


def test_bins_are_named_with_as_many_digits_as_tell_their_ends_apart() -> None:
    values = np.array([0.06610, 0.06611, 0.06612, 0.06613, 0.06614, 0.06615])
    names, group = split_evenly(values, 2)
    assert names[:2] == ["0.0661..0.06612", "0.06612..0.06615"]
    assert list(group) == [0, 0, 0, 1, 1, 1]
    tied = split_evenly(np.array([0.1, *[0.0661234567] * 9]), 2)
    assert [tied[0][i] for i in np.unique(tied[1])] == ["0.0661..0.1"]


def test_months_outside_the_span_are_not_drawn() -> None:
    figure = draw_months({"2024-11": 0.1, "2024-12": -0.1, "2025-01": 0.2})
    assert figure["data"][0]["x"] == ["Jan", "Nov", "Dec"]
    assert figure["data"][0]["z"] == [[None, 0.1, -0.1], [0.2, None, None]]


def test_every_grouping_holds_every_trade_once(trial: RecordedTrial) -> None:
    for by in GROUPINGS:
        groups = group_trades(trial.trades, by, trial.block)
        assert sum(one.trades for one in groups) == trial.count
        total = sum(one.trades * one.mean_net for one in groups)
        assert total == pytest.approx(float(np.sum(trial.trades["net"] / trial.trades["unit"])), rel=1e-9)


def test_a_group_has_an_interval_of_blocks_of_time_or_none(trial: RecordedTrial) -> None:
    """Trades beside each other are not independent: the same construction as the trial's own, and its least count."""
    block, entered = trial.block, trial.trades["entry_ms"]
    everything = group_by(trial.trades, (["all"], np.zeros(trial.count, np.intp)), block)[0]
    won = (trial.trades["net"] > 0).astype(float)
    expected = block_mean(won, entered, block)
    assert expected is not None
    assert (everything.low, everything.high) == pytest.approx((max(0.0, expected.low), min(1.0, expected.high)))
    few = (entered < entered[0] + 29 * block).astype(np.intp)
    first = group_by(trial.trades, (["later", "first"], few), block)[-1]
    assert first.trades > 0
    assert first.low is first.high is None


def test_stress_of_a_binary_is_its_contract_at_other_prices(workshop: Workshop) -> None:
    trial = read_trial(workshop, workshop.resolve("small-up-or-down"))
    rows = {one.change: one for one in stress_trades(trial)}
    won = trial.trades["exit_price"] > 0.5
    for price in (0.49, 0.53):
        paid = float(all_in_price(trial.contract, np.array([price]))[0])  # type: ignore[arg-type]
        assert rows[f"every share at {price:.2f}"].mean_net == pytest.approx(float(won.mean()) - paid, abs=1e-12)
    assert rows["as recorded"].mean_net == pytest.approx(trial.metrics["mean_net"], abs=1e-9)
    assert rows["fees x 2"].mean_net < rows["as recorded"].mean_net > rows["spread x 2"].mean_net
    assert break_even_cost(trial) == pytest.approx(float(won.mean()))


def test_stress_of_a_perpetual_moves_its_fills(workshop: Workshop) -> None:
    trial = read_trial(workshop, workshop.resolve("small-long-short"))
    rows = {one.change: one for one in stress_trades(trial)}
    time, opened = trial.bars.time, trial.bars.open
    own = trial.trades
    later = []
    for i in range(trial.count):
        entry = opened[np.searchsorted(time, own["entry_ms"][i]) + 1]
        out = own["exit_price"][i]
        row = np.searchsorted(time, own["exit_ms"][i]) + 1
        if own["reason"][i] in (3, 4, 6) and row < len(opened):
            out = opened[row]
        later.append(own["payoff"][i] + own["side"][i] * (out / entry - own["exit_price"][i] / own["price"][i]))
    assert rows["filled 1 bar later"].mean_net == pytest.approx(float(np.mean(later)), abs=1e-9)
    assert rows["slippage + 5 bp"].difference < rows["slippage + 1 bp"].difference < 0
    cost = break_even_cost(trial)
    relative = own["exit_price"] / own["price"]
    assert cost is not None
    assert float(np.mean(own["payoff"] + own["unit_cost"] - cost * (1 + relative))) == pytest.approx(0, abs=1e-12)
