"""The list of trials: filtered, searched and sorted in the database, each figure as the ledger's row has it."""

import sqlite3
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.core.errors import LedgerError
from factory.ledger import Ledger
from factory.ledger.board_row import compare_sharpe, correlate
from factory.ledger.trial_list import SORTED, TrialFilter, TrialOrder
from factory.storage.schema import FIGURES
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.hostile import ALL_IN_ONE, FOLDERS
from tests.ledger.conftest import DATASET, FINGERPRINT, behind_its_back

METRICS = st.fixed_dictionaries({}, optional={name: st.integers(-3, 3).map(lambda one: one / 4) for name in FIGURES})
TRIALS = st.lists(
    st.fixed_dictionaries(
        {
            "metrics": METRICS,
            "agent": st.sampled_from(["ann", "bob"]),
            "name": st.sampled_from(["first", "50% of it", "under_score"]),
            "why": st.sampled_from(["because", "100%", "a_b", "axb", ALL_IN_ONE]),
            "contract": st.sampled_from(["spot", "perpetual"]),
            "family": st.sampled_from(["one", "two"]),
            "idea": st.just("up"),
            "probes": st.sampled_from([{}, {"ran": "P1"}, {"ran": "P1", "warn": ["P7: x"]}, {"block": ["P9: y"]}]),
        }
    ),
    max_size=10,
)


def write(ledger: Ledger, trials: list[dict[str, Any]]) -> None:
    for number, payload in enumerate(trials):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, payload)


