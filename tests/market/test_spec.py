import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, iso, moment
from factory.market.spec import DatasetSpec, load_spec
from tests.market.bars import SPEC, spec

BTC = "btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}"
CONTRACTS = "contracts:\n  up: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}"

WRONG = [
    ("dataset: small", "dataset: small\nlok: 3", "lok: unknown key; did you mean 'looks'?"),
    ("dataset: small\n", "", "dataset: missing; add it"),
    ("dataset: small", "dataset: small\ndataset: other", "line 3, dataset: the key is there twice"),
    ("confirmed: true", "confirmed: maybe", "confirmed: 'maybe': should be a valid boolean"),
    ("confirmed: true", "confirmed: true\nlooks: 0", "looks: '0': should be greater than or equal to 1"),
    (
        "confirmed: true",
        "confirmed: true\nbaseline: pm.up",
        "baseline: 'pm' is no series here; write series.column with one of",
    ),
    ("confirmed: true", "confirmed: true\nbaseline: btc", "baseline: 'btc' is no column; write series.column, such as pm.up"),
    ("kind: bars", "kind: bar", "series.btc.kind: 'bar': should be 'bars', 'depth', 'odds', 'outcomes' or 'values'"),
    ("kind: bars", "kind: values", "series.btc.delay: missing; say how long after its stamp"),
    ("use: files, files: btc.csv", "use: file, files: btc.csv", "series.btc.source.use: 'file' unknown; did you mean 'files'?"),
    ("use: files, files: btc.csv", "use: binance-spot, symbol: btc", "series.btc.source.symbol: 'btc'"),
    (
        f"{BTC}\n{CONTRACTS}",
        "x: {kind: values, underlying: X, period: 1h, delay: 0, source: {use: files, files: x.csv}}\ncontracts: {}",
        "series: none is of bars",
    ),
    ("files: btc.csv", "files: btc.csv, tiem: at", "series.btc.source.tiem: unknown key; did you mean 'time'?"),
    ("files: btc.csv", "files: btc.csv, colums: {volume: v}", "series.btc.source.colums: unknown key; did you mean 'columns'?"),
    ("files: btc.csv", "file: btc.csv", "series.btc.source.file: unknown key; did you mean 'files'?"),
    ("use: files, files", "uze: files, files", "series.btc.source.uze: unknown key; did you mean 'use'?"),
    (
        "use: files, files: btc.csv",
        "use: binance-spot, symbl: B",
        "series.btc.source.symbl: unknown key; did you mean 'symbol'?",
    ),
    ("files: btc.csv", "files: btc.csv, zone: CET+1", "series.btc.source.zone: 'CET+1' is no time zone; write UTC, or a place"),
    ("files: btc.csv", "files: btc.csv, decimal: x", "series.btc.source.decimal: 'x': should be '.' or ','"),
    (
        "files: btc.csv",
        "files: btc.csv, units: {volume: lots}",
        "series.btc.source.units.volume: 'lots': should be a valid number",
    ),
    (
        "period: 1m",
        "period: 1m, adjust: [{at: 2024-01-02, factor: 0}]",
        "series.btc.adjust.0.factor: '0': should be greater than 0",
    ),
    (
        "period: 1m",
        "period: 1m, exclude: [[2024-01-03, 2024-01-02]]",
        "series.btc.exclude: 2024-01-03 is not before 2024-01-02",
    ),
    ("fee: 0.07", "fees: 0.07", "contracts.up.fees: unknown key; did you mean 'fee'?"),
    (
        "period: 1m",
        "period: 1m, adjust: [{at: 2024-01-02, fctor: 2}]",
        "series.btc.adjust.0.fctor: unknown key; did you mean 'factor'?",
    ),
    ("period: 1m", "period: minute", "series.btc.period: 'minute' is not a duration"),
    (BTC, f"{BTC}\n  eth: {BTC.removeprefix('btc: ')}", "series.eth: the same source as series.btc"),
    (BTC, f"{BTC}\n  btc: {BTC.removeprefix('btc: ')}", "series.btc: the key is there twice"),
    ("fee: 0.07", "fee: 0.07, fees: 1", "contracts.up.fees: unknown key; did you mean 'fee'?"),
    ("fee: 0.07", "fee: -1", "contracts.up.fee: '-1': should be greater than or equal to 0"),
    ("use: binary", "use: binery", "contracts.up.use: 'binery' unknown; did you mean 'binary'?"),
    ("of: btc", "of: eth", "contracts.up.of: 'eth' is no series of bars here; allowed: btc"),
    ("fee: 0.07", "fee: 0.07, lot: -1", "contracts.up.lot: '-1': should be greater than or equal to 0"),
    ("fee: 0.07", "fee: 0.07, equity: .inf", "contracts.up.equity: '.inf'"),
    ("fee: 0.07", "fee: 0.07, tick: 1", "contracts.up.tick: 1 is no step of prices between 0 and 1; write for example 0.01"),
    (
        "fee: 0.07",
        "fee: 0.07, equity: 10, minimum_notional: 11",
        "contracts.up.minimum_notional: 11 is more than the whole account can place, 10",
    ),
    ("window: 5m", "window: 7m", "contracts.up.window: 7m must be a multiple of the bars' 1m and divide a day"),
    ("window: 5m", "window: 5m, odds: btc", "contracts.up.odds: 'btc' is no series of odds or values here; add one"),
    ("[2024-01-07, 2024-01-10]", "[2024-01-06, 2024-01-10]", "split.validation: starts 2024-01-06, before train ends"),
    ("[2024-01-10, 2024-01-13]", "[2024-01-13, 2024-01-10]", "split.sealed: 2024-01-13 is not before 2024-01-10"),
    ("[2024-01-07, 2024-01-10]", "[2024-01-07, 2024-01-08]", "split.validation: nothing is left after the gap of 1d"),
    ("[2024-01-07, 2024-01-10]", "[2024-01-07]", "split.validation.1: missing"),
    ("[2024-01-07, 2024-01-10]", "[2024-01-07, 2024-13-01]", "split.validation.1: '2024-13-01' is not a date"),
    ("[2024-01-07, 2024-01-10]", "[2024-01-07T00:00:00, 2024-01-10]", "has no time zone; add Z for UTC"),
]


