"""A binary contract priced by what was recorded, from the dataset file to the score."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.storage.cache import UNLIMITED, Cache
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, START, csv, rows

ODDS = "  odds: {kind: values, underlying: PM-BTC-5M, period: 5m, delay: 0, source: {use: files, files: odds.csv, columns: {up: up}}}\ncontracts:"
PRICED = SPEC.replace("contracts:", ODDS).replace("price: 0.5", "odds: odds")

PIPELINE = """\
pipeline: priced
data: small
features: {move: "ret(btc.close, 5)", vol: "std(ret(btc.close, 1), 30)", price: odds.up}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [move, vol], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""

WINDOWS = START + 5 * MINUTE * np.arange(DAYS * DAY // (5 * MINUTE))
UP = np.round(0.5 + 0.1 * np.sin(np.arange(len(WINDOWS)) / 7), 3)
RECORDED = np.arange(len(WINDOWS)) % 10 != 3


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    csv(tmp_path / "btc.csv", rows())
    csv(tmp_path / "odds.csv", {"timestamp": WINDOWS, "up": UP}, RECORDED)
    return tmp_path


def test_recorded_prices_fill_and_missing_ones_drop_the_decision(sources: Path) -> None:
    workspace = Workspace.open(sources / "workspace")
    build(workspace, load_spec(PRICED), sources)
    workshop = Workshop(workspace, "tester")
    pipeline = str(workshop.define(PIPELINE.replace(", price: odds.up", ""))["pipeline"])
    told = perform(str(workspace.root), "backtest", {"pipeline": pipeline})
    validation = open_partition(workspace, "small", "validation")
    own = (validation.start <= WINDOWS) & (validation.end > WINDOWS)
    assert "price" not in told, "nothing was assumed"
    assert told["decisions"]["dropped"] == (own & ~RECORDED).sum()
    assert told["decisions"]["decisions"] == own.sum()
    kept = Cache(workspace.runs, limit=UNLIMITED).get(workshop.run_id(workshop.resolve(pipeline), "trial"))
    assert kept is not None
    price = dict(zip(WINDOWS.tolist(), UP.tolist(), strict=True))
    expected = [price[at] for at in kept["trades.entry_ms"].tolist()]
    paid = np.where(kept["trades.side"] > 0, kept["trades.price"], 1 - kept["trades.price"])
    assert len(paid) > 100
    np.testing.assert_allclose(paid, expected, atol=1e-12)


def test_recorded_prices_are_features_as_any_series(sources: Path) -> None:
    workspace = Workspace.open(sources / "workspace")
    build(workspace, load_spec(PRICED), sources)
    pipeline = str(Workshop(workspace, "tester").define(PIPELINE)["pipeline"])
    counts = perform(str(workspace.root), "backtest", {"pipeline": pipeline})["decisions"]
    assert "dropped" not in counts
    assert counts["missing_feature"] > 50


def test_odds_block_a_look_until_a_person_registers_them(sources: Path) -> None:
    closes = rows()["close"].reshape(-1, 5)
    known = np.where(closes[:, -1] >= closes[:, 0], 0.65, 0.35) + 0.15 * np.random.default_rng(0).normal(size=len(WINDOWS))
    csv(sources / "odds.csv", {"timestamp": WINDOWS, "up": np.clip(known, 0.02, 0.98)})
    workspace = Workspace.open(sources / "workspace")
    workshop = Workshop(workspace, "tester")

    def probe() -> tuple[set[str], set[str]]:
        pipeline = workshop.resolve(workshop.define(PIPELINE.replace("see: [move, vol]", "see: [move, price]"))["pipeline"])
        perform(str(workspace.root), "backtest", {"pipeline": pipeline.id})
        entry = workshop.ledger.find_trial(pipeline.id, workshop.score_key(pipeline))
        assert entry is not None
        probes = entry.payload["probes"]
        block, warn = ({line.partition(":")[0] for line in probes.get(severity, ())} for severity in ("block", "warn"))
        return block, warn & {"P4", "P5", "P6"}

    build(workspace, load_spec(PRICED), sources)
    assert probe() == ({"P4", "P6"}, {"P5"})
    build(workspace, load_spec(PRICED.replace("confirmed: true", "confirmed: true\nbaseline: odds.up")), sources)
    assert probe() == (set(), set()), "it is scored again, as a new trial"


def test_a_baseline_that_is_no_column_is_refused_when_built(sources: Path) -> None:
    wrong = load_spec(PRICED.replace("confirmed: true", "confirmed: true\nbaseline: odds.down"))
    with pytest.raises(DataError, match=r"baseline: series 'odds' has no column 'down'; it has up"):
        build(Workspace.open(sources / "workspace"), wrong, sources)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("odds: odds", "odds: prices", r"contracts\.up\.odds: 'prices' is no series of odds or values here; allowed: odds"),
        ("odds: odds", "odds: btc", r"contracts\.up\.odds: 'btc' is no series of odds or values here; allowed: odds"),
        ("delay: 0", "delay: 10s", r"contracts\.up\.odds: odds is published 10s late; a price must be known when it is paid"),
        ("period: 5m", "period: 1h", r"contracts\.up\.odds: odds has a row each 1h and cannot price windows of 5m"),
    ],
)
def test_a_price_that_could_not_have_been_paid_is_refused(old: str, new: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        load_spec(PRICED.replace(old, new))


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("", r"series\.odds\.source\.columns: names no up, and odds of kind values are read by the names given"),
        (", columns: {bid: bid}", r"series\.odds\.source\.columns: names no up"),
        (", columns: {up: up, more: Final_Price}", r"series\.odds\.source\.columns\.more: 'Final_Price' is told when a window"),
    ],
)
def test_law_1_odds_of_values_bring_no_column_that_the_end_of_a_window_tells(sources: Path, columns: str, told: str) -> None:
    spec = load_spec(PRICED.replace(", columns: {up: up}", columns))
    with pytest.raises(DataError, match=told):
        build(Workspace.open(sources / "workspace"), spec, sources)


def test_a_file_of_prices_without_up_is_refused_when_built(sources: Path) -> None:
    csv(sources / "odds.csv", {"timestamp": WINDOWS, "yes": UP})
    workspace = Workspace.open(sources / "workspace")
    with pytest.raises(DataError, match=r"odds\.csv: no column 'up', which source\.columns names"):
        build(workspace, load_spec(PRICED), sources)


def test_law_1_a_price_of_another_moment_is_never_paid(sources: Path) -> None:
    csv(sources / "odds.csv", {"timestamp": WINDOWS[:-1] + MINUTE, "up": UP[:-1]})
    workspace = Workspace.open(sources / "workspace")
    build(workspace, load_spec(PRICED), sources)
    pipeline = str(Workshop(workspace, "tester").define(PIPELINE.replace(", price: odds.up", ""))["pipeline"])
    counts = perform(str(workspace.root), "backtest", {"pipeline": pipeline})["decisions"]
    assert counts["dropped"] == counts["decisions"]
