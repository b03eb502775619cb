"""The list of all trials: its columns and what they mean, a page of it, and all of it as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from factory.core.answers import round_significant
from factory.core.foreign import clean_line, guard_cell
from factory.core.times import iso
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.ledger.trial_list import ERRORS, FILTERS, TrialFilter, TrialOrder, TrialRow
from factory.report.meanings import MEANINGS
from factory.review.status import read_reviews
from factory.tracking.earlier import is_current, read_scored
from factory.tracking.naming import describe_change

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

PAGE = 50
CHUNK = 500
"""Rows that an export reads at a time."""
DIGITS = 10
"""Significant ones of a figure in a file."""
BETTER, WORSE, SIDEWAYS, UNKNOWN = "better", "worse", "sideways", "unknown"
"""What a change did to the Sharpe ratio, beyond errors."""


class Column(NamedTuple):
    """A column of the list.

    Parameters
    ----------
    title : str
    sort : str
        Column of the board by which it is sorted.
    form : str
        How its cells are written: ``words``, ``when``, ``count``, ``share``, ``change``, or a number's decimals.
    meaning : str
        Default: that of the figure of its name.
    """

    title: str
    sort: str
    form: str = "words"
    meaning: str = ""


COLUMNS: Mapping[str, Column] = {
    "strategy": Column("strategy", "name", "strategy", "Name and id of the pipeline; they lead to its card."),
    "trial": Column("trial", "seq", "count", "Its number among the trials of its dataset, in the order of the ledger."),
    "at": Column("when", "seq", "when", "When it was written into the ledger, UTC."),
    "agent": Column("agent", "agent", "words", "Who made it, by the name that its host gives itself."),
    "dataset": Column("dataset", "dataset", "words", "The data that it was scored on."),
    "contract": Column("contract", "contract", "words", "What it trades, at the costs that the dataset file sets."),
    "idea": Column("idea", "idea", "words", "What it predicts, on what clock: trials that share it are variants of one idea."),
    "family": Column("family", "family", "family", "The pipeline that it was changed from, first of all; leads to the tree."),
    "changed": Column("changed", "changed", "words", "What it has otherwise than the pipeline that it was changed from."),
    "gain": Column(
        "against parent",
        "gain",
        "gain",
        "Sharpe ratio less the parent's, on the same rows at the same terms, with its standard error: "
        "sqrt(a² + b² - 2 r a b), of both errors and the correlation r of daily net P&L (Memmel 2003). Green and red: beyond "
        f"{ERRORS} errors.",
    ),
    "probes": Column("probes", "probes", "probes", "What the leakage tests made of it: clean, warn or block."),
    "trades": Column("trades", "trades", "count"),
    "win_rate": Column("win rate", "win_rate", "share"),
    "break_even": Column("break-even", "break_even", "share"),
    "mean_net": Column("mean net", "mean_net", "5"),
    "p_value": Column("p", "p_value", "3"),
    "sharpe": Column("Sharpe", "sharpe", "sharpe", f"{MEANINGS['sharpe']} Behind ±: {MEANINGS['sharpe_error']}"),
    "deflated": Column("deflated", "deflated", "3"),
    "total_return": Column("return", "total_return", "change"),
    "max_drawdown": Column("drawdown", "max_drawdown", "share"),
    "turnover": Column("turnover", "turnover", "1"),
    "costs": Column("costs", "costs", "3"),
    "auc": Column("AUC", "auc", "4"),
    "log_loss": Column("log-loss", "log_loss", "4"),
    "why": Column("why", "why", "words", "The reason that its author gave."),
}
SHOWN = (
    *("strategy", "win_rate", "break_even", "sharpe", "deflated", "probes", "total_return", "trades", "gain", "changed"),
    *("agent", "trial"),
)
"""Columns unless others are chosen."""
EXPORTED = (
    *("pipeline", "name", "parent", "family", "dataset", "number", "at", "agent", "contract", "idea", "changed", "gain"),
    *(
        "gain_error",
        "probes",
        "stale",
        "unjudged",
        "review",
        "trades",
        "win_rate",
        "break_even",
        "mean_net",
        "mean_low",
        "mean_high",
    ),
    *("p_value", "sharpe", "sharpe_error", "deflated", "total_return", "max_drawdown", "turnover", "costs", "auc"),
    *("log_loss", "why"),
)
"""Columns of a file."""


@dataclass(frozen=True, slots=True)
class TrialQuery:
    """What a page of the list was asked for.

    Parameters
    ----------
    chosen : TrialFilter
    sort : str
        Of :data:`COLUMNS`.
    descending : bool
    columns : tuple of str
        Of :data:`COLUMNS`, in the order in which they are shown.
    page : int
        From 1.
    """

    chosen: TrialFilter
    sort: str = "sharpe"
    descending: bool = True
    columns: tuple[str, ...] = SHOWN
    page: int = 1


@dataclass(frozen=True, slots=True)
class TrialPage:
    """One page of the list.

    Parameters
    ----------
    rows : list of dict
        As of the board, with `deflated`, `stale`, `effect` and `review`.
    total, every : int
        Trials that the filter lets through, and all with figures.
    values : dict
        Trials by each value of each column that filters.
    warning : str
        What the best of many is worth; empty where the list is in no such order.
    """

    rows: list[TrialRow]
    total: int
    every: int
    values: Mapping[str, Mapping[str, int]]
    warning: str

    @property
    def pages(self) -> int:
        """Count the pages of the list, at least 1."""
        return max(1, -(-self.total // PAGE))


class Standing:
    """What is known of the datasets and trials as they are: how many there are, which are stale, which were proposed.

    Parameters
    ----------
    tracker : Tracker
    """

    def __init__(self, tracker: "Tracker") -> None:
        self._tracker = tracker
        scored = {name: read_scored(tracker, name) for name in tracker.catalog.names()}
        self._terms = {name: frozenset(one.terms.values()) for name, one in scored.items() if one}
        self._trials: dict[str, int] = {}
        self._reviews = read_reviews(tracker)

    def count_trials(self, dataset: str) -> int:
        """Count the trials of a dataset, once."""
        if dataset not in self._trials:
            self._trials[dataset] = self._tracker.ledger.counts(dataset).trials
        return self._trials[dataset]

    def complete(self, row: TrialRow) -> TrialRow:
        """Add to a trial's row what depends on the datasets and trials as they are."""
        changed = row["changed"]
        if changed is None and row["parent"]:  # a version that did not keep it wrote the row
            changed = describe_change(self._tracker.store, self._tracker.catalog, row["pipeline"])
        return {
            **row,
            "changed": changed,
            "deflated": _deflate(row, self.count_trials(row["dataset"])),
            "stale": self._is_stale(row),
            "effect": tell_effect(row["gain"], row["gain_error"]),
            "review": self._reviews.get(row["pipeline"]),
        }

    def _is_stale(self, row: TrialRow) -> bool:
        """Check whether a dataset has other rows or terms by now; of what hangs on more than one contract by all of them."""
        terms = self._terms.get(row["dataset"], frozenset())
        if row["fingerprint"] in terms:
            return False
        return not (terms and is_current(self._tracker, row["pipeline"], row["fingerprint"]))


