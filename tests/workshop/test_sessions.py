"""A market that closes, end to end: a file of New York's minutes beside one that never stops, trained on and traded."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import PipelineError
from factory.core.times import DAY, MINUTE, moment
from factory.evidence.probes.causal import check_causality
from factory.evidence.probes.stored import check_publication, check_repeats
from factory.expressions.columns import Columns
from factory.flow import evaluate, fit
from factory.learning.decision_table import read_decisions
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.pipeline import Pipeline, parse
from factory.report.windows import read_window
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault import exam
from factory.vault.sealed_data import open_sealed
from factory.views.cards import make_trial_card, read_trial
from factory.views.cusum import read_cusum
from factory.workshop import Workshop
from tests.market.sessions import EQUITY, draw, equity_hours, extended, minutes, spec, write

os.environ.setdefault("RFCAT_THREADS", "2")
FRAME = draw(minutes(equity_hours()))
BOTH = EQUITY.replace(
    "contracts:",
    """\
  coin: {kind: bars, underlying: COIN, period: 5m, source: {use: files, files: coin.csv, zone: UTC}}
contracts:
  half-hour: {use: binary, of: spy, window: 30m, price: 0.5, fee: 0.01, half_spread: 0.001}
  coin: {use: perpetual, of: coin, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 2}""",
)
INTRADAY = """\
pipeline: intraday
data: equity
features:
  move: zscore(ret(spy.close, 5), 390)
  day: spy.close / vwap_day(spy) - 1
  hourly: at(1h, ret(spy.close, 1))
  daily: at(1d, ret(spy.close, 1))
  smooth: spy.close / ema(spy.close, 20) - 1
  coin: ret(coin.close, 12)
  hour: hour()
sample: {use: clock, every: 30m}
label: {use: fixed_return, of: spy, horizon: 30m}
experts:
  line: {use: logistic, see: [move, day, hourly, daily, smooth]}
