"""Rows before train: read where sources have them, for features alone, and never where they are sealed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import SealError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse as parse_expression
from factory.learning.decision_table import read_decisions
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import DatasetSpec
from factory.market.staging import Opening
from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.vault.sealed_data import open_sealed
from tests.market.bars import START, csv, rows, spec
from tests.workshop.test_odd import CLOCKED

BEFORE = START - 12 * DAY
WARM = START - 6 * DAY // 5
"""A fifth of the six days of train earlier."""
LONG = rows(60, start=BEFORE)
LATER = [("2024-01-13", "2024-02-08"), ("2024-01-10", "2024-02-04"), ("2024-01-07", "2024-01-30"), ("2024-01-01", "2024-01-14")]
"""Train 2024-01-14 to 01-30, so that rows from 01-10T19:12 on may warm it up; the small dataset seals 01-10 to 01-13."""
OTHER = ("dataset: small", "dataset: other")
RENAMED = (*LATER, OTHER, ("BTCUSDT", "ELSE"), ("btc.csv", "other.csv"))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    csv(tmp_path / "btc.csv", LONG)
    return tmp_path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def since(first: int) -> np.ndarray:
    return np.flatnonzero(LONG["timestamp"] >= first)


def built(folder: Path, name: str, keep: Any = None, one: DatasetSpec | None = None, columns: Any = LONG) -> Workspace:
    """A workspace of its own with the dataset built from some rows."""
    (folder / name).mkdir()
    csv(folder / name / "btc.csv", columns, keep)
    workspace = Workspace.open(folder / name / "workspace")
    build(workspace, one or spec(), folder / name)
    return workspace


def train(workspace: Workspace, name: str = "small") -> Partition:
    return open_partition(workspace, name, "train")


def first_row(workspace: Workspace, name: str = "other") -> str:
    return iso(int(train(workspace, name).series["btc"].time[0]))


def test_rows_before_train_are_read_within_the_stated_bound(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    for name in ("train", "validation"):
        partition, one = open_partition(workspace, "small", name), spec()
        assert (partition.start, partition.end) == one.bounds(name)
        series = partition.series["btc"]
        assert np.array_equal(series.time, np.arange(WARM, partition.end, MINUTE))
        assert np.array_equal(series.columns["close"], LONG["close"][since(WARM)][: len(series)])
    sealed = open_sealed(workspace, "small").series["btc"]
    assert np.array_equal(sealed.time, np.arange(WARM, moment("2024-01-13"), MINUTE))


def test_sources_that_begin_later_warm_up_from_there_on(tmp_path: Path) -> None:
    assert train(built(tmp_path, "some", since(START - 3 * HOUR))).series["btc"].time[0] == START - 3 * HOUR
    assert train(built(tmp_path, "none", since(START))).series["btc"].time[0] == START


def test_slow_series_reach_further_back(workspace: Workspace, sources: Path) -> None:
    weeks = START - 1_100 * 7 * DAY + 7 * DAY * np.arange(1_106)
    csv(sources / "slow.csv", {"timestamp": weeks, "price": np.arange(len(weeks)) / 8})
    slow = (
        "files: btc.csv}}",
        "files: btc.csv}}\n  slow: {kind: values, underlying: W, period: 1w, delay: 1d, source: {use: files, files: slow.csv}}",
    )
    build(workspace, spec(slow), sources)
    assert train(workspace).series["slow"].time[0] == START - 1_000 * 7 * DAY


def test_a_bar_that_train_begins_in_is_no_gap(workspace: Workspace, sources: Path) -> None:
    stamps = BEFORE + 7 * HOUR * np.arange(90)
    csv(sources / "slow.csv", {name: stamps if name == "timestamp" else LONG[name][: len(stamps)] for name in LONG})
    slow = (
        "files: btc.csv}}",
        "files: btc.csv}}\n  slow: {kind: bars, underlying: X, period: 7h, source: {use: files, files: slow.csv}}",
    )
    build(workspace, spec(slow), sources)
    assert not np.isnan(train(workspace).series["slow"].columns["close"]).any()


def test_they_are_neither_decided_on_nor_labelled_and_lose_no_decision(tmp_path: Path) -> None:
    pipeline = parse(CLOCKED).changed({"features.vol": "std(ret(btc.close, 1), 600)"})
    decisions = {}
    for name, keep in {"warm": None, "cold": since(START)}.items():
        partition = train(built(tmp_path, name, keep))
        decisions[name] = read_decisions(pipeline, Columns(partition, None))
    warm, cold = decisions["warm"], decisions["cold"]
    assert warm.time[0] == START
    assert warm.labels.start.min() >= START
    assert (warm.dropped, cold.dropped) == (0, 121)
    for name in warm.features:
        assert np.array_equal(warm.features[name][121:], cold.features[name]), "no later value moves by a bit"


def test_what_is_measured_on_train_does_not_see_them(tmp_path: Path) -> None:
    metas = [Catalog(built(tmp_path, name, keep)).meta("small") for name, keep in (("warm", None), ("cold", since(START)))]
    facts = [meta["series"]["btc"] for meta in metas]
    for key in ("overshoot", "quality"):
        assert facts[0][key] == facts[1][key]
    assert iso(facts[0]["first"]) == iso(WARM)
    prints = [meta["partitions"]["train"]["fingerprint"] for meta in metas]
    assert prints[0] != prints[1], "what features see is another thing"


def test_faulty_rows_before_train_are_left_out_and_refuse_nothing(tmp_path: Path) -> None:
    broken = {name: values.copy() for name, values in LONG.items()}
    early = since(WARM)[:100]
    broken["low"][early] = 2 * broken["high"][early]
    cold = Catalog(built(tmp_path, "cold", since(START))).meta("small")
    assert Catalog(built(tmp_path, "broken", columns=broken)).meta("small") == cold
    broken["low"][early[5:]] = LONG["low"][early[5:]]
    series = train(built(tmp_path, "mended", columns=broken)).series["btc"]
    assert np.isnan(series.columns["close"]).sum() == 0
    assert series.time[0] == WARM + 5 * MINUTE


def test_law_3_rows_that_another_dataset_seals_do_not_warm_up(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    build(workspace, spec(*LATER, OTHER), sources)
    assert first_row(workspace) == "2024-01-13"
    sealed = LONG["close"][(LONG["timestamp"] >= moment("2024-01-10")) & (LONG["timestamp"] < moment("2024-01-13"))]
    held = train(workspace, "other").series["btc"].columns["close"]
    assert not np.isin(held, sealed).any()


@pytest.mark.parametrize("scale", [1.0, 1.3], ids=["the same rows", "a scaled copy"])
def test_law_3_rows_that_are_sealed_under_another_name_do_not_warm_up(
    workspace: Workspace, sources: Path, scale: float
) -> None:
    copy = {name: values * scale if name in ("open", "high", "low", "close") else values for name, values in LONG.items()}
    csv(sources / "other.csv", copy)
    build(workspace, spec(*RENAMED), sources)
    assert first_row(workspace) == "2024-01-10T19:12:00Z"
    with pytest.raises(SealError, match=r"lies? open in dataset 'other'"):
        build(workspace, spec(), sources)
    another = Workspace.open(sources / "another")
    build(another, spec(), sources)
    build(another, spec(*RENAMED), sources)
    assert first_row(another) == "2024-01-14"


def test_law_3_what_warms_up_elsewhere_cannot_be_sealed(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(*LATER, OTHER), sources)
    with pytest.raises(SealError, match=r"series\.btc: 2024-01-10T19:12:00Z .. 2024-01-13 is open in dataset 'other'"):
        build(workspace, spec(), sources)


def test_sources_may_come_to_hold_earlier_rows(workspace: Workspace, sources: Path) -> None:
    csv(sources / "btc.csv", LONG, since(START))
    build(workspace, spec(), sources)
    csv(sources / "btc.csv", LONG)
    build(workspace, spec(), sources)
    assert train(workspace).series["btc"].time[0] == WARM
    longer = [("validation: [2024-01-07, 2024-01-10]", "validation: [2024-01-07, 2024-01-13]"),
              ("sealed: [2024-01-10, 2024-01-13]", "sealed: [2024-01-13, 2024-01-19]")]  # fmt: skip
    build(workspace, spec(*longer), sources, opening=Opening(dict, lambda row: None))
    partition = open_partition(workspace, "small", "validation")
    assert np.array_equal(partition.series["btc"].time, np.arange(WARM, moment("2024-01-13"), MINUTE))


def test_recursive_features_are_there_at_train_s_first_decision(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    for text in ("rsi(btc.close, 14)", "ema(btc.close, 20)", "at(1h, mean(btc.close, 24))"):
        values = Columns(train(workspace), None).at(parse_expression(text), np.array([START]))
        assert np.isfinite(values).all(), text