def make_page(tracker: "Tracker", query: TrialQuery) -> TrialPage:
    """Make one page of the list of trials; one after the last is empty."""
    ledger, standing = tracker.ledger, Standing(tracker)
    values = {column: ledger.count_by(column) for column in FILTERS if column != "family"}
    wanted = ledger.list_trials(query.chosen, _order(query, values["dataset"], standing), PAGE, (query.page - 1) * PAGE)
    rows = [standing.complete(row) for row in ledger.read_trials(wanted)]
    total = ledger.count_listed(query.chosen)
    return TrialPage(rows, total, sum(values["dataset"].values()), values, _warn(query, rows, standing))


def export_trials(tracker: "Tracker", query: TrialQuery) -> Iterator[str]:
    """Write the whole list as CSV, in pieces; words of others begin no formula."""
    standing = Standing(tracker)
    wanted = tracker.ledger.list_trials(query.chosen, _order(query, tracker.ledger.count_by("dataset"), standing))
    yield _write_csv([EXPORTED])
    for start in range(0, len(wanted), CHUNK):
        rows = tracker.ledger.read_trials(wanted[start : start + CHUNK])
        yield _write_csv([[_cell(row[name]) for name in EXPORTED] for row in (_export(standing.complete(one)) for one in rows)])


def tell_effect(gain: float | None, error: float | None) -> str:
    """Tell what a change did to the Sharpe ratio: nothing within :data:`factory.ledger.trial_list.ERRORS` errors."""
    if gain is None or error is None:
        return UNKNOWN
    return SIDEWAYS if abs(gain) <= ERRORS * error else BETTER if gain > 0 else WORSE


def _deflate(row: TrialRow, trials: int) -> float | None:
    ratio = {name: row[name] for name in ("sharpe", "sharpe_error", "sharpe_luck")}
    return None if None in ratio.values() else deflate_sharpe(ratio, trials)


def _order(query: TrialQuery, datasets: Mapping[str, int], standing: Standing) -> TrialOrder:
    column = COLUMNS[query.sort].sort
    if column != "deflated":
        return TrialOrder(column, query.descending)
    from factory.statistics.deflation import expected_maximum

    luck = {name: expected_maximum(standing.count_trials(name)) for name in datasets}
    return TrialOrder(column, query.descending, luck)


def _warn(query: TrialQuery, rows: Sequence[TrialRow], standing: Standing) -> str:
    """Say what the first of a list is worth that stands there because it is the best of many."""
    if query.sort not in ("sharpe", "deflated", "total_return", "mean_net", "win_rate", "auc") or not query.descending:
        return ""
    if not rows or (trials := standing.count_trials(rows[0]["dataset"])) < 2:
        return ""
    says = f"The first of {trials:,} trials stands there by luck as well as by merit"
    if rows[0]["sharpe_luck"] is None or rows[0]["sharpe"] is None:
        return f"{says}."
    from factory.statistics.deflation import expected_maximum

    luck = rows[0]["sharpe_luck"] * expected_maximum(trials)
    return (
        f"{says}: without any edge, the best of so many would show a Sharpe ratio of about {luck:.1f}; this one shows "
        f"{rows[0]['sharpe']:.1f}. Only a sealed look settles it."
    )


def _export(row: TrialRow) -> TrialRow:
    words = {"stale": _yes(row["stale"]), "unjudged": _yes(row["unjudged"]), "review": row["review"] and row["review"].short}
    return {**row, **words, "at": iso(row["at"] // 1000 * 1000)}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _cell(value: object) -> object:
    if isinstance(value, float):
        return round_significant(value, DIGITS)
    return guard_cell(clean_line(value)) if isinstance(value, str) else value


def _write_csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
