"""Before a look: what is refused without spending one, and what is written down when it is spent."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from factory.core.canonical import short_id
from factory.core.errors import PipelineError, SealError
from factory.core.times import iso, now_ms
from factory.evidence.probes.findings import blocking_lines
from factory.ledger import Entry, Ledger
from factory.market.catalog import Catalog
from factory.market.contracts import Contract
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.pipeline.stored import find_pipeline
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from factory.vault.planning import check_claim, expected_decisions, needed_decisions
from factory.vault.pools import PASS, PENDING, SEAL_ROWS, Claim, Pool, find_pool, read_waivers, release_seconds
from factory.vault.readiness import missing_of_arguments, missing_of_market, parse_cutoff, require_one_contract

PROBED = 2
"""Lines of probes in a refusal."""
RULE = "null market"
"""By what a look is judged (STATISTICS section 9); rows of looks that name none were judged by a t on block means."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an agent says when it asks for a look; what it left out is 0 or empty.

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
    claim: float = 0.0
    why: str = ""
    model: str = ""
    cutoff: str = ""
    agent: str = "unknown"


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
    """Check a request without looking at a sealed row, and name all that it lacks at once.

    Raises
    ------
    PipelineError
        If the pipeline is no trial on today's data; whatever else is missing is named too.
    SealError
        If anything is missing: see :func:`lacks`; if it trades several contracts.
    """
    catalog = Catalog(workspace)
    pipeline = find_pipeline(Store(workspace), request.pipeline)
    if pipeline is None:
        raise PipelineError(f"submit: {request.pipeline[:64]} is unknown; backtest it first; nothing was spent")
    require_one_contract(pipeline)
    spec, contract = catalog.spec(pipeline.data), pipeline.trade.contract
    trial = ledger.find_trial(pipeline.id, catalog.score_key(pipeline.data, contract, pipeline.targets))
    entries = ledger.of_kinds(SEAL_ROWS)
    if trial is None:
        lines = [
            f"submit: {pipeline.id} is no trial on these data; backtest it first",
            *missing_for_look(spec, request, entries),
        ]
        raise PipelineError(*lines[:-1], f"{lines[-1]}; nothing was spent")
    lines = [*_lacks_of_trial(spec, pipeline, trial, request, entries), *missing_for_look(spec, request, entries)]
    if lines:
        raise SealError(*lines[:-1], f"{lines[-1]}; nothing was spent")
    return Admission(request, pipeline, spec, trial, expected_decisions(spec, trial.payload["metrics"]))


def missing_for_look(spec: DatasetSpec, request: Request, entries: Sequence[Entry]) -> list[str]:
    """List what a request lacks whatever its pipeline is, a line for each who can mend it."""
    return [*missing_of_market(spec, entries), *missing_of_arguments(request.why, request.model, request.cutoff)]


def _lacks_of_trial(
    spec: DatasetSpec, pipeline: Pipeline, trial: Entry, request: Request, entries: Sequence[Entry]
) -> list[str]:
    """List what stands between a trial and a look.

    Probes that block, a look that it had, a claim that cannot be examined.
    """
    pool, lines = find_pool(entries, spec, now_ms()), []
    red = blocking_lines(trial.payload, read_waivers(entries, pipeline.id))
    if red:
        more = f"; and {len(red) - PROBED} more" if len(red) > PROBED else ""
        lines.append(f"submit: a leakage probe blocks it, so no look was spent; {'; '.join(red[:PROBED])}{more}")
    again = _examined_before(pool, pipeline, trial)
    lines += [f"submit: {again}"] if again else []
    if not pool.closed:  # of a closed one there is no level to plan by
        contract, metrics = spec.contracts[pipeline.trade.contract], trial.payload["metrics"]
        claim = check_claim(contract, metrics, request.claim, pool.level(), expected_decisions(spec, metrics))
        lines += [claim] if claim else []
    return lines


def make_look_row(admission: Admission, more: set[Claim], entries: Sequence[Entry], learned_key: str) -> dict[str, Any]:
    """Build the row of a look, or refuse it; called under the ledger's lock.

    Raises
    ------
    SealError
        If the pool has no look left, the pipeline was examined, or too few decisions are to be expected.
    """
    request, spec, pipeline = admission.request, admission.spec, admission.pipeline
    now = now_ms()
    pool = find_pool(entries, spec, now, more)
    again = _examined_before(pool, pipeline, admission.trial)
    if again:
        raise SealError(f"submit: {again}; nothing was spent")
    pool.refuse_spent()
    level, metrics = pool.level(), admission.trial.payload["metrics"]
    mistake = check_claim(admission.contract, metrics, request.claim, level, admission.expected)
    if mistake:
        raise SealError(f"{mistake}; nothing was spent")
    needed = needed_decisions(admission.contract, metrics, request.claim, level)
    delay = int(1000 * release_seconds(spec.simulated is not None))
    return {
        "dataset": spec.dataset,
        "pool": pool.id,
        "claims": sorted(claim.plain() for claim in pool.claims),
        "look": len(pool.spent) + 1,
        "looks": pool.looks,
        "weights": list(pool.weights),
        "alpha": level,
        "levels": pool.levels,
        "passes": pool.passes,
        "family": short_id([spec.dataset, pipeline.label.model_dump(mode="json")]),
        "name": pipeline.pipeline,
        "artefact": learned_key,
        "trial": admission.trial.seq,
        "fingerprint": admission.trial.payload["fingerprint"],
        "version": admission.trial.payload["version"],
        "rule": RULE,
        "endpoint": "mean net payoff a decision above what the null market gives",
        "break_even": metrics.get("break_even"),
        "n_min": needed,
        "expected": admission.expected,
        "price": admission.trial.payload.get("price") or None,
        "granted_by": "dataset file" if not pool.spent else f"as look {pool.spent[0].entry.seq}",
        "grade": grade_by_cutoff(spec, request.cutoff),
        "release": now + delay if delay else 0,
        **asdict(request),
    }


def grade_by_cutoff(spec: DatasetSpec, cutoff: str) -> str:
    """Grade how clean the sealed rows are of what the model may have read: B later than its cutoff, C not.

    Only bars that did not exist when a look was spent earn an A, in the forward test.
    """
    if spec.simulated:
        return "simulated"
    return "B" if parse_cutoff(cutoff) <= spec.bounds("sealed")[0] else "C"


def _examined_before(pool: Pool, pipeline: Pipeline, trial: Entry) -> str | None:
    for look in pool.spent:
        if look.payload["pipeline"] == pipeline.id and look.payload["fingerprint"] == trial.payload["fingerprint"]:
            heard = look.heard(pool.now)
            when = f"its verdict comes by {iso(look.due // 1000 * 1000)}" if heard == PENDING else f"it heard {heard}"
            return f"{pipeline.id} was examined as {look.name}: {when}{'; propose it' if heard == PASS else ''}"
    return None
