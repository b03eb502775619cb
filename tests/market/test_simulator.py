from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market import templates
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.quality import validate_rows
from factory.market.series_spec import SeriesSpec
from factory.market.simulator import SCALE, bars, simulate, student, truth, volatility, volumes
from factory.market.spec import load_spec
from factory.market.templates import simulated_spec
from factory.storage.workspace import Workspace

FOLDER = Path(templates.__file__).parent
START = moment("2024-01-01")
DAYS = 240
EDGE = 0.06


@pytest.fixture(scope="module")
def market():
    return simulate(7, START, DAYS, EDGE)


@pytest.fixture(scope="module")
def rule():
    return truth(7, START, DAYS)


def returns(frame) -> np.ndarray:
    return np.diff(np.log(frame.columns["close"]))


def windows(frame, rule) -> np.ndarray:
    """Whether each five-minute window after a mark closed at or above its open."""
    rows = (rule.time - START) // MINUTE
    return frame.columns["close"][rows + 4] >= frame.columns["open"][rows]


def test_law_5_the_same_seed_draws_the_same_market(market) -> None:
    shorter = simulate(7, START, 3, EDGE)
    for name, frame in shorter.items():
        for column, values in frame.columns.items():
            assert np.array_equal(values, market[name].columns[column][: len(frame)])
    assert not np.array_equal(simulate(8, START, 3)["btc"].columns["close"], shorter["btc"].columns["close"])


def test_fails_take_nothing_from_the_streams_of_the_market() -> None:
    """The first eight streams draw what they drew before there were fails."""
    drawn, rows = simulate(7, START, 3), 3 * DAY // MINUTE
    first = [np.random.default_rng(child) for child in np.random.SeedSequence(7).spawn(8)]
    z = student(first[0], rows)
    sigma = volatility(z)
    moves, both = sigma * z, sigma * z + 0.5 * SCALE * student(first[2], rows)
    for name, price, path, mean, size, inside in (
        ("btc", 40_000.0, moves, 20.0, first[1], first[5]),
        ("eth", 2_000.0, both, 300.0, first[4], first[6]),
    ):
        columns = {**bars(inside.spawn(2)[0], price, path, sigma), "volume": volumes(size, sigma, path, mean)}
        for column, values in columns.items():
            assert np.array_equal(drawn[name].columns[column], values), (name, column)
    hourly, (own, _, inside) = moves.reshape(-1, 60).sum(axis=1), first[7].spawn(3)
    wide = np.full(len(hourly), 1.5e-3)
    gold = bars(inside, 2_000.0, 0.1 * hourly + wide * student(own, len(hourly)), wide)
    assert all(np.array_equal(drawn["gold"].columns[column], values) for column, values in gold.items())


def test_fails_are_persistent_weekly_dollars_with_spikes_and_blind_to_the_market(market) -> None:
    fails = simulate(7, START, DAYS, 0.0)["fails"]
    assert np.array_equal(fails.columns["value"], market["fails"].columns["value"]), "an edge changes nothing of them"
    assert {(iso(at)[11:], moment(iso(at)) // DAY % 7) for at in fails.time.tolist()} <= {("", 6)}
    assert (np.diff(fails.time) == 7 * DAY).all()
    assert START - fails.time[0] == pytest.approx(364 * DAY, abs=6 * DAY)
    assert 0 <= START + DAYS * DAY - 1 - fails.time[-1] < 7 * DAY
    logs = np.log(np.concatenate([simulate(seed, START, 3)["fails"].columns["value"] for seed in range(40)]))
    assert np.corrcoef(logs[1:], logs[:-1])[0, 1] > 0.3
    assert np.exp(logs.max() - np.median(logs)) > 5
    assert np.median(np.exp(logs)) == pytest.approx(1e11, rel=0.3)


def test_drawn_bars_pass_the_checks_of_real_ones(market) -> None:
    for name, period in (("btc", "1m"), ("eth", "1m"), ("gold", "1h")):
        spec = SeriesSpec.model_validate({"kind": "bars", "underlying": name, "period": period})
        clean, quality = validate_rows(name, spec, market[name], (START, START + DAYS * DAY), 0)
        assert len(clean) == DAYS * DAY // spec.period_ms
        assert quality.summary(None, None)["quarantined"] == {}
        assert "gaps" not in quality.summary(None, None)["noted"]


def test_returns_have_fat_tails_clusters_and_a_daily_season(market) -> None:
    moves = returns(market["btc"])
    size = np.abs(moves)
    assert moves.std() == pytest.approx(5e-4, rel=0.1)
    assert 6 < np.mean(moves**4) / moves.var() ** 2 < 60
    for lag, least in ((1, 0.1), (10, 0.1), (60, 0.05)):
        assert np.corrcoef(size[lag:], size[:-lag])[0, 1] > least
    hours = np.abs(np.append(0.0, moves)).reshape(DAYS, 24, 60).mean(axis=(0, 2))
    assert hours.max() > 1.5 * hours.min()


def test_eth_follows_btc_and_gold_a_little(market) -> None:
    assert np.corrcoef(returns(market["btc"]), returns(market["eth"]))[0, 1] > 0.8
    hourly = np.diff(np.log(market["btc"].columns["close"][59::60]))
    assert 0.02 < np.corrcoef(hourly, returns(market["gold"]))[0, 1] < 0.5
    assert np.array_equal(market["gold"].time, START + HOUR * np.arange(DAYS * 24))


def test_the_planted_edge_has_its_size_where_active_and_nowhere_else(market, rule) -> None:
    right = windows(market["btc"], rule) == rule.up
    active = rule.active
    assert 0.25 < active.mean() < 0.35
    error = 0.5 / np.sqrt(active.sum())
    assert right[active].mean() == pytest.approx(0.5 + EDGE, abs=4 * error)
    assert right[~active].mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt((~active).sum()))


def test_without_an_edge_the_rule_is_a_coin(rule) -> None:
    fair = simulate(7, START, DAYS, 0.0)["btc"]
    right = windows(fair, rule) == rule.up
    assert right[rule.active].mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(rule.active.sum()))


