"""Both shipped strategies on six years of real minutes: import, build, train, score.

Run with ``python -m benchmarks.real_data [--data FOLDER] [--workspace FOLDER]``. The folder
holds ``ohlcv/binance_spot_btcusdt_1m.parquet`` and ``ohlcv/binance_spot_ethusdt_1m.parquet``; it is not part
of the project. Train 2023-01 to 2024-06, validation to 2025-03, sealed to 2026-02.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.real_files import add_data_option, is_there
from factory.storage.workspace import Workspace

SPEC = """\
dataset: btc-real
about: Binance spot minutes of BTC and ETH.
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_btcusdt_1m.parquet}}}}
  eth: {{kind: bars, underlying: ETHUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_ethusdt_1m.parquet}}}}
contracts:
  polymarket-btc-5m: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}}
  btc-perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, funding_every: 8h, leverage: 5, maintenance: 0.005}}
split:
  train: [2023-01-01, 2024-07-01]
  validation: [2024-07-01, 2025-04-01]
  sealed: [2025-04-01, 2026-03-01]
looks: 5
"""
FIGURES = (
    "trades", "win_rate", "win_interval", "break_even", "mean_net", "auc", "log_loss", "sharpe", "sharpe_error", "return", "drawdown",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    parser.add_argument("--workspace", type=Path)
    given = parser.parse_args()
    if not is_there("real_data", given.data / "ohlcv"):
        return
    with tempfile.TemporaryDirectory() as temporary:
        run(given.data.resolve(), given.workspace or Path(temporary))


def run(data: Path, root: Path) -> None:
    os.environ.setdefault("NUMBA_CACHE_DIR", str(root / "numba"))
    workspace = Workspace.open(root)
    seconds: dict[str, float] = {}
    if not (workspace.datasets / "btc-real").exists():
        seconds["import, check and split"] = timed(lambda: build_dataset(workspace, data))[1]
    for step, folder in (("open rows", workspace.datasets), ("sealed rows", workspace.vault)):
        check = partial(check_files, folder)
        megabytes, seconds[f"{step}: check what each file holds, first time in a process"] = timed(check)
        seconds[f"{step}: check again, {megabytes:.0f} MB"] = timed(check)[1]
    seconds["open both partitions, checked before"] = timed(lambda: open_both(workspace))[1]
    rows = {name: trial(workspace, name) for name in ("btc-up-or-down-5m", "btc-long-short")}
    for name in rows:
        seconds[f"{name}: screening trial, 100 small trees, lighter experts"] = screening(workspace, name)
    console = Console(width=120)
    console.print(wall_times(seconds, rows))
    console.print(results(rows))


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def build_dataset(workspace: Workspace, data: Path) -> None:
    from factory.market.build import build
    from factory.market.spec import load_spec

    build(workspace, load_spec(SPEC.format(data=data)), data)


def check_files(folder: Path) -> float:
    """Check all columns of one half of the dataset; return their size in MB."""
    from factory.core.hashes import require_whole

    half = folder / "btc-real"
    columns = list(half.rglob("*.npy"))
    require_whole(half, {path.relative_to(half).as_posix(): 0 for path in columns})
    return sum(path.stat().st_size for path in columns) / 1e6


def open_both(workspace: Workspace) -> None:
    from factory.market.dataset import open_partition

    for name in ("train", "validation"):
        open_partition(workspace, "btc-real", name)


def trial(workspace: Workspace, name: str):
    """Measure a whole trial of an untrained pipeline, kernels compiled before by a smaller one."""
    from factory.tasks import perform
    from factory.workshop import Workshop

    workshop = Workshop(workspace, "benchmark")
    warm = workshop.resolve_or_derive(name, changes={"data": "btc-real", "meta.trees": 5})
    perform(str(workspace.root), "train", {"pipeline": warm, "agent": "benchmark"})
    fresh_cache(workspace)
    chosen = workshop.resolve_or_derive(name, changes={"data": "btc-real"})
    answer, seconds = timed(lambda: perform(str(workspace.root), "backtest", {"pipeline": chosen, "agent": "benchmark"}))
    child = workshop.resolve_or_derive(chosen, changes={"meta.leaf": 150})
    _, again = timed(lambda: perform(str(workspace.root), "backtest", {"pipeline": child, "agent": "benchmark"}))
    return answer, seconds, again


def screening(workspace: Workspace, name: str) -> float:
    """Measure a trial for a first impression, nothing cached."""
    from factory.tasks import perform
    from factory.workshop import Workshop

    dearest, boosted = {"btc-up-or-down-5m": ("whole", "lead"), "btc-long-short": ("pair", "trend")}[name]
    lighter = {"meta.trees": 100, "meta.rows": 5_000, f"experts.{dearest}": None, f"experts.{boosted}.rounds": 20}
    chosen = Workshop(workspace, "benchmark").resolve_or_derive(name, changes={"data": "btc-real", **lighter})
    fresh_cache(workspace)
    return timed(lambda: perform(str(workspace.root), "backtest", {"pipeline": chosen, "agent": "benchmark"}))[1]


def fresh_cache(workspace: Workspace) -> None:
    import shutil

    for folder in workspace.cache.iterdir():
        shutil.rmtree(folder)


def wall_times(seconds, rows) -> Table:
    table = Table("step", "seconds", title="Wall times")
    for step, value in seconds.items():
        table.add_row(step, f"{value:.2f}" if value > 0.5 else f"{value:.4f}")
    for name, (_, whole, child) in rows.items():
        table.add_row(f"{name}: whole trial, nothing cached", f"{whole:.1f}")
        table.add_row(f"{name}: child with another meta.leaf", f"{child:.1f}")
    return table


def results(rows) -> Table:
    table = Table("figure", *rows, title="Validation, 2024-07 to 2025-03")
    for figure in FIGURES:
        table.add_row(figure, *(str(answer.get(figure, "-")) for answer, *_ in rows.values()))
    for twin in ("coin", "long"):
        table.add_row(f"twin {twin}: win rate, return", *(str(answer["twins"].get(twin, "-")) for answer, *_ in rows.values()))
    table.add_row("reading", *(answer["reading"] for answer, *_ in rows.values()))
    table.add_row("price", *(answer.get("price", "-") for answer, *_ in rows.values()))
    return table


if __name__ == "__main__":
    main()