@given(TRIALS, st.sampled_from(SORTED), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_order_is_that_of_the_rows_and_unjudged_trials_stand_last(
    tmp_path_factory: pytest.TempPathFactory, trials: list[dict[str, Any]], column: str, descending: bool
) -> None:
    ledger = Ledger(Workspace.open(tmp_path_factory.mktemp("list") / "workspace"))
    write(ledger, trials)
    rows = ledger.read_trials(ledger.list_trials(TrialFilter(), TrialOrder(column, descending)))
    assert sorted(row["seq"] for row in rows) == list(range(1, len(trials) + 1))
    if column in FIGURES:
        judged = [row["unjudged"] for row in rows]
        assert judged == sorted(judged)
        for unjudged in (False, True):
            values = [row[column] for row in rows if row["unjudged"] is unjudged]
            known = [value for value in values if value is not None]
            assert values == sorted(known, reverse=descending) + [None] * (len(values) - len(known))
    ledger.close()


@given(TRIALS, st.sampled_from(["%", "_", "100%", "a_b", "PIPELINE1", "'; drop table ledger; --", ALL_IN_ONE]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_search_is_for_the_letters_themselves(
    tmp_path_factory: pytest.TempPathFactory, trials: list[dict[str, Any]], text: str
) -> None:
    ledger = Ledger(Workspace.open(tmp_path_factory.mktemp("search") / "workspace"))
    write(ledger, trials)
    wanted = [
        number
        for number, one in enumerate(trials, start=1)
        if any(text.lower() in words.lower() for words in (one["name"], one["why"], f"pipeline{number - 1}"))
    ]
    assert ledger.list_trials(TrialFilter(text=text), TrialOrder("seq", descending=False)) == wanted
    assert ledger.count_listed(TrialFilter(text=text)) == len(wanted)
    ledger.close()


def test_filters_join_and_values_are_counted(ledger: Ledger) -> None:
    for number in range(8):
        payload = {"metrics": {}, "agent": "ab"[number % 2], "contract": "xy"[number // 4], "family": "f", "idea": "up"}
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {**payload, "probes": {"warn": ["P7"]} if number else {}})
    both = TrialFilter({"agent": "a", "contract": "y", "probes": "warn"})
    assert ledger.list_trials(both, TrialOrder("seq", descending=True)) == [7, 5]
    assert ledger.count_by("agent") == {"a": 4, "b": 4}
    assert ledger.count_by("probes") == {"warn": 7, "none": 1}
    for hostile in FOLDERS:
        assert ledger.list_trials(TrialFilter({"agent": hostile}), TrialOrder("seq", descending=True)) == []


def test_pages_of_the_list_join(ledger: Ledger) -> None:
    write(ledger, [{"metrics": {"sharpe": float(number % 5), "p_value": 0.5}} for number in range(23)])
    order = TrialOrder("sharpe", descending=True)
    pages = [ledger.list_trials(TrialFilter(), order, 10, skip) for skip in (0, 10, 20)]
    assert [seq for page in pages for seq in page] == ledger.list_trials(TrialFilter(), order)


def test_deflated_sorts_by_the_ratio_beyond_luck_of_each_dataset(ledger: Ledger) -> None:
    figures = {"sharpe_error": 1.0, "sharpe_luck": 1.0, "p_value": 0.1}
    ledger.trial("a", DATASET, FINGERPRINT, {"metrics": {**figures, "sharpe": 3.0}})
    ledger.trial("b", "other", FINGERPRINT, {"metrics": {**figures, "sharpe": 2.0}})
    ledger.trial("c", "other", FINGERPRINT, {"metrics": {"sharpe": 9.0, "p_value": 0.1}})
    order = TrialOrder("deflated", descending=True, luck={DATASET: 2.5, "other": 1.0})
    assert ledger.list_trials(TrialFilter(), order) == [2, 1, 3]


def try_change(ledger: Ledger, before: np.ndarray, after: np.ndarray, fingerprint: str = FINGERPRINT) -> dict[str, Any]:
    """Write a trial and its child, and read the child's row."""
    for id, parent, daily, terms in (("old", None, before, FINGERPRINT), ("new", "old", after, fingerprint)):
        metrics = {"sharpe": float(daily.mean() / daily.std()), "sharpe_error": 1.5, "p_value": 0.5}
        ledger.trial(id, DATASET, terms, {"metrics": metrics, "parent": parent, "daily": daily.tolist()})
    return ledger.read_trials([2])[0]


def test_a_change_is_measured_against_the_parent_with_a_paired_error(ledger: Ledger) -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(0.1, 1, 300)
    after = before + rng.normal(0.05, 0.2, 300)
    row = try_change(ledger, before, after)
    correlation = np.corrcoef(before, after)[0, 1]
    assert row["parent_seq"] == 1
    assert row["gain"] == pytest.approx(after.mean() / after.std() - before.mean() / before.std())
    assert row["gain_error"] == pytest.approx(np.sqrt(2 * 1.5**2 * (1 - correlation)))
    assert row["gain_error"] < 1.5, "on the same days most of the luck is shared"


def test_a_parent_on_other_terms_is_no_measure(ledger: Ledger) -> None:
    values = np.random.default_rng(5).normal(size=50)
    row = try_change(ledger, values, values, fingerprint="e" * 64)
    assert (row["parent_seq"], row["gain"], row["gain_error"]) == (None, None, None)


def test_what_never_moves_or_is_of_other_days_has_no_correlation() -> None:
    assert correlate([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]) is None
    assert correlate([1.0, 2.0], [1.0, 2.0, 3.0]) is None
    assert correlate([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == -1.0
    assert compare_sharpe({"sharpe": 1.0}, {}, 0.5) == (None, None)
    assert compare_sharpe({"sharpe": 1.0}, {"sharpe": 0.5}, None) == (0.5, None)


def test_families_are_counted_with_their_best(ledger: Ledger) -> None:
    for number, (family, sharpe) in enumerate((("one", 1.0), ("two", 5.0), ("one", 3.0), ("one", 2.0))):
        ledger.trial(
            f"p{number}", DATASET, FINGERPRINT, {"metrics": {"sharpe": sharpe, "p_value": 0.5}, "family": family, "agent": "a"}
        )
    families, total = ledger.families(1)
    assert (total, [(one.root, one.trials, one.agents) for one in families]) == (2, [("one", 3, 1)])
    assert families[0].best is not None
    assert families[0].best["pipeline"] == "p2"
    assert [one.root for one in ledger.families(1, 1)[0]] == ["two"]
    assert [one.seq for one in ledger.family("one")] == [1, 3, 4]


def test_law_4_a_figure_of_the_list_that_is_not_its_rows_is_refused(workspace: Workspace, ledger: Ledger) -> None:
    write(ledger, [{"metrics": {"sharpe": 1.0, "p_value": 0.5}}])
    connection = behind_its_back(workspace)
    connection.execute("UPDATE ledger_board SET sharpe = 9 WHERE seq = 1")
    connection.close()
    with pytest.raises(LedgerError, match="figures of row 1 are not what it holds; run `rfcat ledger verify`"):
        ledger.read_trials([1])


OLD_BOARD = """
DROP TABLE ledger_board;
CREATE TABLE ledger_board (seq INTEGER NOT NULL PRIMARY KEY, dataset VARCHAR(64) NOT NULL, idea VARCHAR(120) NOT NULL,
  unjudged BOOLEAN NOT NULL, sharpe FLOAT, mean_high FLOAT);
INSERT INTO ledger_board VALUES (1, 'btc-sim', 'up', 0, 1.0, NULL);
PRAGMA user_version=3;
"""
CANONICAL = "pipeline: old\ndata: btc-sim\ntrade: {use: long_or_short, contract: btc-perpetual, enter: 0.55}\n"


def test_a_workspace_of_version_3_opens_and_gets_the_board_that_its_rows_make(workspace: Workspace, ledger: Ledger) -> None:
    store = Store(workspace)
    for id, parent in (("root", None), ("middle", "root"), ("leaf", "middle")):
        store.put_pipeline(id, "old", CANONICAL, DATASET, parent)
    for id, parent, sharpe in (("root", None, 1.0), ("leaf", "middle", 3.0)):
        payload = {"metrics": {"sharpe": sharpe, "p_value": 0.5}, "parent": parent, "name": "old", "agent": "ann", "idea": "up"}
        ledger.trial(id, DATASET, FINGERPRINT, payload)
    for one in (ledger, store):
        one.close()
    connection = sqlite3.connect(workspace.database)
    connection.executescript(OLD_BOARD)
    connection.close()
    Store(workspace).close()
    again = Ledger(workspace)
    rows = again.read_trials(again.list_trials(TrialFilter(), TrialOrder("sharpe", descending=True)))
    assert [(row["pipeline"], row["family"], row["contract"]) for row in rows] == [
        ("leaf", "root", "btc-perpetual"),
        ("root", "root", "btc-perpetual"),
    ]
    assert again.verify().ok
    again.close()
