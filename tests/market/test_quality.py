from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, iso
from factory.market.quality import Quality, validate_rows
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec
from tests.market.bars import DAYS, START, rows

SPEC = SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1m"})
SPAN = (START, START + DAYS * DAY)


def frame(columns: dict[str, np.ndarray], keep: np.ndarray | slice = slice(None)) -> RawRows:
    return RawRows(
        columns["timestamp"][keep],
        {name: values[keep] for name, values in columns.items() if name != "timestamp"},
        (("btc.csv", 0),),
    )


def checked(raw: RawRows) -> tuple[RawRows, Quality]:
    return validate_rows("btc", SPEC, raw, SPAN, 0)


def test_sound_rows_pass_untouched() -> None:
    raw = frame(rows())
    clean, quality = checked(raw)
    assert np.array_equal(clean.time, raw.time)
    assert quality.summary(None, None) == {"rows": len(raw), "quarantined": {}, "noted": {}}


FAULTS = {
    "price not positive": {"low": -1.0},
    "high or low contradicts": {"high": 1e-9},
    "missing cell": {"close": np.nan},
    "infinite": {"high": np.inf},
    "negative volume": {"volume": -1.0},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_set_aside_and_named(fault: str) -> None:
    columns = rows()
    for column, value in FAULTS[fault].items():
        columns[column][17] = value
    clean, quality = checked(frame(columns))
    assert len(clean) == len(columns["close"]) - 1
    assert columns["timestamp"][17] not in clean.time
    told = quality.summary(None, None)["quarantined"][fault]
    assert told == {"count": 1, "at": [iso(START + 17 * MINUTE)], "where": ["btc.csv row 18"]}


def test_taker_volume_cannot_exceed_volume() -> None:
    columns = rows()
    columns["taker_buy_volume"] = columns["volume"] / 2
    columns["taker_buy_volume"][5] = columns["volume"][5] * 1.01
    assert checked(frame(columns))[1].summary(None, None)["quarantined"]["taker volume contradicts"]["count"] == 1


def test_rows_off_the_grid_are_set_aside() -> None:
    columns = rows()
    columns["timestamp"][9] += 1500
    clean, quality = checked(frame(columns))
    assert len(clean) == len(columns["close"]) - 1
    assert quality.summary(None, None)["quarantined"]["off the grid"]["where"] == ["btc.csv row 10"]


def test_equal_duplicates_are_noted_and_conflicting_ones_set_aside() -> None:
    columns = rows()
    twice = np.sort(np.concatenate((np.arange(len(columns["close"])), [3, 8])))
    doubled = {name: values[twice] for name, values in columns.items()}
    doubled["close"][9] *= 1.00001
    clean, quality = checked(frame(doubled))
    told = quality.summary(None, None)
    assert told["noted"]["repeated rows"]["where"] == ["btc.csv row 5"]
    assert told["quarantined"]["conflicting duplicate"]["count"] == 2
    assert START + 8 * MINUTE not in clean.time
    assert (np.diff(clean.time) > 0).all()


def test_disorder_inside_a_file_is_refused_and_between_files_is_not() -> None:
    columns = rows()
    order = np.arange(len(columns["close"]))
    order[[10, 11]] = order[[11, 10]]
    with pytest.raises(DataError, match=r"series\.btc: btc\.csv row 12: earlier than the row before it"):
        checked(frame(columns, order))
    half = len(order) // 2
    overlapping = np.concatenate((np.arange(half), np.arange(half - 5, len(order))))
    raw = frame(columns, overlapping)
    both = RawRows(raw.time, raw.columns, (("a.csv", 0), ("b.csv", half)))
    clean, quality = checked(both)
    assert np.array_equal(clean.time, columns["timestamp"])
    assert quality.summary(None, None)["noted"]["repeated rows"]["count"] == 5


def test_gaps_still_runs_and_jumps_are_noted() -> None:
    columns = rows()
    columns["volume"][100:115] = 0.0
    columns["volume"][200:205] = 0.0
    for name in ("open", "high", "low", "close"):
        columns[name][500:] *= 1.2
    keep = np.delete(np.arange(len(columns["close"])), slice(50, 53))
    _, quality = checked(frame(columns, keep))
    noted = quality.summary(None, None)["noted"]
    assert noted["gaps"] == {"count": 1, "at": [iso(START + 50 * MINUTE)], "rows": 3, "longest": 3}
    assert noted["runs without volume"] == {"count": 1, "at": [iso(START + 100 * MINUTE)], "rows": 15, "longest": 15}
    assert noted["jumps"]["at"] == [iso(START + 500 * MINUTE)]


def test_too_many_wrong_rows_refuse_the_series() -> None:
    columns = rows()
    columns["low"][: len(columns["low"]) // 50] = 0.0
    with pytest.raises(DataError, match=r"2\.0% of the rows are wrong") as told:
        checked(frame(columns))
    assert "price not positive, first btc.csv row 1" in str(told.value)


def test_no_row_in_the_span_is_refused() -> None:
    with pytest.raises(DataError, match=r"series\.btc: no row between"):
        validate_rows("btc", SPEC, frame(rows()), (START + 100 * DAY, START + 101 * DAY), 0)


def test_real_bitcoin_minutes_have_the_known_gaps(shared: Path) -> None:
    from factory.market.readers import read_files

    raw = read_files([shared / "data" / "ohlcv" / "binance_spot_btcusdt_1m.parquet"], SPEC)
    clean, quality = validate_rows("btc", SPEC, raw, (int(raw.time[0]), int(raw.time[-1]) + MINUTE), 0)
    told = quality.summary(None, None)
    assert len(clean) == len(raw) == 3_239_115
    assert told["quarantined"] == {}
    assert (told["noted"]["gaps"]["count"], told["noted"]["gaps"]["rows"]) == (15, 2_325)
