"""What settles five-minute windows on Bitcoin: exchange bars against the market's own outcomes, and what averages give away.

Run with ``python -m benchmarks.settlement [--data FOLDER]``. The folder holds minutes of BTC and ETH, recorded outcomes
(2025-12 to 2026-02), and a day of the oracle's ticks with that day's windows; it is not part of the project.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy import float64, int64
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from factory.core.errors import FactoryError
from factory.market.build import build
from factory.market.contracts import Binary
from factory.market.series import Series
from factory.market.settlement import settle_windows
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

SPEC = """\
dataset: btc-settled
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_btcusdt_1m.parquet}}}}
  eth: {{kind: bars, underlying: ETHUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_ethusdt_1m.parquet}}}}
  done: {{kind: values, underlying: PM-BTC-5M-OUTCOME, period: 5m, delay: 5m, source: {{use: files, files: done.csv}}}}
contracts:
  by-bars: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}}
  by-record: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005, settle: {{use: recorded, of: done}}}}
split:
  train: [2025-12-18, 2026-01-20]
  validation: [2026-01-20, 2026-02-26]
  sealed: [2026-02-26, 2026-03-01]
"""
AVERAGED = SPEC.replace("settle: {{use: recorded, of: done}}", "settle: {{use: twap, of: done, lookback: 5m}}")
SECOND, WINDOW = 1_000, 300_000
SHOWN = ("trades", "win_rate", "win_interval", "break_even", "mean_net", "auc", "price", "probes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RFCAT_SHARED", "../shared")) / "data")
    given = parser.parse_args()
    if not (given.data / "polymarket").is_dir():
        print(f"settlement: nothing measured; {given.data}/polymarket is not there, name its parent with --data")
        return
    console, data = Console(width=140), given.data.resolve()
    console.print(compare_rules(data))
    with tempfile.TemporaryDirectory() as temporary:
        console.print(score_by_both(data, Path(temporary)))


def compare_rules(data: Path) -> Table:
    """Hold the point rule and averages on a day of ticks against that day's recorded outcomes."""
    ticks = pd.read_parquet(data / "polymarket" / "chainlink_btcusd_2026-07-24.parquet")
    windows = pd.read_parquet(data / "polymarket" / "btc_5m_markets_2026-07-24.parquet")
    oracle, starts = lay_ticks(ticks), milliseconds(windows["window_start"])
    recorded = (windows["outcome"].str.lower() == "up").to_numpy(float64)
    table = Table(title="rules on 2026-07-24, when values in effect settled", title_justify="left")
    for name in ("rule", "windows", "as recorded", "side ahead at the open wins"):
        table.add_column(name, justify="left" if name == "rule" else "right")
    for rule in ({"use": "point"}, {"use": "twap", "lookback": "30s"}, {"use": "twap", "lookback": "60s"}):
        terms = {"use": "binary", "of": "btc", "window": "5m", "odds": "pm", "fee": 0.07, "half_spread": 0.005}
        contract = Binary.model_validate({**terms, "settle": {**rule, "of": "oracle"}})
        told = settle_windows(contract, {"oracle": oracle}, starts, int(oracle.time[-1]))
        known, ahead = np.isfinite(told.up), np.isfinite(told.up) & (told.lead != 0)
        wins = (
            f"{np.mean((told.lead[ahead] > 0) == (told.up[ahead] > 0)):.1%} of {ahead.sum()}"
            if ahead.any()
            else "none is ahead"
        )
        same = np.mean(told.up[known] == recorded[known])
        table.add_row(" ".join(rule.values()), str(known.sum()), f"{same:.1%}", wins)
    return table


def lay_ticks(ticks: pd.DataFrame) -> Series:
    """Lay an oracle's ticks on a grid of seconds; of two with one feed time the later received is a correction."""
    last = ticks.sort_values("received").drop_duplicates("feed_time", keep="last")
    stamps = milliseconds(last["feed_time"])
    time = np.arange(stamps.min(), stamps.max() + SECOND, SECOND, dtype=int64)
    price = np.full(len(time), np.nan)
    price[(stamps - time[0]) // SECOND] = last["price"].to_numpy(float64)
    return Series("oracle", "values", SECOND, 0, time, time, {"price": price})


def score_by_both(data: Path, root: Path) -> Table:
    """Score the shipped strategy where bars settle and where what was recorded does."""
    write_outcomes(data, root / "done.csv")
    workspace = Workspace.open(root / "workspace")
    build(workspace, load_spec(SPEC.format(data=data)), root)
    workshop = Workshop(workspace, "benchmark")
    table = Table(title="btc-up-or-down-5m on validation, by what settles", title_justify="left")
    for name in ("figure", "by-bars", "by-record"):
        table.add_column(name)
    answers = []
    for contract in ("by-bars", "by-record"):
        changes = {"data": "btc-settled", "trade.contract": contract}
        pipeline = str(workshop.define(parent="btc-up-or-down-5m", changes=changes)["pipeline"])
        answers.append(perform(str(workspace.root), "backtest", {"pipeline": pipeline, "agent": "benchmark"}))
    for name in SHOWN:
        table.add_row(name, *(str(answer.get(name)) for answer in answers))
    try:
        load_spec(AVERAGED.format(data=data))
    except FactoryError as error:
        table.caption = f"a fixed price where averages settle: {error}"
    return table


def write_outcomes(data: Path, target: Path) -> None:
    """Join both records of outcomes into one file."""
    early = pd.read_parquet(data / "polymarket" / "btc_5m_outcomes_2025-12_2026-02.parquet")
    late = pd.read_parquet(data / "polymarket" / "updown_outcomes_2026-02.parquet")
    late = late[(late["asset"] == "BTC") & (late["horizon_min"] == 5) & late["outcome"].notna()]
    both = pd.concat([early[["window_start", "outcome"]], late[["window_start", "outcome"]]]).drop_duplicates("window_start")
    up = (both["outcome"].str.lower() == "up").astype(int)
    pd.DataFrame({"timestamp": milliseconds(both["window_start"]), "up": up.to_numpy()}).to_csv(target, index=False)


def milliseconds(stamps: "pd.Series[pd.Timestamp]") -> NDArray[int64]:
    """Convert stamps to ms UTC."""
    return np.asarray(stamps.dt.as_unit("ms").astype("int64"), int64)


if __name__ == "__main__":
    main()
