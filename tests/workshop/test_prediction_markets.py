"""Quotes and outcomes of a prediction market go the whole way, and no outcome is known, or paid, before its window is over."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from factory.core.answers import Answer
from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, iso, moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.sources import caller, polymarket_download
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from server.cli.app import app
from tests.market.bars import START, csv, rows
from tests.market.prediction_market import SERIES, WINDOW, PredictionMarket, outcome, price, serving

LAST = 8
DATASET = """
dataset: small
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 5m, source: {use: files, files: odds.csv}}
  ended: {kind: outcomes, underlying: PM-BTC-5M, period: 5m, delay: 1m, source: {use: files, files: ended.csv}}
contracts:
  up: {use: binary, of: btc, window: 5m, odds: pm, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-05]
  validation: [2024-01-05, 2024-01-07]
  sealed: [2024-01-07, 2024-01-09]
"""
FETCHED = f"{{use: polymarket, symbol: {SERIES}}}"
DOWNLOADED = DATASET.replace("{use: files, files: odds.csv}", FETCHED).replace("{use: files, files: ended.csv}", FETCHED)
PIPELINE = """\
pipeline: by-the-market
data: small
features: {move: "ret(btc.close, 5)", quote: pm.up, before: "lag(pm.up, 1)", ups: "mean(ended.up, 12)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [move, quote, before, ups], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""
WINDOWS = START + WINDOW * np.arange(LAST * DAY // WINDOW)


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[PredictionMarket]:
    """A market that has been there for as long as the small dataset, with a void, a missing and an unresolved window."""
    one = PredictionMarket()
    one.void, one.missing, one.unresolved = {START + 7 * WINDOW}, {START + 40 * WINDOW}, {START + 50 * WINDOW}
    monkeypatch.setattr(caller.time, "sleep", lambda _: None)
    monkeypatch.setattr(polymarket_download, "now_ms", lambda: START + LAST * DAY)
    with serving(one) as address:
        monkeypatch.setenv("RFCAT_POLYMARKET_GAMMA", address)
        monkeypatch.setenv("RFCAT_POLYMARKET_CLOB", address)
        yield one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    csv(tmp_path / "btc.csv", rows(LAST))
    return tmp_path


def true_outcomes() -> np.ndarray:
    """What each window of the bars ended as."""
    bars = rows(LAST)
    return (bars["close"][4::5] >= bars["open"][::5]).astype(float)


def quotes() -> np.ndarray:
    return 0.5 + np.round(np.random.default_rng(2).normal(0, 0.02, len(WINDOWS)), 2)


def trial(folder: Path, dataset: str, pipeline: str = PIPELINE) -> tuple[Partition, Answer]:
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(dataset), folder)
    chosen = str(Workshop(workspace, "tester").define(pipeline)["pipeline"])
    answer = perform(str(workspace.root), "backtest", {"pipeline": chosen})
    return open_partition(workspace, "small", "validation"), answer


def test_a_download_becomes_features_and_prices_of_a_trial_whose_probes_pass(folder: Path, market: PredictionMarket) -> None:
    asked = ["--workspace", str(folder / "workspace"), "data", "fetch", "polymarket", SERIES, "--from", iso(START)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert f"{SERIES}: complete up to the last row that is over" in told.output
    part, answer = trial(folder, DOWNLOADED)
    assert isinstance(answer["probes"], str), answer["probes"]
    assert "price" not in answer, "nothing was assumed"
    quoted, ended = part.series["pm"], part.series["ended"]
    gone = np.isin(quoted.time, [*market.missing])
    np.testing.assert_allclose(quoted.columns["up"][~gone], [price(at) for at in quoted.time[~gone].tolist()])
    assert np.isnan(quoted.columns["up"][gone]).all()
    unknown = np.isin(ended.time, [*market.missing, *market.unresolved])
    assert np.array_equal(np.isnan(ended.columns["up"]), unknown)
    paid = [0.5 if at in market.void else outcome(at) for at in ended.time[~unknown].tolist()]
    assert np.array_equal(ended.columns["up"][~unknown], paid)


def test_law_1_an_outcome_is_no_feature_before_its_window_is_over_and_settled(folder: Path) -> None:
    """The planted leak: a file of how the very windows end that are to be predicted, stamped at their starts."""
    ended = true_outcomes()
    csv(folder / "odds.csv", {"timestamp": WINDOWS, "up": quotes()})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": ended})
    pipeline = PIPELINE.replace("mean(ended.up, 12)", "ended.up")
    part, answer = trial(folder, DATASET, pipeline)
    assert isinstance(answer["probes"], str), answer["probes"]
    times = np.arange(part.start, part.end, MINUTE)
    seen = Columns(part).at(parse("ended.up"), times)
    over = (times - MINUTE - WINDOW - START) // WINDOW
    assert np.array_equal(seen, ended[over])
    assert (part.series["ended"].time[-1] + WINDOW) <= part.end


def test_outcomes_are_never_a_price(folder: Path) -> None:
    with pytest.raises(DataError, match=r"contracts\.up\.odds: 'ended' is no series of odds or values here; allowed: pm"):
        load_spec(DATASET.replace("odds: pm", "odds: ended"))
    with pytest.raises(DataError, match=r"contracts\.up\.odds: pm quotes windows of 5m and cannot price those of 15m"):
        load_spec(DATASET.replace("window: 5m", "window: 15m"))
    with pytest.raises(DataError, match=r"series\.ended\.delay: missing; say how long after the end of its period a row"):
        load_spec(DATASET.replace("delay: 1m, ", ""))


@pytest.mark.parametrize("label", ["up_price_final", "outcome", "winner", "up_mid_after_close", "resolved_up", "settled"])
def test_a_column_that_only_the_end_tells_is_refused_as_odds(folder: Path, label: str) -> None:
    csv(folder / "odds.csv", {"timestamp": WINDOWS, label: quotes()})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": true_outcomes()})
    workspace = Workspace.open(folder / "workspace")
    with pytest.raises(DataError, match=r"odds\.csv: no column 'up', nor 'bid' and 'ask'"):
        build(workspace, load_spec(DATASET), folder)
    named = load_spec(DATASET.replace("files: odds.csv", f"files: odds.csv, columns: {{up: {label}}}"))
    with pytest.raises(DataError, match=rf"column '{label}' is told when a window ends, and odds are prices at its start"):
        build(workspace, named, folder)


def test_final_prices_that_go_by_another_name_are_refused(folder: Path) -> None:
    csv(folder / "odds.csv", {"timestamp": WINDOWS, "up": true_outcomes()})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": true_outcomes()})
    with pytest.raises(DataError, match=r"series\.pm: 100.0% of the rows are wrong.*\n.* a price of Up that is not between 0"):
        build(Workspace.open(folder / "workspace"), load_spec(DATASET), folder)


def test_prices_that_know_the_end_are_caught_by_the_probes(folder: Path) -> None:
    """As mids noted within the window that are stamped at its start."""
    leaning = np.clip(0.5 + 0.3 * (true_outcomes() - 0.5) + np.random.default_rng(3).normal(0, 0.1, len(WINDOWS)), 0.02, 0.98)
    csv(folder / "odds.csv", {"timestamp": WINDOWS, "up": leaning})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": true_outcomes()})
    _, answer = trial(folder, DATASET)
    assert {line.partition(":")[0] for line in answer["probes"]["block"]} & {"P4", "P5"}


@pytest.mark.parametrize("late", [30_000, 4 * MINUTE])
def test_law_1_quotes_from_within_the_window_are_no_price_at_its_start(folder: Path, late: int) -> None:
    csv(folder / "odds.csv", {"timestamp": WINDOWS[:-1] + late, "up": quotes()[:-1]})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": true_outcomes()})
    told = (
        r"stamped 30s into their windows, and a price of contracts\.up must be known"
        if late < MINUTE
        else "odds are stamped at"
    )
    with pytest.raises(DataError, match=told):
        build(Workspace.open(folder / "workspace"), load_spec(DATASET), folder)


def test_the_middle_of_bid_and_ask_is_the_price_where_both_are_there(folder: Path) -> None:
    up = quotes()
    bid, ask = up - 0.005, up + 0.005
    bid[3], ask[3], bid[4], ask[4], ask[5] = 0.0, 0.4, 0.5, 1.0, np.nan
    sizes = {"bid_size": np.arange(len(up)) + 1.0, "tick": np.where(true_outcomes() > 0, 0.01, 0.001)}
    csv(folder / "odds.csv", {"timestamp": WINDOWS, "ask": ask, "bid": bid, **sizes})
    csv(folder / "ended.csv", {"timestamp": WINDOWS, "outcome": true_outcomes()})
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(DATASET), folder)
    columns = open_partition(workspace, "small", "train").series["pm"].columns
    assert {*columns} == {"up", "bid", "ask", "bid_size"}, "a tick tells how far a window went, unless a person says otherwise"
    expected = np.where(np.isin(np.arange(len(up)), (3, 4, 5)), np.nan, up)[: len(columns["up"])]
    np.testing.assert_allclose(columns["up"], expected, atol=1e-12)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_outcomes_in_words_are_read(folder: Path, suffix: str) -> None:
    words = np.where(true_outcomes() > 0, "UP", "Down").astype(object)
    words[5], words[6], words[7] = "void", None, "yes"
    table = pd.DataFrame({"timestamp": WINDOWS, "winner": words, "strike": 100.0})
    path = folder / f"ended{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    csv(folder / "odds.csv", {"timestamp": WINDOWS, "up": quotes()})
    source = f"files: ended{suffix}, columns: {{up: winner}}"
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(DATASET.replace("files: ended.csv", source)), folder)
    columns = open_partition(workspace, "small", "train").series["ended"].columns
    expected = true_outcomes()[: len(columns["up"])]
    expected[[5, 6, 7]] = 0.5, np.nan, 1.0
    assert np.array_equal(columns["up"], expected, equal_nan=True)
    words[9] = "perhaps"
    table["winner"] = words
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    with pytest.raises(DataError, match=rf"ended{suffix}.* row 10.*column 'up': no number"):
        build(workspace, load_spec(DATASET.replace("files: ended.csv", source)), folder)


