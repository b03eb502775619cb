"""What a trial's figures are said to mean."""

import pytest

from factory.reading import rank, reading

GOOD = {"trades": 400, "mean_net": 0.02, "p_value": 0.001, "total_return": 0.3, "sharpe": 2.0}


@pytest.mark.parametrize(
    ("change", "trials", "told"),
    [
        ({"trades": 0}, 1, "no trade was taken"),
        ({"total_return": -1.0}, 1, "ruined"),
        ({"mean_net": -0.01}, 1, "loses after costs"),
        ({"trades": 14}, 1, "too few trades to judge (14)"),
        ({"p_value": 0.2}, 1, "no more than luck would explain"),
        ({}, 1, "beyond luck at 1 trials (p x trials 0.001)"),
        ({}, 40, "beyond luck at 40 trials (p x trials 0.04)"),
        ({}, 60, "among 60 trials luck would do as well (p x trials 0.06)"),
        ({}, 10_000, "p x trials 1"),
    ],
)
def test_luck_is_judged_at_the_ledgers_count_of_trials(change: dict, trials: int, told: str) -> None:
    assert told in reading({**GOOD, **change}, trials)


def test_the_ruined_and_the_barely_tried_never_lead() -> None:
    ruined = {**GOOD, "total_return": -1.0, "sharpe": 9.0}
    rare = {**GOOD, "trades": 5, "sharpe": 8.0}
    poor = {**GOOD, "sharpe": -1.0}
    assert sorted([ruined, rare, poor, GOOD], key=rank) == [GOOD, poor, ruined, rare]
