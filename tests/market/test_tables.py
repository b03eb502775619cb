"""Tables as people have them are read where they mean one thing; else the row and the cause are told, or one question."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.core.errors import DataError
from factory.core.times import MINUTE, moment
from factory.market.bar_columns import BARS
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from tests.market.bars import START

ROWS = 40
NAMES = ("timestamp", *BARS)


def spec(**source: object) -> SeriesSpec:
    raw = {"use": "files", "files": "x.csv", **source}
    return SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1m", "source": raw})


def bars(first: int = START, price: float = 42_000.0) -> dict[str, list[float]]:
    rng = np.random.default_rng(3)
    close = np.round(price + np.cumsum(rng.normal(0, 5, ROWS)), 2)
    opened = np.round(close - 1.25, 2)
    return {
        "timestamp": [first + k * MINUTE for k in range(ROWS)],
        "open": opened.tolist(),
        "high": (np.maximum(opened, close) + 3.5).round(2).tolist(),
        "low": (np.minimum(opened, close) - 3.5).round(2).tolist(),
        "close": close.tolist(),
        "volume": np.round(rng.gamma(2.0, 3.0, ROWS), 3).tolist(),
    }


def write_stamp(at: int, pattern: str) -> str:
    return np.datetime64(at, "ms").astype("datetime64[s]").item().strftime(pattern)


STAMPS = {
    "milliseconds": (str, {}),
    "microseconds": (lambda at: str(at * 1000), {}),
    "nanoseconds": (lambda at: str(at * 1_000_000), {}),
    "seconds": (lambda at: str(at // 1000), {}),
    "fractional seconds": (lambda at: f"{at / 1000:.3f}", {}),
    "float milliseconds": (lambda at: f"{at}.0", {}),
    "whole exponents": (lambda at: f"{at / 1e12:.12f}E+12", {}),
    "Z": (lambda at: write_stamp(at, "%Y-%m-%dT%H:%M:%SZ"), {}),
    "lower z": (lambda at: write_stamp(at, "%Y-%m-%dT%H:%M:%Sz"), {}),
    "the word UTC": (lambda at: write_stamp(at, "%Y-%m-%d %H:%M:%S UTC"), {}),
    "the word GMT": (lambda at: write_stamp(at, "%Y.%m.%d %H:%M GMT"), {}),
    "an offset": (lambda at: write_stamp(at + 60 * MINUTE, "%Y-%m-%d %H:%M:%S+01:00"), {}),
    "slashes": (lambda at: write_stamp(at, "%Y/%m/%d %H:%M:%S"), {"zone": "UTC"}),
    "compact": (lambda at: write_stamp(at, "%Y%m%d %H%M%S"), {"zone": "UTC"}),
    "fourteen digits": (lambda at: write_stamp(at, "%Y%m%d%H%M%S"), {"zone": "UTC"}),
    "twelve digits": (lambda at: write_stamp(at, "%Y%m%d%H%M"), {"zone": "UTC"}),
    "half days": (lambda at: write_stamp(at, "%Y-%m-%d %I:%M:%S %p"), {"zone": "UTC"}),
    "a place": (lambda at: write_stamp(at + 60 * MINUTE, "%Y-%m-%d %H:%M:%S"), {"zone": "Europe/Berlin"}),
    "a format": (lambda at: write_stamp(at, "%m|%d|%Y %H.%M"), {"zone": "UTC", "format": "%m|%d|%Y %H.%M"}),
    "day first": (lambda at: write_stamp(at, "%d.%m.%Y %H:%M"), {"zone": "UTC", "format": "%d.%m.%Y %H:%M"}),
}
NUMBERS = {
    "plain": (repr, ","),
    "decimal comma": (lambda value: repr(value).replace(".", ","), ";"),
    "grouped": (lambda value: f"{value:,.3f}", "\t"),
    "grouped the other way": (lambda value: f"{value:,.3f}".translate(str.maketrans(",.", ".,")), ";"),
    "grouped by blanks": (lambda value: f"{value:,.3f}".replace(",", "\u202f"), "|"),
}
ABOVE = ("", "https://www.example.invalid/?a=1,b=2\n", "# exported by a tool, in 2024\n", "\n", "sep={separator}\n")
ENDS = ("\n", "\r\n")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
PACKED = ("x.csv", "X.CSV", "x.txt", "x.tsv", "x.csv.gz", "X.CSV.GZ")


def table(
    columns: dict[str, list[float]],
    stamp: str = "milliseconds",
    number: str = "plain",
    above: str = "",
    end: str = "\n",
    index: bool = False,
    newest_first: bool = False,
    last: bool = True,
) -> str:
    write_stamp, (write, separator) = STAMPS[stamp][0], NUMBERS[number]
    lines = [[*NAMES]]
    for row in zip(*columns.values(), strict=True):
        lines.append([write_stamp(int(row[0])), *(write(float(value)) for value in row[1:])])
    body = lines[:0:-1] if newest_first else lines[1:]
    lines = [lines[0], *body]
    if index:
        lines = [["" if place == 0 else str(place - 1), *cells] for place, cells in enumerate(lines)]
    quoted = [separator.join(f'"{cell}"' if separator in cell else cell for cell in cells) for cells in lines]
    return above.format(separator=separator) + end.join(quoted) + (end if last else "")


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if path.suffix.lower() == ".gz" else raw)
    return path


def assert_same(frame: RawRows, columns: dict[str, list[float]]) -> None:
    assert frame.time.tolist() == columns["timestamp"]
    for name in BARS:
        assert frame.columns[name].tolist() == pytest.approx(columns[name], rel=1e-12)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stamp=st.sampled_from([*STAMPS]),
    number=st.sampled_from([*NUMBERS]),
    above=st.sampled_from(ABOVE),
    end=st.sampled_from(ENDS),
    encoding=st.sampled_from(ENCODINGS),
    name=st.sampled_from(PACKED),
    index=st.booleans(),
    newest_first=st.booleans(),
    last=st.booleans(),
)
def test_law_every_spelling_of_one_table_gives_the_same_rows(
    tmp_path: Path, stamp: str, number: str, above: str, end: str, encoding: str, name: str, index: bool,
    newest_first: bool, last: bool,
) -> None:  # fmt: skip
    columns = bars()
    text = table(columns, stamp, number, above, end, index, newest_first, last)
    frame = read_files([written(tmp_path / name, text, encoding)], spec(**STAMPS[stamp][1]))
    assert_same(frame, columns)
    row = ROWS if newest_first else 1
    assert frame.place(0) == f"{name} row {row} (line {row + 1 + above.count(chr(10))})"


BREAKS = {
    "a header again": (lambda lines, at: [*lines[:at], lines[0], *lines[at:]], "a header again"),
    "a cell too many": (lambda lines, at: [*lines[:at], f"{lines[at]},7", *lines[at + 1 :]], "7 cells where the others have 6"),
    "a cell too few": (lambda lines, at: [*lines[:at], lines[at].rpartition(",")[0], *lines[at + 1 :]], "5 cells where"),
    "a word": (lambda lines, at: [*lines[:at], re.sub(r",[^,]*$", ",many", lines[at]), *lines[at + 1 :]], "column 'volume': no number"),
    "a currency": (lambda lines, at: [*lines[:at], lines[at].replace(",", ",$", 1), *lines[at + 1 :]], "column 'open': no number"),
    "a stamp missing": (lambda lines, at: [*lines[:at], "," + lines[at].partition(",")[2], *lines[at + 1 :]], "no stamp"),
    "a stamp of words": (lambda lines, at: [*lines[:at], "noon," + lines[at].partition(",")[2], *lines[at + 1 :]], "stamp"),
    "a comment": (lambda lines, at: [*lines[:at], "# pause", *lines[at:]], "1 cells where the others have 6"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("row", [2, 17, ROWS])
@pytest.mark.parametrize("above", ABOVE[:3])
def test_law_one_broken_row_is_named_with_its_cause(tmp_path: Path, broken: str, row: int, above: str) -> None:
    make, cause = BREAKS[broken]
    lines = table(bars()).splitlines()
    path = written(tmp_path / "x.csv", above + "\n".join(make(lines, row)) + "\n")
    with pytest.raises(DataError) as told:
        read_files([path], spec())
    line = row + 1 + above.count("\n")
    assert f"x.csv line {line}, row {row}" in str(told.value)
    assert cause in str(told.value)
    assert "download" not in str(told.value)
    assert len(told.value.lines) == 1


def question(path: Path, told: str, *keys: str, **source: object) -> None:
    with pytest.raises(DataError) as asked:
        read_files([path], spec(**source))
    assert re.search(told, str(asked.value)), str(asked.value)
    assert len(asked.value.lines) == 1
    assert all(key in str(asked.value) for key in ("source: {", *keys))


@pytest.mark.parametrize("stamp", [name for name, (_, source) in STAMPS.items() if source.keys() == {"zone"}])
def test_naive_local_time_is_one_question(tmp_path: Path, stamp: str) -> None:
    question(written(tmp_path / "x.csv", table(bars(), stamp)), "without a time zone", "zone: UTC")


def test_day_or_month_first_is_a_question_unless_a_day_above_twelve_answers_it(tmp_path: Path) -> None:
    text = table(bars(), "day first")
    question(written(tmp_path / "x.csv", text), "day or month", "format", zone="UTC")
    later = bars(moment("2024-01-25"))
    assert_same(read_files([written(tmp_path / "y.csv", table(later, "day first"))], spec(zone="UTC")), later)


def test_which_volume_is_asked_and_answered(tmp_path: Path) -> None:
    columns = bars()
    text = table(columns).replace("volume", "Volume BTC,Volume USD", 1)
    lines = text.splitlines()
    path = written(tmp_path / "x.csv", "\n".join([lines[0], *(f"{line},1e9" for line in lines[1:])]) + "\n")
    question(path, "no column 'volume'; of Volume BTC, Volume USD", "columns: {volume: Volume BTC}")
    frame = read_files([path], spec(columns={"volume": "volume btc", "quote_volume": "Volume USD"}, units={"quote_volume": 2}))
    assert_same(frame, columns)
    assert set(frame.columns["quote_volume"]) == {2e9}


def test_the_sign_before_decimals_is_asked_where_every_cell_may_be_grouped(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "timestamp;open;high;low;close;volume\n1704067200000;1,500;1,600;1,400;1,500;2\n")
    question(path, "may stand before decimals or group", "decimal")
    assert read_files([path], spec(decimal=",")).columns["open"].tolist() == [1.5]
    assert read_files([path], spec(decimal=".")).columns["open"].tolist() == [1500.0]


@pytest.mark.parametrize(("date", "clock"), [("%Y.%m.%d", "%H:%M"), ("%Y-%m-%d", "%H:%M:%S"), ("%Y%m%d", "%H%M%S")])
def test_date_and_time_in_two_columns_are_one_stamp(tmp_path: Path, date: str, clock: str) -> None:
    columns = bars()
    stamps = [f"{write_stamp(at, date)},{write_stamp(at, clock)}" for at in columns["timestamp"]]
    rows = [",".join(map(repr, row)) for row in list(zip(*columns.values(), strict=True))]
    body = [f"{stamp},{row.partition(',')[2]}" for stamp, row in zip(stamps, rows, strict=True)]
    path = written(tmp_path / "x.csv", "\n".join(["<DATE>,<TIME>," + ",".join(BARS), *body]) + "\n")
    assert_same(read_files([path], spec(zone="UTC")), columns)
    question(written(tmp_path / "x.csv", path.read_text()), "without a time zone", "zone")
    question(path, "no time of day", "columns", zone="UTC", time="date")
    headless = written(tmp_path / "y.csv", "\n".join(body) + "\n")
    with pytest.raises(DataError, match=r"7 columns and no header; add one .* date,time,open"):
        read_files([headless], spec(zone="UTC"))


@pytest.mark.parametrize(
    ("zone", "told"), [("Europe/Berlin", "2024-10-27 02:00"), ("UTC", "2024-10-27 02:00"), (None, "2024-10-27 02:00")]
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_an_hour_that_clocks_have_twice_is_refused_and_named(
    tmp_path: Path, zone: str | None, told: str, newest_first: bool
) -> None:
    first = moment("2024-10-27T00:40:00Z")
    columns = bars(first)
    local = [
        write_stamp(at + (120 if at < moment("2024-10-27T01:00:00Z") else 60) * MINUTE, "%Y-%m-%d %H:%M")
        for at in columns["timestamp"]
    ]
    rows = [f"{at},{value},{value},{value},{value},1" for at, value in zip(local, columns["open"], strict=True)]
    path = written(tmp_path / "x.csv", "\n".join([",".join(NAMES), *(rows[::-1] if newest_first else rows)]) + "\n")
    with pytest.raises(DataError, match=told):
        read_files([path], spec(**({"zone": zone} if zone else {})))


def test_digits_that_a_spreadsheet_lost_are_named(tmp_path: Path) -> None:
    lines = table(bars()).splitlines()
    cut = [lines[0], *(re.sub(r"^\d+", "1.70407E+12", line) for line in lines[1:])]
    with pytest.raises(DataError, match=r"row 1: a spreadsheet shortened the stamp .* digits are lost"):
        read_files([written(tmp_path / "x.csv", "\n".join(cut) + "\n")], spec())


def test_a_header_that_stands_there_twice_is_no_row(tmp_path: Path) -> None:
    lines = table(bars()).splitlines(keepends=True)
    assert_same(read_files([written(tmp_path / "x.csv", "".join([lines[0], *lines]))], spec()), bars())


FOREIGN = {
    "zip.csv": (b"PK\x03\x04rest", "a zip archive"),
    "gzip.csv": (b"\x1f\x8brest", "a gzip file"),
    "parquet.csv": (b"PAR1rest", "a Parquet file"),
    "page.csv": (b"\n<!DOCTYPE html><html>", "a web page"),
    "answer.csv": (b'{"code": -1121}', "JSON"),
    "zeros.csv": (b"timestamp,open\n1,2\n" + b"\0" * 500, "zero bytes"),
    "half.csv": ("timestamp,open".encode("utf-16") + b"1", "inside a character"),
    "latin.csv": ("timestamp,open,high,low,close,volume\n1704067200000,1,1,1,1,\xe9\n".encode("latin-1"), "UTF-8"),
    "words.csv": (b"one column\nand no more\n", "one column and no more"),
    "cut.csv.gz": (gzip.compress(b"x" * 9000)[:30], "cannot be unpacked"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_table_is_called_what_it_is(tmp_path: Path, name: str) -> None:
    raw, cause = FOREIGN[name]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=cause) as told:
        read_files([tmp_path / name], spec())
    assert len(told.value.lines) == 1


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^missing\.csv: no such file"):
        read_files([tmp_path / "missing.csv"], spec())
    with pytest.raises(DataError, match="a folder"):
        read_files([tmp_path], spec())


@pytest.mark.parametrize("word", ["", "-", "NaN", "null", "None", "n/a", "N/A", "--"])
def test_spellings_of_nothing_are_missing_cells(tmp_path: Path, word: str) -> None:
    lines = table(bars()).splitlines()
    lines[5] = lines[5].rpartition(",")[0] + f",{word}"
    assert np.isnan(read_files([written(tmp_path / "x.csv", "\n".join(lines) + "\n")], spec()).columns["volume"][4])


def test_values_are_read_by_the_names_that_are_given_them(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "As Of,Series,Fails (mn)\n2024-01-03,UST,1.5\n2024-01-10,UST,2.5\n")
    source = {
        "use": "files",
        "files": "x.csv",
        "time": "as of",
        "columns": {"deliver": "fails (mn)"},
        "units": {"deliver": "millions"},
    }
    one = SeriesSpec.model_validate({"kind": "values", "underlying": "FAILS", "period": "1w", "delay": "8d", "source": source})
    frame = read_files([path], one)
    assert {name: values.tolist() for name, values in frame.columns.items()} == {"deliver": [1.5e6, 2.5e6]}
