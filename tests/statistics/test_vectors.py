"""All statistics against values from independent libraries."""

import json
from pathlib import Path
from typing import Any

from tests.vector_kinds import HANDLERS
from tests.vectors import close, failures


def test_every_reference_vector_matches(shared: Path) -> None:
    vectors = json.loads((shared / "reference_vectors.json").read_text(encoding="utf-8"))["vectors"]
    assert failures(vectors) == {}


def vector(name: str, inputs: Any, expected: Any, tolerance: float = 1e-9) -> dict[str, Any]:
    return {"name": name, "inputs": inputs, "expected": expected, "tolerance": tolerance}


def test_the_runner_tells_what_differs_what_is_missing_and_what_it_does_not_know() -> None:
    wrong = vector("min_btl_wrong", {"n_trials": 45, "target_sharpe_annual": 1.0}, {"min_btl_years": 4.9})
    more = vector("min_btl_more", {"n_trials": 45, "target_sharpe_annual": 1.0}, {"decades": 0.5})
    unknown = vector("astrology", {}, {"luck": 1.0})
    broken = vector("min_btl_broken", {}, {"min_btl_years": 4.9})
    faults = failures([wrong, more, unknown, broken])
    assert "4.998" in faults["min_btl_wrong"]
    assert faults["min_btl_more"] == "decades: not computed"
    assert faults["astrology"] == "no statistic of this kind"
    assert faults["min_btl_broken"].startswith("KeyError")


def test_a_vector_may_take_its_data_from_another() -> None:
    data = vector(
        "pbo_matrix_2", {"returns_matrix_rows_time": [[0.1, 0.2], [0.2, 0.1], [0.1, 0.3]]}, {"n_obs": 3, "n_configs": 2}
    )
    taking = vector("effective_trials_2", {"returns_matrix": "as pbo_matrix_2"}, {"avg_corr": -0.8660254037844387})
    assert failures([data, taking]) == {}


def test_values_agree_all_the_way_down() -> None:
    assert close({"a": [1.0, float("nan")]}, {"a": [1.0, None]}, 0)
    assert not close([1.0], [1.0, 2.0], 1.0)
    assert not close({"a": True}, {"a": False}, 1.0)


def test_every_kind_has_a_handler_of_its_own() -> None:
    assert len(set(HANDLERS.values())) == len(HANDLERS)


def test_a_deflated_sharpe_is_computed_from_moments() -> None:
    given = {
        "sharpe_per_period": 2.5 / 250**0.5, "trial_sharpe_std": (0.5 / 250) ** 0.5, "n_trials": 100, "n_obs": 1250,
        "skew": -3, "kurtosis_nonexcess": 10,
    }  # fmt: skip
    expected = {"dsr": 0.9003968344493903, "sr0_per_period": 0.11317200186513214}
    assert failures([vector("dsr_moments_1", given, expected, 1e-6)]) == {}
