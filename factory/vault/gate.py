"""Before a look: what is refused without spending one, and what is written down when it is spent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from factory.canonical import short_id
from factory.errors import PipelineError, SealError
from factory.evidence.probes.findings import blocking
from factory.ledger import Entry, Ledger, Store
from factory.market.catalog import Catalog
from factory.market.contracts import Binary, Contract
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline, parse
from factory.statistics.planning import decisions_needed, decisions_needed_for_mean
from factory.times import iso, moment, now_ms
from factory.vault.pools import PASS, PENDING, SEAL_ROWS, Claim, Pool, pool_of, release_seconds, waivers_of
from factory.vault.reviewer import reviewer_of
from factory.workspace import Workspace

NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent says when it asks for a look.

    Parameters
    ----------
    pipeline : str
        Id.
    claim : float
        Mean net payoff a decision that it claims: per share of a binary, per unit of notional of a perpetual.
    why : str
        Its reason.
    model, cutoff : str
        Its name and the date up to which it knows the world.
    agent : str
        Who called.
    """

    pipeline: str
    claim: float
    why: str
    model: str
    cutoff: str
    agent: str


@dataclass(frozen=True)
class Admission:
    """A request that passed all that can be told without a sealed row."""

    request: Request
    pipeline: Pipeline
    spec: DatasetSpec
    trial: Entry
    expected: float

    @property
    def contract(self) -> Contract:
        """What is traded."""
        return self.spec.contracts[self.pipeline.trade.contract]


def admit(workspace: Workspace, ledger: Ledger, request: Request) -> Admission:
    """Check a request without looking at the pool.

    Raises
    ------
    PipelineError
        If the pipeline is no trial on today's data.
    SealError
        If the cutoff is no date, a probe blocks, or a reviewer is missing.
    """
    catalog, store = Catalog(workspace), Store(workspace)
    kept = store.pipeline(request.pipeline)
    pipeline = parse(kept.yaml) if kept else None
    key = catalog.score_key(pipeline.data, pipeline.trade.contract) if pipeline else ""
    trial = ledger.find_trial(request.pipeline, key)
    if pipeline is None or trial is None:
        raise PipelineError(f"submit: {request.pipeline[:64]} is no trial on these data; backtest it first")
    spec = catalog.spec(pipeline.data)
    cutoff_of(request.cutoff)
    entries = ledger.of_kinds(SEAL_ROWS)
    red = blocking(trial.payload, waivers_of(entries, request.pipeline))
    if red:
        raise SealError("submit: a leakage probe blocks it, so nothing was examined and no look was spent", *red)
    if spec.simulated is None and reviewer_of(entries) is None:
        raise SealError(
            "submit: nobody could read the report; a person chooses a passphrase with `rfcat vault reviewer` first; "
            "nothing was spent"
        )
    return Admission(request, pipeline, spec, trial, _expected(spec, trial))


def spend(admission: Admission, more: set[Claim], entries: Sequence[Entry], learned_key: str) -> dict[str, Any]:
    """The row of a look, or why there is none; called under the ledger's lock.

    Raises
    ------
    SealError
        If the pool has no look left, the pipeline was examined, or too few decisions are to be expected.
    """
    request, spec, pipeline = admission.request, admission.spec, admission.pipeline
    now = now_ms()
    pool = pool_of(entries, spec, now, more)
    _refuse_again(pool, pipeline, admission.trial)
    pool.refuse_spent()
    level = pool.level()
    needed = needed_decisions(admission.contract, admission.trial.payload["metrics"], request.claim, level)
    if admission.expected < needed:
        raise SealError(
            f"claim: {request.claim:g} needs {needed:.0f} decisions at level {level:g}, and about {admission.expected:.0f} are "
            "to be expected on the sealed part; trade more often, or find a larger edge; nothing was spent"
        )
    delay = int(1000 * release_seconds(spec.simulated is not None))
    found = admission.trial.payload["metrics"]
    return {
        "dataset": spec.dataset,
        "pool": pool.id,
        "claims": sorted(claim.plain() for claim in pool.claims),
        "look": len(pool.spent) + 1,
        "looks": pool.looks,
        "weights": list(pool.weights),
        "alpha": level,
        "passes": pool.passes,
        "family": short_id([spec.dataset, pipeline.label.model_dump(mode="json")]),
        "name": pipeline.pipeline,
        "artefact": learned_key,
        "trial": admission.trial.seq,
        "fingerprint": admission.trial.payload["fingerprint"],
        "version": admission.trial.payload["version"],
        "endpoint": "mean net payoff a decision above 0",
        "break_even": found.get("break_even"),
        "n_min": needed,
        "expected": admission.expected,
        "price": admission.trial.payload.get("price") or None,
        "granted_by": "dataset file" if not pool.spent else f"as look {pool.spent[0].entry.seq}",
        "grade": grade(spec, request.cutoff),
        "release": now + delay if delay else 0,
        **asdict(request),
    }


def needed_decisions(contract: Contract, found: Mapping[str, Any], claim: float, level: float) -> float:
    """Decisions for 80 % power if the claim is true (STATISTICS section 3.8).

    Raises
    ------
    SealError
        If the claim is more than validation supports, or nothing can be planned from it.
    """
    high = found.get("mean_high")
    if not claim > 0:
        raise SealError(f"claim: {claim:g} came; the mean net payoff a decision that you claim, above 0")
    if high is not None and claim > high:
        raise SealError(
            f"claim: {claim:g} came; on validation the interval of mean_net ends at {high:.4g}; claim at most that; "
            "nothing was spent"
        )
    if isinstance(contract, Binary):
        even = found.get("break_even")
        if even is None or even + claim >= 1:
            raise SealError("submit: no trade was taken on validation, so no look can be planned; nothing was spent")
        return decisions_needed(even, even + claim, level)
    if high is None:
        raise SealError("submit: too few trades on validation to plan a look; trade more often; nothing was spent")
    return decisions_needed_for_mean(claim, deviation_of(found), level)


def deviation_of(found: Mapping[str, Any]) -> float:
    """Deviation of one net payoff, from the interval of their mean in a trial's metrics."""
    return float((found["mean_high"] - found["mean_low"]) / (2 * NORMAL_95) * sqrt(found["trades"]))


def cutoff_of(text: str) -> int:
    """A knowledge cutoff as a moment, ms UTC: a date, a month or a year counts to its end.

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


def grade(spec: DatasetSpec, cutoff: str) -> str:
    """How clean the sealed rows are of what the model may have read: B later than its cutoff, C not.

    Only bars that did not exist when a look was spent earn an A, in the forward test.
    """
    if spec.simulated:
        return "simulated"
    return "B" if cutoff_of(cutoff) <= spec.bounds("sealed")[0] else "C"


def _expected(spec: DatasetSpec, trial: Entry) -> float:
    (start, end), (first, last) = spec.bounds("validation"), spec.bounds("sealed")
    return float(trial.payload["metrics"]["trades"]) * (last - first) / (end - start)


def _refuse_again(pool: Pool, pipeline: Pipeline, trial: Entry) -> None:
    for look in pool.spent:
        if look.payload["pipeline"] == pipeline.id and look.payload["fingerprint"] == trial.payload["fingerprint"]:
            heard = look.heard(pool.now)
            when = f"its verdict comes by {iso(look.due // 1000 * 1000)}" if heard == PENDING else f"it heard {heard}"
            more = "; propose it" if heard == PASS else ""
            raise SealError(f"submit: {pipeline.id} was examined as {look.name}: {when}{more}; nothing was spent")
