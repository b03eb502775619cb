"""The figures that are kept up with the ledger are those that its rows amount to."""

import sqlite3
from contextlib import closing
from math import sqrt
from statistics import stdev
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy import float64
from numpy.typing import NDArray

from factory.core.errors import LedgerError
from factory.ledger import Counts, Ledger
from factory.ledger.ranks import rank
from factory.ledger.running import Totals
from factory.statistics.deflation import average_correlation, independent_of
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.ledger.conftest import DATASET, FINGERPRINT, behind_its_back, fill
from tests.server.test_cli import rfcat

FIGURES = st.fixed_dictionaries(
    {},
    optional={
        "sharpe": st.floats(-5, 5),
        "p_value": st.floats(0, 1),
        "total_return": st.sampled_from([-1.0, -0.5, 0.2]),
        "mean_high": st.floats(-1, 1),
    },
)
TRIALS = st.fixed_dictionaries(
    {
        "metrics": FIGURES,
        "idea": st.sampled_from(["up", "down", "moon"]),
        "daily": st.lists(st.integers(-3, 3).map(float), min_size=3, max_size=4),
    }
)
ROWS = st.lists(
    st.one_of(
        TRIALS.map(lambda payload: ("trial", payload)),
        st.tuples(st.integers(1, 9), st.booleans()).map(lambda drawn: ("exploration", drawn)),
    ),
    max_size=12,
)


