"""Rows that are each possible and together wrong are found at import, told, and mended by what a person declares."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, iso
from factory.ledger import Ledger
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.faults import faults_of
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace
from factory.views.listing import market_answer
from tests.market.bars import START, csv, rows, spec

PRICES = ("open", "high", "low", "close")
AT = 3 * DAY // MINUTE + 720
WHEN = iso(START + AT * MINUTE)
Columns = dict[str, np.ndarray]


def rescaled(factor: float, at: int = AT) -> Columns:
    columns = rows()
    for name in PRICES:
        columns[name][at:] *= factor
    columns["volume"][at:] /= factor
    return columns


def flow(columns: Columns, price: float = 1.0) -> Columns:
    return {**columns, "quote_volume": columns["volume"] * columns["close"] * price}


def still(columns: Columns) -> Columns:
    for name in (*PRICES, "volume"):
        columns[name][AT : AT + 90] = columns[name][AT]
    return columns


def silent(columns: Columns) -> Columns:
    columns["volume"][AT : AT + 600] = 0.0
    return columns


def contracts(columns: Columns) -> Columns:
    """COIN-M: volume counts contracts of 100, quote volume coins."""
    return {**columns, "quote_volume": columns["volume"] * 100 / columns["close"]}


FAULTS = {
    "a redenomination": (rescaled(1000), f"price jumps x1000 at {WHEN}"),
    "the other way": (rescaled(0.001), f"price jumps x0.001 at {WHEN}"),
    "a split": (rescaled(0.5), f"price jumps x0.5 at {WHEN}"),
    "volume all one": (rows() | {"volume": np.ones(len(rows()["close"]))}, "volume is 1 in all bars"),
    "volume that stops": (silent(rows()), "volume is 0 in 4.6% of the bars though prices move"),
    "quote volume in another unit": (flow(rows(), 1000), "quote_volume/volume is 1e+03 times the price"),
    "contracts and coins": (contracts(rows()), "volume counts contracts of about 100 and quote_volume coins"),
    "a feed that stood still": (still(rows()), f"bars repeat unchanged for up to 90m at {WHEN}"),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def built(workspace: Workspace, folder: Path, columns: Columns, one: DatasetSpec | None = None) -> str:
    """What the market description says of the faults of a dataset."""
    csv(folder / "btc.csv", columns)
    build(workspace, one or spec(), folder)
    return str(market_answer(Catalog(workspace), Ledger(workspace), "small")["faults"])


def declaring(text: str, source: str = "files: btc.csv}") -> DatasetSpec:
    return spec(("source: {use: files, files: btc.csv}", f"source: {{use: files, {source}{text}"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stands_in_the_description_of_the_market(workspace: Workspace, tmp_path: Path, fault: str) -> None:
    columns, line = FAULTS[fault]
    told = built(workspace, tmp_path, columns)
    assert line in told
    assert "adjust: or exclude:" in told
    assert line in str(Catalog(workspace).meta("small")["series"]["btc"]["quality"]["faults"])


def test_sound_rows_have_no_fault(workspace: Workspace, tmp_path: Path) -> None:
    assert built(workspace, tmp_path, flow(rows())) == "None"


def test_a_volume_that_nobody_counted_is_left_out_and_told(workspace: Workspace, tmp_path: Path) -> None:
    for cell in (0.0, np.nan):
        columns = rows() | {"volume": np.full(len(rows()["close"]), cell)}
        csv(tmp_path / "btc.csv", columns)
        with pytest.raises(DataError, match=r"no bar has volume.*columns: \{volume: none\}"):
            build(workspace, spec(), tmp_path)
        told = built(workspace, tmp_path, columns, declaring("", "files: btc.csv, columns: {volume: none}}"))
        assert told == "None", "what is declared is no fault"
        described = market_answer(Catalog(workspace), Ledger(workspace), "small")["series"]["btc"]
        assert "no volume is counted and every bar counts as traded" in described
        series = open_partition(workspace, "small", "train").series["btc"]
        assert "volume" not in series.columns
        assert series.traded.all()


def test_a_volume_that_is_not_there_keeps_its_fault_until_it_is_declared(workspace: Workspace, tmp_path: Path) -> None:
    columns = rows() | {"volume": np.zeros(len(rows()["close"]))}
    untraded = ("up: {use: binary, of: btc,", "up: {use: binary, of: other,")
    csv(tmp_path / "other.csv", rows(seed=2))
    other = "  other: {kind: bars, underlying: OTHER, period: 1m, source: {use: files, files: other.csv}}\ncontracts:"
    told = built(workspace, tmp_path, columns, spec(untraded, ("contracts:", other)))
    assert told.startswith("{'btc': 'no volume is counted")
    assert told.endswith("in the dataset file with source: {columns: {volume: none}}'}")
    assert "adjust" not in told


@pytest.mark.parametrize("factor", [1000.0, 0.001, 0.5])
def test_an_adjusted_market_is_the_one_that_never_jumped(workspace: Workspace, tmp_path: Path, factor: float) -> None:
    told = built(workspace, tmp_path, rescaled(factor), declaring(f", adjust: [{{at: {WHEN}, factor: {factor}}}]"))
    assert told == "None"
    series, plain = open_partition(workspace, "small", "validation").series["btc"], rows()
    for name in PRICES:
        assert series.columns[name] == pytest.approx(plain[name][: len(series)] * factor, rel=1e-12)
    assert series.columns["volume"] == pytest.approx(plain["volume"][: len(series)] / factor, rel=1e-12)


def test_a_jump_that_is_declared_genuine_is_no_fault(workspace: Workspace, tmp_path: Path) -> None:
    assert built(workspace, tmp_path, rescaled(0.5), declaring(f", adjust: [{{at: {WHEN}, factor: 1}}]")) == "None"
    other = iso(START + (AT + 5) * MINUTE)
    assert "price jumps" in built(workspace, tmp_path, rescaled(0.5), declaring(f", adjust: [{{at: {other}, factor: 1}}]"))


def test_an_excluded_stretch_is_a_gap(workspace: Workspace, tmp_path: Path) -> None:
    last = iso(START + (AT + 90) * MINUTE)
    assert built(workspace, tmp_path, still(rows()), declaring(f", exclude: [[{WHEN}, {last}]]")) == "None"
    series = open_partition(workspace, "small", "train").series["btc"]
    missing = np.flatnonzero(np.isnan(series.columns["close"]))
    assert missing.tolist() == [*range(AT, AT + 90)]


def test_a_jump_in_the_sealed_part_is_the_builders_to_declare_and_no_agents_to_hear(
    workspace: Workspace, tmp_path: Path
) -> None:
    at = 10 * DAY // MINUTE + 60
    when = iso(START + at * MINUTE)
    csv(tmp_path / "btc.csv", rescaled(1000, at))
    with pytest.raises(DataError, match=f"jumps 1 times in the sealed part, first {when}"):
        build(workspace, spec(), tmp_path)
    assert Catalog(workspace).names() == []
    assert built(workspace, tmp_path, rescaled(1000, at), declaring(f", adjust: [{{at: {when}, factor: 1000}}]")) == "None"


def test_keys_that_are_not_used_leave_a_dataset_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    plain = build(workspace, spec(), tmp_path)
    empty = declaring(", adjust: [], exclude: []", "files: btc.csv, columns: {}, units: {}}")
    assert build(workspace, empty, tmp_path) == plain
    assert faults_of(plain["series"]["btc"]) == []
