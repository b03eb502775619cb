"""What gold and primary dealer fails add to a daily decision on Bitcoin: the shipped strategy with and without them.

Run with ``python -m benchmarks.macro [--data FOLDER]``. The folder holds minutes of BTC, hours of PAXG (closes of the spot
market, bars of the perpetual) and weekly fails of on-the-run issues from 2022 on, as the New York Fed published them; it is
not part of the project. The perpetual follows the spot market by the factor that the build measures.
"""

import argparse
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.real_files import add_data_option, is_there
from factory.core.errors import DataError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.report.learned import NOISE
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

SPEC = """\
dataset: btc-macro-real
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_btcusdt_1m.parquet}}}}
  gold:
    kind: values
    underlying: PAXGUSDT
    period: 1h
    delay: 1h
    source: {{use: files, files: {data}/gold/binance_usdm_paxgusdt_1h.parquet, columns: {{close: close}}}}
    splice: [{{until: 2025-04-10{factor}, source: {{use: files, files: {data}/gold/binance_spot_paxgusdt_1h_close.parquet}}}}]
  fails:
    kind: values
    underlying: ON-THE-RUN-FAILS
    period: 7d
    published: {{weekday: thursday, time: "16:30", zone: America/New_York, after: 7d}}
    source: {{use: files, files: fails.csv}}
contracts:
  btc-perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, funding_every: 8h, leverage: 5, maintenance: 0.005}}
split:
  train: [2022-07-15, 2024-07-01]
  validation: [2024-07-01, 2025-07-01]
  sealed: [2025-07-01, 2025-11-01]
"""
FAILS = ("fails_level", "fails_step")
GOLD = ("gold_hour", "gold_day", "gold_trend")
SLOW = (*FAILS, *GOLD, NOISE)
FIGURES = ("trades", "win_rate", "break_even", "mean_net", "auc", "log_loss")
SHIFTS = range(8, 202, 8)
"""Weeks by which fails are moved, the last ones to the front: as persistent and as spiky as before, and about other weeks."""

Figure = tuple[float, ...]
"""A value, and the ends of its interval where there is one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    given = parser.parse_args()
    if not is_there("macro", given.data / "macro"):
        return
    with tempfile.TemporaryDirectory() as temporary:
        Console(width=170).print(compare(given.data.resolve(), Path(temporary)))


def build_real(data: Path, root: Path, shift: int = 0) -> Workspace:
    """Build the dataset, gold's two sources joined by the factor that a first build names."""
    root.mkdir()
    write_fails(data, root / "fails.csv", shift)
    workspace = Workspace.open(root / "workspace")
    try:
        build(workspace, load_spec(SPEC.format(data=data, factor="")), root)
    except DataError as error:
        named = re.search(r"write factor: ([\d.]+)", str(error))
        if named is None:
            raise
        build(workspace, load_spec(SPEC.format(data=data, factor=f", factor: {named[1]}")), root)
    return workspace


def write_fails(data: Path, target: Path, shift: int) -> None:
    """Write what dealers failed to deliver of all on-the-run issues, a row a week, in dollars."""
    rows = pd.read_parquet(data / "macro" / "nyfed_on_the_run_fails_weekly.parquet")
    weekly = rows[rows["side"] == "deliver"].groupby("as_of_date")["value_usd_mn"].sum() * 1e6
    moved = pd.Series(np.roll(weekly.to_numpy(), shift), weekly.index, name="value")
    moved.rename_axis("date").to_csv(target)


def compare(data: Path, root: Path) -> Table:
    """Score the strategy with and without its slow companions, and rank their features beside a column of noise."""
    fails = dict.fromkeys(("experts.fails", *(f"features.{name}" for name in FAILS)))
    gold = dict.fromkeys(("experts.gold", *(f"features.{name}" for name in GOLD)))
    variants = {"as shipped": {}, "without fails": fails, "without gold": gold, "Bitcoin alone": fails | gold}
    workspace = build_real(data, root / "real")
    answers = [score(workspace, changes) for changes in variants.values()]
    placebos = [score(build_real(data, root / f"moved-{shift}", shift), {}) for shift in SHIFTS]
    table = Table(title="btc-macro on validation, 2024-07 to 2025-07", title_justify="left")
    for name in ("figure", *variants, f"fails moved, {len(placebos)} ways"):
        table.add_column(name)
    for name in (*FIGURES, *SLOW):
        moved = sorted(one[name][0] for one in placebos)
        reached = sum(one >= answers[0][name][0] for one in moved)
        cells = (write_figure(one[name]) if name in one else "-" for one in answers)
        table.add_row(name, *cells, f"{moved[0]:.4g} .. {moved[-1]:.4g}, {reached} reach it", end_section=name == FIGURES[-1])
    table.caption = (
        "below the line: rise of the log-loss when a feature is shuffled, 1e-4 nats, 95 % interval. Fails moved in time say "
        "nothing: the last column tells their range, and how many reach the first column's figure by luck"
    )
    return table


def score(workspace: Workspace, changes: dict[str, Any]) -> dict[str, Figure]:
    """Score a child of the strategy, and measure its features' importance through the experts."""
    changes = {"data": "btc-macro-real", **changes}
    pipeline = str(Workshop(workspace, "benchmark").define(parent="btc-macro", changes=changes)["pipeline"])
    given = {"pipeline": pipeline, "agent": "benchmark"}
    scored = perform(str(workspace.root), "backtest", given)
    ranked = perform(str(workspace.root), "rank", {**given, "raw": True})
    figures = {name: tuple(np.atleast_1d(scored[name]).tolist()) for name in FIGURES if name in scored}
    return figures | {name: tuple(1e4 * np.array(rise, float)) for name, *rise, _ in ranked["rows"]}


def write_figure(figure: Figure) -> str:
    value, *interval = (f"{one:.4g}" for one in figure)
    return f"{value} [{', '.join(interval)}]" if interval else value


if __name__ == "__main__":
    main()
