"""How a trial made its money, for a person at a terminal: the account's course, months, the last trades."""

from typing import TYPE_CHECKING

import numpy as np

from factory.backtest.result import REASONS
from factory.core.answers import Answer, round_answer, table
from factory.core.times import iso
from factory.report.months import monthly_returns
from factory.storage.cache import UNLIMITED, Cache

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

POINTS = 60
"""Of the account's course, at most, evenly spaced."""
LAST = 8
"""Trades that are listed."""
SHOWN = ("price", "exit_price", "size", "p", "net", "payoff")


def earnings_answer(tracker: "Tracker", pipeline: "Pipeline") -> Answer | None:
    """Tell how a trial made its money; None where it took no trade, or its trades are gone from the workspace.

    Returns
    -------
    dict or None
        ``equity`` and ``drawdown``, the latter as shares of the peak, at evenly spaced exits, ``months`` and
        ``last_trades``, the newest last.
    """
    arrays = Cache(tracker.workspace.runs, limit=UNLIMITED).get(tracker.run_id(pipeline, "trial"))
    if arrays is None or not len(arrays["trades.net"]):
        return None
    moment, step = np.unique(arrays["trades.exit_ms"], return_inverse=True)  # what ends together is one step
    equity = np.concatenate([[1.0], 1.0 + np.cumsum(np.bincount(step, arrays["trades.net"], len(moment)))])
    below = equity / np.maximum.accumulate(equity) - 1
    chosen = np.unique(np.linspace(0, len(equity) - 1, min(POINTS, len(equity))).astype(int))
    own = {name: arrays[f"trades.{name}"][-LAST:].tolist() for name in ("entry_ms", "exit_ms", "side", "reason", *SHOWN)}
    sides = ["up" if side > 0 else "down" for side in own["side"]]
    moments = ([iso(ms) for ms in own[name]] for name in ("entry_ms", "exit_ms"))
    rows = zip(*moments, sides, [REASONS[reason] for reason in own["reason"]], *(own[name] for name in SHOWN), strict=True)
    grown = monthly_returns(np.asarray(arrays["day"]), np.asarray(arrays["daily"]))
    return round_answer(
        {
            "equity": equity[chosen].tolist(),
            "drawdown": below[chosen].tolist(),
            "months": table(("month", "return"), [list(one) for one in grown.items()]),
            "last_trades": table(("entry", "exit", "side", "reason", *SHOWN), [list(row) for row in rows]),
        }
    )
