from typing import Any

import pytest

from factory.statistics.intervals import binomial_tail, break_even, clopper_pearson, wilson
from factory.statistics.planning import decisions_needed


@pytest.mark.parametrize("name", ["binom_ci_56_100", "binom_ci_540_1000", "binom_ci_0_20", "binom_ci_2330_4248"])
def test_intervals_and_tails_match_the_reference(vectors: dict[str, Any], name: str) -> None:
    given, expected, tolerance = (vectors[name][key] for key in ("inputs", "expected", "tolerance"))
    wins, n = given["wins"], given["n"]
    assert wilson(wins, n) == pytest.approx(expected["wilson"], abs=tolerance)
    assert clopper_pearson(wins, n) == pytest.approx(expected["clopper_pearson"], abs=tolerance)
    for rate in ("0_50", "0_56"):
        tail = binomial_tail(wins, n, float(rate.replace("_", ".")))
        assert tail == pytest.approx(expected[f"p_one_sided_gt_{rate}"], abs=tolerance)


def test_break_even_matches_the_reference(vectors: dict[str, Any]) -> None:
    stakes = [case for case in vectors["break_even_win_rate"]["inputs"]["cases"] if "stake" in case]
    rates = [break_even(case["payout"], case["stake"], case["fee"]) for case in stakes]
    assert [*rates, break_even(1 - 0.53, 0.53)] == pytest.approx(vectors["break_even_win_rate"]["expected"]["break_even"])


def test_at_the_break_even_rate_nothing_is_earned() -> None:
    rate = break_even(win=0.8, lose=1.1, fee=0.07)
    assert rate * 0.8 - (1 - rate) * 1.1 - 0.07 == pytest.approx(0)


def test_all_wins_and_no_wins_stay_inside_the_unit_interval() -> None:
    for interval in (wilson, clopper_pearson):
        assert interval(0, 5)[0] == 0
        assert interval(5, 5)[1] == 1
    for n in range(1, 400):
        assert wilson(0, n)[0] == 0, "and no rounding noise, which would print as 2.776e-17"
        assert wilson(n, n)[1] == 1


@pytest.mark.parametrize(
    ("break_even", "claimed", "alpha", "expected"),
    [(0.5, 0.52, 0.05, 3862), (0.5, 0.54, 0.005, 1822), (0.56, 0.58, 0.01, 6163), (0.56, 0.60, 0.005, 1787)],
)
def test_planning_gives_the_protocols_table(break_even: float, claimed: float, alpha: float, expected: int) -> None:
    assert round(decisions_needed(break_even, claimed, alpha)) == expected
