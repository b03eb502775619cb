"""A kind of series and a provider from outside the package go the way of any: fetched, checked, split, read, traded on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, iso
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.series_kinds import SERIES_KINDS
from factory.market.sources import PROVIDERS
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from server.cli.app import app
from tests.market.bars import SPEC, START, csv, rows
from tests.market.toys import CROSSED, Book, ToyExchange, book

WITH_BOOK = SPEC.replace(
    "contracts:", "  book: {kind: toy_book, underlying: BOOK, period: 5m, source: {use: toy-exchange, symbol: BTC}}\ncontracts:"
)
BAD = START + 3 * DAY + 5 * MINUTE
PIPELINE = """\
pipeline: by-the-book
data: small
features: {move: "ret(btc.close, 5)", spread: book.ask - book.bid, hourly: "at(1h, book.bid)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [move, spread, hourly], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""


@pytest.fixture
def exchange() -> Iterator[ToyExchange]:
    """Registers both and takes both out again."""
    one = ToyExchange(crossed=[BAD])
    SERIES_KINDS[Book.name], PROVIDERS[one.name] = Book(), one
    yield one
    del SERIES_KINDS[Book.name], PROVIDERS[one.name]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    csv(tmp_path / "btc.csv", rows())
    return Workspace.open(tmp_path / "workspace")


def fetch(workspace: Workspace) -> str:
    asked = ["--workspace", str(workspace.root), "data", "fetch", "toy", "BTC", "--from", "2024-01", "--period", "5m"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture
def built(workspace: Workspace, exchange: ToyExchange, tmp_path: Path) -> Workspace:
    fetch(workspace)
    build(workspace, load_spec(WITH_BOOK), tmp_path)
    return workspace


def test_the_command_fetches_from_it_and_goes_on_where_it_was(workspace: Workspace, exchange: ToyExchange) -> None:
    kept, exchange.published[:] = exchange.published[:], exchange.published[:4]
    fetch(workspace)
    exchange.published[:] = kept
    assert "BTC: complete up to the last row that is over" in fetch(workspace)
    assert exchange.sent == kept, "each day once"
    folder = workspace.vault / "downloads" / "toy-exchange" / "BTC" / "5m"
    assert len(exchange.find_files(folder)) == len(kept)


def test_what_is_not_there_names_the_command_that_fetches_it(
    workspace: Workspace, exchange: ToyExchange, tmp_path: Path
) -> None:
    with pytest.raises(
        DataError, match=r"series\.book\.source: BTC is not downloaded; run: rfcat .*data fetch toy BTC --from 2024-01"
    ):
        build(workspace, load_spec(WITH_BOOK), tmp_path)


def test_its_rows_are_checked_and_split_by_its_own_rules(built: Workspace) -> None:
    told = Catalog(built).meta("small")["series"]["book"]
    assert told["kind"] == "toy_book"
    assert told["quality"]["quarantined"] == {
        CROSSED: {"count": 1, "at": [iso(BAD)], "where": [f"BTC-{iso(BAD)[:10]}.csv row 2"]}
    }
    for name in ("train", "validation"):
        part = open_partition(built, "small", name)
        series = part.series["book"]
        assert np.array_equal(series.known, series.time)
        assert series.time[-1] < part.end
        assert np.array_equal(series.time[np.isnan(series.columns["bid"])], [BAD])


def test_its_columns_are_features(built: Workspace) -> None:
    part = open_partition(built, "small", "validation")
    columns, times = Columns(part), np.arange(part.start, part.end, 5 * MINUTE)
    sides = book(times)
    np.testing.assert_allclose(columns.at(parse("book.ask - book.bid"), times), sides["ask"] - sides["bid"], rtol=0, atol=1e-9)
    hours = np.arange(part.start, part.end, HOUR)
    before = hours[:, None] - HOUR + 5 * MINUTE * np.arange(12)
    for side, extreme in (("bid", np.max), ("ask", np.min)):
        values = columns.at(parse(f"at(1h, book.{side})"), hours)
        np.testing.assert_allclose(values, extreme(book(before)[side], axis=1), rtol=0, atol=1e-9)


def test_a_pipeline_reads_it_and_is_scored(built: Workspace) -> None:
    pipeline = str(Workshop(built, "tester").define(PIPELINE)["pipeline"])
    counts = perform(str(built.root), "backtest", {"pipeline": pipeline})["decisions"]
    assert counts["decisions"] > 500
    assert "missing_feature" not in counts


def test_nothing_fills_in_it_and_it_prices_nothing(exchange: ToyExchange) -> None:
    for wrong, told in (
        (WITH_BOOK.replace("of: btc", "of: book"), r"contracts\.up\.of: 'book' is no series of bars here; allowed: btc"),
        (
            WITH_BOOK.replace("price: 0.5", "odds: book"),
            r"contracts\.up\.odds: 'book' is no series of odds or values here; add one",
        ),
        (
            WITH_BOOK.replace("toy_book", "bars"),
            r"kind: 'bars' from toy-exchange, which has toy_book only; write kind: toy_book",
        ),
        (
            WITH_BOOK.replace("toy_book", "book"),
            r"series\.book\.kind: 'book': should be 'bars', 'depth', 'odds', 'outcomes', 'values' or 'toy_book'",
        ),
        (
            WITH_BOOK.replace("toy-exchange", "toy-exchang"),
            r"series\.book\.source\.use: 'toy-exchang' unknown; did you mean 'toy-exchange'",
        ),
    ):
        with pytest.raises(DataError, match=told):
            load_spec(wrong)


def test_without_them_they_are_unknown() -> None:
    with pytest.raises(DataError) as told:
        load_spec(WITH_BOOK)
    assert told.value.lines == (
        "series.book.kind: 'toy_book': should be 'bars', 'depth', 'odds', 'outcomes' or 'values'",
        f"series.book.source.use: 'toy-exchange' unknown; allowed: {', '.join(sorted(('files', *PROVIDERS)))}",
    )