meta: {use: forest, see: [line, move, coin, hour], trees: 20, leaf: 30}
trade: {use: long_or_short, contract: spy, enter: 0.5, exit: {use: after, hold: 30m}, size: {use: volatility, yearly: 0.15, leverage: 2}}
"""
WINDOWS = (
    INTRADAY.replace("fixed_return", "up_down")
    .replace("intraday", "half-hours")
    .replace(
        INTRADAY[INTRADAY.index("trade:") :],
        "trade: {use: up_or_down, contract: half-hour, edge: 0.001, size: {use: fixed, share: 0.002}}\n",
    )
)
OVERNIGHT = INTRADAY.replace("30m", "1d").replace("every: 1d", "every: 1h").replace("intraday", "overnight")
EVENTS = (
    INTRADAY.replace("features:", "features:\n  logp: log(spy.close)\n  vol: std(ret(spy.close, 1), 390) * 8")
    .replace("{use: clock, every: 30m}", "{use: cusum, of: logp, threshold: vol}")
    .replace(
        "{use: fixed_return, of: spy, horizon: 30m}", "{use: triple_barrier, of: spy, take: 1, stop: 1, unit: vol, horizon: 1d}"
    )
    .replace("{use: after, hold: 30m}", "{use: barriers}")
    .replace("intraday", "events")
)
COIN = (
    INTRADAY.replace("of: spy", "of: coin").replace("contract: spy", "contract: coin").replace("intraday", "coin-by-spy")
    .replace("{use: clock, every: 30m}", "{use: clock, every: 1h}")
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("sessions")
    write(folder / "spy.csv", extended(FRAME, equity_hours()), "America/New_York")
    stamps = pd.date_range("2023-10-15", "2024-04-13", freq="5min", inclusive="left", tz="UTC")
    write(folder / "coin.csv", draw(stamps, seed=3, price=40_000))
    workspace = Workspace.open(folder / "workspace")
    build(workspace, spec(text=BOTH), folder)
    return workspace


def columns(workspace: Workspace, partition: str) -> Columns:
    return Columns(open_partition(workspace, "equity", partition), None)


@pytest.mark.parametrize(
    "text", [INTRADAY, WINDOWS, OVERNIGHT, EVENTS, COIN], ids=["intraday", "binary", "day", "cusum", "coin"]
)
def test_a_pipeline_is_fitted_and_traded(text: str, workspace: Workspace) -> None:
    """Its decisions stand at bars, none is held over a night that was not meant to be, and its exam takes its course."""
    pipeline = parse(text)
    contract = spec(text=BOTH).contracts[pipeline.trade.contract]
    fitted = exam.prepare(workspace, pipeline)
    validation = columns(workspace, "validation")
    scored = evaluate(pipeline, contract, fitted, validation)
    bars = validation.partition.series[contract.of]
    assert len(scored.rows.time) > 10
    assert np.isin(scored.rows.time, bars.time).all()
    trades = scored.result.trades
    assert len(trades) > 5
    assert np.isin(trades.entry_ms, bars.time).all()
    if "30m" in text and pipeline.label.of == "spy":
        assert (trades.exit_ms - trades.entry_ms == 30 * MINUTE).all()
        assert (scored.rows.labels.known).all()
    planned = exam.plan(workspace, pipeline, contract, fitted)
    sealed = open_sealed(workspace, "equity")
    examined = exam.examine(pipeline, contract, fitted, sealed, planned.information, planned.price, planned.wager, seed=1)
    judgement = exam.judge(examined, planned, fitted.base_rate, 0.01, 1.0, 1.0)
    assert 0 < judgement.figures["p_value"] <= 1
    assert not judgement.passed


def test_law_1_no_probe_finds_a_leak(workspace: Workspace) -> None:
    for text in (INTRADAY, COIN):
        pipeline = parse(text)
        train = open_partition(workspace, "equity", "train")
        times = read_decisions(pipeline, Columns(train, None)).time
        assert check_causality(pipeline.expressions(), train, times, None) == []
        assert check_publication(pipeline.expressions(), train) == []
    assert check_repeats(train, open_partition(workspace, "equity", "validation"), None) == []


def test_law_1_no_feature_of_train_changes_when_validation_is_there(workspace: Workspace) -> None:
    pipeline = parse(INTRADAY)
    alone = read_decisions(pipeline, columns(workspace, "train"))
    later = columns(workspace, "validation")
    for name, expression in pipeline.expressions().items():
        np.testing.assert_array_equal(later.at(expression, alone.time), alone.features[name])


def test_law_5_the_same_numbers_again(workspace: Workspace) -> None:
    pipeline, contract = parse(INTRADAY), spec(text=BOTH).contracts["spy"]
    results = [
        evaluate(pipeline, contract, fit(pipeline, columns(workspace, "train")), columns(workspace, "validation")).result
        for _ in range(2)
    ]
    np.testing.assert_array_equal(results[0].equity, results[1].equity)


def test_at_night_the_coin_is_traded_on_the_last_close(workspace: Workspace) -> None:
    rows = read_decisions(parse(COIN), columns(workspace, "validation"))
    night = (rows.time >= moment("2024-03-09")) & (rows.time < moment("2024-03-11"))
    assert night.sum() == 48
    assert np.ptp(rows.features["move"][night]) == 0
    assert np.ptp(rows.features["coin"][night]) > 0


def test_an_agent_is_told_of_the_calendar_and_works_on_it(workspace: Workspace) -> None:
    workshop = Workshop(workspace, "tester")
    assert workshop.describe()["series"]["spy"].startswith("1m bars of XNYS sessions")
    defined = workshop.define(INTRADAY)
    (few,) = [line for line in defined["warnings"] if "decisions in validation" in line]
    assert int(few.split("about ")[1].split()[0]) == pytest.approx(23 * 13, rel=0.05)
    told = perform(str(workspace.root), "backtest", {"agent": "tester", "pipeline": str(defined["pipeline"])})
    assert told["decisions"]["taken"] == told["trades"] > 200
    assert told["probes"] == "clean"
    asked = {"features": ["ret(spy.close, 5)"], "label": {"use": "up_down", "of": "spy", "horizon": "30m"}}
    ranked = perform(str(workspace.root), "rank", {"agent": "tester", "dataset": "equity", **asked})
    assert "decisions" in ranked["label"]


def test_its_trials_and_events_are_drawn(workspace: Workspace) -> None:
    """A night has no bars on a chart of a trade, and an event of the close is acted on at the next open."""
    workshop = Workshop(workspace, "tester")
    pipeline = str(workshop.define(EVENTS)["pipeline"])
    perform(str(workspace.root), "backtest", {"agent": "tester", "pipeline": pipeline})
    parsed, card = make_trial_card(workshop, pipeline)
    assert card.reading
    trial = read_trial(workshop, parsed)
    entry, out = (trial.trades[name] for name in ("entry_ms", "exit_ms"))
    night = int(np.argmax(out // DAY > entry // DAY))
    window = read_window(trial, night)
    assert None in window["close"]
    assert window["close"][-1] is not None
    picture = read_cusum(workshop, parsed, "train", moment("2023-12-28"), "3d")
    fills = open_partition(workspace, "equity", "train").series["spy"]
    assert len(picture.labels.decision)
    assert np.isin(picture.labels.decision, fills.time).all()


def test_a_look_back_is_told_in_days_of_the_calendar(workspace: Workspace) -> None:
    """Twenty sessions are a month, and six hundred are more than train has."""
    workshop = Workshop(workspace, "tester")
    month: Pipeline = parse(INTRADAY).changed({"features.daily": "at(1d, mean(spy.close, 20))"})
    assert 28 * DAY < workshop_facts(workshop, month)["daily"] < 36 * DAY
    with pytest.raises(PipelineError, match=r"features\.daily: looks back"):
        workshop.define(
            parent=str(workshop.define(INTRADAY)["pipeline"]), changes={"features.daily": "at(1d, mean(spy.close, 600))"}
        )


def workshop_facts(workshop: Workshop, pipeline: Pipeline) -> dict[str, int]:
    from factory.market.catalog import Catalog
    from factory.pipeline.checks import check_pipeline

    catalog = Catalog(workshop.workspace)
    return check_pipeline(pipeline, catalog.spec("equity"), catalog.meta("equity")).look_back


def test_one_file_checks_as_the_build_does(tmp_path: Path) -> None:
    from factory.market.build import check_files
    from factory.market.series_spec import SeriesSpec

    write(tmp_path / "spy.csv", extended(FRAME[:3900], equity_hours()[:10]), "America/New_York")
    source = {"use": "files", "files": "spy.csv", "zone": "America/New_York"}
    raw = {"kind": "bars", "underlying": "SPY", "period": "1m", "calendar": "XNYS", "source": source}
    told = check_files([tmp_path / "spy.csv"], SeriesSpec.model_validate(raw)).summary(None, None)
    assert told["rows"] == 3900
    assert {title: one["count"] for title, one in told["noted"].items()} == {"rows outside sessions": 1200}
