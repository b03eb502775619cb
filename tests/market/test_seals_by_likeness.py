"""A dataset that is built beside another whose sealed dates it opens, or the other way round."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from factory.core.errors import DataError, SealError
from factory.core.times import MINUTE, moment
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.simulator import simulate
from factory.market.staging import Opening
from factory.storage.workspace import Workspace
from tests.market.bars import START, csv, rows, spec
from tests.market.books import parquet
from tests.market.test_seals import LATER, OTHER

Columns = dict[str, np.ndarray]
BARS = ("open", "high", "low", "close")
DRAWN = np.random.default_rng(1)
RENAMED = (*LATER, OTHER, ("BTCUSDT", "ELSE"), ("btc.csv", "other.csv"))
"""Open until 2024-01-13, while the small dataset seals the three days before."""


def market(name: str) -> Columns:
    frame = simulate(5, START, 19)[name]
    return {"timestamp": frame.time, **{column: frame.columns[column] for column in (*BARS, "volume")}}


BTC, ETH, UNLIKE = market("btc"), market("eth"), rows(19, seed=9)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("likeness")
    csv(folder / "btc.csv", BTC)
    build(Workspace.open(folder / "workspace"), spec(), folder)
    return folder


@pytest.fixture
def sources(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "sources"))


@pytest.fixture
def workspace(sources: Path) -> Workspace:
    return Workspace.open(sources / "workspace")


def prices(change: Callable[[np.ndarray], np.ndarray]) -> Columns:
    """The sealed market's bars with each price changed."""
    changed = {name: change(BTC[name]) for name in BARS}
    ends = np.stack([changed["high"], changed["low"], changed["open"], changed["close"]])
    return {**BTC, **changed, "high": ends.max(axis=0), "low": ends.min(axis=0)}


def late(minutes: int) -> Columns:
    return {**BTC, "timestamp": BTC["timestamp"] + minutes * MINUTE}


def every(minutes: int) -> Columns:
    parts = {name: values.reshape(-1, minutes) for name, values in BTC.items()}
    return {
        "timestamp": parts["timestamp"][:, 0],
        "open": parts["open"][:, 0],
        "high": parts["high"].max(axis=1),
        "low": parts["low"].min(axis=1),
        "close": parts["close"][:, -1],
        "volume": parts["volume"].sum(axis=1),
    }


COPIES: dict[str, tuple[Columns, str]] = {
    "scaled": (prices(lambda price: price * 1.0001), "1m"),
    "rounded": (prices(lambda price: np.round(price, 2)), "1m"),
    "a minute late": (late(1), "1m"),
    "three hours early": (late(-187), "1m"),
    "of 5 minutes": (every(5), "5m"),
    "of 15 minutes": (every(15), "15m"),
    "inverse": (prices(lambda price: 1 / price), "1m"),
    "mirrored": (prices(lambda price: 90_000 - price), "1m"),
    "of another venue": (prices(lambda price: price * np.exp(1e-5 * DRAWN.normal(size=len(price)))), "1m"),
    "in its highs alone": ({**prices(np.ones_like), "high": BTC["close"]}, "1m"),
    "in its volumes alone": ({**UNLIKE, "volume": BTC["close"]}, "1m"),
}


@pytest.mark.parametrize(("copy", "period"), COPIES.values(), ids=COPIES)
def test_law_3_a_copy_under_another_name_is_refused(workspace: Workspace, sources: Path, copy: Columns, period: str) -> None:
    csv(sources / "other.csv", copy)
    one = spec(*RENAMED, ("period: 1m", f"period: {period}"), ("window: 5m", "window: 1h"))
    with pytest.raises(SealError, match=r"^series\.btc\.\w+: 2024-01-10 \.\. 2024-01-13 moves like 'btc\.close', which dataset "
                       r"'small' seals; leave the series out, or move the split$"):  # fmt: skip
        build(workspace, one, sources)
    assert Catalog(workspace).names() == ["small"]
    assert not [*workspace.datasets.glob(".*"), *workspace.vault.glob(".new*"), *workspace.vault.glob("other")]


