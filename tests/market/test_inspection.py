"""Files as people have them are drafted into a dataset file that holds the true values, at once or after one question."""

import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment
from factory.market.bar_columns import BARS
from factory.market.build import check_files
from factory.market.drafting import draft_dataset, propose_split
from factory.market.file_names import find_market, group_files
from factory.market.inspection import Inspection, inspect_series
from factory.market.questions import Question
from factory.market.readers import read_files
from factory.market.spec import DatasetSpec, load_spec
from tests.market import awkward
from tests.market.awkward import FILES, START, Awkward, bars, lines, text, write


def inspect(path: Path, **answers: str) -> Inspection:
    return inspect_series("btc", [path], [path.name], answers)


def ask(path: Path, **answers: str) -> Question:
    with pytest.raises(Question) as asked:
        inspect(path, **answers)
    return asked.value


def draft(*inspected: Inspection) -> DatasetSpec:
    return load_spec(draft_dataset("mine", "mine.yaml", inspected))


@pytest.mark.parametrize("what", FILES)
def test_law_an_awkward_file_is_right_at_once_or_after_one_question(tmp_path: Path, what: str) -> None:
    one, answers = FILES[what], {}
    path = write(tmp_path, one)
    if one.answer:
        question = ask(path)
        assert question.key == one.answer[0]
        assert len(question.lines) == 1
        answers = dict([one.answer])
    spec = draft(inspect(path, **answers)).series["btc"]
    frame, true = read_files([path], spec), bars()
    if what == "either decimals or groups":
        true |= dict(zip(BARS, ([1.5], [1.6], [1.4], [1.5], [2.0]), strict=True))
    assert spec.period == "1h"
    assert check_files([path], spec).time.tolist() == true["time"].tolist()
    for name in BARS if spec.counts_volume else BARS[:-1]:
        assert frame.columns[name] == pytest.approx(np.broadcast_to(true[name], len(frame)), rel=1e-12), name


def test_there_are_questions_of_every_key_but_those_of_values_and_names() -> None:
    asked = {one.answer[0] for one in FILES.values() if one.answer}
    assert asked == {"header", "zone", "format", "decimal", "volume", "contract_size"}
    assert sum(one.answer is None for one in FILES.values()) >= 20


def test_a_question_quotes_what_raised_it(tmp_path: Path) -> None:
    quoted = {
        "stamps of a place": "2024-01-01 01:00:00",
        "day or month first": "01/01/2024 00:00",
        "either decimals or groups": "1,500",
        "no header": f"{START} 42000.0",
        "two volumes that no price tells apart": "Volume A ",
        "volume in contracts": "close ",
    }
    for what, example in quoted.items():
        assert example in ask(write(tmp_path, FILES[what])).example, what
    assert ask(write(tmp_path, FILES["two volumes that no price tells apart"])).choices == ("Volume A", "Volume B", "none")
    assert ask(write(tmp_path, FILES["volume in contracts"])).choices == ("100",)
    assert ask(write(tmp_path, FILES["no header"])).choices == ("timestamp,open,high,low,close,volume",)


