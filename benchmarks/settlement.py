"""What settles five-minute windows on Bitcoin, what averages give away, and what buying the side ahead inside them brings.

Run with ``python -m benchmarks.settlement [--data FOLDER]``. The folder holds minutes of BTC and ETH, recorded outcomes
(2025-12 to 2026-02), a day of the oracle's ticks with that day's windows, and order books late in windows of 2026-07; it is
not part of the project.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy import float64, int64
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.real_files import add_data_option, is_there
from factory.backtest import run_backtest
from factory.backtest.binary import settle_running
from factory.backtest.quotes import read_quotes
from factory.core.errors import FactoryError
from factory.market.build import build
from factory.market.contracts import LAST_MOMENTS, Binary, ByRecord
from factory.market.series import Partition, Series
from factory.market.settlement import settle_windows
from factory.market.spec import load_spec
from factory.pipeline.parts.trades import UpOrDown
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
SECOND, WINDOW, LATEST = 1_000, 300_000, 30_000
AT_BOOKS = Binary(
    use="binary", of="btc", window="5m", odds="pm", fee=0.07, half_spread=0, settle=ByRecord(use="recorded", of="done")
)
SHOWN = ("trades", "win_rate", "win_interval", "break_even", "mean_net", "auc", "price", "probes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    given = parser.parse_args()
    if not is_there("settlement", given.data / "polymarket"):
        return
    console, data = Console(width=140), given.data.resolve()
    console.print(compare_rules(data))
    console.print(trade_books(data))
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


def trade_books(data: Path) -> Table:
    """Buy the side that is ahead at recorded books, some time before windows close, at its offer and by bids that rest."""
    books = pd.read_parquet(data / "polymarket" / "btc_5m_book_samples_2026-07.parquet")
    partition = lay_books(books)
    table = Table(title="buying the side ahead at recorded books, 2026-07-26 and 27, fee 0.07", title_justify="left")
    for name in ("decided", "order", "windows", "too late", "no quote", "lapsed", "bought", "won", "paid", "mean net a share"):
        table.add_column(name, justify="left" if name in ("decided", "order") else "right")
    for use in ("market", "limit"):
        for offset in sorted(books["offset_s"].unique(), reverse=True):
            table.add_row(f"{offset} s before", use, *trade_side_ahead(partition, books[books["offset_s"] == offset], use))
    table.caption = (
        "no trades within 20 s of the close; no quote where a side of the book is empty; a bid is filled by a later sample that "
        "offers at its price or below; the second figure is the standard error"
    )
    return table


def lay_books(books: pd.DataFrame) -> Partition:
    """Lay the samples of a market's books at the moments at which they were taken, and its outcomes."""
    at, starts = moments_of(books), milliseconds(books["window_start"])
    order = np.argsort(at)
    bid, ask = (books[name].to_numpy(float64)[order] for name in ("up_bid", "up_ask"))
    quotes = Series("pm", "odds", LATEST, 0, at[order], at[order], {"up": (bid + ask) / 2, "bid": bid, "ask": ask})
    windows, first = np.unique(starts, return_index=True)
    up = (books["outcome"].str.upper() == "UP").to_numpy(float64)[first]
    done = Series("done", "outcomes", WINDOW, 0, windows, windows + WINDOW, {"up": up})
    nothing = np.full(len(windows), np.nan)
    bars = Series("btc", "bars", WINDOW, 0, windows, windows + WINDOW, dict.fromkeys(("open", "high", "low", "close"), nothing))
    span = (int(windows[0]), int(windows[-1]) + 2 * WINDOW)
    return Partition("books", "train", *span, {"btc": bars, "pm": quotes, "done": done}, "", {"btc-5m": AT_BOOKS})


def moments_of(books: pd.DataFrame) -> NDArray[int64]:
    """Compute when each sample was taken, ms UTC."""
    return milliseconds(books["window_start"]) + WINDOW + np.rint(1_000 * books["t_to_close_s"].to_numpy(float64)).astype(int64)


def trade_side_ahead(partition: Partition, taken: pd.DataFrame, order: str) -> list[str]:
    """Buy the side ahead in each window at one sample of its book, by the code that fills trials."""
    taken = taken[taken["delta_pct"] != 0].sort_values("window_start")
    times, ahead = moments_of(taken), taken["delta_pct"].to_numpy(float64) > 0
    asked = {"use": "up_or_down", "contract": "btc-5m", "edge": 0, "size": {"use": "fixed", "share": 0.001}}
    trade = UpOrDown.model_validate({**asked, "order": {"use": order}})
    quotes = read_quotes(AT_BOOKS, partition.series, times, trade.order)
    result = run_backtest(
        trade, AT_BOOKS, partition.series["btc"], times, np.where(ahead, 1.0, 0.0), start=partition.start, end=partition.end,
        horizon_ms=WINDOW, quotes=quotes, outcomes=settle_running(AT_BOOKS, partition, times),
    )  # fmt: skip
    trades, late = result.trades, int(np.sum(times > quotes.start + WINDOW - LAST_MOMENTS))
    lapsed = result.counts.get("lapsed", 0)
    counts = [len(times), late, len(times) - late - lapsed - len(trades), lapsed, len(trades)]
    if len(trades) < 2:
        return [*map(str, counts), "", "", ""]
    error = trades.payoff.std(ddof=1) / np.sqrt(len(trades))
    told = [
        f"{np.mean(trades.exit_price > 0.5):.1%}",
        f"{trades.paid.mean():.3f}",
        f"{trades.payoff.mean():+.4f} ± {error:.4f}",
    ]
    return [*map(str, counts), *told]


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