def test_law_3_what_lies_open_in_any_disguise_cannot_be_sealed(tmp_path: Path, sources: Path) -> None:
    workspace = Workspace.open(tmp_path / "another")
    csv(sources / "other.csv", prices(lambda price: 1 / price))
    build(workspace, spec(*RENAMED), sources)
    with pytest.raises(SealError, match=r"^series\.btc\.close: 2024-01-10 \.\. 2024-01-13 lies open in dataset 'other' as "
                       r"'btc\.\w+'; move the split$"):  # fmt: skip
        build(workspace, spec(), sources)


@pytest.mark.parametrize("rests", [(0, 1), (0,), (1,)], ids=str)
def test_law_3_even_and_odd_minutes_in_series_of_their_own_are_refused(
    workspace: Workspace, sources: Path, rests: tuple[int, ...]
) -> None:
    csv(sources / "other.csv", UNLIKE)
    added = "files: other.csv}}"
    for rest in rests:
        mine = np.arange(len(BTC["close"])) % 2 == rest
        csv(sources / f"half{rest}.csv", {"timestamp": BTC["timestamp"], "price": BTC["close"] * 1.1}, mine)
        source = f"source: {{use: files, files: half{rest}.csv}}"
        added += f"\n  half{rest}: {{kind: values, underlying: HALF{rest}, period: 1m, delay: '0', {source}}}"
    with pytest.raises(SealError, match=r"series\.half[01]\.price: 2024-01-10 .. 2024-01-13 moves like 'btc\.close'"):
        build(workspace, spec(*RENAMED, ("files: other.csv}}", added)), sources)


def test_a_related_market_builds_beside_a_sealed_one(workspace: Workspace, sources: Path) -> None:
    csv(sources / "other.csv", ETH)
    build(workspace, spec(*RENAMED), sources)
    assert Catalog(workspace).names() == ["other", "small"]


def test_law_3_a_refused_extension_opens_nothing(workspace: Workspace, sources: Path) -> None:
    csv(sources / "other.csv", prices(lambda price: price * 2))
    build(workspace, spec(OTHER, ("BTCUSDT", "ELSE"), ("btc.csv", "other.csv")), sources)
    longer = [("validation: [2024-01-07, 2024-01-10]", "validation: [2024-01-07, 2024-01-13]"),
              ("sealed: [2024-01-10, 2024-01-13]", "sealed: [2024-01-13, 2024-01-19]")]  # fmt: skip
    opened: list[str] = []
    opening = Opening(lambda: opened.append("signed") or {}, lambda row: opened.append("recorded"))
    with pytest.raises(SealError, match=r"moves like 'btc\.close', which dataset 'other' seals"):
        build(workspace, spec(*longer), sources, opening=opening)
    assert not opened


def test_law_3_only_the_vault_s_process_opens_what_others_seal(workspace: Workspace, sources: Path) -> None:
    csv(sources / "other.csv", ETH)
    touched: list[str] = []
    listening = True
    sys.addaudithook(lambda event, args: touched.append(str(args[0])) if listening and event == "open" else None)
    build(workspace, spec(*RENAMED), sources)
    listening = False
    assert any(path.endswith("seal.json") for path in touched)
    assert not [path for path in touched if path.startswith(str(workspace.vault / "small" / "series"))]


def test_law_3_what_cannot_be_compared_is_not_built(workspace: Workspace, sources: Path) -> None:
    csv(sources / "other.csv", ETH)
    close = workspace.vault / "small" / "series" / "btc" / "close.npy"
    close.write_bytes(close.read_bytes()[:50])
    with pytest.raises(DataError, match="series 'btc': its files are damaged or gone"):
        build(workspace, spec(*RENAMED), sources)
    (workspace.vault / "log").unlink()
    (workspace.vault / "log").mkdir()
    with pytest.raises(SealError, match="the vault could not compare sealed rows, so nothing was built"):
        build(workspace, spec(*RENAMED), sources)
    assert Catalog(workspace).names() == ["small"]


def cut(shared: Path, name: str, folder: Path) -> None:
    """Two months of real minutes as a file."""
    first, last = moment("2023-03-01"), moment("2023-05-01")
    table = pq.read_table(shared / "data" / "ohlcv" / f"{name}.parquet", columns=["timestamp", *BARS, "volume"])
    stamps = pc.cast(table["timestamp"], pa.int64())
    pq.write_table(table.filter(pc.and_(pc.greater_equal(stamps, first), pc.less(stamps, last))), folder / f"{name}.parquet")


