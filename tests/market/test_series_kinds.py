"""Laws of every kind of series: those of the package, and one from outside."""

import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.times import DAY, HOUR, MINUTE, to_ms
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.bar_columns import PRICES
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import load_series, open_partition
from factory.market.series import Series
from factory.market.series_kinds import SERIES_KINDS, SeriesKind
from factory.market.series_kinds.base import Header
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks.masking import mark_telling_rows
from tests.market.bars import DAYS, SPEC, START, csv, rows
from tests.market.books import books
from tests.market.toys import Book
from tests.test_layers import FILES

KINDS: list[SeriesKind] = [*SERIES_KINDS.values(), Book()]
EVERY = 5 * MINUTE
GAP = slice(1_000, 1_010)
DELAY = "7m"
AGGREGATES = {"first": lambda x: x[0], "last": lambda x: x[-1], "greatest": np.max, "least": np.min, "total": np.sum}


def example(kind: SeriesKind) -> dict[str, np.ndarray]:
    """Sound rows each five minutes, the columns of which increase from left to right where they are no bars."""
    if kind.is_traded:
        columns = rows(DAYS * 5)
        return {name: values[: DAYS * DAY // EVERY] for name, values in columns.items()} | {
            "timestamp": START + EVERY * np.arange(DAYS * DAY // EVERY)
        }
    time = START + EVERY * np.arange(DAYS * DAY // EVERY)
    if kind.holds_books:
        return {"timestamp": time, **books(time, 1)}
    wave = np.sin(time / HOUR)
    if kind.gives_odds and kind.columns:
        return {"timestamp": time, "up": 0.5 + wave / 3, "bid": 0.49 + wave / 3, "ask": 0.51 + wave / 3}
    if kind.words:
        return {"timestamp": time, "outcome": (wave > 0) * 1.0, "strike": 100 + wave, "close": 101 + wave}
    names = kind.columns or ("value",)
    return {"timestamp": time} | {name: 100 + place + np.sin(time / HOUR) / 3 for place, name in enumerate(names)}


def read_columns(kind: SeriesKind) -> dict[str, np.ndarray]:
    """The columns of the example as the kind names them."""
    columns = {name: values for name, values in example(kind).items() if name != "timestamp"}
    labels = {name: name for name in columns}
    return {name: columns[label] for name, label in kind.choose_columns(Header("x.csv", labels, {}, labels, True)).items()}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SeriesKind:
    one: SeriesKind = request.param
    monkeypatch.setitem(SERIES_KINDS, one.name, one)
    return one


def built(kind: SeriesKind, folder: Path, more: str = "") -> Workspace:
    """A dataset of bars and of a series of the kind, published late and with a gap."""
    columns = example(kind)
    csv(folder / "btc.csv", rows())
    csv(folder / "x.csv", columns, np.delete(np.arange(len(columns["timestamp"])), GAP))
    more += ", levels: 1, max_age: 5m" if kind.holds_books else ""
    line = f"  x: {{kind: {kind.name}, underlying: X, period: 5m, delay: {DELAY}, source: {{use: files, files: x.csv}}{more}}}\ncontracts:"
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(SPEC.replace("contracts:", line)), folder)
    return workspace


def test_every_kind_is_registered_under_its_name_and_says_what_its_rows_are() -> None:
    assert all(one.name == name for name, one in SERIES_KINDS.items())
    assert all(one.about and not one.about.endswith(".") for one in KINDS)


def test_nobody_asks_a_kind_for_its_name() -> None:
    names = "|".join(SERIES_KINDS)
    asked = re.compile(rf"\bkind\W{{1,3}} *(?:==|!=|in|not in) .*?[\"'](?:{names})[\"']")
    own = FILES["factory.market.series_kinds"].parent
    assert asked.search('if one["kind"] == "bars":')
    assert asked.search("if series.kind in ('bars', 'depth'):")
    assert [path for path in FILES.values() if own not in path.parents and asked.search(path.read_text(encoding="utf-8"))] == []


def test_law_1_no_row_is_known_before_what_it_tells_of_is_over(kind: SeriesKind) -> None:
    for period in (MINUTE, HOUR, 7 * DAY):
        for delay in (0, 1, HOUR, 8 * DAY):
            assert kind.known_after(period, delay) >= max(kind.extent(period, delay), delay)
            assert kind.extent(period, delay) >= 0


def test_what_trades_has_prices(kind: SeriesKind) -> None:
    assert not kind.is_traded or kind.columns[: len(PRICES)] == PRICES
    assert kind.columns or kind.takes_any_column


def test_the_columns_that_it_names_are_those_that_it_reads(kind: SeriesKind) -> None:
    labels = {name: name for name in kind.columns or ("value",)}
    assert kind.choose_columns(Header("x.csv", labels, {}, labels, True)) == labels
    more = labels | {"remark": "remark"}
    read = kind.choose_columns(Header("x.csv", more, {}, more, True))
    assert ("remark" in read) == kind.takes_any_column


def test_sound_rows_are_sound_and_nothing_is_said_of_them(kind: SeriesKind) -> None:
    columns = read_columns(kind)
    assert not any(mask.any() for mask in kind.find_wrong_rows(columns).values())
    assert kind.find_uncounted(columns) == ()
    assert not any(mask.any() for mask in (kind.find_notable_runs(columns) | kind.find_notable_rows(columns)).values())
    assert kind.find_faults(example(kind)["timestamp"], columns, EVERY, ()) == ()
    assert not kind.has_grown(columns, 3, 3)


def test_laws_1_and_3_rows_are_known_by_the_rule_and_no_part_holds_what_tells_of_the_next(
    kind: SeriesKind, tmp_path: Path
) -> None:
    workspace, delay = built(kind, tmp_path), to_ms(DELAY)
    for name in ("train", "validation"):
        part = open_partition(workspace, "small", name)
        series = part.series["x"]
        assert np.array_equal(series.known, series.time + kind.known_after(EVERY, delay))
        assert series.time[-1] + kind.extent(EVERY, delay) <= part.end
        assert series.time[-1] + EVERY + kind.extent(EVERY, delay) > part.end, "and no row less than may be there"
    facts = Catalog(workspace).meta("small")["series"]["x"]
    sealed = load_series(workspace.vault / "small", "x", facts, 10**9)
    assert sealed.time[0] == series.time[-1] + EVERY


def test_law_1_a_value_is_read_from_the_moment_it_is_known(kind: SeriesKind, tmp_path: Path) -> None:
    part = open_partition(built(kind, tmp_path), "small", "train")
    series, times = part.series["x"], np.arange(part.start, part.end, MINUTE)
    for name, values in series.columns.items():
        read = Columns(part).at(parse(f"x.{name}"), times)
        row = np.searchsorted(series.known, times, side="right") - 1
        fresh = (row >= 0) & (times - series.known[row] < EVERY + to_ms(DELAY))
        np.testing.assert_array_equal(read, np.where(fresh, values[row], np.nan))


def test_law_5_the_same_rows_give_the_same_fingerprint(kind: SeriesKind, tmp_path: Path) -> None:
    prints = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        workspace = built(kind, tmp_path / name)
        prints.add(Catalog(workspace).fingerprint("small", "validation"))
    assert len(prints) == 1


def test_law_8_gaps_stay_gaps_in_every_column_and_in_coarser_rows(kind: SeriesKind, tmp_path: Path) -> None:
    part = open_partition(built(kind, tmp_path), "small", "train")
    series = part.series["x"]
    gone = np.zeros(len(series), bool)
    gone[GAP] = True
    for name, values in series.columns.items():
        assert np.array_equal(np.isnan(values), gone)
        column = Columns(part).column(parse(f"at(1h, x.{name})"))
        whole = values[: len(values) // 12 * 12].reshape(-1, 12)
        expected = [AGGREGATES[kind.aggregation(name)](hour) if np.isfinite(hour).all() else np.nan for hour in whole]
        np.testing.assert_allclose(column.values[: len(expected)], expected, rtol=1e-12)
        assert (column.known >= column.time + HOUR + to_ms(DELAY)).all()


def test_a_declared_factor_scales_what_the_kind_says(kind: SeriesKind, tmp_path: Path) -> None:
    columns = read_columns(kind)
    part = open_partition(built(kind, tmp_path, ", adjust: [{at: 2024-01-03, factor: 4}]"), "small", "train")
    series = part.series["x"]
    before = series.time < START + 2 * DAY
    for name in columns.keys() & series.columns.keys():
        values, raw = series.columns[name], columns[name][: len(series)]
        expected = np.where(before, raw * 4.0 ** kind.adjustment_power(name), raw)
        held = ~np.isnan(values)
        np.testing.assert_array_equal(values[held], expected[held])


def test_days_that_are_hidden_hide_every_row_that_tells_of_them(kind: SeriesKind) -> None:
    delay, time = 2 * HOUR, START + EVERY * np.arange(3 * DAY // EVERY)
    series = Series("x", kind.name, EVERY, delay, time, time + kind.known_after(EVERY, delay), {})
    hidden = mark_telling_rows(series, np.array([START // DAY + 1]))
    last = time + np.maximum(kind.extent(EVERY, delay), 1) - 1
    assert np.array_equal(hidden, (last >= START + DAY) & (time < START + 2 * DAY))


def test_fees_of_odds_are_rates() -> None:
    columns = {"up": np.full(5, 0.5), "fee": np.array([0.0, 0.07, np.nan, 7.0, -0.01])}
    wrong = SERIES_KINDS["odds"].find_wrong_rows(columns)
    assert [fault for fault, mask in wrong.items() if mask.any()] == ["a fee that is no rate from 0 to below 1"]
    assert wrong["a fee that is no rate from 0 to below 1"].tolist() == [False, False, False, True, True]
