"""What stands between a trial and a look, all of it at once.

Nothing of it comes from a sealed row: dates, looks and verdicts are public, a claim is planned on validation, and
markets that were found to move together while sealed are not joined here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from factory.core.answers import Answer
from factory.core.errors import SealError
from factory.core.times import iso, moment, now_ms
from factory.evidence.probes.findings import blocking_lines
from factory.ledger import Entry
from factory.market.contracts import Contract
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.vault.planning import claims_allowed, expected_decisions
from factory.vault.pools import find_pool, read_waivers, release_seconds
from factory.vault.reviewer import find_reviewer

NO_REVIEWER = "reviewer: nobody could read the report; a person chooses a passphrase with `rfcat vault reviewer`"
SEVERAL = "also: no sealed look examines several contracts in one account; backtest and submit each as a pipeline of its own"
SEE = "see describe_market(dataset='{}')"
ARGUMENTS = {"why": "your reason", "model": "the model's name", "cutoff": "its knowledge cutoff, such as 2026-01"}


def require_one_contract(pipeline: Pipeline) -> None:
    """Refuse a pipeline that trades several contracts: the exam knows the joint law of none.

    Raises
    ------
    SealError
        If it does.
    """
    if pipeline.also:
        raise SealError(f"{SEVERAL}; nothing was spent")


def missing_of_market(spec: DatasetSpec, entries: Sequence[Entry]) -> list[str]:
    """List what a dataset lacks for a look, whatever is submitted.

    A reviewer, a look that can be spent now, an allowed delay.

    Parameters
    ----------
    entries : sequence of Entry
        The ledger's rows of :data:`~factory.vault.pools.SEAL_ROWS`.
    """
    simulated = spec.simulated is not None
    looks = []
    try:
        obstacle = find_pool(entries, spec, now_ms()).obstacle
        looks = [f"looks: {obstacle}"] if obstacle else []
        release_seconds(simulated)
    except SealError as error:
        looks += error.lines
    reviewer = [] if simulated or find_reviewer(entries) else [NO_REVIEWER]
    return [*reviewer, *(["; ".join(looks)] if looks else [])]


def missing_of_arguments(why: str, model: str, cutoff: str) -> list[str]:
    """Name what is missing or wrong of the words that come with a pipeline, in one line, if anything is."""
    given = {"why": why, "model": model, "cutoff": cutoff}
    blank = [name for name in ARGUMENTS if not given[name].strip()]
    problems = [f"{', '.join(blank)}: missing; give {', '.join(ARGUMENTS[name] for name in blank)}"] if blank else []
    if "cutoff" not in blank:
        try:
            parse_cutoff(cutoff)
        except SealError as error:
            problems += error.lines
    return ["; ".join(problems)] if problems else []


def market_readiness(spec: DatasetSpec, entries: Sequence[Entry]) -> Answer:
    """Describe what a dataset lacks for a look, and what a model's cutoff does to the grade."""
    start = iso(spec.bounds("sealed")[0])
    return {
        "missing": missing_of_market(spec, entries) or None,
        "cutoff": None if spec.simulated else f"grade B up to {start}, else C",
        "claim": "see a trial's `ready`",
    }


def trial_readiness(spec: DatasetSpec, contract: Contract, trial: Mapping[str, Any], entries: Sequence[Entry]) -> Answer:
    """Describe beside a trial the claims that a look could examine, and in few words what is missing.

    Parameters
    ----------
    trial : mapping
        Its row in the ledger.
    """
    red = sorted({line.partition(":")[0] for line in blocking_lines(trial, read_waivers(entries, str(trial["pipeline"])))})
    lacks = [SEVERAL] if trial.get("by_contract") else []
    lacks += [f"probes: {' '.join(red)}"] if red else []
    where = SEE.format(spec.dataset)
    lacks += [f"{line.partition(':')[0]}: {where}" for line in missing_of_market(spec, entries)]
    pool, metrics, claim = find_pool(entries, spec, now_ms()), trial["metrics"], None
    if not pool.closed and SEVERAL not in lacks:
        try:
            claim = claims_allowed(contract, metrics, pool.level(), expected_decisions(spec, metrics))
        except SealError as error:
            lacks += error.lines
    return {"claim": claim, "missing": lacks or None}


def parse_cutoff(text: str) -> int:
    """Parse a knowledge cutoff as a moment, ms UTC: a date, a month or a year counts to its end.

    Raises
    ------
    SealError
        If it is none.
    """
    parts = text.strip().split("-")
    ends = {1: "-12-31", 2: "-28"}  # any day of the month: months count as known whole below
    try:
        at = moment(text.strip() + ends.get(len(parts), ""))
    except ValueError:
        raise SealError(f"cutoff: '{text[:20]}' is no date; write your knowledge cutoff as 2026-01-31 or 2026-01") from None
    return at + (4 if len(parts) == 2 else 1) * 86_400_000
