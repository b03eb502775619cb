"""Where a trial's result came from: its trades by hour, month, side, confidence or volatility."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.core.answers import Answer, table
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.report.groups import GROUPINGS, find_block, group_trades
from factory.report.trial import name_contracts
from factory.storage.cache import UNLIMITED, Cache

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker


def read_run(tracker: "Tracker", pipeline: "Pipeline", asked: str) -> Mapping[str, NDArray[Any]]:
    """Read the arrays of a trial, as :func:`factory.tasks.backtest.run_arrays` made them.

    Parameters
    ----------
    asked : str
        What they are wanted for, which a refusal begins with.

    Raises
    ------
    FlowError
        If they are gone from the workspace.
    """
    arrays = Cache(tracker.workspace.runs, limit=UNLIMITED).get(tracker.run_id(pipeline, "trial"))
    if arrays is None:
        raise FlowError(f"{asked}: the trades of {pipeline.id} are gone from the workspace; its figures stand in the ledger")
    return arrays


def break_down(tracker: "Tracker", pipeline: "Pipeline", by: str) -> Answer:
    """Compute the trades, the win rate with its interval and the mean net of each group of a trial's trades.

    Each group is an exploration of validation, counted the first time that it is shown.
    """
    arrays = read_run(tracker, pipeline, "by")
    trades = {name.removeprefix("trades."): np.asarray(values) for name, values in arrays.items() if name.startswith("trades.")}
    trades = name_contracts(trades, pipeline)
    if by == "contract" and by not in trades:
        raise FlowError(f"by: contract came, and {pipeline.id} trades one contract alone; allowed: {', '.join(GROUPINGS)}")
    if not len(trades["net"]):
        raise FlowError(f"by: {pipeline.id} took no trade; lower what it asks for before it enters")
    spec = tracker.catalog.spec(pipeline.data)
    period = max(spec.series[spec.contracts[name].of].period_ms for name in pipeline.contracts)
    block = find_block(trades, period, to_ms(pipeline.label.horizon))
    rows = [list(group) for group in group_trades(trades, by, block)]
    tracker.count_validation_exploration(pipeline, f"breakdown by {by}", len(rows))
    counted = f"{len(rows)} explorations, once"
    return {**table((by, "trades", "win_rate", "low", "high", "mean_net"), rows), "counted": counted}
