"""Where a trial's result came from: its trades by hour, month, side, confidence or volatility."""

from typing import TYPE_CHECKING

import numpy as np

from factory.core.answers import Answer, table
from factory.core.errors import FlowError
from factory.report.groups import group_trades
from factory.storage.cache import UNLIMITED, Cache

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker


def break_down(tracker: "Tracker", pipeline: "Pipeline", by: str) -> Answer:
    """Compute the trades, the win rate with its interval and the mean net of each group of a trial's trades.

    Each group is an exploration of validation, counted the first time that it is shown.
    """
    arrays = Cache(tracker.workspace.runs, limit=UNLIMITED).get(tracker.run_id(pipeline, "trial"))
    if arrays is None:
        raise FlowError(f"by: the trades of {pipeline.id} are gone from the workspace; its figures stand in the ledger")
    trades = {name.removeprefix("trades."): np.asarray(values) for name, values in arrays.items() if name.startswith("trades.")}
    if not len(trades["net"]):
        raise FlowError(f"by: {pipeline.id} took no trade; lower what it asks for before it enters")
    rows = [list(group) for group in group_trades(trades, by)]
    tracker.count_validation_exploration(pipeline, f"breakdown by {by}", len(rows))
    counted = f"{len(rows)} explorations, once"
    return {**table((by, "trades", "win_rate", "low", "high", "mean_net"), rows), "counted": counted}
