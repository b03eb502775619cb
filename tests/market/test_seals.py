from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import SealError
from factory.core.times import DAY, HOUR
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.storage.workspace import Workspace
from tests.market.bars import START, csv, rows, spec

OTHER = ("dataset: small", "dataset: other")
LATER = [("2024-01-13", "2024-01-19"), ("2024-01-10", "2024-01-16"), ("2024-01-07", "2024-01-13"), ("2024-01-01", "2024-01-07")]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    csv(tmp_path / "btc.csv", rows(18))
    return tmp_path


@pytest.fixture
def workspace(tmp_path: Path, sources: Path) -> Workspace:
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, spec(), sources)
    return workspace


def test_law_3_open_dates_may_not_be_sealed_elsewhere(workspace: Workspace, sources: Path) -> None:
    for spelling in ("BTCUSDT", "btc/usdt"):
        with pytest.raises(SealError, match=r"series\.btc: 2024-01-10 .. 2024-01-13 is sealed in dataset 'small'"):
            build(workspace, spec(*LATER, OTHER, ("BTCUSDT", spelling)), sources)
    assert Catalog(workspace).names() == ["small"]


def test_law_3_a_build_killed_while_it_replaced_a_dataset_leaves_its_seal(workspace: Workspace, sources: Path) -> None:
    class Killed(BaseException):
        """Stands for the end of the process."""

    def die(path: Path, target: Path) -> None:
        raise Killed

    before = Catalog(workspace).fingerprint("small")
    with pytest.MonkeyPatch.context() as patch:
        rename = Path.rename
        patch.setattr(Path, "rename", lambda path, to: die(path, to) if to.name == "small" else rename(path, to))
        with pytest.raises(Killed):
            build(workspace, spec(), sources)
    with pytest.raises(SealError, match="sealed in dataset 'small'"):
        build(workspace, spec(*LATER, OTHER), sources)
    assert Catalog(workspace).fingerprint("small") == before


def test_law_3_what_lies_open_cannot_be_sealed(tmp_path: Path, sources: Path) -> None:
    workspace = Workspace.open(tmp_path / "another")
    build(workspace, spec(*LATER, OTHER), sources)
    with pytest.raises(SealError, match=r"series\.btc: 2024-01-10 .. 2024-01-13 is open in dataset 'other'"):
        build(workspace, spec(), sources)


def test_law_3_the_same_rows_under_another_name_are_refused(workspace: Workspace, sources: Path) -> None:
    with pytest.raises(SealError, match=r"series\.btc: open rows are those of 'btc', sealed in dataset 'small'"):
        build(workspace, spec(*LATER, OTHER, ("BTCUSDT", "XBTUSD")), sources)


def test_law_3_the_same_rows_at_shifted_times_are_refused(workspace: Workspace, sources: Path) -> None:
    columns = rows(18)
    columns["timestamp"] = columns["timestamp"] - 9 * HOUR
    csv(sources / "seoul.csv", columns)
    renamed = [OTHER, ("BTCUSDT", "KRWBTC"), ("btc.csv", "seoul.csv")]
    with pytest.raises(SealError, match="sealed in dataset 'small'"):
        build(workspace, spec(*renamed), sources)


def test_law_3_a_dataset_may_not_open_its_own_sealed_rows(tmp_path: Path, sources: Path) -> None:
    columns = rows(18)
    columns["timestamp"] = columns["timestamp"] - 4 * DAY
    csv(sources / "ahead.csv", columns)
    ahead = (
        "files: btc.csv}}",
        "files: btc.csv}}\n  eth: {kind: bars, underlying: ETH, period: 1m, source: {use: files, files: ahead.csv}}",
    )
    with pytest.raises(SealError, match="sealed in this dataset"):
        build(Workspace.open(tmp_path / "another"), spec(ahead), sources)


def test_two_spellings_of_the_same_series_are_refused(tmp_path: Path, sources: Path) -> None:
    csv(sources / "copy.csv", rows(18))
    twin = (
        "files: btc.csv}}",
        "files: btc.csv}}\n  xbt: {kind: bars, underlying: XBT, period: 1m, source: {use: files, files: copy.csv}}",
    )
    with pytest.raises(SealError, match=r"series\.xbt: holds the same rows as series\.btc"):
        build(Workspace.open(tmp_path / "another"), spec(twin), sources)


def test_the_same_split_under_another_name_is_fine(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(OTHER), sources)
    assert Catalog(workspace).names() == ["other", "small"]


def test_other_rows_and_other_dates_are_fine(workspace: Workspace, sources: Path) -> None:
    csv(sources / "btc.csv", rows(18, seed=9))
    build(workspace, spec(*LATER, OTHER, ("BTCUSDT", "ETHUSDT")), sources)
    far = [(f"2024-01-{day:02}", f"2024-03-{day:02}") for day in (1, 7, 10, 13)]
    csv(sources / "btc.csv", rows(12, start=START + 60 * DAY, seed=3))
    build(workspace, spec(*far, ("dataset: small", "dataset: spring")), sources)


def test_a_market_that_stands_still_gives_no_false_alarm(tmp_path: Path, sources: Path) -> None:
    columns = rows(18)
    for name in ("open", "high", "low", "close"):
        columns[name] = np.full(len(columns[name]), 100.0)
    csv(sources / "btc.csv", columns)
    build(Workspace.open(tmp_path / "another"), spec(), sources)