REFUSED = {
    "a header again": (lambda rows: [*rows[:40], rows[0], *rows[40:]], "line 41, row 40: a header again"),
    "a ragged row": (
        lambda rows: [*rows[:40], f"{rows[40]},7", *rows[41:]],
        "line 41, row 40: 7 cells where the others have 6",
    ),
    "a row cut short": (lambda rows: [*rows[:40], "1,2", *rows[41:]], "line 41, row 40: 2 cells where the others have 6"),
    "a word": (lambda rows: [*rows[:40], re.sub("[^,]+$", "many", rows[40]), *rows[41:]], "row 40, column 'volume': no number"),
    "digits lost": (
        lambda rows: [rows[0], *(re.sub("^[0-9]+", "1.70407E+12", row) for row in rows[1:])],
        "row 1: a spreadsheet shortened the stamp",
    ),
    "a stamp missing": (lambda rows: [*rows[:40], re.sub("^[0-9]+", "", rows[40]), *rows[41:]], "line 41, row 40: no stamp"),
    "dashes": (
        lambda rows: [rows[0], *(re.sub("[^,]+$", "-", row) for row in rows[1:41]), *rows[41:]],
        r"40 rows: missing cell, first bars\.csv row 1 \(line 2\)",
    ),
    "out of order": (lambda rows: [*rows[:40], rows[60], *rows[40:]], r"row 41 .* earlier than the row before it"),
    "two markets": (
        lambda rows: [f"{rows[0]},symbol", *(f"{row},{name}" for row in rows[1:] for name in ("BTCUSDT", "ETHUSDT"))],
        "several series in one file, told apart by symbol",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_told_with_its_row_and_true_cause(tmp_path: Path, what: str) -> None:
    change, cause = REFUSED[what]
    path = write(tmp_path, Awkward("bars.csv", text(change(lines()))))
    with pytest.raises(DataError, match=cause) as refused:
        inspect(path)
    assert not isinstance(refused.value, Question)
    assert "download" not in str(refused.value)


def test_a_dash_is_a_missing_cell_and_its_row_is_named(tmp_path: Path) -> None:
    rows = lines()
    rows[40] = re.sub("[^,]+$", "-", rows[40])
    found = inspect(write(tmp_path, Awkward("bars.csv", text(rows))))
    assert found.quality.quarantined["missing cell"].places == ("bars.csv row 40 (line 41)",)
    assert "set aside, missing in the dataset: missing cell: 1" in draft_dataset("mine", "mine.yaml", [found])


def test_an_hour_that_clocks_have_twice_is_refused_before_a_zone_is_asked(tmp_path: Path) -> None:
    first = moment("2024-10-26T12:00:00Z")
    stamps = [first + 5 * MINUTE * k for k in range(288)]
    local = [awkward.stamp(at + (2 if at < moment("2024-10-27T01:00:00Z") else 1) * HOUR, awkward.ISO) for at in stamps]
    path = write(
        tmp_path, Awkward("bars.csv", text(["timestamp,open,high,low,close,volume", *(f"{at},1,1,1,1,1" for at in local)]))
    )
    for answers in ({}, {"zone": "Europe/Berlin"}, {"zone": "UTC"}):
        with pytest.raises(DataError, match="2024-10-27 02:00, an hour that is there twice") as refused:
            inspect(path, **answers)
        assert not isinstance(refused.value, Question)


def test_no_zone_is_ever_written_that_nobody_said(tmp_path: Path) -> None:
    for what, one in FILES.items():
        answers = dict([one.answer]) if one.answer else {}
        assert inspect(write(tmp_path, one), **answers).keys["source"].get("zone") == answers.get("zone"), what


def test_quote_and_base_volume_are_told_apart_by_the_price_between_them(tmp_path: Path) -> None:
    found = inspect(write(tmp_path, FILES["an address above, newest first, two volumes"]))
    assert found.keys["source"]["columns"] == {"volume": "Volume BTC", "quote_volume": "Volume USD"}
    assert found.keys["underlying"] == "BTCUSD"
    assert "Volume USD over Volume BTC is the price, so Volume BTC is the volume" in found.remarks


def test_a_person_may_say_that_another_column_is_the_volume(tmp_path: Path) -> None:
    found = inspect(write(tmp_path, FILES["an address above, newest first, two volumes"]), volume="volume usd")
    assert found.frame.columns["volume"].mean() > 42_000


def test_contracts_of_coins_are_turned_into_coins_and_a_wrong_size_is_refused(tmp_path: Path) -> None:
    header = f"timestamp,{awkward.HEAD},quote_volume"
    rows = lines(header, more=lambda row: [repr(row["volume"] * 0.01 * row["low"])])
    path = write(tmp_path, Awkward("bars.csv", text(rows)))
    assert ask(path).choices == ("0.01",)
    assert inspect(path, contract_size="0.01").frame.columns["volume"] == pytest.approx(bars()["volume"] * 0.01)
    with pytest.raises(DataError, match=r"give --contract-size 0\.01"):
        inspect(path, contract_size="100")


def test_a_volume_that_is_nowhere_above_nothing_is_said_to_be_none(tmp_path: Path) -> None:
    for cell in ("0", "0.0", ""):
        path = write(tmp_path, Awkward("bars.csv", text([lines()[0], *(re.sub("[^,]+$", cell, row) for row in lines()[1:])])))
        found = inspect(path)
        assert not found.spec.counts_volume
        assert "none is counted" in draft_dataset("mine", "mine.yaml", [found])


def test_a_redenomination_stands_in_the_file_with_the_line_that_declares_it(tmp_path: Path) -> None:
    rows = lines()
    scaled = [",".join([row.split(",")[0], *(repr(float(cell) * 1000) for cell in row.split(",")[1:])]) for row in rows[101:]]
    found = inspect(write(tmp_path, Awkward("bars.csv", text([*rows[:101], *scaled]))))
    drafted = draft_dataset("mine", "mine.yaml", [found])
    at = iso(START + 100 * HOUR)
    assert f"FAULT: price jumps x1000 at {at}" in " ".join(drafted.split())
    declared = load_spec(drafted.replace("    # adjust:", "    adjust:")).series["btc"]
    assert [(one.at, one.factor) for one in declared.adjust] == [(at, 1000.0)]
    assert check_files([tmp_path / "bars.csv"], declared).faults == ()


def test_a_feed_that_stood_still_stands_in_the_file_with_the_line_that_leaves_it_out(tmp_path: Path) -> None:
    rows = lines()
    still = [f"{row.split(',')[0]},{rows[100].partition(',')[2]}" for row in rows[101:150]]
    found = inspect(write(tmp_path, Awkward("bars.csv", text([*rows[:101], *still, *rows[150:]]))))
    drafted = draft_dataset("mine", "mine.yaml", [found])
    declared = load_spec(drafted.replace("    # exclude:", "    exclude:")).series["btc"]
    assert check_files([tmp_path / "bars.csv"], declared).faults == ()
    assert len(check_files([tmp_path / "bars.csv"], declared).time) == awkward.ROWS - 50


def test_a_volume_of_another_kind_stands_in_the_file_with_the_line_that_leaves_it_out(tmp_path: Path) -> None:
    found = inspect(
        write(tmp_path, Awkward("bars.csv", text([lines()[0], *(re.sub("[^,]+$", "1", row) for row in lines()[1:])])))
    )
    drafted = draft_dataset("mine", "mine.yaml", [found])
    assert "volume is 1 in all bars" in drafted
    assert load_spec(drafted).series["btc"].counts_volume
    told = re.sub(r"\n    source: .*", "", drafted).replace("    # source:", "    source:")
    assert not load_spec(told).series["btc"].counts_volume


def test_gaps_are_told(tmp_path: Path) -> None:
    rows = lines()
    drafted = draft_dataset(
        "mine", "mine.yaml", [inspect(write(tmp_path, Awkward("bars.csv", text([*rows[:50], *rows[60:]]))))]
    )
    assert "gaps: 1, together 10 rows, the longest 10" in drafted
    assert "1h from one to the next but for 1" in drafted


def test_values_need_a_delay_and_bring_their_numbers_by_legal_names_and_units(tmp_path: Path) -> None:
    rows = ["Week Ending,Series,Fails (mn),Rate in %,note"]
    rows += [f"{iso(START + 7 * DAY * k)},UST,{k}.5,{k},{'late' if k else ''}" for k in range(9)]
    path = write(tmp_path, Awkward("fails.csv", text(rows)))
    assert ask(path).key == "time"
    question = ask(path, time="Week Ending")
    assert (question.key, question.choices) == ("delay", ("0",))
    found = inspect(path, time="Week Ending", delay="8d")
    assert found.spec.kind == "values"
    assert (found.spec.period, found.spec.delay) == ("1w", "8d")
    assert found.frame.columns["fails"][1] == 1.5e6
    assert found.frame.columns["rate_in"][2] == 0.02
    assert "left out, as they hold no numbers: Series, note" in found.remarks
    btc = inspect(write(tmp_path, FILES["gzip"]))
    assert set(draft(btc, replace_name(found, "fails")).series) == {"btc", "fails"}


def replace_name(found: Inspection, name: str) -> Inspection:
    from dataclasses import replace

    return replace(found, name=name)


def test_order_books_are_a_series_of_their_own_kind(tmp_path: Path) -> None:
    rows = ["timestamp,ask_px_1,ask_qty_1,bid_px_1,bid_qty_1"]
    rows += [f"{START + 500 * k},{100.5 + k % 3},2,{99.5 - k % 3},3" for k in range(60)]
    found = inspect(write(tmp_path, Awkward("book.csv", text(rows))))
    assert (found.spec.kind, found.spec.period, found.spec.levels) == ("depth", "1s", 1)
    btc = inspect(write(tmp_path, FILES["gzip"]))
    assert draft(btc, replace_name(found, "book")).series["book"].levels == 1


def test_rows_are_shown_as_the_file_says_them_and_as_they_were_read(tmp_path: Path) -> None:
    shown = inspect(write(tmp_path, FILES["an address above, newest first, two volumes"])).show_rows()
    last, true = START + (awkward.ROWS - 1) * HOUR, bars()
    assert shown["columns"][:2] == ["row", "unix -> time"]
    assert shown["columns"][6:] == ["Volume BTC -> volume", "Volume USD -> quote_volume"]
    assert shown["rows"][0][:3] == [1, f"{last // 1000} -> {iso(last)}", repr(float(true["open"][-1]))]
    assert len(shown["rows"]) == 10
    commas = inspect(write(tmp_path, FILES["semicolons and decimal commas"])).show_rows()
    assert commas["rows"][0][2] == "42000,0 -> 42000"


def test_the_drafted_file_waits_for_a_person_and_explains_itself(tmp_path: Path) -> None:
    drafted = draft_dataset("mine", "mine.yaml", [inspect(write(tmp_path, FILES["gzip"]))])
    spec = load_spec(drafted)
    assert not spec.confirmed
    assert 'set "confirmed: true", then run:  rfcat dataset build mine.yaml' in drafted
    assert drafted.count("#") > 15
    assert set(spec.contracts) == {"btc-perpetual"}
    assert (spec.split.train, spec.split.sealed[1]) == (("2024-01-01", "2024-01-08"), "2024-01-13")
    assert load_spec(drafted.replace("confirmed: false", "confirmed: true", 1)).confirmed


def test_minutes_get_a_binary_contract_too(tmp_path: Path) -> None:
    rows = [f"{START + MINUTE * k},1,1,1,1,1" for k in range(30)]
    found = inspect(write(tmp_path, Awkward("bars.csv", text(["timestamp,open,high,low,close,volume", *rows]))))
    drafted = draft_dataset("mine", "mine.yaml", [found])
    assert set(load_spec(drafted).contracts) == {"btc-5m", "btc-perpetual"}
    assert "TOO SHORT TO SPLIT" in drafted


@pytest.mark.parametrize("days", [1, 9, 10, 11, 37, 400, 5000])
def test_a_split_is_on_dates_inside_the_data_and_leaves_something_of_each_part(days: int) -> None:
    first, last = START + 5 * HOUR, START + days * DAY + 7 * HOUR
    spans = propose_split(first, last)
    assert all(at % DAY == 0 for span in spans.values() for at in span)
    assert spans["train"][1] == spans["validation"][0]
    assert spans["validation"][1] == spans["sealed"][0]
    whole = spans["sealed"][1] - spans["train"][0]
    if days > 10:
        assert spans["train"][0] >= first
        assert spans["sealed"][1] <= last
        assert (spans["train"][1] - spans["train"][0]) / whole == pytest.approx(0.6, abs=0.05)
    assert spans["validation"][1] - spans["validation"][0] >= 2 * DAY


@pytest.mark.parametrize(
    ("file", "market"),
    [
        ("binance_spot_btcusdt_1m.parquet", "BTCUSDT"),
        ("BTCUSDT-1m-2023-05-01.csv", "BTCUSDT"),
        ("BTC-USD.csv.gz", "BTCUSD"),
        ("Bitstamp_ETHEUR_1h.CSV", "ETHEUR"),
        ("my.csv", "MY"),
        ("data.csv", "DATA"),
        ("данные.csv", None),
    ],
)
def test_a_market_is_found_in_a_file_s_name(file: str, market: str | None) -> None:
    assert find_market(Path(file)) == market


def test_a_file_whose_name_tells_nothing_is_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, Awkward("данные.csv", text(lines())))
    assert ask(path).key == "underlying"
    assert inspect(path, underlying="eth/usdt").keys["underlying"] == "ETHUSDT"


def test_files_whose_names_differ_in_dates_are_one_series() -> None:
    names = [
        "BTCUSDT-1m-2023-01.csv",
        "BTCUSDT-1m-2023-02.csv",
        "BTCUSDT-1h.csv",
        "my eth.csv",
        "2024.csv",
        "btcusdt_depth10.parquet",
    ]
    paths = [Path(name) for name in names]
    groups = group_files(paths, paths[-1:])
    assert {name: [path.name for path in files] for name, files in groups.items()} == {
        "btcusdt_1m": names[:2],
        "btcusdt_1h": names[2:3],
        "my_eth": names[3:4],
        "series": names[4:5],
        "btcusdt": names[5:],
    }


def test_the_last_bar_still_open_in_one_file_and_closed_in_the_next_is_told(tmp_path: Path) -> None:
    rows = lines()
    early = [*rows[:120], re.sub("[^,]+$", "0.5", rows[120])]
    paths = [
        write(tmp_path, Awkward("btc-1.csv", text(early))),
        write(tmp_path, Awkward("btc-2.csv", text([rows[0], *rows[120:]]))),
    ]
    found = inspect_series("btc", paths, ["btc-1.csv", "btc-2.csv"], {})
    assert "bars still open, closed in another file: 1" in draft_dataset("mine", "mine.yaml", [found])


HOSTILE = {
    "a column with a control character": text([lines()[0] + ",\x1b[31mred\x07", *(f"{row},1" for row in lines()[1:])]),
    "a formula for a name": text([lines()[0] + ",=cmd|' /C calc'!A0", *(f"{row},1" for row in lines()[1:])]),
    "a volume that is a formula": text([line.replace("volume", "Volume @SUM(1+9)*cmd") for line in lines()]),
    "a name that breaks YAML": text(lines('timestamp,Open (" # {a: [x),high,low,close,volume')),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_names_of_columns_come_to_nothing(tmp_path: Path, what: str) -> None:
    path = write(tmp_path, Awkward("bars.csv", HOSTILE[what]))
    try:
        found = inspect(path)
    except Question as question:
        found = inspect(path, **{question.key: question.choices[0]})
    drafted = draft_dataset("mine", "mine.yaml", [found])
    assert all(sign.isprintable() or sign == "\n" for sign in drafted)
    assert read_files([path], load_spec(drafted).series["btc"]).columns["close"] == pytest.approx(bars()["close"])


WRONG = {
    "a million columns": (",".join(f"c{at}" for at in range(10**6)).encode() + b"\n1,2\n", "longer than 65,536 bytes"),
    "a huge cell": (
        text([*lines()[:9], lines()[9].rpartition(",")[0] + "," + "x" * 2_000_000, *lines()[10:]]),
        "line 10: a cell of over",
    ),
    "an open quote": (text([*lines()[:9], lines()[9].replace(",", ',"', 1), *lines()[10:]]), r"bars\.csv line"),
    "zeros": (b"timestamp,open\n" + b"\0" * 500, "zero bytes"),
    "bytes": (bytes(range(128, 256)) * 40, "one column and no more"),
    "nothing": (b"", "empty"),
    "blank lines": (b"\n\n\n", "one column and no more"),
    "a header alone": (text(lines()[:1]), "no rows below the header"),
    "a web page": (b"<!doctype html><html>", "a web page"),
    "half an archive": (b"PAR1" + b"\0" * 40, "half-downloaded or of another format than Parquet"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_table_is_refused_in_a_line_that_says_so(tmp_path: Path, what: str) -> None:
    content, cause = WRONG[what]
    with pytest.raises(DataError, match=cause) as refused:
        inspect(write(tmp_path, Awkward("bars.csv", content)))
    assert len(refused.value.lines) == 1
    assert len(refused.value.lines[0]) <= 500
