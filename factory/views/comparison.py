"""Several trials side by side: figures, what differs, how alike they moved, and what forbids to compare them.

Nothing here is counted: the figures are those of the ledger, and the daily net P&L from which curves and correlations are
made stands in it beside them. A breakdown of validation that was not recorded would count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.answers import round_significant
from factory.core.errors import PipelineError
from factory.core.times import DAY
from factory.ledger.board_row import compare_sharpe, correlate
from factory.ledger.trial_list import TrialFilter, TrialOrder, TrialRow
from factory.pipeline import diff
from factory.report.comparison import Curve, draw_equities
from factory.views.trial_list import Standing, tell_effect

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

LEAST, MOST = 2, 5
"""Trials that are laid side by side."""
LETTERS = "ABCDE"
FIGURES = (
    *("trades", "win_rate", "break_even", "mean_net", "mean_low", "mean_high", "p_value", "sharpe", "sharpe_error"),
    *("deflated", "total_return", "max_drawdown", "turnover", "costs", "auc", "log_loss"),
)
MARKED = {"mean_net": max, "sharpe": max, "deflated": max, "auc": max, "log_loss": min}
"""Figures of which one is best. Returns and drawdowns grow with the size of positions, a win rate with the price paid."""
OF_LABEL = frozenset({"auc", "log_loss"})
"""Those that compare where the same is predicted."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One of the trials.

    Parameters
    ----------
    letter : str
    pipeline : Pipeline
    row : dict
        As in the list of trials.
    payload : mapping
        Of its row of the ledger.
    gain, gain_error : float or None
        Sharpe ratio beyond the first's, with its error, where they are of the same days.
    effect : str
        What that says.
    differences : list of str
        From the first.
    """

    letter: str
    pipeline: "Pipeline"
    row: TrialRow
    payload: Any
    gain: float | None
    gain_error: float | None
    effect: str
    differences: list[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Trials side by side.

    Parameters
    ----------
    trials : list of Scored
    best : dict of str to int
        By figure, the place of the best, where they compare and differ.
    correlations : list of list of float or None
        Of the daily net P&L of each two.
    notes : list of str
        What to mind.
    figure : dict or None
        The accounts on one axis.
    """

    trials: list[Scored]
    best: dict[str, int]
    correlations: list[list[float | None]]
    notes: list[str]
    figure: dict[str, Any] | None


def compare_trials(tracker: "Tracker", references: Sequence[str]) -> Comparison:
    """Compare two to five trials, by ids or names of their pipelines.

    Raises
    ------
    PipelineError
        If they are too few or too many, the same, unknown or not scored.
    """
    named = list(dict.fromkeys(references))
    if not LEAST <= len(named) <= MOST:
        raise PipelineError(f"ids: {len(named)} came; choose {LEAST} to {MOST} different trials")
    pipelines = list({one.id: one for one in map(tracker.resolve, named)}.values())
    if len(pipelines) < LEAST:
        raise PipelineError(f"ids: all mean {pipelines[0].id}; choose {LEAST} to {MOST} different trials")
    standing = Standing(tracker)
    rows = [_find_row(tracker, standing, one) for one in pipelines]
    payloads = [_read_payload(tracker, row) for row in rows]
    correlations = [
        [_correlate(rows[i], rows[j], payloads[i], payloads[j]) for j in range(len(rows))] for i in range(len(rows))
    ]
    trials = []
    for place, (pipeline, row, payload) in enumerate(zip(pipelines, rows, payloads, strict=True)):
        gain, error = None, None
        if place and _share_days(rows[0], row):
            gain, error = compare_sharpe(payload["metrics"], payloads[0]["metrics"], correlations[0][place])
        differences = diff(pipelines[0], pipeline) if place else []
        effect = tell_effect(gain, error)
        trials.append(Scored(LETTERS[place], pipeline, row, payload, gain, error, effect, differences))
    return Comparison(trials, _find_best(rows), correlations, _list_notes(trials), _draw(tracker, trials))


def _find_row(tracker: "Tracker", standing: Standing, pipeline: "Pipeline") -> TrialRow:
    """Find the trial of a pipeline on the data as they are, else the newest on what they were."""
    seqs = tracker.ledger.list_trials(TrialFilter({"pipeline": pipeline.id}), TrialOrder("seq", descending=True))
    rows = [standing.complete(row) for row in tracker.ledger.read_trials(seqs)]
    if not rows:
        raise PipelineError(f"ids: {pipeline.id} is no trial yet; backtest it first")
    return next((row for row in rows if not row["stale"]), rows[0])


def _read_payload(tracker: "Tracker", row: TrialRow) -> Any:
    entry = tracker.ledger.find_trial(row["pipeline"], row["fingerprint"])
    assert entry is not None, "the board has its row"
    return entry.payload


def _share_days(one: TrialRow, other: TrialRow) -> bool:
    """Check whether two trials were scored on the same rows: at the same terms, or both on a dataset as it is."""
    is_same = one["fingerprint"] == other["fingerprint"]
    return is_same or (one["dataset"] == other["dataset"] and not one["stale"] and not other["stale"])


def _correlate(one: TrialRow, other: TrialRow, mine: Any, theirs: Any) -> float | None:
    return correlate(mine.get("daily", ()), theirs.get("daily", ())) if _share_days(one, other) else None


def _find_best(rows: Sequence[TrialRow]) -> dict[str, int]:
    """Find the best of each figure, where all are of the same rows and terms and can be judged."""
    if len({row["fingerprint"] for row in rows}) > 1 or any(row["unjudged"] for row in rows):
        return {}
    best = {}
    for name, choose in MARKED.items():
        values = [row[name] for row in rows]
        is_alike = name not in OF_LABEL or len({row["idea"] for row in rows}) == 1
        if is_alike and None not in values and len({round_significant(value, 3) for value in values}) > 1:
            best[name] = values.index(choose(values))
    return best


def _list_notes(trials: Sequence[Scored]) -> list[str]:
    """List what forbids to compare, or to believe, what stands side by side."""
    rows = [one.row for one in trials]
    notes = []
    if len({row["dataset"] for row in rows}) > 1:
        notes.append("They were scored on different datasets: their figures are of other days and other markets.")
    if len({(row["dataset"], row["contract"]) for row in rows}) > 1:
        notes.append("They trade different contracts, at different costs: mean net and break-even do not compare.")
    if stale := _letters(one for one in trials if one.row["stale"]):
        notes.append(
            f"{stale}: scored on rows or at terms that the dataset has no more; the curve is left out. Backtest it again."
        )
    if few := _letters(one for one in trials if one.row["unjudged"]):
        notes.append(f"{few}: too few trades to judge, or ruined; nothing is marked as best.")
    if prices := {one.payload["price"] for one in trials if one.payload.get("price")}:
        notes.append(f"Scored {' and '.join(sorted(prices))}.")
    notes.append(
        "A mark is for the best of these figures, and no test; whoever chose these among many trials chose luck as well. "
        "Returns and drawdowns grow with the size of positions, so that none is marked."
    )
    return notes


def _letters(trials: Any) -> str:
    return ", ".join(one.letter for one in trials)


def _draw(tracker: "Tracker", trials: Sequence[Scored]) -> dict[str, Any] | None:
    curves = []
    for place, one in enumerate(trials):
        if one.row["stale"]:
            continue
        start = tracker.catalog.spec(one.row["dataset"]).bounds("validation")[0] // DAY * DAY
        curves.append(Curve(f"{one.letter} {one.pipeline.id}", place, start, one.payload.get("daily", ())))
    return draw_equities(curves) if curves else None
