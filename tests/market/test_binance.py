from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, iso, moment, now_ms
from factory.market.build import build
from factory.market.downloads import download, find_files
from factory.market.files import Download
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import caller
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from tests.market.exchange import Exchange, month_end, months_back, serving

SPOT = Download(use="binance-spot", symbol="BTCUSDT")
SPEC = SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1h", "source": SPOT.model_dump()})


LATER = """\
dataset: btc
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1h, source: {{use: binance-spot, symbol: BTCUSDT}}}}
contracts:
  perp: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}}
split:
  train: [{0}-01, {0}-15]
  validation: [{0}-15, {1}-01]
  sealed: [{1}-01, {2}-01]
"""


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Three whole months, the days of this one up to the day before yesterday, the rest by REST."""
    one = Exchange()
    *whole, present = months_back(3)
    one.months = set(whole)
    one.days = {iso(day) for day in range(moment(f"{present}-01"), now_ms() - 2 * DAY, DAY)}
    monkeypatch.setattr(caller.time, "sleep", lambda _: None)
    with serving(one) as address:
        monkeypatch.setenv("RFCAT_BINANCE_ARCHIVE", address)
        monkeypatch.setenv("RFCAT_BINANCE_API", address)
        yield one


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def start() -> int:
    return moment(f"{months_back(3)[0]}-01")


def stamps(workspace: Workspace) -> np.ndarray:
    return read_files(find_files(workspace, "btc", SPEC, Path()), SPEC).time


def test_archives_then_klines_cover_everything_up_to_the_last_closed_bar(workspace: Workspace, exchange: Exchange) -> None:
    folder = download(workspace, SPOT, "1h", start())
    time = stamps(workspace)
    assert np.array_equal(time, np.arange(start(), time[-1] + 1, HOUR))
    assert time[-1] + HOUR <= now_ms() < time[-1] + 2 * HOUR + 5_000
    assert workspace.vault in folder.parents
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_of_the_future_nothing_exists_yet(workspace: Workspace, exchange: Exchange) -> None:
    download(workspace, SPOT, "1h", start())
    exchange.asked.clear()
    with pytest.raises(DataError, match="lies in the future, of which nothing exists yet"):
        download(workspace, SPOT, "1h", now_ms() + 40 * DAY)
    assert exchange.asked == []


def test_rows_that_a_provider_has_are_asked_for_by_the_command_that_fetches_them(
    workspace: Workspace, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a dataset whose sealed part is later than what was downloaded, as when it is extended."""
    exchange.months, exchange.days = {months_back(3)[0]}, set()
    monkeypatch.setattr(Exchange, "klines", lambda self, since: [])
    download(workspace, SPOT, "1h", start())
    first, second, third, _ = months_back(3)
    one = load_spec(LATER.format(first, second, third))
    for where, told in ((workspace.root, "rfcat data fetch"), ("/elsewhere", f"rfcat --workspace {workspace.root} data fetch")):
        monkeypatch.setenv("RFCAT_WORKSPACE", str(where))
        with pytest.raises(DataError) as refused:
            build(workspace, one)
        assert f"fetch the rest with: {told} binance BTCUSDT --from {first} --period 1h, or move the split" in str(
            refused.value
        )


def test_what_is_there_is_not_downloaded_again(workspace: Workspace, exchange: Exchange) -> None:
    download(workspace, SPOT, "1h", start())
    exchange.asked.clear()
    download(workspace, SPOT, "1h", start())
    assert not [
        name for name, _ in exchange.asked if name in {f"BTCUSDT-1h-{part}.zip" for part in exchange.months | exchange.days}
    ]
    assert len(np.unique(stamps(workspace))) == len(stamps(workspace))


