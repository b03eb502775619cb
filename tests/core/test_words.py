"""Durations, moments, canonical JSON and the shape of answers."""

import math
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.core import canonical
from factory.core.answers import page, round_answer, round_significant
from factory.core.errors import FactoryError, PipelineError, did_you_mean
from factory.core.times import DAYS_A_YEAR, canonical_duration, iso, moment, to_duration, to_ms

ROOT = Path(__file__).resolve().parents[2]
YEARS = {"252", "365.24", "365.2425", "365.25", "366", "8760", "8766", "525600", "525960", "31536000"} | {str(DAYS_A_YEAR)}
"""Lengths of a year in days, hours, minutes and seconds."""


@given(st.integers(1, 10**9))
def test_durations_round_trip(ms: int) -> None:
    assert to_ms(to_duration(ms)) == ms


@pytest.mark.parametrize(("text", "canonical"), [("60m", "1h"), ("24h", "1d"), ("90s", "90s"), ("1000ms", "1s"), ("7d", "1w")])
def test_durations_have_one_spelling(text: str, canonical: str) -> None:
    assert canonical_duration(text) == canonical


@pytest.mark.parametrize("text", ["0m", "-5m", "5", "5 m", "1.5h", "5M", "1y", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        to_ms(text)


@given(st.integers(0, 4_000_000_000_000))
def test_moments_round_trip(ms: int) -> None:
    assert moment(iso(ms)) == ms


def test_a_time_of_day_without_a_zone_is_refused() -> None:
    assert moment("2024-07-01") == moment("2024-07-01T00:00:00Z") == moment("2024-07-01T02:00:00+02:00")
    with pytest.raises(ValueError, match="has no time zone"):
        moment("2024-07-01T12:00:00")


def test_law_5_equal_values_have_one_digest_and_seeds_differ_by_path() -> None:
    assert canonical.digest({"b": 1, "a": [1.5, "x"]}) == canonical.digest({"a": [1.5, "x"], "b": 1})
    assert canonical.seed_for("data", "experts.a") != canonical.seed_for("data", "experts.b")
    assert canonical.seed_for("data", "experts.a") == canonical.seed_for("data", "experts.a")
    with pytest.raises(ValueError, match="JSON"):
        canonical.dumps({"x": math.nan})


def test_answers_are_tidy() -> None:
    tidy = round_answer(
        {"a": np.float64(0.123456), "b": None, "c": math.nan, "rows": [[1.0, None, "x"]], "d": {}, "e": np.int64(3)}
    )
    assert tidy == {"a": 0.1235, "rows": [[1, "-", "x"]], "e": 3}


@given(st.floats(-1e12, 1e12))
def test_four_significant_digits_are_near(value: float) -> None:
    assert round_significant(value) == pytest.approx(value, rel=6e-4)


def test_pages_tell_how_to_go_on() -> None:
    assert page(list(range(25)), 1, 10) == (list(range(10)), {"total": 25, "next_page": 2})
    assert page(list(range(25)), 3, 10) == ([20, 21, 22, 23, 24], {"total": 25})
    assert page([1], 1, 10) == ([1], {})


def test_errors_show_eight_lines_and_count_the_rest() -> None:
    error = PipelineError(*(f"line {i}" for i in range(11)))
    assert str(error).splitlines()[-1] == "and 3 more"
    assert isinstance(error, FactoryError)
    assert did_you_mean("updown", ["up_down", "other"]) == "did you mean 'up_down'?"
    assert did_you_mean("zzz", ["b", "a"]) == "allowed: a, b"
    assert did_you_mean("zzz", map(str, range(12))).count(",") == 11
    assert did_you_mean("zzz", map(str, range(13))).endswith(", ...")


def test_answers_keep_the_order_of_their_keys_and_hashed_values_do_not() -> None:
    assert canonical.in_order({"b": 1, "a": 2}) == '{"b":1,"a":2}'
    assert canonical.dumps({"b": 1, "a": 2}) == '{"a":2,"b":1}'


def test_a_year_has_one_length_in_one_place() -> None:
    """Sharpe ratios, volatilities and turnovers are scaled by the same year."""
    files = []
    for path in sorted(ROOT.glob("factory/**/*.py")):
        with path.open("rb") as file:
            numbers = {
                token.string.replace("_", "") for token in tokenize.tokenize(file.readline) if token.type == tokenize.NUMBER
            }
        if numbers & YEARS:
            files.append(str(path.relative_to(ROOT)))
    assert files == ["factory/core/times.py"]
