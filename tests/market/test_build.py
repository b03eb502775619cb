import errno
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError, SealError
from factory.core.times import DAY, HOUR, MINUTE, moment
from factory.market import store
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace
from tests.market.bars import DAYS, START, csv, rows, spec

GOLD = (
    "period: 1m, source: {use: files, files: btc.csv}}",
    """period: 1m, source: {use: files, files: btc.csv}}
  gold: {kind: values, underlying: GOLD, period: 1h, delay: 2h, source: {use: files, files: gold.csv}}""",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    csv(folder / "btc.csv", rows())
    return folder


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_law_1_every_row_carries_the_moment_it_was_known(workspace: Workspace, sources: Path) -> None:
    hours = np.arange(DAYS * 24)
    csv(sources / "gold.csv", {"timestamp": START + HOUR * hours, "price": 2000.0 + hours})
    build(workspace, spec(GOLD), sources)
    partition = open_partition(workspace, "small", "validation")
    series = partition.series
    assert np.array_equal(series["btc"].known, series["btc"].time + MINUTE)
    assert np.array_equal(series["gold"].known, series["gold"].time + 2 * HOUR)
    assert np.array_equal(series["gold"].columns["price"], 2000.0 + np.arange(9 * 24 - 1))
    assert series["gold"].known[-1] == partition.end


def test_law_3_sealed_rows_lie_in_the_vault_alone(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    sealed = rows()["close"][9 * DAY // MINUTE :]
    outside = [content for name, content in files_under(workspace.root).items() if not name.startswith("vault")]
    inside = [content for name, content in files_under(workspace.root).items() if name.startswith("vault")]
    for value in sealed[:: len(sealed) // 50]:
        assert not any(value.tobytes() in content for content in outside)
        assert any(value.tobytes() in content for content in inside)


def test_law_3_the_vault_is_for_its_owner_only(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    for path in [workspace.vault, *workspace.vault.rglob("*")]:
        if path.name != ".build.lock":
            assert path.stat().st_mode & 0o077 == 0, path


def test_law_3_no_partition_opens_past_its_end(workspace: Workspace, sources: Path) -> None:
    one = spec()
    build(workspace, one, sources)
    for name in ("train", "validation"):
        partition = open_partition(workspace, "small", name)
        assert (partition.start, partition.end) == one.bounds(name)
        assert partition.series["btc"].known[-1] == partition.end
        assert partition.series["btc"].time[0] == START
    with pytest.raises(SealError):
        open_partition(workspace, "small", "sealed")
    with pytest.raises(SealError):
        Catalog(workspace).fingerprint("small", "sealed")


def test_law_3_a_bar_that_ends_behind_the_seal_is_sealed(workspace: Workspace, sources: Path) -> None:
    hours = START + 7 * HOUR * np.arange(DAYS * 24 // 7)
    columns = rows()
    csv(
        sources / "slow.csv",
        {name: (hours if name == "timestamp" else values[: len(hours)]) for name, values in columns.items()},
    )
    slow = (
        "source: {use: files, files: btc.csv}}",
        "source: {use: files, files: btc.csv}}\n  slow: {kind: bars, underlying: X, period: 7h, source: {use: files, files: slow.csv}}",
    )
    build(workspace, spec(slow), sources)
    for name in ("train", "validation"):
        partition = open_partition(workspace, "small", name)
        assert partition.series["slow"].time[-1] + 7 * HOUR <= partition.end


def test_law_3_messages_and_reports_hold_no_sealed_number(workspace: Workspace, sources: Path) -> None:
    columns = rows()
    columns["close"][-5] = -7654.25
    csv(sources / "btc.csv", columns)
    build(workspace, spec(), sources)
    assert "7654" not in json.dumps(Catalog(workspace).meta("small"))
    assert Catalog(workspace).meta("small")["series"]["btc"]["quality"]["quarantined"] == {}
    columns["close"][-500:] = -7654.25
    csv(sources / "btc.csv", columns)
    with pytest.raises(DataError) as told:
        build(workspace, spec(), sources)
    assert "7654" not in str(told.value)


def test_law_3_a_gap_into_the_sealed_part_is_told_up_to_the_seal(workspace: Workspace, sources: Path) -> None:
    keep = np.ones(DAYS * DAY // MINUTE, bool)
    seal = 9 * DAY // MINUTE
    keep[seal - 3 : seal + 50] = False
    csv(sources / "btc.csv", rows(), keep)
    gaps = build(workspace, spec(), sources)["series"]["btc"]["quality"]["noted"]["gaps"]
    assert (gaps["count"], gaps["rows"], gaps["longest"]) == (1, 3, 3)


def test_law_5_the_same_rows_give_the_same_fingerprints(tmp_path: Path, sources: Path) -> None:
    first = build(Workspace.open(tmp_path / "one"), spec(), sources)
    again = build(Workspace.open(tmp_path / "two"), spec(), sources)
    assert first == again
    columns = rows()
    columns["volume"][8 * DAY // MINUTE] *= 1.0000001
    csv(sources / "btc.csv", columns)
    other = build(Workspace.open(tmp_path / "three"), spec(), sources)
    prints = [{name: one["partitions"][name]["fingerprint"] for name in ("train", "validation")} for one in (first, other)]
    assert prints[0]["train"] == prints[1]["train"]
    assert prints[0]["validation"] != prints[1]["validation"]
    assert first["fingerprint"] != other["fingerprint"]


def test_sealed_rows_and_contracts_move_the_right_fingerprints(tmp_path: Path, sources: Path) -> None:
    first = build(Workspace.open(tmp_path / "one"), spec(), sources)
    dearer = build(Workspace.open(tmp_path / "two"), spec(("fee: 0.07", "fee: 0.08")), sources)
    assert first["partitions"] == dearer["partitions"]
    assert first["fingerprint"] != dearer["fingerprint"]


def test_law_8_absent_minutes_stay_missing_in_their_place(workspace: Workspace, sources: Path) -> None:
    columns = rows()
    keep = np.delete(np.arange(DAYS * DAY // MINUTE), [100, 101, 102, 5000])
    csv(sources / "btc.csv", columns, keep)
    build(workspace, spec(), sources)
    series = open_partition(workspace, "small", "train").series["btc"]
    assert np.array_equal(series.time, START + MINUTE * np.arange(6 * DAY // MINUTE))
    for name, values in series.columns.items():
        assert np.flatnonzero(np.isnan(values)).tolist() == [100, 101, 102, 5000]
        present = np.delete(np.arange(len(values)), [100, 101, 102, 5000])
        assert np.array_equal(values[present], columns[name][present])
    assert Catalog(workspace).meta("small")["series"]["btc"]["missing"] == 4


def test_law_8_a_wrong_row_is_missing_and_not_mended(workspace: Workspace, sources: Path) -> None:
    columns = rows()
    columns["low"][77] = columns["high"][77] * 2
    csv(sources / "btc.csv", columns)
    build(workspace, spec(), sources)
    series = open_partition(workspace, "small", "train").series["btc"]
    assert all(np.flatnonzero(np.isnan(values)).tolist() == [77] for values in series.columns.values())


def test_partitions_cannot_be_written(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    with pytest.raises(ValueError, match="read-only"):
        open_partition(workspace, "small", "train").series["btc"].columns["close"][0] = 0.0


def refused(workspace: Workspace, one: DatasetSpec, sources: Path, line: str) -> None:
    before = files_under(workspace.root)
    with pytest.raises(DataError, match=line) as told:
        build(workspace, one, sources)
    assert len(told.value.lines) == 1
    after = files_under(workspace.root)
    after.pop("vault/.build.lock", None)
    before.pop("vault/.build.lock", None)
    assert after == before


def test_bad_input_is_refused_and_nothing_is_written(workspace: Workspace, sources: Path) -> None:
    refused(workspace, spec(("confirmed: true", "confirmed: false")), sources, "confirmed: false; a person reads")
    refused(
        workspace, spec(("btc.csv", "nowhere-*.csv")), sources, r"series\.btc\.source\.files: 'nowhere-\*\.csv' matches no file"
    )
    fetch = (
        rf"is not downloaded; run: rfcat --workspace {workspace.root} data fetch binance-um BTCUSDT --from 2024-01 --period 1m"
    )
    refused(workspace, spec(("use: files, files: btc.csv", "use: binance-um, symbol: BTCUSDT")), sources, fetch)
    csv(sources / "btc.csv", rows(7))
    refused(workspace, spec(), sources, "holds 33% of the rows of validation .* fetch the rest")


def test_a_full_disk_leaves_the_older_build(workspace: Workspace, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(workspace, spec(), sources)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.np, "save", full)
    refused(workspace, spec(("fee: 0.07", "fee: 0.01")), sources, "No space left on device; nothing was written")


def test_a_rebuild_replaces_rows_and_keeps_the_split(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    csv(sources / "btc.csv", rows(seed=2))
    build(workspace, spec(), sources)
    assert np.array_equal(open_partition(workspace, "small", "train").series["btc"].columns["close"], rows(6, seed=2)["close"])
    for changed in (("2024-01-01, ", "2024-01-02, "), ("confirmed: true", "confirmed: true\nlooks: 6"), ("BTCUSDT", "OTHER")):
        with pytest.raises(SealError, match="fixed since 'small' was first built"):
            build(workspace, spec(changed), sources)


def test_damaged_files_are_told(workspace: Workspace, sources: Path) -> None:
    build(workspace, spec(), sources)
    shutil.rmtree(workspace.datasets / "small" / "series" / "btc")
    with pytest.raises(DataError, match="damaged or gone"):
        open_partition(workspace, "small", "train")


def test_the_catalog_tells_datasets_apart(workspace: Workspace, sources: Path) -> None:
    catalog = Catalog(workspace)
    assert catalog.names() == []
    with pytest.raises(DataError, match="none is built yet"):
        catalog.meta("small")
    meta = build(workspace, spec(), sources)
    assert catalog.names() == ["small"]
    assert catalog.meta("small") == meta
    assert catalog.spec("small") == spec()
    assert catalog.fingerprint("small", "train") == open_partition(workspace, "small", "train").fingerprint
    assert meta["partitions"]["sealed"] == {"start": moment("2024-01-11"), "end": moment("2024-01-13")}
    for name in ("smal", "../small", ""):
        with pytest.raises(DataError, match=r"did you mean|allowed: small"):
            catalog.meta(name)
    with pytest.raises(DataError, match="partition 'test' unknown"):
        catalog.fingerprint("small", "test")
