"""Code that is given validation sees some of its days, and nothing by which it could tell what was on the others."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError, FlowError
from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.grammar import parse
from factory.expressions.operators import OPERATORS
from factory.market.build import build
from factory.market.series import Series
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tasks.masking import STRETCH, hidden_days, mark_telling_rows
from factory.workshop import Workshop
from tests.market.bars import START, csv, rows
from tests.workshop.test_framing import read

DAYS = 40
SPEC = """
dataset: two-worlds
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  eth: {kind: bars, underlying: ETHUSDT, period: 1m, source: {use: files, files: eth.csv}}
  slow: {kind: values, underlying: OFR, period: 1d, delay: 2d, source: {use: files, files: slow.csv}}
contracts:
  up: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}
  perp: {use: perpetual, of: btc, taker: 0.0, maker: 0.0, slippage: 0.0, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2024-01-13]
  validation: [2024-01-13, 2024-02-01]
  sealed: [2024-02-01, 2024-02-09]
"""
SETTLES_LONG = {"kama"}
"""Operators whose example settles in no stretch of days that code sees."""
VALIDATION = (START + 13 * DAY, START + 31 * DAY)
BINARY = """\
pipeline: windows
data: two-worlds
features: {r: "ret(btc.close, 5)", far: "lag(ret(btc.close, 5), 1440)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [r, far], trees: 10, leaf: 20}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.01}}
"""
REFIT = """\
pipeline: refitted
data: two-worlds
features: {logp: log(btc.close), vol: "std(ret(btc.close, 1), 60) * 4", r: "ret(eth.close, 60)"}
sample: {use: cusum, of: logp, threshold: vol}
label: {use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 2h}
meta: {use: forest, see: [r, vol], trees: 10, leaf: 20}
trade: {use: long_or_short, contract: perp, enter: 0.5, exit: {use: barriers}, size: {use: fixed, share: 0.5}}
refit: {every: 1d, window: 12d}
"""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workshop, Workshop]:
    """Two markets alike in all but the days of validation that code does not see."""
    return tuple(_world(tmp_path_factory.mktemp(f"world{seed}"), seed) for seed in (0, 7))  # type: ignore[return-value]


def _world(folder: Path, seed: int) -> Workshop:
    for name, drawn in (("btc", 1), ("eth", 2)):
        csv(folder / f"{name}.csv", _with_trades(_altered(rows(DAYS, seed=drawn), seed and seed + drawn)))
    days = START + DAY * np.arange(DAYS)
    slow = np.random.default_rng(3).normal(size=DAYS)
    slow[np.isin(days // DAY, hidden_days(*VALIDATION, 1 / 3))] += seed
    csv(folder / "slow.csv", {"timestamp": days, "value": slow})
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(SPEC), folder)
    return Workshop(workspace, "tester")


def _altered(columns: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The same bars, those of hidden days of validation moved by a wild path and another volume."""
    if not seed:
        return columns
    rng = np.random.default_rng(seed)
    hidden = np.isin(columns["timestamp"] // DAY, hidden_days(*VALIDATION, 1 / 3))
    by = np.where(hidden, np.exp(0.01 * rng.normal(size=len(hidden)).cumsum() / 30), 1.0)
    prices = {name: columns[name] * by for name in ("open", "high", "low", "close")}
    return {**columns, **prices, "volume": np.where(hidden, columns["volume"] * rng.uniform(1, 9, len(by)), columns["volume"])}


def _with_trades(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    volume = columns["volume"]
    return {**columns, "taker_buy_volume": 0.4 * volume, "number_of_trades": np.ceil(10 * volume)}


def _frames(workshop: Workshop, **asked) -> dict[str, pd.DataFrame]:
    frames = workshop.frames(validation=True, **asked)
    perform(str(workshop.workspace.root), "frames", {"agent": "tester", **frames.asked()})
    return {name: read(paths) for name, paths in frames.paths.items()}


def _backtested(workshop: Workshop, text: str, changes: Mapping[str, object] | None = None) -> str:
    pipeline = str(workshop.define(text)["pipeline"])
    return str(perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline, "agent": "tester"})["pipeline"])


def test_the_worlds_differ_where_code_does_not_see(worlds: tuple[Workshop, Workshop]) -> None:
    one, other = (world.catalog.fingerprint("two-worlds", "validation") for world in worlds)
    assert one != other
    assert len({world.catalog.fingerprint("two-worlds", "train") for world in worlds}) == 1


def test_no_bar_and_no_feature_tells_of_a_day_that_code_does_not_see(worlds: tuple[Workshop, Workshop]) -> None:
    """Looks back a minute, a day, two days; over a midnight; by operators with a memory; by bars of four hours; by another series."""
    features = [
        "lag(btc.close, 1440)", "lag(btc.close, 2880)", "ret(btc.close, 1440)", "ema(btc.close, 20)", "rsi(btc.close, 14)",
        "vwap_day(btc)", "at(4h, ret(btc.close, 3))", "since(btc.close > btc.open, 240)", "lag(eth.close, 1) / btc.close",
        "at(1d, btc.close)", "hour()",
    ]  # fmt: skip
    one, other = (_frames(world, features=features)["validation"] for world in worlds)
    pd.testing.assert_frame_equal(one, other)
    seen = one[["close", *features]].notna().mean()
    assert (seen.drop(["at(1d, btc.close)", "lag(btc.close, 2880)"]) > 0.3).all()
    assert 0.3 < seen["lag(btc.close, 2880)"] < 0.4, "from the third day of a stretch"


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_no_operator_tells_of_a_day_that_code_does_not_see(worlds: tuple[Workshop, Workshop], name: str) -> None:
    """Each operator of the language on its own example."""
    text = OPERATORS[name].example
    catalog = worlds[0].catalog.meta("two-worlds")["series"]
    if OPERATORS[name].family == "book":
        pytest.skip("needs an order book")
    parse(text).check(
        {key: set(one["columns"]) for key, one in catalog.items()}, {key: one["period"] for key, one in catalog.items()}
    )
    if name in SETTLES_LONG:
        with pytest.raises(FlowError, match="it looks back beyond them"):
            _frames(worlds[0], features=[text])
        return
    one, other = (_frames(world, features=[text])["validation"] for world in worlds)
    assert one[text].notna().any()
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("text", [BINARY, REFIT], ids=["what looks back a day", "what learns as it goes"])
def test_no_trade_tells_of_a_day_that_code_does_not_see(worlds: tuple[Workshop, Workshop], text: str) -> None:
    one, other = (_frames(world, pipeline=_backtested(world, text))["trades"] for world in worlds)
    assert len(one) > 20
    pd.testing.assert_frame_equal(one, other)


def test_a_feature_that_looks_back_beyond_all_that_code_sees_is_refused(worlds: tuple[Workshop, Workshop]) -> None:
    with pytest.raises(
        FlowError, match=r"'lag\(btc.close, 5000\)' is missing on every day of validation that code sees, 3 in a row"
    ):
        _frames(worlds[0], features=["lag(btc.close, 5000)"])


@pytest.mark.parametrize("share", [0.05, 0.2, 1 / 3, 0.5, 0.9])
def test_no_more_than_the_share_is_shown_and_all_over_the_partition(share: float) -> None:
    for start in (19_700, 19_701, 19_735):
        shown = _shown(start, 200, share)
        assert len(shown) == int(share * 200)
        gaps = np.diff([start - 1, *shown, start + 200])
        assert gaps.max() <= 4 * STRETCH / share
        weekdays = np.bincount(shown % 7, minlength=7)
        assert weekdays.min() >= 0.4 * weekdays.mean()


def test_at_least_a_day_is_shown_and_a_whole_share_shows_all() -> None:
    assert len(_shown(19_700, 2, 1 / 3)) == 1
    assert len(_shown(19_700, 100, 1.0)) == 100


def test_an_extension_or_a_greater_share_shows_the_old_days_and_hardly_another() -> None:
    """What was hidden once stays so: dates alone decide, and not rows or bounds."""
    before = _shown(19_700, 180, 1 / 3)
    longer = _shown(19_700, 360, 1 / 3)
    assert len(np.setxor1d(before, longer[longer < 19_880])) <= STRETCH
    assert len(np.setdiff1d(before, _shown(19_700, 180, 0.5))) == 0


def _shown(start: int, days: int, share: float) -> np.ndarray:
    return np.setdiff1d(np.arange(start, start + days), hidden_days(start * DAY, (start + days) * DAY, share))


def test_a_row_is_hidden_when_a_part_of_what_it_may_tell_of_is() -> None:
    hours = 4 * HOUR * np.arange(12, dtype=np.int64) + 2 * HOUR  # the last of a day reaches two hours into the next
    hidden = np.array([1])
    assert np.flatnonzero(mark_telling_rows(_series("bars", 4 * HOUR, 0, hours), hidden)).tolist() == [5, 6, 7, 8, 9, 10, 11]
    days = DAY * np.arange(4, dtype=np.int64)
    assert mark_telling_rows(_series("values", DAY, 0, days), hidden).tolist() == [False, True, False, False]
    assert mark_telling_rows(_series("values", DAY, DAY + MINUTE, days), hidden).tolist() == [True, True, False, False]


def _series(kind: str, period: int, delay: int, time: np.ndarray) -> Series:
    return Series("s", kind, period, delay, time, time + delay, {})


@pytest.mark.parametrize("share", ["0", "1.5", "most"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(DataError, match="validation_share"):
        load_spec(f"{SPEC}validation_share: {share}\n")


def test_another_share_is_another_frame_and_another_trial(worlds: tuple[Workshop, Workshop], tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows(DAYS, seed=1))
    csv(tmp_path / "eth.csv", rows(DAYS, seed=2))
    csv(tmp_path / "slow.csv", {"timestamp": START + DAY * np.arange(DAYS), "value": np.ones(DAYS)})
    workspace = Workspace.open(tmp_path / "workspace")
    workshop, length = Workshop(workspace, "tester"), {}
    for share in (0.5, 1):
        build(workspace, load_spec(f"{SPEC}validation_share: {share}\n"), tmp_path)
        length[share] = len(_frames(workshop)["validation"])
        workshop.record_validation_access(workshop.frames(validation=True), "validation.size")
    assert length == {0.5: 9 * 1_440, 1: 18 * 1_440}
    assert workshop.ledger.counts("two-worlds").trials == 2
    assert "sees 100%" in workshop.describe()["split"]["validation"]
