import sqlite3

import pytest

from factory.core.errors import LedgerError
from factory.ledger import Counts, Ledger
from factory.storage.workspace import Workspace
from tests.ledger.conftest import DATASET, FINGERPRINT, fill


def test_the_same_pipeline_on_the_same_data_is_one_trial(ledger: Ledger) -> None:
    first, new = ledger.trial("abc", DATASET, FINGERPRINT, {"agent": "ann", "edge": 0.01})
    fill(ledger, 3)
    again, new_again = ledger.trial("abc", DATASET, FINGERPRINT, {"agent": "bob", "edge": 0.5})
    assert (new, new_again, again) == (True, False, first)
    entry = ledger.find_trial("abc", FINGERPRINT)
    assert entry is not None
    assert entry.payload["agent"] == "ann"
    assert ledger.counts(DATASET).trials == 4


def test_other_data_or_another_pipeline_is_another_trial(ledger: Ledger) -> None:
    assert ledger.trial("abc", DATASET, FINGERPRINT, {})[1]
    assert ledger.trial("abc", DATASET, "e" * 64, {})[1]
    assert ledger.trial("abd", DATASET, FINGERPRINT, {})[1]
    assert ledger.find_trial("abd", "e" * 64) is None


def test_counts_are_kept_apart_by_kind_and_dataset(ledger: Ledger) -> None:
    fill(ledger, 2)
    ledger.exploration(DATASET, {"what": "grid"}, count=27)
    ledger.exploration(DATASET, {"what": "screen"})
    with pytest.raises(ValueError, match="at least 1"):
        ledger.exploration(DATASET, {}, count=-27)
    ledger.append("look", {"dataset": DATASET})
    ledger.append("proposal", {"dataset": DATASET})
    ledger.trial("abc", "btc-real", FINGERPRINT, {})
    assert ledger.counts(DATASET) == Counts(trials=2, explorations=28)
    assert ledger.counts("btc-real") == Counts(trials=1, explorations=0)
    assert ledger.counts("unknown") == Counts(0, 0)


def test_explorations_of_validation_are_counted_among_all_and_repeats_count_nothing(ledger: Ledger) -> None:
    ledger.exploration(DATASET, {"what": "grid", "features": ['"part":"validation"']}, count=3)
    assert str(ledger.counts(DATASET)) == "3 explorations"
    by_hour = "breakdown by hour of abc"
    first, new = ledger.validation_exploration(DATASET, by_hour, FINGERPRINT, {"agent": "ann"}, count=24)
    again, new_again = ledger.validation_exploration(DATASET, by_hour, FINGERPRINT, {"agent": "bob"}, count=24)
    assert (new, new_again, again) == (True, False, first)
    assert ledger.validation_exploration(DATASET, by_hour, "e" * 64, {}, count=2)[1], "other rows are another look"
    with pytest.raises(ValueError, match="at least 1"):
        ledger.validation_exploration(DATASET, "nothing", FINGERPRINT, {}, count=0)
    assert ledger.counts(DATASET) == Counts(trials=0, explorations=29, of_validation=26)
    assert ledger.counts(DATASET, until=first.seq) == Counts(0, 27, 24)
    assert str(ledger.counts(DATASET)) == "29 explorations (26 of validation)"
    assert ledger.verify().ok


def test_a_payload_cannot_pass_a_trial_off_as_another(ledger: Ledger) -> None:
    ledger.trial("abc", DATASET, FINGERPRINT, {"dataset": "other", "pipeline": "zzz", "subject": "mine", "v": 0, "count": -1})
    assert ledger.counts("other").trials == 0
    assert ledger.counts(DATASET) == Counts(trials=1, explorations=0)
    assert not ledger.trial("abc", DATASET, FINGERPRINT, {})[1]
    assert ledger.rows("trial", DATASET)[0].payload["v"] == 1


def test_the_position_moves_with_each_row(ledger: Ledger) -> None:
    assert ledger.position().seq == 0
    fill(ledger, 2)
    appended = ledger.append("review", {"verdict": "approved"})
    assert ledger.position() == appended
    assert appended.short == f"3:{appended.hash[:12]}"


def test_trials_come_in_pages_newest_first(ledger: Ledger) -> None:
    fill(ledger, 53)
    first, second = ledger.rows("trial", DATASET), ledger.rows("trial", DATASET, page=2)
    assert [entry.seq for entry in first + second] == list(range(53, 0, -1))
    assert len(first) == 50
    assert first[0].payload["pipeline"] == "pipeline52"


def test_later_payloads_may_hold_more_without_breaking_the_chain(ledger: Ledger) -> None:
    fill(ledger, 2)
    ledger.append("look", {"dataset": DATASET, "pool_id": "p", "look_no": 1, "alpha_k": 0.01, "disclosed": [{"to": "ann"}]})
    ledger.trial("abc", DATASET, FINGERPRINT, {"daily": [0.001] * 180, "probes": {"P1": "clean"}})
    ledger.append("registered-later", {"v": 7, "other": None})
    assert ledger.verify().ok


def test_a_row_that_is_no_json_is_not_written(ledger: Ledger) -> None:
    fill(ledger, 1)
    with pytest.raises(ValueError, match="JSON"):
        ledger.trial("abc", DATASET, FINGERPRINT, {"edge": float("nan")})
    assert ledger.position().seq == 1
    assert ledger.trial("abc", DATASET, FINGERPRINT, {"edge": 0.1})[1]
    assert ledger.verify().ok


def test_a_second_row_with_the_same_subject_is_refused(ledger: Ledger) -> None:
    ledger.append("grant", {"subject": "pool-1"})
    ledger.append("grant", {"subject": "pool-2"})
    ledger.append("review", {"subject": "pool-1"})
    with pytest.raises(LedgerError, match="UNIQUE"):
        ledger.append("grant", {"subject": "pool-1"})
    assert ledger.position().seq == 3
    assert ledger.verify().ok


def test_payloads_are_stored_as_canonical_json(workspace: Workspace, ledger: Ledger) -> None:
    ledger.append("review", {"b": 1, "a": {"é": 2.5}})
    connection = sqlite3.connect(workspace.database)
    (text,) = connection.execute("SELECT payload FROM ledger").fetchone()
    connection.close()
    assert text == '{"a":{"é":2.5},"b":1,"v":1}'
