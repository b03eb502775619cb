"""Cards: every figure again from the exported trades alone, foreign words escaped, pages that need nothing else."""

import csv
import io
import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from factory.backtest.binary import all_in_price
from factory.core.errors import PipelineError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.report.card import Card, make_card
from factory.report.groups import GROUPINGS, group_trades
from factory.report.render import plotly_script, render_html, render_markdown, render_sections
from factory.report.stress import break_even_cost, stress_trades
from factory.report.trial import RecordedTrial
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.views.cards import make_trial_card, read_trial
from factory.workshop import Workshop
from tests.hostile import ALL_IN_ONE
from tests.workshop.market import BINARY, PERPETUAL, SPEC


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("report"))
    build(workspace, load_spec(SPEC))
    made = Workshop(workspace, "tester")
    for text in (BINARY, PERPETUAL):
        perform(
            str(workspace.root), "backtest", {"pipeline": made.define(text)["pipeline"], "agent": "tester", "why": "to see"}
        )
    return made


@pytest.fixture(scope="module", params=["small-up-or-down", "small-long-short"])
def trial(request: pytest.FixtureRequest, workshop: Workshop) -> RecordedTrial:
    return read_trial(workshop, workshop.resolve(request.param))


def exported(card: Card) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(card.trades_csv)))


def figures(card: Card) -> dict[str, str]:
    return {row.name: row.value for section in card.sections for row in section.rows}


def first(value: str) -> float:
    return float(value.split()[0].replace(",", ""))


def grid(card: Card, title: str) -> list[tuple[str, ...]]:
    return next(list(section.grid.rows) for section in card.sections if section.title == title and section.grid)


def test_figures_are_those_of_the_exported_trades(trial: RecordedTrial) -> None:
    """An independent reading: the file alone, in plain Python."""
    card = make_card(trial)
    trades, told = exported(card), figures(card)
    payoff = [float(row["payoff"]) for row in trades]
    net = [float(row["net"]) for row in trades]
    assert first(told["trades"]) == len(trades) == trial.count
    assert first(told["win_rate"]) == pytest.approx(sum(one > 0 for one in payoff) / len(payoff), rel=1e-3)
    assert first(told["mean_net"]) == pytest.approx(sum(payoff) / len(payoff), rel=1e-3)
    assert first(told["total_return"]) == pytest.approx(sum(net), rel=1e-3)
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
            assert float(won) == pytest.approx(sum(one > 0 for one in groups[name]) / len(groups[name]), abs=1e-4)
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


def test_every_grouping_holds_every_trade_once(trial: RecordedTrial) -> None:
    for by in GROUPINGS:
        groups = group_trades(trial.trades, by)
        assert sum(one.trades for one in groups) == trial.count
        total = sum(one.trades * one.mean_net for one in groups)
        assert total == pytest.approx(float(np.sum(trial.trades["net"] / trial.trades["unit"])), rel=1e-9)


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
    time, opened = trial.opens
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


def test_a_page_needs_nothing_else_and_its_pictures_are_whole(trial: RecordedTrial) -> None:
    card = make_card(trial)
    page = render_html(card)
    own = page.replace(plotly_script(), "")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', own)
    assert "url(" not in own
    placed = re.findall(r'data-figure="([\d.]+)"', own)
    drawn: dict[str, dict[str, object]] = {}
    for block in re.findall(r'<script type="application/json" data-figures>(.*?)</script>', own, re.S):
        drawn |= json.loads(block)
    assert set(placed) == set(drawn)
    assert all(figure["data"] for figure in drawn.values())


def test_sections_may_stand_under_a_policy_without_inline_code(trial: RecordedTrial) -> None:
    card = make_card(trial)
    part = render_sections(card, "/trades.csv")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"application/json\")", part)
    assert part.count('href="/trades.csv"') == 1
    page = render_html(card)
    own = re.search(r'href="(data:text/csv[^"]*)"', page)
    assert own is not None
    assert part.strip() in page.replace(own.group(1), "/trades.csv")


def test_words_of_others_are_text_wherever_they_stand(trial: RecordedTrial) -> None:
    for word in (ALL_IN_ONE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>"):
        facts = {**trial.facts, "name": word, "why": word}
        card = make_card(replace(trial, facts=facts))
        page = render_html(card)
        assert "<script>alert" not in page
        assert "<img" not in page
        text = re.sub(r"```yaml.*?```", "", render_markdown(card), flags=re.S)
        assert "<" not in text
        assert text.count("\n# ") == 0, "no heading but the title"


def test_a_card_says_first_what_it_must_not_be_taken_for(workshop: Workshop) -> None:
    pipeline, card = make_trial_card(workshop, "small-up-or-down")
    assert card.banners[0].startswith("SIMULATED")
    assert "assumed price of 0.50" in card.banners[1]
    assert card.banners[-1].startswith("No sealed look has passed")
    before = workshop.ledger.counts(pipeline.data)
    make_trial_card(workshop, "small-up-or-down")
    assert workshop.ledger.counts(pipeline.data) == before, "what was looked at once is counted once"
    assert render_markdown(card).startswith(f"# small-up-or-down {pipeline.id}\n")


def test_a_pipeline_without_a_trial_has_no_card(workshop: Workshop) -> None:
    other = workshop.define(parent="small-up-or-down", changes={"meta.leaf": 77})["pipeline"]
    with pytest.raises(PipelineError, match="is no trial yet; backtest it first"):
        make_trial_card(workshop, str(other))


def test_the_command_writes_three_files(workshop: Workshop, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from server.cli.app import app

    run = CliRunner().invoke(
        app, ["--workspace", str(workshop.workspace.root), "card", "small-long-short", "--out", str(tmp_path)]
    )
    assert run.exit_code == 0, run.output
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".html", ".md"]