@pytest.mark.parametrize(("old", "new", "line"), WRONG, ids=[line[:40] for *_, line in WRONG])
def test_a_mistake_is_told_in_one_line_with_its_place(old: str, new: str, line: str) -> None:
    assert old in SPEC
    with pytest.raises(DataError) as told:
        load_spec(SPEC.replace(old, new))
    assert line in str(told.value)
    assert len(told.value.lines) == 1
    assert len(str(told.value)) < 250


def test_several_mistakes_are_told_together() -> None:
    with pytest.raises(DataError) as told:
        load_spec(SPEC.replace("fee: 0.07", "fee: x").replace("kind: bars", "kind: bar"))
    assert len(told.value.lines) == 2


def test_what_is_not_a_mapping_is_refused() -> None:
    for text in ("", "- a\n- b", "just text"):
        with pytest.raises(DataError, match="dataset file"):
            load_spec(text)


def test_the_gap_is_a_day_or_one_percent_of_train() -> None:
    assert spec().gap == DAY
    longer = spec(("2024-01-01, 2024-01-07", "2023-01-02, 2024-01-07"), ("01-10", "03-01"), ("01-13", "05-01"))
    assert longer.gap == 370 * DAY // 100


def test_the_gap_is_taken_off_validation_and_sealed() -> None:
    assert [[iso(at) for at in spec().bounds(name)] for name in ("train", "validation", "sealed")] == [
        ["2024-01-01", "2024-01-07"],
        ["2024-01-08", "2024-01-10"],
        ["2024-01-11", "2024-01-13"],
    ]


def test_a_hole_left_by_the_person_counts_as_gap() -> None:
    apart = spec(("[2024-01-07, 2024-01-10]", "[2024-01-08T12:00:00Z, 2024-01-10]"))
    assert apart.bounds("validation")[0] == moment("2024-01-08T12:00:00Z")


def test_spellings_of_one_market_are_one() -> None:
    for spelling in ("btc/usdt", "BTC-USDT", "btc_usdt"):
        assert spec(("BTCUSDT", spelling)).identity("btc") == "BTCUSDT"


def test_a_spec_survives_its_stored_form() -> None:
    one = spec(("confirmed: true", "confirmed: true\nlooks: 3"))
    assert DatasetSpec.model_validate_json(one.model_dump_json(exclude_unset=True)) == one
