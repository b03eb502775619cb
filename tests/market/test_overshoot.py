from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.hashes import HASHES
from factory.core.times import DAY, MINUTE
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.overshoot import DISTANCES, measure_overshoot
from factory.market.series import Series
from factory.storage.workspace import Workspace
from factory.vault.sealed_data import open_sealed
from tests.backtest.market import after, bars, with_volume
from tests.market.bars import csv, rows, spec

END = 2**60
LONG = 400


def ratchet(beyond: float, n: int = LONG) -> Series:
    """Bars that rise from 100 to a close `beyond` above each level that they touch, and then fall back unseen."""
    return bars([(100.0, 102.0, 100.0, 101.0 * (1 + beyond)) for _ in range(n)])


def test_what_is_measured_is_how_far_the_close_lies_beyond_the_level() -> None:
    """Each bar spans 2 %; the nearest level is a 64th of that away, and bars that touch too few others count alone."""
    assert measure_overshoot(ratchet(0.0), END) == pytest.approx(1.01 / (1 + 0.02 * DISTANCES[0]) - 1)
    assert measure_overshoot(bars([(100, 102, 99.5, 99.5)] * LONG), END) == 0


def test_both_directions_count_alike() -> None:
    rises = ratchet(0.0)
    columns = {name: 1 / rises.columns[name] for name in ("open", "close")}
    falls = replace(rises, columns=columns | {"high": 1 / rises.columns["low"], "low": 1 / rises.columns["high"]})
    assert measure_overshoot(falls, END) == pytest.approx(measure_overshoot(rises, END), rel=0.05)


def test_the_greatest_mean_of_any_distance_counts() -> None:
    """A level one range away is reached by a second bar only, whose close lies far beyond it."""
    slow = bars([bar for _ in range(1500) for bar in ((100, 101, 99, 100), (100, 102.9, 100.9, 102.8))])
    near = bars([(100, 101, 99, 100)] * 3000)
    assert measure_overshoot(near, END) == 0
    assert measure_overshoot(slow, END) > 0.004


def test_rows_after_the_end_of_train_change_nothing() -> None:
    whole = ratchet(0.0)
    strange = ratchet(0.05)
    cut = LONG // 2
    columns = {name: np.concatenate([whole.columns[name][:cut], strange.columns[name][cut:]]) for name in whole.columns}
    end = int(after([cut])[0])
    assert measure_overshoot(replace(whole, columns=columns), end) == measure_overshoot(whole, end)
    assert measure_overshoot(replace(whole, columns=columns), end + MINUTE) != measure_overshoot(whole, end + MINUTE)


def test_bars_without_volume_and_missing_ones_touch_nothing() -> None:
    odd = np.arange(LONG) % 2 == 1
    sound, wild = ratchet(0.0), ratchet(0.05)
    for stale in (np.where(odd, wild.columns["close"], 0), np.full(LONG, np.nan)):
        columns = {name: np.where(odd, stale, column) for name, column in sound.columns.items()}
        quiet = with_volume(replace(sound, columns=columns), *np.where(odd, 0.0, 1.0))
        assert measure_overshoot(quiet, END) == pytest.approx(measure_overshoot(sound, END))


def test_values_have_none() -> None:
    assert measure_overshoot(replace(ratchet(0.0), kind="values", columns={"value": np.ones(LONG)}), END) == 0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def test_law_3_one_figure_made_of_train_serves_every_partition(workspace: Workspace, tmp_path: Path) -> None:
    told = rows()
    csv(tmp_path / "btc.csv", told)
    one = spec()
    figure = build(workspace, one, tmp_path)["series"]["btc"]["overshoot"]
    train, validation = (open_partition(workspace, "small", name) for name in ("train", "validation"))
    assert figure == measure_overshoot(train.series["btc"], train.end) == measure_overshoot(validation.series["btc"], train.end)
    later = told["timestamp"] >= one.bounds("train")[1]
    for name in ("open", "high", "low", "close"):
        told[name] = np.where(later, told[name] ** 1.5, told[name])
    csv(tmp_path / "btc.csv", told)
    assert build(workspace, one, tmp_path)["series"]["btc"]["overshoot"] == figure > 0
    opened = [open_partition(workspace, "small", "train"), open_partition(workspace, "small", "validation")]
    assert [part.series["btc"].overshoot for part in [*opened, open_sealed(workspace, "small")]] == [figure] * 3


def test_a_dataset_from_before_says_how_to_mend_it(workspace: Workspace, tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    build(workspace, spec(), tmp_path)
    (workspace.datasets / "small" / HASHES).unlink()
    with pytest.raises(DataError, match=r"dataset 'small': built by an older version; run 'rfcat dataset build' again"):
        open_partition(workspace, "small", "train")
    build(workspace, spec(), tmp_path)
    assert len(open_partition(workspace, "small", "train").series["btc"])


def test_a_dataset_can_be_built_beside_one_from_before(workspace: Workspace, tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    csv(tmp_path / "other.csv", rows(seed=9))
    build(workspace, spec(), tmp_path)
    for half in (workspace.datasets, workspace.vault):
        (half / "small" / HASHES).unlink()
    build(workspace, spec(("dataset: small", "dataset: other"), ("BTCUSDT", "ELSE"), ("btc.csv", "other.csv")), tmp_path)
    assert len(open_partition(workspace, "other", "train").series["btc"])


def test_a_source_that_counts_no_volume_is_refused_under_a_contract(workspace: Workspace, tmp_path: Path) -> None:
    silent = rows() | {"volume": np.zeros(12 * DAY // MINUTE)}
    csv(tmp_path / "btc.csv", silent)
    with pytest.raises(DataError, match=r"series\.btc: no bar has volume, and nothing fills .*\(contracts\.up\)"):
        build(workspace, spec(), tmp_path)
    assert Catalog(workspace).names() == []
