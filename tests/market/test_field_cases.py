"""Files of the kinds that people reported, as they are: read, or refused with the row and the true cause."""

import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from factory.market.build import check_files
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from server.cli.app import app

READ = "rows +8"
ZONE = r"without a time zone; .*source: \{zone: UTC\}"
CHECKED = {
    "D03-utf16/bars.csv": READ,
    "D03-utf16/bom8.csv": READ,
    "D03-utf16/crlf.csv": READ,
    "D04-date-time/compact.csv": ZONE,
    "D04-date-time/mt4_header.csv": ZONE,
    "D04-date-time/mt4_headless.csv": "7 columns and no header; add one",
    "D05-semicolon/decimal_comma.csv": READ,
    "D05-semicolon/semicolon.csv": READ,
    "D05-semicolon/tab.csv": READ,
    "D05-semicolon/thousands.csv": READ,
    "D06-no-volume/zero.csv": "no volume is counted",
    "D06-no-volume/empty.csv": "no volume is counted",
    "D07-stamps/excel_e12.csv": "row 1: a spreadsheet shortened the stamp",
    "D07-stamps/lower_z.csv": READ,
    "D07-stamps/naive.csv": ZONE,
    "D07-stamps/nanoseconds.csv": READ,
    "D07-stamps/pandas_str.csv": READ,
    "D07-stamps/seconds.csv": READ,
    "D07-stamps/utc_word.csv": READ,
    "D08-cdd/as_published.csv": r"columns: \{volume: Volume BTC\}",
    "D08-cdd/first_line_cut.csv": r"columns: \{volume: Volume BTC\}",
    "D08-cdd/renamed_ms.csv": READ,
    "D09-header-midway/binance_headless_then_header.csv": "row 5: a header again",
    "D09-header-midway/blank_line_end.csv": READ,
    "D11-redenomination/coin.csv": "price jumps x1000 at 2024-01-04T12:00:00Z",
    "D14-names/UPPER.CSV": READ,
    "D14-names/bars.csv.gz": READ,
    "D14-names/comment.csv": "rows +[78]",
    "D14-names/extra_text_col.csv": READ,
    "D14-names/index_col.csv": READ,
    "D14-names/nan_words.csv": r"missing cell, first nan_words\.csv row 1",
    "D14-names/no_newline.csv": READ,
    "D14-names/quoted.csv": READ,
    "D14-names/ragged.csv": "row 5: 7 cells where the others have 6",
    "D14-names/spaces.csv": READ,
    "D15-coin-m/BTCUSD_PERP-1m.csv": "volume counts contracts of about 100 and quote_volume coins",
}