def test_days_stand_in_for_a_month_that_is_not_out_and_go_when_it_is(workspace: Workspace, exchange: Exchange) -> None:
    month = months_back(3)[-2]
    exchange.months.discard(month)
    exchange.days |= {iso(day) for day in range(moment(f"{month}-01"), month_end(month), DAY)}
    folder = download(workspace, SPOT, "1h", start())
    before = stamps(workspace)
    assert (folder / f"BTCUSDT-1h-{month}-01.zip").exists()
    exchange.months.add(month)
    download(workspace, SPOT, "1h", start())
    assert (folder / f"BTCUSDT-1h-{month}.zip").exists()
    assert not (folder / f"BTCUSDT-1h-{month}-01.zip").exists()
    assert np.array_equal(stamps(workspace)[: len(before)], before)


def test_a_killed_download_goes_on_where_it_stopped(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[0]}.zip"
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    folder.mkdir(parents=True)
    content = exchange.archive(name)
    (folder / f"{name}.part").write_bytes(content[:100])
    download(workspace, SPOT, "1h", start())
    assert (name, "bytes=100-") in exchange.asked
    assert (folder / name).read_bytes() == content
    assert not list(folder.glob("*.part"))


def test_a_part_of_another_archive_is_thrown_away(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[0]}.zip"
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    folder.mkdir(parents=True)
    (folder / f"{name}.part").write_bytes(b"?" * 100)
    download(workspace, SPOT, "1h", start())
    assert (folder / name).read_bytes() == exchange.archive(name)


def test_a_file_that_does_not_match_its_checksum_is_refused(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[1]}.zip"
    exchange.corrupt.add(name)
    with pytest.raises(DataError, match="does not match its CHECKSUM, twice"):
        download(workspace, SPOT, "1h", start())
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    assert not (folder / name).exists()


def test_a_connection_cut_short_is_not_taken_for_the_whole(workspace: Workspace, exchange: Exchange) -> None:
    exchange.cut = 200
    with pytest.raises(DataError, match="no connection; run it again"):
        download(workspace, SPOT, "1h", start())
    exchange.cut = None
    download(workspace, SPOT, "1h", start())
    assert stamps(workspace)[0] == start()


def test_a_server_that_stumbles_is_asked_again(workspace: Workspace, exchange: Exchange) -> None:
    exchange.failures = 2
    download(workspace, SPOT, "1h", start())
    exchange.failures = 99
    with pytest.raises(DataError, match="the server answered 503; run it again: it goes on"):
        download(workspace, SPOT, "1h", start())


@pytest.mark.parametrize("status", [403, 451])
def test_where_binance_serves_nobody_other_sources_are_named(
    workspace: Workspace, exchange: Exchange, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Its archives may be open where its REST interface is not: what they gave stays."""
    exchange.refusal = status
    with pytest.raises(DataError) as told:
        download(workspace, SPOT, "1h", start())
    assert f"binance BTCUSDT: the server answered {status}, as where it serves nobody; what was fetched stays" in str(
        told.value
    )
    assert "{use: ccxt, exchange: ..., symbol: ...} (spot markets, perpetuals" in str(told.value)
    assert "binance-um" not in str(told.value)
    assert exchange.asked[-1][0] == "klines", "asked once"
    assert [name for name, _ in exchange.asked].count("klines") == 1
    assert len(stamps(workspace)) > 24 * 80
    assert len(told.value.lines) == 1


def test_wrong_symbols_and_periods_are_told(workspace: Workspace, exchange: Exchange) -> None:
    with pytest.raises(DataError, match="binance NOPE: the server answered 400; check the symbol"):
        download(workspace, Download(use="binance-um", symbol="NOPE"), "1h", start())
    with pytest.raises(DataError, match="period '7m': not offered by Binance"):
        download(workspace, SPOT, "7m", start())


def test_months_before_the_listing_are_passed_over(workspace: Workspace, exchange: Exchange) -> None:
    exchange.listed = moment(f"{months_back(3)[1]}-01")
    exchange.months.discard(months_back(3)[0])
    download(workspace, SPOT, "1h", start())
    assert stamps(workspace)[0] == exchange.listed


def test_progress_is_told(workspace: Workspace, exchange: Exchange) -> None:
    told: list[tuple[float, str]] = []
    download(workspace, SPOT, "1h", start(), lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert f"BTCUSDT {months_back(3)[0]}" in {what for _, what in told}
