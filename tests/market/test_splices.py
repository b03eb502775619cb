"""A series of several sources: no return across a joint is the difference between two venues, and the seal goes by all."""

import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError, SealError
from factory.core.times import DAY, MINUTE
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.faults import JUMP, faults_of
from factory.market.series import Series
from factory.market.spec import DatasetSpec, load_spec
from factory.storage.workspace import Workspace
from factory.vault.pools import sealed_claims
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, START, csv, rows, spec

JOINT = START + 4 * DAY
BASIS = 1.02
SPLICE = "splice: [{until: 2024-01-05, source: {use: files, files: spot.csv}%s}]"
LATER = "source: {use: files, files: perp.csv}, "


def spliced(more: str = "", *changes: tuple[str, str]) -> DatasetSpec:
    """The small dataset file with spot before the fifth of January and a perpetual from it on."""
    return spec(("source: {use: files, files: btc.csv}", LATER + SPLICE % more), *changes)


def perpetual(days: int = DAYS) -> dict[str, np.ndarray]:
    """Bars of the perpetual: two percent above spot, give or take a basis point, with fifty times its volume."""
    market = rows(days)
    noise = BASIS * (1 + np.random.default_rng(3).normal(0, 1e-4, len(market["close"])))
    scaled = {name: values * noise for name, values in market.items() if name not in ("timestamp", "volume")}
    return {"timestamp": market["timestamp"], **scaled, "volume": market["volume"] * 50}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Spot up to the eighth of January, the perpetual from the third on."""
    spot, perp = rows(), perpetual()
    csv(tmp_path / "spot.csv", spot, np.flatnonzero(spot["timestamp"] < START + 7 * DAY))
    csv(tmp_path / "perp.csv", perp, np.flatnonzero(perp["timestamp"] >= START + 2 * DAY))
    return tmp_path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def measured(workspace: Workspace, sources: Path) -> str:
    """The factor that a build tells a person to write."""
    with pytest.raises(DataError) as told:
        build(workspace, spliced(), sources)
    match = re.search(
        r"series\.btc\.splice\.0\.factor: missing; in 1,000 rows of both the later is .* write factor: (\S+),", str(told.value)
    )
    assert match, told.value
    return match[1]


@pytest.fixture
def built(workspace: Workspace, sources: Path) -> Workspace:
    build(workspace, spliced(f", factor: {measured(workspace, sources)}"), sources)
    return workspace


def whole(workspace: Workspace) -> Series:
    return open_partition(workspace, "small", "validation").series["btc"]


def test_the_step_is_measured_and_a_person_writes_it_down(workspace: Workspace, sources: Path) -> None:
    assert float(measured(workspace, sources)) == pytest.approx(BASIS, rel=3e-5)
    assert Catalog(workspace).names() == []
    for wrong in ("1", "0.98", "1.03"):
        with pytest.raises(DataError, match=rf"splice\.0\.factor: {wrong} is not what the sources show: .* write factor: 1\.0"):
            build(workspace, spliced(f", factor: {wrong}"), sources)


def test_each_row_comes_from_its_source_and_the_first_after_the_joint_is_left_out(built: Workspace, sources: Path) -> None:
    series, spot, perp = whole(built), rows(), perpetual()
    before, after = series.time < JOINT, series.time > JOINT
    factor = spliced(f", factor: {measured(built, sources)}").series["btc"].splice[0].factor
    assert factor is not None
    count = len(series)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(series.columns[name][before], (spot[name] * factor)[:count][before])
        np.testing.assert_array_equal(series.columns[name][after], perp[name][:count][after])
    np.testing.assert_array_equal(series.columns["volume"][before], (spot["volume"] / factor)[:count][before])
    missing = np.isnan(series.columns["close"])
    assert np.array_equal(series.time[missing], [JOINT])


def test_law_8_no_window_spans_the_joint_and_no_return_is_its_step(built: Workspace) -> None:
    part = open_partition(built, "small", "train")
    columns, row = Columns(part), int(np.searchsorted(part.series["btc"].time, JOINT))
    for text, reach in (("ret(btc.close, 1)", 1), ("ret(btc.close, 60)", 60), ("zscore(btc.volume, 30)", 29)):
        values = columns.column(parse(text)).values
        assert np.isnan(values[row : row + reach + 1]).all()
        assert np.isfinite(values[row + reach + 1 : row + 500]).all()
    steps = columns.column(parse("ret(btc.close, 60)")).values
    assert np.nanmax(np.abs(steps)) < BASIS - 1
    hours = columns.column(parse("at(1h, btc.close)"))
    assert np.isnan(hours.values[hours.time == JOINT]).all()


def test_it_is_told_where_one_source_follows_another(built: Workspace) -> None:
    facts = Catalog(built).meta("small")["series"]["btc"]
    joints = facts["quality"]["noted"]["joints"]
    assert joints["at"] == ["2024-01-05"]
    assert re.fullmatch(
        r"spot.csv to perp.csv, prices before it x1.0\d+, measured x1.0\d+ on 1,000 rows that both have; the row after it left out",
        joints["where"][0],
    )
    assert facts["quality"]["noted"]["gaps"] == {"count": 1, "at": ["2024-01-05"], "rows": 1, "longest": 1}
    assert facts["missing"] == 1
    assert ", another source before 2024-01-05 (x1.0" in Workshop(built, "tester").describe("small")["series"]["btc"]


def test_law_3_sealed_rows_tell_nothing_of_the_step(workspace: Workspace, sources: Path, tmp_path: Path) -> None:
    """Both sources go on into the sealed part, where they move apart, and the joint is as late as can be."""
    late = ("2024-01-05", "2024-01-10")
    spot, perp = rows(), perpetual()
    csv(sources / "spot.csv", spot)
    told = []
    for apart in (1.0, 1.3):
        csv(sources / "perp.csv", {name: np.where((spot["timestamp"] >= START + 9 * DAY) & (name in ("open", "high", "low", "close")), values * apart, values) for name, values in perp.items()})  # fmt: skip
        with pytest.raises(DataError) as refused:
            build(workspace, spliced("", late), sources)
        told.append(str(refused.value))
    assert told[0] == told[1]


def test_law_3_a_joint_may_not_lie_in_the_sealed_part() -> None:
    with pytest.raises(
        DataError, match=r"series\.btc\.splice\.0: until 2024-01-11 lies after validation, across which an exam"
    ):
        spliced(", factor: 1", ("until: 2024-01-05", "until: 2024-01-11"))


def test_law_3_the_seal_goes_by_every_market_of_the_series(workspace: Workspace, sources: Path) -> None:
    other = spliced(f", factor: {measured(workspace, sources)}, underlying: SPOTBTC")
    assert {claim.identity for claim in sealed_claims(other)} == {"BTCUSDT", "SPOTBTC"}
    build(workspace, other, sources)
    later = [
        ("2024-01-13", "2024-01-19"),
        ("2024-01-10", "2024-01-16"),
        ("2024-01-07", "2024-01-13"),
        ("2024-01-01", "2024-01-07"),
    ]
    csv(sources / "btc.csv", rows(18, seed=9))
    for market in ("BTCUSDT", "SPOTBTC"):
        opens = spec(*later, ("dataset: small", "dataset: other"), ("BTCUSDT", market))
        with pytest.raises(SealError, match=r"series\.btc: 2024-01-10 .. 2024-01-13 is sealed in dataset 'small'"):
            build(workspace, opens, sources)
    build(workspace, spec(*later, ("dataset: small", "dataset: other"), ("BTCUSDT", "ANOTHER")), sources)


def test_the_markets_of_a_sealed_series_stay_as_they_are(workspace: Workspace, sources: Path) -> None:
    factor = measured(workspace, sources)
    build(workspace, spliced(f", factor: {factor}, underlying: SPOTBTC"), sources)
    with pytest.raises(SealError, match=r"series\.btc: fixed since 'small' was first built"):
        build(workspace, spliced(f", factor: {factor}, underlying: ANOTHER"), sources)


def test_sources_that_do_not_overlap_need_a_ratio_that_a_person_knows(workspace: Workspace, sources: Path) -> None:
    spot = rows()
    csv(sources / "spot.csv", spot, np.flatnonzero(spot["timestamp"] < START + 2 * DAY + 5 * MINUTE))
    joint = ("until: 2024-01-05", "until: 2024-01-03")
    with pytest.raises(DataError, match=r"splice\.0\.factor: missing, and fewer than 10 rows around 2024-01-03 are in both"):
        build(workspace, spliced("", joint), sources)
    build(workspace, spliced(", factor: 1.02", joint), sources)
    where = Catalog(workspace).meta("small")["series"]["btc"]["quality"]["noted"]["joints"]["where"]
    assert "prices before it x1.02, not measured: few rows in both" in where[0]


def test_a_step_that_a_wrong_ratio_leaves_is_a_fault_as_any(workspace: Workspace, sources: Path) -> None:
    spot = rows()
    csv(sources / "spot.csv", spot, np.flatnonzero(spot["timestamp"] < START + 2 * DAY))
    build(workspace, spliced(", factor: 2", ("until: 2024-01-05", "until: 2024-01-03")), sources)
    (fault,) = faults_of(Catalog(workspace).meta("small")["series"]["btc"])
    assert fault.kind == JUMP
    assert fault.spans[0][0] == START + 2 * DAY + MINUTE


def test_three_sources_follow_one_another(workspace: Workspace, sources: Path) -> None:
    market = rows()
    early = {name: values * (0.5 if name in ("open", "high", "low", "close") else 1) for name, values in market.items()}
    csv(sources / "early.csv", early, np.flatnonzero(market["timestamp"] < START + 3 * DAY))
    three = SPEC.replace(
        "source: {use: files, files: btc.csv}",
        "source: {use: files, files: perp.csv}, splice: [{until: 2024-01-03, factor: 2, source: {use: files, files: early.csv}}, "
        "{until: 2024-01-05, factor: 1.02, source: {use: files, files: spot.csv}}]",
    )
    build(workspace, load_spec(three), sources)
    series = whole(workspace)
    assert np.array_equal(series.time[np.isnan(series.columns["close"])], [START + 2 * DAY, JOINT])
    close, count = market["close"] * 1.02, len(series)
    before = series.time < JOINT
    np.testing.assert_allclose(series.columns["close"][before & (series.time != START + 2 * DAY)], close[:count][before & (series.time != START + 2 * DAY)], rtol=1e-12)  # fmt: skip
    assert len(Catalog(workspace).meta("small")["series"]["btc"]["quality"]["noted"]["joints"]["at"]) == 2


def test_a_joint_before_train_is_only_warm_up(workspace: Workspace, sources: Path) -> None:
    market, perp = rows(), perpetual()
    csv(sources / "spot.csv", market)
    csv(sources / "perp.csv", perp)
    moved = (("train: [2024-01-01", "train: [2024-01-03"), ("until: 2024-01-05", "until: 2024-01-02T18:00:00Z"))
    build(workspace, spliced(", factor: 1.02", *moved), sources)
    part = open_partition(workspace, "small", "train")
    series, joint = part.series["btc"], START + 2 * DAY - 6 * 60 * MINUTE
    assert series.time[0] < joint < part.start
    assert np.array_equal(series.time[np.isnan(series.columns["close"])], [joint])


def test_values_of_two_publishers_are_one_series(workspace: Workspace, sources: Path) -> None:
    csv(sources / "btc.csv", rows())
    hours = START + 60 * MINUTE * np.arange(24 * DAYS)
    level = 2000 + 10 * np.sin(np.arange(len(hours)) / 5)
    csv(sources / "old.csv", {"time": hours, "close": level}, np.arange(24 * 6))
    csv(sources / "new.csv", {"time": hours, "close": level * 0.999, "open": level}, np.arange(24 * 2, len(hours)))
    line = (
        "  gold: {kind: values, underlying: XAU, period: 1h, delay: 1h, source: {use: files, files: new.csv, "
        "columns: {close: close}}, splice: [{until: 2024-01-05, factor: 0.999, source: {use: files, files: old.csv}}]}\ncontracts:"
    )
    build(workspace, load_spec(SPEC.replace("contracts:", line)), sources)
    gold = open_partition(workspace, "small", "validation").series["gold"]
    expected = level[: len(gold)] * 0.999
    expected[gold.time == JOINT] = np.nan
    np.testing.assert_allclose(gold.columns["close"], expected, rtol=1e-12)


def test_only_columns_that_all_sources_have_are_kept(workspace: Workspace, sources: Path) -> None:
    perp = perpetual()
    csv(sources / "perp.csv", {**perp, "quote_volume": perp["volume"] * perp["close"]})
    build(workspace, spliced(", factor: 1.02"), sources)
    assert [*whole(workspace).columns] == ["open", "high", "low", "close", "volume"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("until: 2024-01-05", "until: 2024-01-05T00:00:30Z"), r"series\.btc\.splice: until 2024-01-05T00:00:30Z is inside a bar of 1m"),
        (("files: spot.csv}", "files: spot.csv, colums: {}}"), r"splice\.0\.source\.colums: unknown key; did you mean 'columns'"),
        (("until: 2024-01-05", "untill: 2024-01-05"), r"splice\.0\.untill: unknown key; did you mean 'until'"),
        (("use: files, files: spot.csv", "use: binanc-spot, symbol: X"), r"splice\.0\.source\.use: 'binanc-spot' unknown"),
        (("kind: bars", "kind: values, delay: 1h"), r"contracts\.up\.of: 'btc' is no series of bars"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_joint_is_told(change: tuple[str, str], told: str) -> None:
    with pytest.raises(DataError, match=told):
        spliced(", factor: 1", change)


def test_joints_stand_in_order() -> None:
    two = "splice: [{until: 2024-01-05, source: {use: files, files: a.csv}}, {until: 2024-01-03, source: {use: files, files: b.csv}}]"
    with pytest.raises(DataError, match=r"splice: until 2024-01-03 is not after 2024-01-05; write the earliest source first"):
        spec(("source: {use: files, files: btc.csv}", LATER + two))


@pytest.mark.parametrize("named", ["old", "new"])
def test_either_all_sources_say_when_rows_were_published_or_none(named: str) -> None:
    line = (
        "  gold: {kind: values, underlying: XAU, period: 1h, delay: 1h, source: {use: files, files: new.csv}, "
        "splice: [{until: 2024-01-05, factor: 1, source: {use: files, files: old.csv}}]}\ncontracts:"
    )
    told = line.replace(f"{named}.csv", f"{named}.csv, available: at")
    with pytest.raises(DataError, match=r"splice: source\.available is named in some sources only; name it in all of them"):
        load_spec(SPEC.replace("contracts:", told))
    assert load_spec(SPEC.replace("contracts:", line.replace(".csv", ".csv, available: at")))