def real(dataset: str, underlying: str, file: str, days: tuple[str, str, str, str]):
    bounds = zip(("2024-01-01, 2024-01-07", "2024-01-07, 2024-01-10", "2024-01-10, 2024-01-13"), days, days[1:], strict=False)
    dates = [(f"[{old}]", f"[{first}, {last}]") for old, first, last in bounds]
    return spec(*dates, ("dataset: small", f"dataset: {dataset}"), ("BTCUSDT", underlying), ("btc.csv", f"{file}.parquet"))


def test_ether_builds_beside_sealed_bitcoin_and_its_perpetual_does_not(shared: Path, tmp_path: Path) -> None:
    spot, perpetual, ether = "binance_spot_btcusdt_1m", "binance_usdm_btcusdt_1m_2022_2023", "binance_spot_ethusdt_1m"
    if not (shared / "data" / "ohlcv").is_dir():
        pytest.skip("needs the real minutes, data/ohlcv in the shared folder")
    for name in (spot, perpetual, ether):
        cut(shared, name, tmp_path)
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, real("spot", "BTCUSDT", spot, ("2023-03-01", "2023-03-20", "2023-04-01", "2023-04-25")), tmp_path)
    later = ("2023-03-01", "2023-04-01", "2023-04-25", "2023-05-01")
    build(workspace, real("ether", "ETHUSDT", ether, later), tmp_path)
    with pytest.raises(
        SealError, match=r"series\.btc\.\w+: 2023-04-01 .. 2023-04-25 moves like 'btc\.close', which dataset 'spot'"
    ):
        build(workspace, real("perpetual", "BTCUSDTPERP", perpetual, later), tmp_path)


BOOK = "  book: {kind: depth, underlying: BOOK, period: 1m, levels: 3, max_age: 1m, source: {use: files, files: book.parquet}}"


def around(prices: np.ndarray, seed: int) -> Columns:
    """Books about some prices, an update a minute."""
    rng = np.random.default_rng(seed)
    columns = {"timestamp": BTC["timestamp"]}
    for level in range(1, 4):
        columns[f"ask_px_{level}"], columns[f"bid_px_{level}"] = prices + 0.01 * level, prices - 0.01 * level
        columns[f"ask_qty_{level}"], columns[f"bid_qty_{level}"] = rng.gamma(2.0, 1.0, (2, len(prices)))
    return columns


