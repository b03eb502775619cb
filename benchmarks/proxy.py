"""What a proxy of the running fifteen-minute window adds to five-minute decisions on Bitcoin, by bars and by the market's record.

Run with ``python -m benchmarks.proxy [--data FOLDER]``. The folder holds minutes of BTC and ETH and the outcomes that
Polymarket recorded (five minutes, 2025-12-18 on; fifteen, a week of 2026-02); it is not part of the project. The sealed part is
never read. Intervals are by blocks of a day, and by blocks of an hour inside the recorded week.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.real_files import add_data_option, is_there
from factory.core.threads import one_thread
from factory.core.times import DAY, HOUR, MINUTE, moment
from factory.expressions.columns import Columns
from factory.flow import FittedPipeline, Scored, evaluate, fit
from factory.learning.decision_table import DecisionTable
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline
from factory.pipeline.shipping import load_shipped
from factory.statistics.blocks import block_mean
from factory.statistics.roc_auc import auc, block_interval, delong_difference
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

SPEC = """\
dataset: btc-proxy
confirmed: true
series:
  btc: {{kind: bars, underlying: BTCUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_btcusdt_1m.parquet}}}}
  eth: {{kind: bars, underlying: ETHUSDT, period: 1m, source: {{use: files, files: {data}/ohlcv/binance_spot_ethusdt_1m.parquet}}}}
contracts:
  polymarket-btc-5m: {{use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}}
  polymarket-btc-15m: {{use: binary, of: btc, window: 15m, price: 0.5, fee: 0.07, half_spread: 0.005}}
split:
  train: [2025-02-01, 2025-11-10]
  validation: [2025-11-10, 2026-02-26]
  sealed: [2026-02-26, 2026-03-01]