def write(ledger: Ledger, rows: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Append rows of two datasets in turn; the trials of the first."""
    trials = []
    for number, (kind, drawn) in enumerate(rows):
        dataset = DATASET if number % 3 else "other"
        if kind == "trial":
            ledger.trial(f"pipeline{number}", dataset, FINGERPRINT, drawn)
            trials += [drawn] if dataset == DATASET else []
        else:
            count, of_validation = drawn
            ledger.append(
                "exploration", {"dataset": dataset, "count": count, "part": "validation" if of_validation else "train"}
            )
    return trials


@given(ROWS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_figures_kept_up_are_those_of_the_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, Any]]) -> None:
    ledger = Ledger(Workspace.open(tmp_path_factory.mktemp("running") / "workspace"))
    trials = write(ledger, rows)
    metrics = [trial["metrics"] for trial in trials]
    assert ledger.counts(DATASET).trials == len(trials)
    sharpes = [figures["sharpe"] for figures in metrics if "sharpe" in figures]
    assert ledger.sharpe_deviation(DATASET) == (pytest.approx(stdev(sharpes), abs=1e-12) if len(sharpes) > 1 else None)
    board, total = ledger.leaderboard([DATASET], 1, 50)
    assert [rank(entry.payload["metrics"]) for entry in board] == sorted(rank(figures) for figures in metrics)
    assert total == len(trials)
    assert {idea.name: (idea.trials, idea.judged) for idea in ledger.ideas(DATASET, 1, 9)[0]} == {
        name: (
            sum(trial["idea"] == name for trial in trials),
            sum(trial["idea"] == name and "mean_high" in trial["metrics"] for trial in trials),
        )
        for name in {trial["idea"] for trial in trials}
    }
    assert ledger.independent(DATASET) == pytest.approx(independent([trial["daily"] for trial in trials]))
    assert ledger.verify().problems == ()
    ledger.close()


def independent(dailies: list[list[float]]) -> float:
    """The same by the definition: the matrix of all trials of the commonest length, the first such where two are."""
    lengths = [len(daily) for daily in dailies]
    most = max(lengths, key=lengths.count, default=0)
    alike = [daily for daily in dailies if len(daily) == most and len(set(daily)) > 1]
    if len(alike) < 2:
        return len(dailies)
    several = independent_of(average_correlation(np.array(alike).T), len(alike))
    return len(dailies) - len(alike) + float(np.clip(several, 1, len(alike)))


def try_daily(ledger: Ledger, *dailies: NDArray[float64] | list[float]) -> float:
    for number, daily in enumerate(dailies):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"daily": list(map(float, daily))})
    return ledger.independent(DATASET)


def test_copies_count_as_one_and_what_never_traded_as_itself(ledger: Ledger) -> None:
    one = np.random.default_rng(1).normal(size=400)
    assert ledger.independent(DATASET) == 0
    assert try_daily(ledger, one, one, np.zeros(400), [0.1]) == pytest.approx(3)


def test_unlike_trials_count_as_many(ledger: Ledger) -> None:
    assert try_daily(ledger, *np.random.default_rng(1).normal(size=(2, 400))) == pytest.approx(2, abs=0.1)


def test_trials_that_move_against_each_other_are_no_more_than_they_are(ledger: Ledger) -> None:
    values = np.random.default_rng(2).normal(size=400)
    assert try_daily(ledger, values, -values) == pytest.approx(2)


EDITS = {
    "totals": "UPDATE ledger_totals SET trials = 1 WHERE seq = 3",
    "totals dropped": "DELETE FROM ledger_totals WHERE seq = 3",
    "totals of another": "UPDATE ledger_totals SET dataset = 'other' WHERE seq = 3",
    "totals added": "INSERT INTO ledger_totals SELECT seq + 9, dataset, 0, 0, 0, 0, 0, 0, hash FROM ledger_totals WHERE seq = 3",
    "board": "UPDATE ledger_board SET sharpe = 99 WHERE seq = 2",
    "board dropped": "DELETE FROM ledger_board WHERE seq = 2",
    "daily sums": "UPDATE ledger_daily_sums SET varying = 7",
    "daily sums dropped": "DELETE FROM ledger_daily_sums",
}


@pytest.mark.parametrize("edit", EDITS)
def test_law_4_edited_figures_are_found(edit: str, workspace: Workspace, ledger: Ledger) -> None:
    for number in range(4):
        payload = {"metrics": {"sharpe": number / 2}, "daily": [0.0, float(number)]}
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, payload)
    assert ledger.verify().ok
    connection = behind_its_back(workspace)
    assert connection.execute(EDITS[edit]).rowcount > 0
    connection.close()
    assert f"counts of {DATASET}: not what its rows amount to; they were edited" in ledger.verify().problems


@pytest.mark.parametrize("column", [*Totals.__dataclass_fields__, "hash"])
def test_law_4_no_damaged_count_is_told(column: str, workspace: Workspace, ledger: Ledger) -> None:
    """Not even before anybody verifies: how far luck goes hangs on them."""
    for number in range(4):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"metrics": {"sharpe": number / 2}, "daily": [0.0, 1.0]})
    with closing(behind_its_back(workspace)) as connection:
        connection.execute(f"UPDATE ledger_totals SET {column} = {column} + 1")
    for ask in (ledger.counts, ledger.sharpe_deviation, lambda name: ledger.exploration(name, {})):
        with pytest.raises(LedgerError, match=f"^counts of {DATASET}: damaged or edited; run `rfcat ledger verify`"):
            ask(DATASET)


@pytest.mark.parametrize("edit", ["first = 9", "trials = 9", "varying = 2", "total = zeroblob(16)", "hash = ''"])
def test_law_4_no_damaged_sum_of_days_is_told(edit: str, workspace: Workspace, ledger: Ledger) -> None:
    for number in range(4):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"daily": [0.0, float(number)]})
    with closing(behind_its_back(workspace)) as connection:
        connection.execute(f"UPDATE ledger_daily_sums SET {edit}")
    for ask in (ledger.independent, lambda name: ledger.trial("more", name, FINGERPRINT, {"daily": [0.0, 1.0]})):
        with pytest.raises(LedgerError, match=f"^counts of {DATASET}: damaged or edited"):
            ask(DATASET)


@pytest.mark.parametrize("edit", EDITS)
def test_law_4_damaged_counts_are_made_anew_from_rows_that_prove_whole(edit: str, workspace: Workspace, ledger: Ledger) -> None:
    for number in range(4):
        payload = {"metrics": {"sharpe": number / 2}, "daily": [0.0, float(number)]}
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, payload)
    assert ledger.restore_counts() == []
    with closing(behind_its_back(workspace)) as connection:
        connection.execute(EDITS[edit])
    told = rfcat(workspace.root, "ledger", "verify")
    assert f"counts of {DATASET} were damaged or edited, and are made anew from its rows" in told
    assert "whole: 4 rows" in told
    assert ledger.counts(DATASET) == Counts(4, 0)
    assert ledger.verify().ok


def test_law_4_nothing_is_made_of_rows_that_do_not_prove_whole(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 3)
    with closing(behind_its_back(workspace)) as connection:
        connection.execute("UPDATE ledger_totals SET trials = 1 WHERE seq = 3")
        connection.execute("UPDATE ledger SET payload = '{' WHERE seq = 1")
    assert ledger.restore_counts() == []
    assert "row 1: edited" in ledger.verify().problems[0]
    with pytest.raises(LedgerError, match="counts of"):
        ledger.counts(DATASET)


OLDER = {
    "no figures": "DROP TABLE ledger_totals; DROP TABLE ledger_board; DROP TABLE ledger_daily_sums; PRAGMA user_version=2",
    "figures without hashes": (
        "ALTER TABLE ledger_totals DROP COLUMN hash; ALTER TABLE ledger_daily_sums DROP COLUMN hash; PRAGMA user_version=5"
    ),
}


@pytest.mark.parametrize("older", OLDER)
def test_a_workspace_without_the_figures_gets_them(older: str, workspace: Workspace, ledger: Ledger) -> None:
    ledger.exploration(DATASET, {"what": "screened"}, 27)
    for sharpe in (1.0, 3.0):
        ledger.trial(f"pipeline{sharpe}", DATASET, FINGERPRINT, {"metrics": {"sharpe": sharpe}, "daily": [0.0, sharpe, 1.0]})
    ledger.close()
    connection = sqlite3.connect(workspace.database)
    connection.executescript(OLDER[older])
    connection.close()
    Store(workspace).close()  # It brings the tables up to date and knows nothing of figures.
    again = Ledger(workspace)
    assert again.counts(DATASET) == Counts(2, 27)
    assert again.sharpe_deviation(DATASET) == pytest.approx(sqrt(2))
    assert again.leaderboard([DATASET], 1, 9)[0][0].payload["pipeline"] == "pipeline3.0"
    assert again.verify().ok
    again.close()


def test_pages_of_the_board_join(ledger: Ledger) -> None:
    for number in range(23):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"metrics": {"sharpe": float(number % 5), "p_value": 0.5}})
    pages = [ledger.leaderboard([DATASET], page, 10) for page in (1, 2, 3)]
    seen = [entry.seq for entries, _ in pages for entry in entries]
    assert sorted(seen) == list(range(1, 24))
    assert {total for _, total in pages} == {23}
    assert [entry.seq for entry in ledger.newest([DATASET, "other"], 1, 3)[0]] == [23, 22, 21]
    assert ledger.leaderboard(["other"], 1, 10) == ([], 0)
