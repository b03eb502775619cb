"""Gold as a companion: thin minutes of a tokenised ounce, real hours beside Bitcoin's, spot before a perpetual."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment, now_ms
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.downloads import download
from factory.market.faults import faults_of
from factory.market.files import Download
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.market.exchange import Exchange, serving

THIN = """\
dataset: thin
confirmed: true
series:
  gold: {{kind: bars, underlying: PAXGUSDT, period: 1m, source: {{use: binance-spot, symbol: PAXGUSDT}}}}
contracts:
  perp: {{use: perpetual, of: gold, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}}
split:
  train: [{0}, {1}]
  validation: [{1}, {2}]
  sealed: [{2}, {3}]
"""


class ThinExchange(Exchange):
    """Minutes of PAXG: somebody trades in one of seven, nobody in the first two hours of a day; the others are flat."""

    def trades(self, at: int) -> bool:
        """Whether somebody traded in a minute."""
        return at % DAY >= 2 * HOUR and at // MINUTE % 7 == 0

    def bar(self, at: int, unit: int = 1) -> list[object]:
        """The bar of a minute: flat at the last price paid, without volume or trades, where nobody traded."""
        last = at
        while not self.trades(last):
            last -= MINUTE
        price = f"{2000 + 40 * np.sin(last / 5e7) + last // MINUTE * 7919 % 1009 / 500:.8f}"
        volume, trades, bought = ("2.50000000", 7, "1.00000000") if last == at else ("0.00000000", 0, "0.00000000")
        return [
            at * unit,
            *[price] * 4,
            volume,
            (at + MINUTE) * unit - 1,
            f"{float(volume) * float(price):.8f}",
            trades,
            bought,
            "0",
            "0",
        ]


def test_minutes_in_which_nobody_traded_are_rows_in_which_nothing_fills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, today = ThinExchange("PAXGUSDT", "1m"), now_ms() // DAY * DAY
    first = today - 13 * DAY
    months = {iso(first)[:7], iso(today)[:7]}
    begin = min(moment(f"{month}-01") for month in months)
    exchange.listed = first
    exchange.days = {iso(day) for day in range(begin, today - DAY, DAY)}
    workspace = Workspace.open(tmp_path)
    with serving(exchange) as address:
        monkeypatch.setenv("RFCAT_BINANCE_ARCHIVE", address)
        monkeypatch.setenv("RFCAT_BINANCE_API", address)
        download(workspace, Download(use="binance-spot", symbol="PAXGUSDT"), "1m", first)
    build(workspace, load_spec(THIN.format(*(iso(first + days * DAY) for days in (0, 6, 9, 12)))))
    part = open_partition(workspace, "thin", "train")
    gold = part.series["gold"]
    traded = np.array([exchange.trades(int(at)) for at in gold.time])
    assert not np.isnan(gold.columns["close"]).any()
    assert np.array_equal(gold.traded, traded)
    assert 0.1 < traded.mean() < 0.15
    facts = Catalog(workspace).meta("thin")["series"]["gold"]
    assert faults_of(facts) == []
    assert facts["missing"] == 0
    assert facts["quality"]["noted"]["runs without volume"]["longest"] > 119
    steps = Columns(part).column(parse("ret(gold.close, 1)")).values[1:]
    assert (steps[~traded[1:]] == 0).all()


REAL = """\
dataset: with-gold
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: {0}/ohlcv/binance_spot_btcusdt_1m.parquet}}}}
  gold:
    kind: values
    underlying: PAXGUSDT
    period: 1h
    delay: 1h
    source: {{use: files, files: {0}/gold/binance_usdm_paxgusdt_1h.parquet, columns: {{close: close}}}}
    splice: [{{until: 2025-04-10{1}, source: {{use: files, files: {0}/gold/binance_spot_paxgusdt_1h_close.parquet}}}}]
  ounce:
    kind: bars
    underlying: XAUUSDT
    period: 1h
    source: {{use: files, files: {0}/gold/binance_usdm_xauusdt_1h.parquet}}
    splice: [{{until: 2026-01-05{2}, underlying: PAXGUSDT, source: {{use: files, files: {0}/gold/binance_usdm_paxgusdt_1h.parquet}}}}]
contracts:
  btc-perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0002, funding: 0.0001, leverage: 3}}
split:
  train: [2025-03-28, 2025-10-01]
  validation: [2025-10-01, 2026-01-15]
  sealed: [2026-01-15, 2026-02-28]
"""
PIPELINE = """\
pipeline: gold-leads
data: with-gold
features:
  gold_move: zscore(ret(gold.close, 1), 48)
  ounce_move: ret(ounce.close, 4)
  move: ret(btc.close, 60)
sample: {use: clock, every: 1h}
label: {use: up_down, of: btc, horizon: 1h}
meta: {use: forest, see: [gold_move, ounce_move, move], trees: 20, leaf: 50}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.55, exit: {use: after, hold: 1h}, size: {use: fixed, share: 0.1}}
"""


def real(folder: Path, workspace: Workspace) -> dict[str, str]:
    """Build the dataset on real hours, with the factors that the build tells a person to write."""
    factors = {"gold": "", "ounce": ""}
    for name in factors:
        with pytest.raises(DataError) as told:
            build(workspace, load_spec(REAL.format(folder, *factors.values())))
        match = re.search(rf"series\.{name}\.splice\.0\.factor: missing; .* write factor: (\S+),", str(told.value))
        assert match, told.value
        factors[name] = f", factor: {match[1]}"
    build(workspace, load_spec(REAL.format(folder, *factors.values())))
    return {name: text.removeprefix(", factor: ") for name, text in factors.items()}


def test_real_hours_of_gold_are_one_series_and_a_feature_of_a_trial(shared: Path, tmp_path: Path) -> None:
    folder, workspace = shared / "data", Workspace.open(tmp_path)
    factors = real(folder, workspace)
    spot, perp = (
        pd.read_parquet(folder / "gold" / f"binance_{name}.parquet").set_index("timestamp").close
        for name in ("spot_paxgusdt_1h_close", "usdm_paxgusdt_1h")
    )
    common = (perp / spot).dropna()
    assert common.quantile(0.01) < float(factors["gold"]) < common.quantile(0.99)
    part = open_partition(workspace, "with-gold", "train")
    hours = pd.date_range("2024-12-01", "2025-10-01", freq="h", tz="UTC")
    joint = pd.Timestamp("2025-04-10", tz="UTC")
    close = pd.concat([spot[spot.index < joint] * float(factors["gold"]), perp[perp.index > joint]]).reindex(hours)
    steps = close.pct_change(fill_method=None)
    expected = (steps - steps.rolling(48).mean()) / steps.rolling(48).std()
    times = np.arange(part.start, part.end, HOUR)
    values = Columns(part).at(parse("zscore(ret(gold.close, 1), 48)"), times)
    known = expected.reindex(pd.to_datetime(times - HOUR, unit="ms", utc=True)).to_numpy()
    np.testing.assert_allclose(values, known, rtol=1e-6, atol=1e-9)
    assert np.isnan(values).sum() < 0.05 * len(values)
    pipeline = str(Workshop(workspace, "tester").define(PIPELINE)["pipeline"])
    counts = perform(str(workspace.root), "backtest", {"pipeline": pipeline})["decisions"]
    assert counts["decisions"] > 2_000
