"""Bars by ccxt, of a local server that answers as Bybit and as Coinbase Exchange do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ccxt
import numpy as np
import pytest
from typer.testing import CliRunner

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, moment
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.downloads import download, download_folder, find_files
from factory.market.files import Download
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import ccxt_download
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from server.cli.app import app
from tests.market.ccxt_server import Market, price, serving

START = moment("2024-01-01")
LINEAR = Download(use="ccxt", exchange="bybit", symbol="BTC/USDT:USDT")
COINBASE = Download(use="ccxt", exchange="coinbaseexchange", symbol="BTC/USD")


@contextmanager
def exchange(market: Market, style: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serving(market, getattr(market, style)) as address:
        monkeypatch.setenv("RFCAT_CCXT_API", address)
        yield


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time; ccxt's own between requests stay."""
    pauses: list[float] = []
    monkeypatch.setattr(ccxt_download, "sleep", pauses.append)
    return pauses


@pytest.fixture
def bybit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    market = Market()
    with exchange(market, "bybit", monkeypatch):
        yield market


@pytest.fixture
def coinbase(monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    market = Market(now="2024-01-01T20:00:30Z")
    with exchange(market, "coinbase", monkeypatch):
        yield market


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def rows(workspace: Workspace, source: Download, period: str = "1m") -> RawRows:
    raw = {"kind": "bars", "underlying": "BTC", "period": period, "source": source.model_dump()}
    spec = SeriesSpec.model_validate(raw)
    return read_files(find_files(workspace, "btc", spec, Path()), spec)


def klines(market: Market) -> list[str]:
    return [path for path in market.asked if "kline" in path or "candles" in path]


def test_pages_of_bybit_cover_everything_up_to_the_last_closed_bar(workspace: Workspace, bybit: Market) -> None:
    folder = download(workspace, LINEAR, "1m", START)
    frame = rows(workspace, LINEAR)
    assert np.array_equal(frame.time, np.arange(START, START + 2 * DAY, MINUTE)), "the bar of the clock's minute is still open"
    opened = np.array([price(int(at), MINUTE) for at in frame.time])
    for name, values in (("open", opened), ("high", opened + 1), ("low", opened - 1), ("close", opened + 0.5)):
        assert np.array_equal(frame.columns[name], values)
    assert (frame.columns["volume"] == 2.5).all()
    assert len(klines(bybit)) == 3, "1,000 bars a page"
    assert workspace.vault in folder.parents
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_minutes_of_coinbase_without_trades_are_absent(workspace: Workspace, coinbase: Market) -> None:
    silent = [(START + HOUR, START + HOUR + 7 * MINUTE), (START + 4 * HOUR, START + 11 * HOUR)]
    coinbase.silent = silent
    download(workspace, COINBASE, "1m", START)
    frame = rows(workspace, COINBASE)
    expected = np.arange(START, START + 20 * HOUR, MINUTE)
    for first, last in silent:
        expected = expected[(expected < first) | (expected >= last)]
    assert np.array_equal(frame.time, expected)
    opened = np.array([price(int(at), MINUTE) for at in frame.time])
    for name, values in (("open", opened), ("high", opened + 1), ("low", opened - 1), ("close", opened + 0.5)):
        assert np.array_equal(frame.columns[name], values)


def test_a_later_run_goes_on_after_the_last_row(workspace: Workspace, bybit: Market) -> None:
    download(workspace, LINEAR, "1m", START)
    bybit.asked.clear()
    bybit.now += 3 * HOUR
    download(workspace, LINEAR, "1m", START)
    assert len(klines(bybit)) == 1
    assert f"start={START + 2 * DAY}" in klines(bybit)[0]
    assert np.array_equal(rows(workspace, LINEAR).time, np.arange(START, START + 2 * DAY + 3 * HOUR, MINUTE))


def test_what_was_published_late_is_asked_for_again(workspace: Workspace, coinbase: Market) -> None:
    coinbase.silent = [(START + 19 * HOUR, START + 21 * HOUR)]
    download(workspace, COINBASE, "1m", START)
    assert rows(workspace, COINBASE).time[-1] == START + 19 * HOUR - MINUTE
    coinbase.silent = []
    download(workspace, COINBASE, "1m", START)
    assert np.array_equal(rows(workspace, COINBASE).time, np.arange(START, START + 20 * HOUR, MINUTE))


def test_an_earlier_start_fetches_only_what_comes_before(workspace: Workspace, bybit: Market) -> None:
    download(workspace, LINEAR, "1m", START + DAY)
    bybit.asked.clear()
    download(workspace, LINEAR, "1m", START)
    assert np.array_equal(rows(workspace, LINEAR).time, np.arange(START, START + 2 * DAY, MINUTE))
    assert f"start={START}" in klines(bybit)[0]
    assert len(klines(bybit)) == 2, "what was there goes up to the last closed bar"


def test_what_was_written_before_a_failure_stays_and_is_not_asked_for_again(workspace: Workspace, bybit: Market) -> None:
    real, pages = bybit.bybit, []

    def failing(path: str, asked: dict[str, str]) -> object:
        pages.append(path)
        if pages.count("/v5/market/kline") == 2:
            bybit.answers = [(503, "<html>", {})] * ccxt_download.TRIES
        return real(path, asked)

    with serving(bybit, failing) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RFCAT_CCXT_API", address)
        with pytest.raises(DataError, match="bybit BTC/USDT:USDT: the server answered 503; run it again: it goes on"):
            download(workspace, LINEAR, "1m", START)
    assert len(rows(workspace, LINEAR)) == 2_000
    bybit.asked.clear()
    download(workspace, LINEAR, "1m", START)
    assert f"start={START + 2_000 * MINUTE}" in klines(bybit)[0]
    assert np.array_equal(rows(workspace, LINEAR).time, np.arange(START, START + 2 * DAY, MINUTE))


def test_a_file_that_is_gone_is_fetched_again(workspace: Workspace, bybit: Market) -> None:
    bybit.listed, bybit.now = moment("2024-01-31"), moment("2024-02-02")
    folder = download(workspace, LINEAR, "1m", bybit.listed)
    first, _ = sorted(folder.glob("*.csv"))
    first.unlink()
    download(workspace, LINEAR, "1m", bybit.listed)
    assert np.array_equal(rows(workspace, LINEAR).time, np.arange(bybit.listed, bybit.now, MINUTE))


def test_years_before_the_listing_cost_few_requests(workspace: Workspace, coinbase: Market) -> None:
    download(workspace, COINBASE, "1m", moment("2020-01-01"))
    assert rows(workspace, COINBASE).time[0] == START
    assert len(klines(coinbase)) < 20


def test_a_market_that_publishes_nothing_is_said(workspace: Workspace, coinbase: Market) -> None:
    coinbase.listed = coinbase.now + DAY
    with pytest.raises(DataError, match="nothing was published since 2024-01-01; check the symbol and --from"):
        download(workspace, COINBASE, "1m", START)


def test_an_exchange_that_keeps_few_bars_is_not_taken_for_one_that_has_them_all(workspace: Workspace, bybit: Market) -> None:
    bybit.keeps = 500
    with pytest.raises(
        DataError, match="gives bars of 1m only since 2024-01-02T15:41:00Z; fetch with --from 2024-01-03, a longer"
    ):
        download(workspace, LINEAR, "1m", START)
    assert not list(download_folder(workspace, LINEAR, "1m").glob("*.csv"))


def test_a_stumbling_server_is_asked_again_with_longer_pauses(workspace: Workspace, bybit: Market, slept: list[float]) -> None:
    bybit.answers = [(503, "<html>", {}), (502, "<html>", {}), (429, "{}", {"Retry-After": "7"})]
    download(workspace, LINEAR, "1h", START)
    assert slept == [0.5, 1.0, 7.0]
    assert np.array_equal(rows(workspace, LINEAR, "1h").time, np.arange(START, START + 2 * DAY, HOUR))


@pytest.mark.parametrize("status", [403, 451])
def test_where_an_exchange_serves_nobody_other_sources_are_named_at_once(
    workspace: Workspace, bybit: Market, slept: list[float], status: int
) -> None:
    bybit.answers = [(status, "<html>configured to block access from your country</html>", {})]
    with pytest.raises(DataError) as told:
        download(workspace, LINEAR, "1m", START)
    assert f"bybit BTC/USDT:USDT: the server answered {status}, as where it serves nobody" in str(told.value)
    assert "{use: binance-um, symbol: ...} (USD-M perpetuals)" in str(told.value)
    assert "{use: ccxt, exchange: ..., symbol: ...}" in str(told.value)
    assert slept == []


def test_wrong_names_are_told_with_the_nearest(workspace: Workspace, bybit: Market) -> None:
    for source, period, said in (
        (
            Download(use="ccxt", exchange="bybitt", symbol="BTC/USDT"),
            "1m",
            "exchange: 'bybitt' unknown to ccxt; did you mean 'bybit'?",
        ),
        (LINEAR.model_copy(update={"symbol": "BTCUSDT"}), "1m", "'BTCUSDT' unknown; ccxt spells it BTC/USDT or BTC/USDT:USDT"),
        (LINEAR.model_copy(update={"symbol": "BTC/USDTT"}), "1m", "symbol 'BTC/USDTT' unknown; did you mean 'BTC/USDT'?"),
        (LINEAR, "8h", "period '8h': not offered by bybit"),
    ):
        with pytest.raises(DataError) as told:
            download(workspace, source, period, START)
        assert said in str(told.value)


def test_volumes_that_may_count_contracts_are_refused(
    workspace: Workspace, bybit: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Bybit ccxt reads the volume of inverse contracts in coins; as if it were an exchange of which that is not known."""
    inverse = LINEAR.model_copy(update={"symbol": "BTC/USD:BTC"})
    monkeypatch.setattr(ccxt_download, "IN_COINS", ("okx",))
    with pytest.raises(
        DataError, match=r"a contract is 0.001 USD, and ccxt does not say whether volumes count contracts or coins"
    ):
        download(workspace, inverse, "1m", START)
    download(workspace, LINEAR, "1m", START)
    assert len(rows(workspace, LINEAR)), "of a linear contract of one coin both are the same"


def test_volumes_of_inverse_contracts_are_coins_where_ccxt_reads_coins(workspace: Workspace, bybit: Market) -> None:
    inverse = LINEAR.model_copy(update={"symbol": "BTC/USD:BTC"})
    download(workspace, inverse, "1m", START)
    frame = rows(workspace, inverse)
    assert np.array_equal(frame.columns["volume"], 2.5 * frame.columns["open"]), "Bybit's turnover, which is in coins there"


def test_without_ccxt_the_extra_is_named(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    monkeypatch.delitem(sys.modules, ccxt_download.__name__)
    with pytest.raises(DataError, match=r'ccxt: not installed; run: pip install "random-forest-cat\[exchanges\]"'):
        download(workspace, LINEAR, "1m", START)


def test_the_command_fetches_and_a_dataset_is_built(workspace: Workspace, bybit: Market) -> None:
    bybit.now = moment("2024-01-13")
    asked = [
        "--workspace",
        str(workspace.root),
        "data",
        "fetch",
        "ccxt",
        "BTC/USDT:USDT",
        "--exchange",
        "bybit",
        "--from",
        "2024-01",
    ]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert "BTC/USDT:USDT: complete up to the last row that is over" in told.output
    build(workspace, load_spec(DATASET))
    facts = Catalog(workspace).meta("perp")["series"]["btc"]
    assert facts["missing"] == 0


def test_the_command_for_another_exchange_is_told(workspace: Workspace) -> None:
    asked = ["--workspace", str(workspace.root), "data", "fetch", "bybit", "BTC/USDT", "--from", "2024-01"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code != 0
    assert "of an exchange: ccxt BTC/USDT --exchange bybit" in str(told.exception)


def test_what_is_not_there_names_the_command_that_fetches_it(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="data fetch ccxt BTC/USDT:USDT --exchange bybit --from 2024-01 --period 1m"):
        build(workspace, load_spec(DATASET))


def test_a_dataset_file_is_told_what_its_source_lacks() -> None:
    for wrong, told in (
        (DATASET.replace("exchange: bybit, ", ""), r"series\.btc\.source\.exchange: missing; name one as ccxt does"),
        (
            DATASET.replace("use: ccxt", "use: binance-um"),
            r"series\.btc\.source\.exchange: binance-um is one itself; remove it",
        ),
        (
            DATASET.replace("use: ccxt, exchange: bybit", "use: binance-um"),
            r"series\.btc\.source\.symbol: 'BTC/USDT:USDT' is none of binance-um; write it as Binance does, such as BTCUSDT",
        ),
    ):
        with pytest.raises(DataError, match=told):
            load_spec(wrong)


def test_ccxt_knows_the_exchanges_whose_volumes_are_in_coins() -> None:
    assert {*ccxt_download.IN_COINS} <= {*ccxt.exchanges}


DATASET = """\
dataset: perp
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: ccxt, exchange: bybit, symbol: "BTC/USDT:USDT"}}
contracts:
  up: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-07]
  validation: [2024-01-07, 2024-01-10]
  sealed: [2024-01-10, 2024-01-13]
"""