def test_law_1_the_truth_is_visible_in_columns_known_by_then(market, rule) -> None:
    btc, eth = market["btc"].columns, market["eth"].columns
    rows = (rule.time - START) // MINUTE
    last = rows - 1
    lead = np.log(eth["close"][last] / eth["close"][last - 15]) - np.log(btc["close"][last] / btc["close"][last - 15])
    sums = np.concatenate(([0.0], np.cumsum(btc["volume"])))
    burst = ((sums[rows] - sums[rows - 15]) / 15) / ((sums[rows] - sums[rows - 240]) / 240)
    assert np.array_equal(lead > 0, rule.up)
    assert np.mean((burst > 1.12) == rule.active) > 0.9999


def test_btc_sim_is_two_years_and_says_simulated() -> None:
    spec = simulated_spec("btc-sim")
    assert spec.simulated is not None
    assert "SIMULATED" in spec.about
    assert [
        round((spec.split.span(name)[1] - spec.split.span(name)[0]) / DAY) for name in ("train", "validation", "sealed")
    ] == [
        366,
        181,
        184,
    ]
    assert set(spec.contracts) == {"polymarket-btc-5m", "polymarket-btc-15m", "btc-perpetual"}


SMALL = """
dataset: drawn
confirmed: true
simulated: {seed: 3, start: 2024-01-01, days: 12, edge: 0.1}
series:
  btc: {kind: bars, underlying: SIM-BTC, period: 1m}
contracts: {}
split: {train: [2024-01-01, 2024-01-07], validation: [2024-01-07, 2024-01-10], sealed: [2024-01-10, 2024-01-13]}
"""


def test_a_drawn_dataset_is_built_without_files_and_says_so(tmp_path) -> None:
    meta = build(Workspace.open(tmp_path), load_spec(SMALL))
    assert meta["simulated"] is True
    assert list(meta["series"]) == ["btc"]


def test_law_1_drawn_fails_are_known_a_week_later_and_fill_a_window_from_the_first_day(tmp_path) -> None:
    fails = next(line for line in (FOLDER / "btc_macro_sim.yaml").read_text().splitlines() if line.startswith("  fails:"))
    workspace = Workspace.open(tmp_path)
    build(workspace, load_spec(SMALL.replace("contracts:", f"{fails}\ncontracts:")))
    train = open_partition(workspace, "drawn", "train")
    series = train.series["fails"]
    there = np.isfinite(series.columns["value"])
    assert (series.known - series.time)[there].min() > 8 * DAY
    assert np.isfinite(Columns(train).at(parse("zscore(fails.value, 26)"), np.array([train.start]))).all()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("days: 12", "days: 11", "split: reaches outside the simulated 2024-01-01 .. 2024-01-12"),
        ("start: 2024-01-01", "start: 2024-01-01T01:00:00Z", "simulated.start: 2024-01-01T01:00:00Z is not midnight"),
        ("edge: 0.1", "edge: 0.9", "simulated.edge: '0.9'"),
        ("  btc: {", "  doge: {", "series.doge: the simulator draws btc, eth, gold, fails; remove it"),
        ("period: 1m}", "period: 1m, source: {use: files, files: x.csv}}", "series.btc.source: a simulated dataset has none"),
    ],
)
def test_a_wrong_drawn_dataset_is_refused(tmp_path, old: str, new: str, line: str) -> None:
    with pytest.raises(DataError) as told:
        build(Workspace.open(tmp_path), load_spec(SMALL.replace(old, new)))
    assert line in str(told.value)
