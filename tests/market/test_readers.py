import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError
from factory.core.times import MINUTE, moment
from factory.market.bar_columns import BARS
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from tests.market.bars import START, csv, rows

SPEC = SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1m"})
VALUES = SeriesSpec.model_validate({"kind": "values", "underlying": "FAILS", "period": "1w", "delay": "8d"})
HEADER = "timestamp,open,high,low,close,volume\n"


def read(path: Path, spec: SeriesSpec = SPEC) -> RawRows:
    return read_files([path], spec)


def kline(at: int, unit: int = 1) -> str:
    """One row of a Binance archive: milliseconds, or microseconds with unit 1000."""
    end = at * unit + MINUTE * unit - 1
    return f"{at * unit},100.0,101.0,99.0,100.5,3.5,{end},350.0,7,2.5,250.0,0"


def archive(path: Path, lines: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{path.stem}.csv", "\n".join(lines) + "\n")
    return path


def test_csv_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    columns = rows(1)
    table = pd.DataFrame(columns | {"timestamp": pd.to_datetime(columns["timestamp"], unit="ms", utc=True)})
    table.to_parquet(tmp_path / "btc.parquet")
    texts = table.assign(timestamp=table["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    texts.to_csv(tmp_path / "texts.csv", index=False)
    csv(tmp_path / "epochs.csv", columns)
    for name in ("btc.parquet", "texts.csv", "epochs.csv"):
        frame = read(tmp_path / name)
        assert np.array_equal(frame.time, columns["timestamp"])
        for column in BARS:
            assert np.array_equal(frame.columns[column], columns[column])


def test_binance_archives_with_and_without_header_in_ms_and_us(tmp_path: Path) -> None:
    header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
    bare = archive(tmp_path / "B-1m-2024-12.zip", [kline(START), kline(START + MINUTE)])
    headed = archive(tmp_path / "B-1m-2025-01.zip", [header, kline(START + 2 * MINUTE, 1000), kline(START + 3 * MINUTE)])
    frame = read_files([headed, bare], SPEC)
    assert frame.time.tolist() == [START + k * MINUTE for k in range(4)]
    assert frame.columns["number_of_trades"].tolist() == [7.0] * 4
    assert frame.columns["taker_buy_volume"].tolist() == [2.5] * 4
    assert frame.place(2) == "B-1m-2025-01.zip row 1 (line 2)"


def test_a_row_is_told_with_its_line_where_that_is_known(tmp_path: Path) -> None:
    row = "{},1,1,1,1,1"
    stamps = [START + k * MINUTE for k in range(4)]
    texts = {
        "plain.csv": (HEADER + "\n".join(map(row.format, stamps)), "row 3 (line 4)"),
        "noted.csv": ("# from somewhere\n" + HEADER + "\n".join(map(row.format, stamps)) + "\n", "row 3 (line 5)"),
        "blank.csv": (HEADER + "\n\n".join(map(row.format, stamps)), "row 3"),
    }
    for name, (text, place) in texts.items():
        (tmp_path / name).write_text(text)
        assert read(tmp_path / name).place(2) == f"{name} {place}"
    turned = HEADER + "\n".join(map(row.format, reversed(stamps)))
    (tmp_path / "turned.csv").write_text(turned)
    assert read(tmp_path / "turned.csv").place(0) == "turned.csv row 4 (line 5)", "as it stands in the file"
    (tmp_path / "later.csv").write_text(HEADER + "\n".join(row.format(at + 4 * MINUTE) for at in stamps))
    joined = read_files([tmp_path / "plain.csv", tmp_path / "later.csv"], SPEC)
    assert [joined.place(at) for at in (3, 4)] == ["plain.csv row 4 (line 5)", "later.csv row 1 (line 2)"]


def test_real_binance_days_are_read(shared: Path) -> None:
    for name, first in (("BTCUSDT-1m-2023-05-01", "2023-05-01"), ("ETHUSDT-1m-2022-01-03", "2022-01-03")):
        frame = read(shared / "data" / "formats" / f"{name}.csv")
        assert np.array_equal(frame.time, moment(first) + MINUTE * np.arange(1440))
        assert not any(np.isnan(values).any() for values in frame.columns.values())


def test_real_gold_minutes_are_read_by_their_epochs(shared: Path) -> None:
    frame = read(shared / "data" / "gold" / "paxg_1m_sample_40rows.csv")
    assert len(frame) == 40
    assert frame.time[0] == moment("2026-08-27T21:39:00Z")


def test_values_bring_all_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "fails.csv"
    path.write_text("as_of,deliver,receive\n2024-01-03,1.5,\n2024-01-10,2.5,3\n")
    with pytest.raises(DataError, match="no column of stamps"):
        read(path, VALUES)
    named = SeriesSpec.model_validate(
        VALUES.model_dump(exclude_none=True) | {"source": {"use": "files", "files": "fails.csv", "time": "as_of"}}
    )
    frame = read(path, named)
    assert frame.time.tolist() == [moment("2024-01-03"), moment("2024-01-10")]
    assert np.isnan(frame.columns["receive"][0])


BAD = {
    "empty.csv": (b"", "empty; download it again"),
    "header_only.csv": (HEADER.encode(), "no rows"),
    "cut.csv": ((HEADER + "1704067200000,1,1,1,1").encode(), "ends inside a row"),
    "short_row.csv": ((HEADER + "1704067200000,1,1\n").encode(), "line 2, row 1: 3 cells where the others have 6"),
    "text_cell.csv": ((HEADER + "1704067200000,1,1,1,abc,1\n").encode(), "line 2, row 1, column 'close': no number"),
    "no_close.csv": (b"timestamp,open,high,low,volume\n1704067200000,1,1,1,1\n", "no column 'close'"),
    "twice.csv": (b"timestamp,open,open,high,low,close,volume\n1704067200000,1,1,1,1,1,1\n", "a column is there twice"),
    "six_bare.csv": (b"60000,1,1,1,1,1\n", "6 columns and no header"),
    "no_epoch.csv": ((HEADER + "17040672,1,1,1,1,1\n").encode(), "row 1: the stamp is neither seconds, milliseconds"),
    "no_stamp.csv": ((HEADER + ",1,1,1,1,1\n").encode(), "row 1: no stamp"),
    "zoneless.csv": ((HEADER + "2024-01-01 00:00:00,1,1,1,1,1\n").encode(), "without a time zone"),
    "mixed.csv": (
        (HEADER + "2024-01-01T00:00:00Z,1,1,1,1,1\n2024-01-01T00:01:00+09:00,1,1,1,1,1\n").encode(),
        "mixed time zones",
    ),
    "some.csv": ((HEADER + "2024-01-01T00:00:00Z,1,1,1,1,1\n2024-01-01T00:01:00,1,1,1,1,1\n").encode(), "mixed time zones"),
    "nonsense.csv": ((HEADER + "yesterdayZ,1,1,1,1,1\n").encode(), "no ISO time"),
    "cut.zip": (b"PK\x03\x04" + b"\x00" * 40, "truncated, half-downloaded"),
    "cut.parquet": (b"PAR1" + b"\x00" * 40, "truncated, half-downloaded"),
    "btc.zip.part": (b"PK", "finished downloads only"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path: Path, name: str) -> None:
    raw, line = BAD[name]
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(DataError) as told:
        read(path)
    assert str(told.value).startswith(name)
    assert line in str(told.value)
    assert len(told.value.lines) == 1
    assert str(tmp_path) not in str(told.value)


def test_a_parquet_file_without_time_zone_is_refused(tmp_path: Path) -> None:
    columns = rows(1)
    table = pd.DataFrame(columns | {"timestamp": pd.to_datetime(columns["timestamp"], unit="ms")})
    table.to_parquet(tmp_path / "btc.parquet")
    with pytest.raises(DataError, match="without a time zone"):
        read(tmp_path / "btc.parquet")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "whole.zip", [kline(START + k * MINUTE) for k in range(500)])
    half = tmp_path / "half.zip"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=r"^half\.zip: .*half-downloaded"):
        read(half)


def test_files_of_different_columns_are_refused(tmp_path: Path) -> None:
    plain = csv(tmp_path / "a.csv", rows(1))
    flow = archive(tmp_path / "b.zip", [kline(START)])
    with pytest.raises(DataError, match="is not in all files"):
        read_files([plain, flow], SPEC)
