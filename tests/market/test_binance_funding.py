"""Funding of Binance's perpetuals: archives and REST answers as the exchange gives them, stamps some milliseconds late."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import HOUR, moment, now_ms
from factory.market.build import build, check_files
from factory.market.dataset import open_partition
from factory.market.downloads import download, find_files
from factory.market.files import Download
from factory.market.funding import read_record
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import binance_funding, caller
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from tests.market.exchange import Exchange, is_due, months_back, payment, serving

SOURCE = Download(use=binance_funding.FUNDING.name, symbol="BTCUSDT")
SPEC = SeriesSpec.model_validate(
    {"kind": "values", "underlying": "BTCFUNDING", "period": "1h", "delay": "1m", "source": SOURCE.model_dump()}
)
DATASET = """\
dataset: funded
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1h, source: {{use: binance-um, symbol: BTCUSDT}}}}
  fr: {{kind: values, underlying: BTCFUNDING, period: 1h, delay: 1m, source: {{use: binance-um-funding, symbol: BTCUSDT}}}}
contracts:
  perp: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: fr.last_funding_rate, leverage: 5}}
split:
  train: [{0}-01, {0}-20]
  validation: [{0}-20, {1}-10]
  sealed: [{1}-10, {2}-01]
"""


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchange]:
    """Three whole months, the rest by REST."""
    one = Exchange()
    one.months = set(months_back(3)[:-1])
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


def due(since: int, until: int) -> list[int]:
    return [at for at in range(since, until, HOUR) if is_due(at)]


def test_archives_then_the_rest_hold_every_payment_as_it_was_stamped(workspace: Workspace, exchange: Exchange) -> None:
    before = now_ms()
    folder = download(workspace, SOURCE, "1h", start())
    frame = read_files(find_files(workspace, "fr", SPEC, Path()), SPEC)
    wanted = [payment(at) for at in due(start(), before)]
    n = len(wanted)
    assert frame.time[:n].tolist() == [stamp for stamp, _, _ in wanted]
    assert frame.columns["last_funding_rate"][:n].tolist() == [float(rate) for _, _, rate in wanted]
    assert len(frame.time) - n in (0, 1)
    assert workspace.vault in folder.parents
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    rest = sum(name == "fundingRate" for name, _ in exchange.asked)
    assert rest == 1


def test_whole_pages_are_followed_by_the_next(workspace: Workspace, exchange: Exchange) -> None:
    exchange.months = set()
    since = moment(f"{months_back(9)[0]}-01")
    exchange.listed = since
    download(workspace, SOURCE, "1h", since)
    frame = read_files(find_files(workspace, "fr", SPEC, Path()), SPEC)
    wanted = [payment(at)[0] for at in due(since, now_ms())]
    assert len(wanted) > 2_000
    assert frame.time.tolist()[: len(wanted) - 1] == wanted[:-1]
    assert sum(name == "fundingRate" for name, _ in exchange.asked) == 1 + len(frame.time) // 1000


def test_what_is_there_is_not_downloaded_again(workspace: Workspace, exchange: Exchange) -> None:
    download(workspace, SOURCE, "1h", start())
    exchange.asked.clear()
    download(workspace, SOURCE, "1h", start())
    assert {name for name, _ in exchange.asked if name.endswith(".zip")} == set()


def test_months_before_the_listing_are_passed_over_and_a_month_that_is_late_comes_by_rest(
    workspace: Workspace, exchange: Exchange
) -> None:
    first, second, third, _ = months_back(3)
    exchange.months, exchange.listed = {second}, moment(f"{second}-01")
    download(workspace, SOURCE, "1h", start())
    frame = read_files(find_files(workspace, "fr", SPEC, Path()), SPEC)
    wanted = [payment(at)[0] for at in due(moment(f"{second}-01"), moment(f"{third}-28"))]
    assert frame.time[: len(wanted)].tolist() == wanted
    assert f"BTCUSDT-fundingRate-{first}.zip" in {name for name, _ in exchange.asked}


def test_wrong_symbols_and_damaged_archives_are_told(workspace: Workspace, exchange: Exchange) -> None:
    with pytest.raises(DataError, match="binance NOPE: the server answered 400; check the symbol"):
        download(workspace, Download(use=SOURCE.use, symbol="NOPE"), "1h", start())
    exchange.corrupt.add(f"BTCUSDT-fundingRate-{months_back(3)[1]}.zip")
    with pytest.raises(DataError, match="does not match its CHECKSUM, twice"):
        download(workspace, SOURCE, "1h", start())


def test_jitter_is_told_and_no_row_is_condemned(workspace: Workspace, exchange: Exchange) -> None:
    download(workspace, SOURCE, "1h", start())
    told = check_files(find_files(workspace, "fr", SPEC, Path()), SPEC).summary(None, None)
    assert told["quarantined"] == {}
    assert "stamps moved by at most 1s" in told["noted"]


def test_a_perpetual_is_funded_by_what_was_fetched(workspace: Workspace, exchange: Exchange) -> None:
    first, second, third, _ = months_back(3)
    one = load_spec(DATASET.format(first, second, third))
    for series in one.series.values():
        assert isinstance(series.source, Download)
        download(workspace, series.source, "1h", start())
    told: list[str] = []
    build(workspace, one, warn=told.append)
    assert told == []
    partition = open_partition(workspace, "funded", "validation")
    record = read_record(partition.series["fr"], "last_funding_rate", start(), partition.end)
    wanted = due(start(), partition.end)
    assert record.time.tolist() == wanted
    assert np.array_equal(record.rate, [float(payment(at)[2]) for at in wanted])
    assert len(record.missed) == 0
