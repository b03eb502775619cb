"""What a trial's figures are said to mean."""

import pytest

from factory.ledger.ranks import rank
from factory.views.interpretation import interpret
from factory.workshop import Workshop

GOOD = {
    "trades": 400, "blocks": 200, "mean_net": 0.02, "mean_high": 0.04, "mean_cost": 0.01, "p_value": 0.001,
    "total_return": 0.3, "sharpe": 2.0,
}  # fmt: skip
FEW = {key: value for key, value in GOOD.items() if key not in ("p_value", "mean_high")} | {"blocks": 14}


@pytest.mark.parametrize(
    ("change", "trials", "independent", "told"),
    [
        ({"trades": 0}, 1, 1, "no trade was taken"),
        ({"total_return": -1.0}, 1, 1, "ruined"),
        ({"mean_net": -0.02, "mean_high": -0.01, "p_value": 0.99, "total_return": -0.2}, 1, 1, "loses after costs"),
        ({"mean_net": -0.02, "mean_high": -0.01, "p_value": 0.99, "mean_cost": 0.0, "total_return": -0.2}, 1, 1, "loses"),
        ({"mean_net": -0.01, "p_value": 0.66, "total_return": -0.1}, 1, 1, "earns nothing after costs, within luck (p 0.66)"),
        ({"p_value": 0.4}, 1, 1, "evidence none: chance 0.4 that luck does as well"),
        ({"p_value": 0.2}, 1, 1, "evidence weak: chance 0.2 that"),
        ({}, 1, 1, "evidence strong: chance 0.001 that luck does as well; sealed data have the last word"),
        ({}, 40, 12, "evidence fair: chance 0.012 that luck does as well among about 12 independent trials (0.04 among all 40)"),
        ({}, 60, 60, "evidence weak: chance 0.06"),
        ({}, 10_000, 4_000.0, "evidence none: no more than luck brings (p 0.001 among about 4000 independent trials"),
        ({}, 3, 4.6, "among 3 trials; sealed"),
        ({"mean_cost": 0.0, "funding": 0.0}, 1, 1, "earns, evidence"),
        ({"total_return": -0.1}, 1, 1, "yet the account lost 0.1 of itself"),
        ({"mean_net": -0.01, "p_value": 0.66}, 1, 1, "yet the account gained 0.3 of itself"),
        ({"one_chance": 0.503}, 1, 1, "the model learned nothing: it gives every decision the chance 0.503; earns"),
        ({"one_chance": 0.503, "trades": 0}, 1, 1, "0.503; no trade was taken"),
    ],
)  # fmt: skip
def test_evidence_is_graded_at_the_count_of_independent_trials(
    change: dict, trials: int, independent: float, told: str
) -> None:
    assert told in interpret({**GOOD, **change}, trials, independent)


def test_costs_that_nobody_paid_are_not_named() -> None:
    free = {**GOOD, "mean_cost": 0.0, "mean_net": -0.02, "mean_high": -0.01, "p_value": 0.99}
    assert "costs" not in interpret(free, 1, 1)


def test_too_few_blocks_are_told_whatever_the_number_of_trades() -> None:
    assert "too few independent blocks of trades to judge (14)" in interpret(FEW, 1, 1)


def test_near_identical_trials_read_alike() -> None:
    one, other = (interpret({**GOOD, "p_value": p}, 1, 1) for p in (0.0499, 0.0501))
    assert one.split(":")[0].replace("fair", "") == other.split(":")[0].replace("weak", "")
    assert one.split("chance ")[1][:4] == other.split("chance ")[1][:4], "the figure stands beside the grade"


def test_the_ruined_and_the_barely_tried_never_lead() -> None:
    ruined = {**GOOD, "total_return": -1.0, "sharpe": 9.0}
    rare = {**FEW, "sharpe": 8.0}
    poor = {**GOOD, "sharpe": -1.0}
    assert sorted([ruined, rare, poor, GOOD], key=rank) == [GOOD, poor, ruined, rare]


def test_a_bound_on_a_chance_is_never_told_as_a_sure_one() -> None:
    metrics = {"trades": 50, "mean_net": 0.0001, "mean_high": 0.01, "p_value": 0.43}
    told = interpret(metrics, 3, 3.0)
    assert told == "earns, evidence none: no more than luck brings (p 0.43 among 3 trials)"


def test_both_forms_of_deflation_stand_with_a_word_on_why_they_differ(workshop: Workshop) -> None:
    def best_of(*trials: dict[str, float]) -> dict[str, object]:
        for number, metrics in enumerate(trials):
            row = {"metrics": metrics, "name": "drawn", "daily": [0.0, metrics["sharpe"]]}
            workshop.ledger.trial(f"drawn{number}", "small-sim", "f" * 64, row)
        return dict(workshop.show("ledger")["best"]["small-sim"])

    sure = {"sharpe_error": 1.0, "sharpe_luck": 1.0, "p_value": 0.01}
    assert best_of({"sharpe": 2.0, **sure}).keys() == {"pipeline", "sharpe", "deflated"}, "one has no spread between trials"
    best = best_of({"sharpe": 2.0, **sure}, {"sharpe": -3.0, **sure})
    assert best["textbook"] != best["deflated"]
    assert str(best["differ"]).startswith("deflated takes the spread of Sharpes by luck alone, textbook that between trials")


def test_no_word_stands_about_forms_of_deflation_that_are_not_told(workshop: Workshop) -> None:
    for number in range(2):
        row = {"metrics": {"sharpe": 30.0 + number}, "name": "drawn", "daily": [0.0, 1.0]}
        workshop.ledger.trial(f"drawn{number}", "small-sim", "f" * 64, row)
    assert workshop.show("ledger")["best"]["small-sim"].keys() == {"pipeline", "sharpe"}
