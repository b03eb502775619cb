"""The way to real data in one command, against a local server that answers as the exchange does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.core.times import iso, moment, now_ms
from tests.market.exchange import Exchange, serving
from tests.server.test_cli import rfcat

FILE = """\
dataset: btc
about: Hourly bars of Bitcoin.
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1h, source: {{use: binance-spot, symbol: BTCUSDT}}}}
contracts:
  btc-perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}}
split:
  train: [{0}-01, {1}-01]
  validation: [{1}-01, {2}-01]
  sealed: [{2}-01, {3}-01]
"""


def last_months(count: int) -> list[str]:
    """The present month and those before it, oldest first."""
    names = [iso(now_ms())[:7]]
    while len(names) <= count:
        names.insert(0, iso(moment(f"{names[0]}-01") - 1)[:7])
    return names


@pytest.fixture
def months(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Three whole months that the exchange has published, and the present one."""
    published = last_months(3)
    exchange = Exchange()
    exchange.months = set(published[:-1])
    with serving(exchange) as address:
        monkeypatch.setenv("RFCAT_BINANCE_ARCHIVE", address)
        monkeypatch.setenv("RFCAT_BINANCE_API", address)
        yield published


def test_a_confirmed_file_is_fetched_built_and_followed_by_the_host_line(tmp_path: Path, months: list[str]) -> None:
    file = tmp_path / "btc.yaml"
    file.write_text(FILE.format(*months), encoding="utf-8")
    workspace = tmp_path / "workspace"
    shown = rfcat(workspace, "start", "btc", cwd=tmp_path)
    assert "built btc" in shown
    assert "5 looks left, 1 a day" in shown
    assert f"--workspace {workspace}" in shown
    assert "btc" in rfcat(workspace, "dataset", "list")


def test_bars_are_fetched_by_symbol(tmp_path: Path, months: list[str]) -> None:
    shown = rfcat(tmp_path, "data", "fetch", "binance", "BTCUSDT", "--from", months[0], "--period", "1h")
    assert "BTCUSDT" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("asked", [("kraken", "BTCUSDT", "1m"), ("binance", "BTC/USDT", "1m"), ("binance", "BTCUSDT", "90x")])
def test_what_is_not_there_to_fetch_is_one_line(tmp_path: Path, asked: tuple[str, str, str]) -> None:
    provider, symbol, period = asked
    command = ("data", "fetch", provider, symbol, "--from", "2024-01", "--period", period)
    shown = rfcat(tmp_path, *command, status=1).strip()
    assert "Traceback" not in shown
    assert len(shown.splitlines()) == 1


def test_a_file_that_is_not_there_and_a_month_that_is_not_yet_are_called_so(tmp_path: Path) -> None:
    assert "missing.csv: no such file" in rfcat(tmp_path, "data", "check", str(tmp_path / "missing.csv"), status=1)
    ahead = rfcat(tmp_path, "data", "fetch", "binance", "BTCUSDT", "--from", f"{int(iso(now_ms())[:4]) + 4}-07", status=1)
    assert "nothing exists yet" in ahead
    assert "complete" not in ahead


@pytest.mark.parametrize("since", ["january", "2024-13", "2024-01-01T00:00:00"])
def test_a_wrong_start_is_one_line(tmp_path: Path, since: str) -> None:
    shown = rfcat(tmp_path, "data", "fetch", "binance", "BTCUSDT", "--from", since, status=1).strip()
    assert since in shown
    assert len(shown.splitlines()) == 1
