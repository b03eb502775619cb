from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from factory.errors import DataError
from factory.market.readers import read_files
from factory.market.sources import binance
from factory.market.sources.binance import fetch
from factory.market.sources.paths import files_of
from factory.market.spec import Provider, SeriesSpec
from factory.times import DAY, HOUR, iso, moment, now_ms
from factory.workspace import Workspace
from tests.market.exchange import Exchange, month_end, serving

SPOT = Provider(use="binance-spot", symbol="BTCUSDT")
SPEC = SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1h", "source": SPOT.model_dump()})


def months_back(count: int) -> list[str]:
    """The present month and those before it, oldest first."""
    found = [iso(now_ms())[:7]]
    while len(found) <= count:
        found.insert(0, iso(moment(f"{found[0]}-01") - 1)[:7])
    return found


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Three whole months, the days of this one up to the day before yesterday, the rest by REST."""
    one = Exchange()
    *whole, present = months_back(3)
    one.months = set(whole)
    one.days = {iso(day) for day in range(moment(f"{present}-01"), now_ms() - 2 * DAY, DAY)}
    monkeypatch.setattr(binance.time, "sleep", lambda _: None)
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
    return read_files(files_of(workspace, "btc", SPEC, Path()), SPEC).time


def test_archives_then_klines_cover_everything_up_to_the_last_closed_bar(workspace: Workspace, exchange: Exchange) -> None:
    folder = fetch(workspace, SPOT, "1h", start())
    time = stamps(workspace)
    assert np.array_equal(time, np.arange(start(), time[-1] + 1, HOUR))
    assert time[-1] + HOUR <= now_ms() < time[-1] + 2 * HOUR + 5_000
    assert workspace.vault in folder.parents
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_what_is_there_is_not_downloaded_again(workspace: Workspace, exchange: Exchange) -> None:
    fetch(workspace, SPOT, "1h", start())
    exchange.asked.clear()
    fetch(workspace, SPOT, "1h", start())
    assert not [
        name for name, _ in exchange.asked if name in {f"BTCUSDT-1h-{part}.zip" for part in exchange.months | exchange.days}
    ]
    assert len(np.unique(stamps(workspace))) == len(stamps(workspace))


def test_days_stand_in_for_a_month_that_is_not_out_and_go_when_it_is(workspace: Workspace, exchange: Exchange) -> None:
    month = months_back(3)[-2]
    exchange.months.discard(month)
    exchange.days |= {iso(day) for day in range(moment(f"{month}-01"), month_end(month), DAY)}
    folder = fetch(workspace, SPOT, "1h", start())
    before = stamps(workspace)
    assert (folder / f"BTCUSDT-1h-{month}-01.zip").exists()
    exchange.months.add(month)
    fetch(workspace, SPOT, "1h", start())
    assert (folder / f"BTCUSDT-1h-{month}.zip").exists()
    assert not (folder / f"BTCUSDT-1h-{month}-01.zip").exists()
    assert np.array_equal(stamps(workspace)[: len(before)], before)


def test_a_killed_download_goes_on_where_it_stopped(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[0]}.zip"
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    folder.mkdir(parents=True)
    content = exchange.archive(name)
    (folder / f"{name}.part").write_bytes(content[:100])
    fetch(workspace, SPOT, "1h", start())
    assert (name, "bytes=100-") in exchange.asked
    assert (folder / name).read_bytes() == content
    assert not list(folder.glob("*.part"))


def test_a_part_of_another_archive_is_thrown_away(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[0]}.zip"
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    folder.mkdir(parents=True)
    (folder / f"{name}.part").write_bytes(b"?" * 100)
    fetch(workspace, SPOT, "1h", start())
    assert (folder / name).read_bytes() == exchange.archive(name)


def test_a_file_that_does_not_match_its_checksum_is_refused(workspace: Workspace, exchange: Exchange) -> None:
    name = f"BTCUSDT-1h-{months_back(3)[1]}.zip"
    exchange.corrupt.add(name)
    with pytest.raises(DataError, match="does not match its CHECKSUM, twice"):
        fetch(workspace, SPOT, "1h", start())
    folder = workspace.vault / "downloads" / "binance-spot" / "BTCUSDT" / "1h"
    assert not (folder / name).exists()


def test_a_connection_cut_short_is_not_taken_for_the_whole(workspace: Workspace, exchange: Exchange) -> None:
    exchange.cut = 200
    with pytest.raises(DataError, match="no connection; run it again"):
        fetch(workspace, SPOT, "1h", start())
    exchange.cut = None
    fetch(workspace, SPOT, "1h", start())
    assert stamps(workspace)[0] == start()


def test_a_server_that_stumbles_is_asked_again(workspace: Workspace, exchange: Exchange) -> None:
    exchange.failures = 2
    fetch(workspace, SPOT, "1h", start())
    exchange.failures = 99
    with pytest.raises(DataError, match="the server answered 503; run it again: it goes on"):
        fetch(workspace, SPOT, "1h", start())


def test_wrong_symbols_and_periods_are_told(workspace: Workspace, exchange: Exchange) -> None:
    with pytest.raises(DataError, match="binance NOPE: the server answered 400; check the symbol"):
        fetch(workspace, Provider(use="binance-um", symbol="NOPE"), "1h", start())
    with pytest.raises(DataError, match="period '7m': not offered by Binance"):
        fetch(workspace, SPOT, "7m", start())


def test_months_before_the_listing_are_passed_over(workspace: Workspace, exchange: Exchange) -> None:
    exchange.listed = moment(f"{months_back(3)[1]}-01")
    exchange.months.discard(months_back(3)[0])
    fetch(workspace, SPOT, "1h", start())
    assert stamps(workspace)[0] == exchange.listed


def test_progress_is_told(workspace: Workspace, exchange: Exchange) -> None:
    told: list[tuple[float, str]] = []
    fetch(workspace, SPOT, "1h", start(), lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert f"BTCUSDT {months_back(3)[0]}" in {what for _, what in told}