"""
FIVE, FIFTEEN = "polymarket-btc-5m", "polymarket-btc-15m"
QUARTER = 15 * MINUTE
WEEK = moment("2026-02-21T14:30:00Z")
"""From here on both lengths were recorded."""
WITHOUT = {"experts.quarter": None}
FOLDS = 4


@dataclass(frozen=True)
class Judged:
    """One pipeline on validation: decisions, how their windows ended by bars, and the chance of Up."""

    pipeline: Pipeline
    fitted: FittedPipeline
    scored: Scored

    @property
    def rows(self) -> DecisionTable:
        """Its decisions."""
        return self.scored.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    given = parser.parse_args()
    if not is_there("proxy", given.data / "polymarket"):
        return
    console, data = Console(width=150), given.data.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        workspace = Workspace.open(Path(temporary) / "workspace")
        build(workspace, load_spec(SPEC.format(data=data)), Path(temporary))
        judged = {name: judge(workspace, pipeline) for name, pipeline in list_pipelines().items()}
        console.print(compare(judged, read_record(data, 5)))
        console.print(compare_targets(judged["proxy"], read_record(data, 15)))
        console.print(rank_proxy(workspace))


def list_pipelines() -> dict[str, Pipeline]:
    """List the plain strategy, the one with the proxy, and that without its expert."""
    shipped = load_shipped()
    proxy = shipped["btc-up-or-down-proxy"].changed({"data": "btc-proxy"})
    return {
        "plain": shipped["btc-up-or-down-5m"].changed({"data": "btc-proxy"}),
        "proxy": proxy,
        "ablated": proxy.changed(WITHOUT),
    }


def judge(workspace: Workspace, pipeline: Pipeline) -> Judged:
    """Fit a pipeline on train and let it decide on validation."""
    cache = Cache(workspace.cache)
    train, validation = (Columns(open_partition(workspace, pipeline.data, part), cache) for part in ("train", "validation"))
    fitted = fit(pipeline, train)
    contract = validation.partition.contracts[pipeline.trade.contract]
    return Judged(pipeline, fitted, evaluate(pipeline, contract, fitted, validation))


def read_record(data: Path, minutes: int) -> dict[int, int8]:
    """Read how windows of a length ended as the market recorded it, by their starts."""
    week = pd.read_parquet(data / "polymarket" / "updown_outcomes_2026-02.parquet")
    week = week[(week["asset"] == "BTC") & (week["horizon_min"] == minutes) & week["outcome"].notna()]
    parts = [week[["window_start", "outcome"]]]
    if minutes == 5:
        parts.append(
            pd.read_parquet(data / "polymarket" / "btc_5m_outcomes_2025-12_2026-02.parquet")[["window_start", "outcome"]]
        )
    both = pd.concat(parts)
    starts = both["window_start"].dt.as_unit("ms").astype("int64")
    return dict(zip(starts.tolist(), (both["outcome"].str.lower() == "up").astype(int8), strict=True))


def compare(judged: dict[str, Judged], record: dict[int, int8]) -> Table:
    """Hold the chances of three pipelines against each other, where bars settle and where the record does."""
    times = shared_times(judged)
    p = {name: one.scored.p[np.isin(one.rows.time, times)] for name, one in judged.items()}
    first = judged["plain"].rows
    by_bars = first.labels.y[np.isin(first.time, times)]
    by_record = np.array([record.get(at, -1) for at in times.tolist()], int8)
    table = Table(title="five-minute windows on validation: what the proxy adds", title_justify="left")
    for name in (
        "settled by",
        "windows",
        "pipeline",
        "log-loss",
        "less that without it, in 1e-4",
        "AUC",
        "more than without it",
    ):
        table.add_column(name, justify="left" if name in ("settled by", "pipeline") else "right")
    parts = {
        "bars": (by_bars, np.ones(len(times), bool), DAY),
        "record, from 2025-12-18": (by_record, times >= 0, DAY),
        "record, the week": (by_record, times >= WEEK, HOUR),
    }
    for title, (y, chosen, block) in parts.items():
        rows = chosen & (y >= 0)
        for name, other in (("plain", None), ("ablated", "plain"), ("proxy", "plain"), ("proxy", "ablated")):
            cells = tell_difference(y[rows], p[name][rows], None if other is None else p[other][rows], times[rows], block)
            table.add_row(title, f"{rows.sum():,}", name if other is None else f"{name} against {other}", *cells)
    table.caption = (
        "an interval by blocks of a day or, in the week, an hour; plain is btc-up-or-down-5m, ablated the strategy of the proxy "
        "without that expert"
    )
    return table


def shared_times(judged: dict[str, Judged]) -> NDArray[int64]:
    """Find the decisions that all have and that are labelled."""
    parts = [one.rows.time[one.rows.labels.y >= 0] for one in judged.values()]
    times = parts[0]
    for part in parts[1:]:
        times = np.intersect1d(times, part)
    return times


def tell_difference(
    y: NDArray[int8], p: NDArray[float64], other: NDArray[float64] | None, times: NDArray[int64], block: int
) -> tuple[str, str, str, str]:
    """Write log-loss and AUC of some chances, and how far they are from those of others."""
    loss, area = losses(y, p), auc(y, p)
    assert area is not None, "both classes are there"
    interval = block_interval(y, area, times, block)
    told = f"{area.value:.4f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")
    if other is None:
        return f"{loss.mean():.5f}", "", told, ""
    gain = block_mean(1e4 * (losses(y, other) - loss), times, block)
    second = auc(y, other)
    assert second is not None
    _, z, p_value = delong_difference(y, area, second)
    apart = area.value - second.value
    less = f"{gain.mean:+.1f} [{gain.low:+.1f}, {gain.high:+.1f}]" if gain else "none"
    return f"{loss.mean():.5f}", less, told, f"{apart:+.4f} (z {z:+.1f}, p {p_value:.2f})"


def losses(y: NDArray[int8], p: NDArray[float64]) -> NDArray[float64]:
    """Compute the log-loss of each chance."""
    held = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(-np.where(y > 0, np.log(held), np.log(1 - held)))


def compare_targets(proxy: Judged, record: dict[int, int8]) -> Table:
    """Learn the fifteen-minute target from bars over train, and from either inside the recorded week, days held out in turn."""
    part = proxy.pipeline.experts["quarter"]
    names = list(part.see)
    history, rows = proxy.fitted.history, proxy.rows
    inside = rows.time >= WEEK
    times = rows.time[inside]
    X, by_bars = rows.matrix(names)[inside], rows.targets[FIFTEEN].y[inside]
    by_record = np.array([record.get(at, -1) for at in (times // QUARTER * QUARTER).tolist()], int8)
    known = (by_bars >= 0) & (by_record >= 0)
    X, by_bars, by_record, times = X[known], by_bars[known], by_record[known], times[known]
    told = history.targets[FIFTEEN].y
    learned = {
        "bars of train": learn(part, history.matrix(names)[told >= 0], told[told >= 0]).predict_proba(X)[:, 1],
        "bars of the week": hold_out(part, X, by_bars, times),
        "the record of the week": hold_out(part, X, by_record, times),
    }
    same = float(np.mean(by_bars == by_record))
    table = Table(title="the running fifteen-minute window, judged by the record of the week", title_justify="left")
    for name in ("learned from", "decisions", "log-loss", "AUC", "where the window is 10 minutes old"):
        table.add_column(name, justify="left" if name == "learned from" else "right")
    late = times % QUARTER == 2 * QUARTER // 3
    for name, chance in learned.items():
        cells = tell_difference(by_record, chance, None, times, HOUR)
        table.add_row(
            name,
            f"{len(times):,}",
            cells[0],
            cells[2],
            tell_difference(by_record[late], chance[late], None, times[late], HOUR)[2],
        )
    table.caption = f"bars and the record agree on {same:.1%} of these windows"
    return table


def learn(part: Any, X: NDArray[float64], y: NDArray[int8]) -> Any:
    """Fit the learner of the proxy."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    leaf = min(part.leaf, len(y) // 10)
    learner = HistGradientBoostingClassifier(
        learning_rate=part.rate, max_iter=part.rounds, max_leaf_nodes=part.leaves, min_samples_leaf=leaf, early_stopping=False,
        random_state=0,
    )  # fmt: skip
    with one_thread():
        return learner.fit(X, y)


