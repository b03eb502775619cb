"""What stands between a trial and a look is told beforehand, and all at once when it is submitted."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from factory.core.answers import round_answer
from factory.core.errors import PipelineError, SealError
from factory.market.build import build
from factory.statistics.planning import decisions_needed
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.client import vault_client
from factory.vault.grants import retire
from factory.vault.planning import check_claim, claims_allowed, expected_decisions, needed_decisions
from factory.vault.pools import SEAL_ROWS
from factory.vault.reviewer import appoint, unlock
from factory.workshop import Workshop
from server.mcp.tool_commands import name_commands_throughout
from tests.market.bars import csv, rows, spec
from tests.vault.test_blocked import TIDE

PASSPHRASE = "correct horse battery"


@pytest.fixture
def real(tmp_path: Path):
    """A market that is not simulated, without a reviewer, and a trial on it that its probes do not block."""
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, spec(), tmp_path)
    yield Workshop(workspace, "tester")
    vault_client(workspace).close()


def test_submit_names_all_that_is_missing_at_once_and_spends_nothing(real: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "5")
    root = str(real.workspace.root)
    pipeline = str(real.define(TIDE)["pipeline"])
    with pytest.raises(PipelineError) as unscored:
        perform(root, "submit", {"pipeline": pipeline, "cutoff": "soon"})
    places = [line.partition(":")[0] for line in unscored.value.lines]
    assert places == ["submit", "reviewer", "RFCAT_RELEASE_SECONDS", "why, model"]
    assert "no trial on these data" in unscored.value.lines[0]
    assert "'soon' is no date" in unscored.value.lines[3]
    assert unscored.value.lines[3].endswith("; nothing was spent")

    perform(root, "backtest", {"pipeline": pipeline})
    with pytest.raises(SealError) as scored:
        perform(root, "submit", {"pipeline": pipeline})
    places = [line.partition(":")[0] for line in scored.value.lines]
    assert places[-4:] == ["claim", "reviewer", "RFCAT_RELEASE_SECONDS", "why, model, cutoff"]
    assert not any(line.startswith("and ") for line in scored.value.lines)
    assert real.ledger.of_kinds(("look",)) == []


def test_a_market_and_a_trial_say_what_they_lack(real: Workshop) -> None:
    pipeline = str(real.define(TIDE)["pipeline"])
    scored = perform(str(real.workspace.root), "backtest", {"pipeline": pipeline})
    assert "reviewer: see describe_market(dataset='small')" in scored["ready"]["missing"]
    told = real.describe()["submit"]
    (lacks,) = told["missing"]
    assert "`rfcat vault reviewer`" in lacks
    assert told["cutoff"].startswith("grade B up to 20")
    appoint(real.ledger, PASSPHRASE)
    assert "missing" not in real.describe()["submit"]
    known = real.find_trial(real.resolve(pipeline))
    assert known is not None
    assert "reviewer" not in known["ready"].get("missing", ())
    retire(real.ledger, unlock(real.ledger, PASSPHRASE), real.catalog.spec("small"), "published")
    assert "is retired" in str(real.describe()["submit"]["missing"])


def test_both_ends_of_the_range_beside_a_trial_are_accepted(workshop: Workshop, submit, monkeypatch) -> None:
    """As they are told, rounded; a little beyond either is not."""
    known = workshop.find_trial(workshop.resolve("fast-up-or-down"))
    assert known is not None
    assert "missing" not in known["ready"]
    low, high = known["ready"]["claim"]
    for claim in (0.99 * low, 1.01 * high):
        with pytest.raises(SealError, match=f"claim from {low:g} to {high:g}"):
            submit(claim=claim)
    assert submit(claim=low)["verdict"] == "PASS"
    again = workshop.find_trial(workshop.resolve("fast-up-or-down"))
    assert again is not None
    assert again["ready"] == {"missing": ["looks: see describe_market(dataset='vault-sim')"]}
    assert "closed at its PASS" in workshop.describe()["submit"]["missing"][0]


@pytest.mark.parametrize("high", [0.0612549, 0.06125, 0.0999999, 0.1, 0.00123456])
def test_the_ends_that_are_told_can_be_examined_whatever_their_digits(workshop: Workshop, high: float) -> None:
    contract = workshop.catalog.spec("vault-sim").contracts["updown"]
    metrics = {"trades": 3_000, "mean_net": high / 2, "mean_low": 0.0, "mean_high": high, "break_even": 0.5}
    expected = 1.5 * needed_decisions(contract, metrics, high, 0.01)
    low, most = round_answer({"claim": claims_allowed(contract, metrics, 0.01, expected)})["claim"]
    assert low < most <= high
    assert math.isclose(most, high, rel_tol=2e-3)
    for claim in (low, most):
        assert check_claim(contract, metrics, claim, 0.01, expected) is None


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({"trades": 14}, "too few trades on validation for an interval of mean_net"),
        ({"trades": 900, "mean_low": -0.2, "mean_high": -0.01, "break_even": 0.5}, "interval ends at -0.01"),
        ({"trades": 900, "mean_low": -0.2, "mean_high": 0.001, "break_even": 0.5}, "even 0.001 needs 2,509,"),
        (
            {"trades": 900, "unsettled": 100, "mean_low": -0.2, "mean_high": 0.05, "break_even": 0.5},
            "0.05 wins no more than it pays, since 10.0% of the windows that it wants have no outcome and count as lost",
        ),
    ],
)
def test_where_nothing_can_be_claimed_it_is_said_why(workshop: Workshop, metrics: dict[str, float], told: str) -> None:
    contract = workshop.catalog.spec("vault-sim").contracts["updown"]
    with pytest.raises(SealError, match=told):
        claims_allowed(contract, metrics, 0.01, 900)


def test_a_claim_is_planned_with_the_windows_that_will_count_as_lost(workshop: Workshop) -> None:
    """As many decisions as a test of all wanted windows needs for 80 % power, some of which are lost whatever was right."""
    spec = workshop.catalog.spec("vault-sim")
    contract, metrics = spec.contracts["updown"], {"trades": 9_500.0, "mean_high": 0.2, "break_even": 0.5}
    whole = needed_decisions(contract, metrics, 0.1, 0.01)
    holed = needed_decisions(contract, {**metrics, "unsettled": 500.0}, 0.1, 0.01)
    assert holed == decisions_needed(0.5, 0.95 * 0.6, 0.01) > whole == decisions_needed(0.5, 0.6, 0.01)
    wins = np.random.default_rng(0).binomial(round(holed), 0.6 * 0.95, 4_000)
    assert np.mean(binom.sf(wins - 1, round(holed), 0.5) <= 0.01) > 0.76
    told = claims_allowed(contract, {**metrics, "unsettled": 500.0}, 0.01, 1e6)
    assert told[0] > 0.5 / 0.95 - 0.5, "a claim below is lost with the windows"
    small = check_claim(contract, {**metrics, "unsettled": 500.0}, 0.02, 0.01, 1e6)
    assert small is not None
    assert small.startswith("claim: 0.02 wins no more than it pays, since 5.0% of the windows")
    assert expected_decisions(spec, {**metrics, "unsettled": 500.0}) == pytest.approx(expected_decisions(spec, metrics) / 0.95)


def test_readiness_is_read_from_public_rows_alone(workshop: Workshop, submit) -> None:
    """A market that moves with another's sealed rows is joined to its pool by the vault, and by nothing that is told before."""
    from factory.market.spec import load_spec
    from tests.vault.market import SPEC

    text = SPEC.replace("vault-sim", "on-eth").replace("of: btc, window", "of: eth, window").replace("edge: 0.12", "edge: 0.09")
    build(workshop.workspace, load_spec(text))
    before = workshop.describe("on-eth")["submit"]
    for path in (workshop.workspace.vault / "on-eth").rglob("*.npy"):
        path.unlink()
    assert workshop.describe("on-eth")["submit"] == before
    assert workshop.ledger.of_kinds(SEAL_ROWS) == []


def test_a_person_is_sent_to_the_dataset_that_lacks_something(real: Workshop) -> None:
    pipeline = str(real.define(TIDE)["pipeline"])
    scored = perform(str(real.workspace.root), "backtest", {"pipeline": pipeline})
    told = name_commands_throughout(scored["ready"]["missing"])
    assert "reviewer: see `rfcat dataset show small`" in told
