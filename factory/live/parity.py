"""Whether what runs live does what was backtested: validation replayed, row by row, against the backtest of the same rows."""

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray

from factory.backtest import Trades
from factory.core.answers import Answer
from factory.core.progress import Progress, no_progress, subrange
from factory.core.times import DAY, iso
from factory.expressions.columns import Columns
from factory.flow import evaluate, fit
from factory.live.replay import begin_market, list_rows, live_partition, replay
from factory.live.strategy import Account, LiveStrategy
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.pipeline.checks import check_pipeline
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace

TRADED = ("decision", "entry_ms", "exit_ms", "side", "size", "price", "exit_price", "net")
"""Columns of trades that are compared."""


def check_parity(workspace: Workspace, pipeline: Pipeline, days: int, progress: Progress = no_progress) -> Answer:
    """Replay the first days of validation through what runs live, and compare it with the backtest of the same rows.

    Parameters
    ----------
    days : int
        At least 1; all of validation where it has fewer.

    Returns
    -------
    dict
        What was compared and how much of it differs; ms from a row to what was decided on it, the median and the 99th
        percentile.

    Raises
    ------
    DataError
        If a series' market closes.
    """
    catalog = Catalog(workspace)
    spec, meta = catalog.spec(pipeline.data), catalog.meta(pipeline.data)
    reach = max(check_pipeline(pipeline, spec, meta).look_back.values())
    whole = open_partition(workspace, pipeline.data, "validation")
    rows = live_partition(whole, whole.start, min(whole.end, whole.start + days * DAY))
    train = Columns(open_partition(workspace, pipeline.data, "train"), Cache(workspace.cache))
    fitted = fit(pipeline, train, subrange(progress, 0.0, 0.3))
    strategy = LiveStrategy(pipeline, fitted, begin_market(rows, rows.start), reach, rows.start)
    waits = _run(strategy, rows, subrange(progress, 0.3, 0.9))
    progress(0.9, "backtesting the same rows")
    account = strategy.account(rows.end)
    return {
        "pipeline": pipeline.id,
        "from": iso(rows.start),
        "to": iso(rows.end),
        **compare_with_backtest(strategy, account, rows),
        **{f"decision_ms_p{share}": round(float(np.percentile(waits, share)), 2) for share in (50, 99) if len(waits)},
    }


def _run(strategy: LiveStrategy, rows: Partition, progress: Progress) -> NDArray[float64]:
    """Replay all rows; return the ms that each decision took."""
    waits = []
    for decided in replay(strategy, list_rows(rows.series, rows.start, rows.end - 1), rows.end - 1):
        waits.append(decided.ms)
        progress((int(decided.times[-1]) - rows.start) / (rows.end - rows.start), "replaying")
    return np.array(waits)


def compare_with_backtest(strategy: LiveStrategy, account: Account | None, partition: Partition) -> dict[str, int]:
    """Count what a replay and a backtest of the same rows differ in.

    Parameters
    ----------
    partition : Partition
        All rows at once; its decisions are those of the replay.

    Returns
    -------
    dict of str to int
        ``decisions`` and ``trades`` of the backtest, and how many of each the replay has not, or otherwise. Trades that were
        open at the end are left out.
    """
    scored = evaluate(strategy.pipeline, strategy.contract, strategy.fitted, Columns(partition), most_lost=1.0)
    time, p = strategy.chances
    same = np.isin(scored.rows.time, time)
    same[same] = scored.p[same] == p[np.searchsorted(time, scored.rows.time[same])]
    batch = scored.result.trades
    over = batch.exit_ms < partition.end
    ours = _list_trades(account.trades, account.closed & (account.trades.exit_ms < partition.end)) if account else set()
    theirs = _list_trades(batch, over)
    return {
        "decisions": len(same),
        "decisions_differ": int((~same).sum()) + int((~np.isin(time, scored.rows.time)).sum()),
        "trades": len(theirs),
        "trades_differ": len(theirs ^ ours),
    }


def _list_trades(trades: Trades, chosen: NDArray[bool_]) -> set[tuple[float, ...]]:
    return set(zip(*(getattr(trades, name)[chosen].tolist() for name in TRADED), strict=True))