def test_a_sealed_book_is_found_in_open_bars_and_a_sealed_market_in_an_open_book(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    csv(tmp_path / "btc.csv", UNLIKE)
    parquet(tmp_path / "book.parquet", around(BTC["close"], 1))
    build(workspace, spec(("contracts:", f"{BOOK}\ncontracts:")), tmp_path)
    csv(tmp_path / "other.csv", BTC)
    with pytest.raises(SealError, match=r"series\.btc\.\w+: .* moves like 'book\.(ask|bid)_px_1', which dataset 'small' seals"):
        build(workspace, spec(*RENAMED), tmp_path)
    csv(tmp_path / "other.csv", ETH)
    parquet(tmp_path / "book.parquet", around(UNLIKE["close"], 2))
    with pytest.raises(SealError, match=r"series\.book\.\w+: .* moves like 'btc\.close', which dataset 'small' seals"):
        build(workspace, spec(*RENAMED, ("contracts:", f"{BOOK.replace('BOOK', 'EBOOK')}\ncontracts:")), tmp_path)


def directions(minutes: int = 5, correlation: float = 1.0) -> Columns:
    """Which way the windows of a market went whose moves correlate with the sealed one's."""
    log = np.log(BTC["close"].reshape(-1, minutes)[:, -1] / BTC["open"].reshape(-1, minutes)[:, 0])
    own = log.std() * np.random.default_rng(7).normal(size=len(log))
    moved = correlation * log + np.sqrt(1 - correlation**2) * own
    return {"timestamp": BTC["timestamp"][::minutes], "up": (moved >= 0).astype(float)}


def ended(folder: Path, columns: Columns, kind: str = "outcomes") -> tuple[str, str]:
    """Add outcomes under a name of their own to the dataset that is built beside the sealed one."""
    csv(folder / "ended.csv", columns)
    source = "source: {use: files, files: ended.csv}"
    period = int(np.diff(columns["timestamp"][:2])[0]) // MINUTE
    one = f"  ended: {{kind: {kind}, underlying: WINDOWS, period: {period}m, delay: 1m, {source}}}"
    return ("contracts:", f"{one}\ncontracts:")


def flip(columns: Columns) -> Columns:
    return {**columns, "up": 1 - columns["up"]}


def at_the_end(columns: Columns) -> Columns:
    return {**columns, "timestamp": columns["timestamp"] + 5 * MINUTE}


def recorded_elsewhere(columns: Columns) -> Columns:
    """One window of thirty ended otherwise."""
    other = np.random.default_rng(3).random(len(columns["up"])) < 1 / 30
    return {**columns, "up": np.where(other, 1 - columns["up"], columns["up"])}


def as_odds(columns: Columns) -> Columns:
    """Last prices of shares, about 0.95 and 0.05."""
    return {**columns, "up": 0.05 + 0.9 * columns["up"] + 0.04 * np.random.default_rng(4).random(len(columns["up"]))}


OUTCOMES: dict[str, tuple[Columns, str]] = {
    "outcomes": (directions(), "outcomes"),
    "of 15 minutes": (directions(15), "outcomes"),
    "recorded elsewhere": (recorded_elsewhere(directions()), "outcomes"),
    "flipped": (flip(directions()), "outcomes"),
    "as values": (directions(), "values"),
    "as values at the end of a window": (at_the_end(directions()), "values"),
    "of every other window": ({name: values[::2] for name, values in directions().items()}, "values"),
    "as last prices": (as_odds(directions()), "values"),
}


@pytest.mark.parametrize(("columns", "kind"), OUTCOMES.values(), ids=OUTCOMES)
def test_law_3_open_outcomes_of_a_sealed_market_s_windows_are_refused(
    workspace: Workspace, sources: Path, columns: Columns, kind: str
) -> None:
    csv(sources / "other.csv", ETH)
    with pytest.raises(SealError, match=r"^series\.ended\.up: 2024-01-10 \.\. 2024-01-13 moves like 'btc\.close', which dataset "
                       r"'small' seals; leave the series out, or move the split$"):  # fmt: skip
        build(workspace, spec(*RENAMED, ended(sources, columns, kind)), sources)
    assert Catalog(workspace).names() == ["small"]


def test_law_3_sealed_outcomes_are_found_in_open_bars_and_open_outcomes(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    csv(tmp_path / "btc.csv", UNLIKE)
    build(workspace, spec(ended(tmp_path, directions())), tmp_path)
    csv(tmp_path / "other.csv", BTC)
    with pytest.raises(SealError, match=r"^series\.btc\.\w+: .* moves like 'ended\.up', which dataset 'small' seals"):
        build(workspace, spec(*RENAMED), tmp_path)
    csv(tmp_path / "other.csv", ETH)
    renamed = tuple(text.replace("WINDOWS", "OTHERS") for text in ended(tmp_path, directions()))
    with pytest.raises(SealError, match=r"^series\.ended\.up: .* moves like 'ended\.up', which dataset 'small' seals"):
        build(workspace, spec(*RENAMED, (renamed[0], renamed[1])), tmp_path)


def test_outcomes_of_a_related_market_build_beside_a_sealed_one(workspace: Workspace, sources: Path) -> None:
    csv(sources / "other.csv", ETH)
    build(workspace, spec(*RENAMED, ended(sources, directions(correlation=0.85))), sources)
    assert Catalog(workspace).names() == ["other", "small"]


def test_bars_build_beside_the_outcomes_of_their_own_windows(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    csv(tmp_path / "btc.csv", BTC)
    csv(tmp_path / "other.csv", ETH)
    build(workspace, spec(ended(tmp_path, directions())), tmp_path)
    build(workspace, spec(ended(tmp_path, directions())), tmp_path)
    build(workspace, spec(*RENAMED), tmp_path)
    assert Catalog(workspace).names() == ["other", "small"]