@pytest.fixture(scope="module")
def cases(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the cases, with what their scripts write."""
    if not (shared / "field_cases").is_dir():
        pytest.skip("needs the field cases among the shared data")
    folder = tmp_path_factory.mktemp("cases")
    for case in sorted((shared / "field_cases").glob("D*")):
        (folder / case.name).mkdir()
        for file in case.iterdir():
            shutil.copyfile(file, folder / case.name / file.name)
        if (folder / case.name / "make.py").is_file():
            runpy.run_path(str(folder / case.name / "make.py"))
    return folder


def rfcat(workspace: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["--workspace", str(workspace), *arguments])
    return done.output + str(done.exception or "")


@pytest.mark.parametrize("name", CHECKED)
def test_a_file_is_read_or_its_row_and_cause_are_told(cases: Path, tmp_path: Path, name: str) -> None:
    told = rfcat(tmp_path, "data", "check", str(cases / name))
    assert re.search(CHECKED[name], " ".join(told.split())), told
    assert "download" not in told


def test_no_case_is_left_out(cases: Path) -> None:
    files = {str(path.relative_to(cases)) for path in cases.glob("*/*") if re.search(r"\.csv(\.gz)?$", path.name, re.I)}
    assert files - CHECKED.keys() <= {"D02-jitter/btc.csv", "D02-jitter/funding.csv", "D02-jitter/funding_round.csv"}


REFUSED = (
    *("D07-stamps/excel_e12.csv", "D09-header-midway/binance_headless_then_header.csv"),
    *("D14-names/nan_words.csv", "D14-names/ragged.csv"),
)
ZONED = ("--zone", "UTC")
ANSWERS = {
    "D04-date-time/compact.csv": [ZONED],
    "D04-date-time/mt4_header.csv": [ZONED],
    "D04-date-time/mt4_headless.csv": [("--header", "date,time,open,high,low,close,volume"), ZONED],
    "D07-stamps/naive.csv": [ZONED],
    "D15-coin-m/BTCUSD_PERP-1m.csv": [("--contract-size", "100")],
}
"""Questions of a file with the answer to each, in their order; all others are drafted at once, or refused."""


@pytest.mark.parametrize("name", CHECKED)
def test_a_file_is_drafted_at_once_or_after_one_question_each_or_refused_with_its_row(
    cases: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / Path(name).name
    shutil.copyfile(cases / name, path)
    answers: list[str] = []
    for option, answer in ANSWERS.get(name, []):
        told = rfcat(tmp_path, "dataset", "init", str(path), *answers)
        assert {*re.findall("--[a-z-]+", told)} == {option}, told
        answers += [option, answer]
    told = rfcat(tmp_path, "dataset", "init", str(path), *answers)
    drafted = [*tmp_path.glob("*.yaml")]
    if name in REFUSED:
        assert re.search(CHECKED[name], " ".join(told.split())), told
        assert drafted == []
        return
    assert len(drafted) == 1, told
    (series,) = load_spec(drafted[0]).series.values()
    assert check_files([path], series).quarantined == {}


def test_a_question_is_answered_by_the_key_that_it_names(cases: Path, tmp_path: Path) -> None:
    answers = {"D07-stamps/naive.csv": "{zone: UTC}", "D08-cdd/as_published.csv": "{columns: {volume: Volume BTC}}"}
    for name, source in answers.items():
        assert re.search(READ, rfcat(tmp_path, "data", "check", str(cases / name), "--source", source))


def test_jittered_funding_builds_as_the_round_one(cases: Path, tmp_path: Path) -> None:
    series = []
    for name in ("funding", "funding_round"):
        assert "built" in rfcat(tmp_path / name, "dataset", "build", str(cases / "D02-jitter" / f"{name}.yaml"))
        partition = open_partition(Workspace.open(tmp_path / name), f"jit-{name.replace('_', '-')}", "validation")
        series.append(partition.series["fr"])
    assert np.array_equal(series[0].time, series[1].time)
    assert np.array_equal(series[0].columns["rate"], series[1].columns["rate"])


@pytest.mark.parametrize("name", ["zero", "empty"])
def test_bars_without_volume_are_asked_about_and_then_told_to_agents(cases: Path, tmp_path: Path, name: str) -> None:
    file = cases / "D06-no-volume" / f"{name}.yaml"
    assert "columns: {volume: none}" in rfcat(tmp_path, "dataset", "build", str(file))
    text = file.read_text(encoding="utf-8")
    file.with_stem(f"{name}-said").write_text(text.replace(".csv}", ".csv, columns: {volume: none}}"), encoding="utf-8")
    assert "no volume is counted" in rfcat(tmp_path, "dataset", "build", str(file.with_stem(f"{name}-said")))
    told = rfcat(tmp_path, "define", str(cases / "D06-no-volume" / "novol.yaml")) if name == "zero" else "no column 'volume'"
    assert "no column 'volume'" in told


def test_a_redenomination_stands_in_the_market_and_in_the_trial(cases: Path, tmp_path: Path) -> None:
    folder = cases / "D11-redenomination"
    assert "price jumps x1000" in rfcat(tmp_path, "dataset", "build", str(folder / "coin.yaml"))
    for name in ("hold4h", "barrier"):
        rfcat(tmp_path, "define", str(folder / f"{name}.yaml"))
        told = rfcat(tmp_path, "backtest", "barriers" if name == "barrier" else name)
        assert re.search(r"probes\.block +data: series\.btc: price jumps x1000", told), told