def hold_out(part: Any, X: NDArray[float64], y: NDArray[int8], times: NDArray[int64]) -> NDArray[float64]:
    """Predict stretches of hours from the others, so that no window is on both sides."""
    chance, block = np.empty(len(y)), times // (6 * HOUR) % FOLDS
    for fold in range(FOLDS):
        held: NDArray[bool_] = block == fold
        chance[held] = learn(part, X[~held], y[~held]).predict_proba(X[held])[:, 1]
    return chance


def rank_proxy(workspace: Workspace) -> Table:
    """Rank the forest's inputs on validation by what the log-loss loses without them, beside a column of noise."""
    workshop = Workshop(workspace, "benchmark")
    given = {"pipeline": str(workshop.define(parent="btc-up-or-down-proxy", changes={"data": "btc-proxy"})["pipeline"])}
    trial = perform(str(workspace.root), "backtest", {**given, "agent": "benchmark"})
    ranked = perform(str(workspace.root), "rank", {**given, "agent": "benchmark"})
    table = Table(title="importance of the forest's inputs with the proxy", title_justify="left")
    columns = ranked["columns"]
    for name in columns:
        table.add_column(str(name))
    for row in ranked["rows"]:
        table.add_row(*map(str, row))
    table.caption = ", ".join(
        f"{name} {trial.get(name)}" for name in ("trades", "win_rate", "win_interval", "break_even", "probes")
    )
    return table


if __name__ == "__main__":
    main()
