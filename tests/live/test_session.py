"""A pipeline on live bars: what it can be fed with, and that it decides on them as a replay does."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE
from factory.expressions.columns import Columns
from factory.flow import fit
from factory.live.feed import Minute, Pace
from factory.live.gate import Bar
from factory.live.replay import begin_market, list_rows, live_partition, replay
from factory.live.session import MOST_LATE, Session, Signal, require_live, run_live
from factory.live.strategy import Account, LiveStrategy
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.downloads import download
from factory.market.files import Download
from factory.market.series import Partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline, load_shipped, parse
from factory.pipeline.checks import check_pipeline
from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from tests.live.kline_exchange import BEGIN, KlineExchange
from tests.market.exchange import Exchange, serving
from tests.market.stream_exchange import streaming
from tests.server.test_cli import rfcat

FEED = """
dataset: live
confirmed: true
series:
  btc: {kind: bars, underlying: BTC, period: 1m, source: {use: binance-spot, symbol: BTCUSDT}}
contracts:
  updown: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}
split:
  train: [2025-11-10, 2025-11-16]
  validation: [2025-11-16, 2025-11-20]
  sealed: [2025-11-20, 2025-11-24]
looks: 5
"""
PIPELINE = """
pipeline: live-up-or-down
about: Small.
data: live
features:
  r1: ret(btc.close, 1)
  r30: ret(btc.close, 30)
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  linear: {use: logistic, see: [r1, r30]}
meta: {use: forest, see: [linear, r1, r30], trees: 20, leaf: 20, calibrate: none}
trade: {use: up_or_down, contract: updown, edge: 0.0, size: {use: fixed, share: 0.01}}
"""


class Enough(Exception):
    """Ends a run that has no end."""


class Wandering(Exchange):
    """An exchange whose price wanders."""

    def bar(self, at: int, unit: int = 1) -> list[object]:
        rng = np.random.default_rng(at // MINUTE)
        opened, close = 100 + rng.random(2)
        prices = [opened, max(opened, close) + 0.1, min(opened, close) - 0.1, close]
        return [at * unit, *(f"{one:.4f}" for one in prices), "5.5", (at + MINUTE) * unit - 1, "550.0", 7, "1.0", "100.0", "0"]

    def klines(self, start: int) -> list[list[object]]:
        """None: archives are all there is."""
        return []


@pytest.fixture
def fed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, Pipeline]:
    workspace, exchange = Workspace.open(tmp_path), Wandering(period="1m")
    spec = load_spec(FEED)
    exchange.months = {"2025-11"}
    exchange.listed = spec.span[0]
    with serving(exchange) as address:
        monkeypatch.setenv("RFCAT_BINANCE_ARCHIVE", address)
        monkeypatch.setenv("RFCAT_BINANCE_API", address)
        source = spec.series["btc"].source
        assert isinstance(source, Download)
        download(workspace, source, "1m", spec.span[0])
    build(workspace, spec)
    return workspace, parse(PIPELINE)


def test_a_pipeline_decides_on_the_bars_of_an_exchange(
    fed: tuple[Workspace, Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, pipeline = fed
    exchange = KlineExchange(1.5, {})
    signals: list[Signal] = []

    def tell(signal: Signal, account: Account) -> None:
        signals.append(signal)
        assert account.trades.entry_ms[-1] == signal.time
        if len(signals) == 2:
            raise Enough

    with streaming(exchange) as port:
        monkeypatch.setenv("RFCAT_BINANCE_STREAM", f"ws://{port}")
        monkeypatch.setenv("RFCAT_BINANCE_API", f"http://{port}")
        with pytest.raises(Enough):
            run_live(workspace, pipeline, tell, lambda _: None, Pace(look=0.005, ask=0.05, wait=0.01), clock=exchange.now)
    assert [one.time % (5 * MINUTE) for one in signals] == [0, 0]
    assert [one.outcome for one in signals] == ["taken", "taken"]
    assert signals[1].time - signals[0].time == 5 * MINUTE
    row = exchange.row("BTCUSDT", (signals[1].time - BEGIN) // MINUTE - 1)
    assert row is not None
    assert signals[0].side in (-1, 1)


@pytest.fixture(scope="module")
def minutes(simulated: Workshop) -> tuple[LiveStrategy, LiveStrategy, Partition]:
    whole = open_partition(simulated.workspace, "btc-sim", "validation")
    rows = live_partition(whole, whole.start, whole.start + DAY // 2)
    pipeline = load_shipped()["btc-up-or-down-5m"]
    spec, meta = simulated.catalog.spec("btc-sim"), simulated.catalog.meta("btc-sim")
    reach = max(check_pipeline(pipeline, spec, meta).look_back.values())
    fitted = fit(pipeline, Columns(open_partition(simulated.workspace, "btc-sim", "train"), None))
    one, other = (LiveStrategy(pipeline, fitted, begin_market(rows, rows.start), reach, rows.start) for _ in range(2))
    return one, other, rows


def test_a_session_decides_as_a_replay_and_nothing_late(minutes: tuple[LiveStrategy, LiveStrategy, Partition]) -> None:
    one, other, rows = minutes
    late = {rows.start + k * MINUTE for k in range(60, 120)}
    signals, said = list[Signal](), list[str]()
    session = Session(one, lambda signal, _: signals.append(signal), said.append)
    ready: dict[int, list[Bar]] = {}
    for row in list_rows(rows.series, rows.start, rows.end - 1):
        if row.series != "gold":
            ready.setdefault(row.known, []).append(Bar(row.series, row.time, row.values))
    for end, bars in sorted(ready.items()):
        session.take_in(Minute(end, bars, MOST_LATE + 1 if end in late else 0.1))
    list(replay(other, list_rows(rows.series, rows.start, rows.end - 1), rows.end - 1))
    (times, p), (all_times, q) = one.chances, other.chances
    kept = np.isin(all_times, times)
    assert np.array_equal(times, all_times[kept])
    assert np.array_equal(p, q[kept])
    assert [one.time for one in signals] == times.tolist()
    assert set(all_times[~kept].tolist()) == {at for at in all_times.tolist() if at in late}
    assert session.passed == int((~kept).sum()) > 5
    assert len(said) == 2, "when it began, and when it was over"
    assert f"in time again; {session.passed} decisions were passed over" in said[1]


def test_what_cannot_be_fed_live_is_said(simulated: Workshop) -> None:
    spec, shipped = simulated.catalog.spec("btc-sim"), load_shipped()
    with pytest.raises(DataError, match=r"series\.btc: only bars of one symbol from binance-spot or binance-um") as refused:
        require_live(shipped["btc-long-short"], spec)
    assert any("refit: a strategy that is refitted is not run live yet" in line for line in refused.value.lines)
    live = load_spec(FEED)
    market, symbols, period = require_live(parse(PIPELINE), live)
    assert (market.name, symbols, period) == ("binance-spot", {"btc": "BTCUSDT"}, "1m")
    quoted = replace_contract(live)
    with pytest.raises(DataError, match=r"contracts\.updown: reads recorded prices, outcomes, books or funding"):
        require_live(parse(PIPELINE), quoted)


def replace_contract(spec):
    """The same dataset, its contract at recorded prices."""
    contracts = {"updown": spec.contracts["updown"].model_copy(update={"odds": "pm"})}
    return spec.model_copy(update={"contracts": contracts})


def test_only_what_is_approved_runs_unless_every_line_says_so(simulated: Workshop) -> None:
    root = simulated.workspace.root
    rfcat(root, "backtest", "btc-up-or-down-5m")
    told = rfcat(root, "live", "btc-up-or-down-5m", status=1)
    assert "is not approved; approve it with `rfcat approve`, or give --unreviewed" in told
    told = rfcat(root, "live", "btc-up-or-down-5m", "--unreviewed", status=1)
    assert "UNREVIEWED btc-up-or-down-5m" in told
    assert "series.btc: only bars of one symbol" in told