REAL = """
dataset: small
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: btc.parquet}}}}
  ended: {{kind: outcomes, underlying: PM-BTC-5M, period: 5m, delay: 2m, source: {source}}}
contracts:
  up: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}}
split: {split}
"""
MONTH = ("btc_5m_outcomes_2025-12_2026-02", "2025-12-19", "2026-01-10", "2026-01-18", "2026-01-26")
WEEK = ("updown_outcomes_2026-02", "2026-02-21T15:00:00Z", "2026-02-25", "2026-02-27", "2026-02-28T14:00:00Z")


@pytest.mark.parametrize(("name", "first", "second", "third", "last"), [MONTH, WEEK], ids=["a month", "a week"])
def test_recorded_outcomes_and_minutes_of_bitcoin_go_the_whole_way(
    shared: Path, tmp_path: Path, name: str, first: str, second: str, third: str, last: str
) -> None:
    minutes = pd.read_parquet(shared / "data" / "ohlcv" / "binance_spot_btcusdt_1m.parquet")
    at = minutes["timestamp"].astype("int64")
    span = (at >= moment(first)) & (at < moment(last))
    minutes[span].to_parquet(tmp_path / "btc.parquet")
    ended = pd.read_parquet(shared / "data" / "polymarket" / f"{name}.parquet")
    if "asset" in ended:
        ended = ended[(ended["asset"] == "BTC") & (ended["horizon_min"] == 5)]
    ended.to_parquet(tmp_path / "ended.parquet")
    split = f"{{train: [{first}, {second}], validation: [{second}, {third}], sealed: [{third}, {last}]}}"
    source = "{use: files, files: ended.parquet, time: window_start}"
    pipeline = PIPELINE.replace('quote: pm.up, before: "lag(pm.up, 1)"', 'before: "lag(ended.up, 1)"').replace("quote, ", "")
    part, answer = trial(tmp_path, REAL.format(source=source, split=split), pipeline)
    assert isinstance(answer["probes"], str), answer["probes"]
    series = part.series["ended"]
    assert set(np.unique(series.columns["up"][~np.isnan(series.columns["up"])])) == {0.0, 1.0}
    assert np.array_equal(series.known, series.time + 7 * MINUTE)
    bars = part.series["btc"]
    own = np.isin(series.time, bars.time) & (series.time >= moment(first)) & ~np.isnan(series.columns["up"])
    at = np.searchsorted(bars.time, series.time[own])
    at = at[at + 4 < len(bars)]
    rose = bars.columns["close"][at + 4] >= bars.columns["open"][at]
    assert (rose == series.columns["up"][own][: len(at)]).mean() > 0.95, "the outcome of the window that it is stamped at"
