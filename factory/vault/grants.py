"""What only a person decides: terms of a pool, waivers, retirement. Each is a row that the reviewer signed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from factory.core.canonical import digest
from factory.core.errors import SealError
from factory.core.times import now_ms
from factory.ledger import Entry, Ledger
from factory.market.spec import DatasetSpec
from factory.market.staging import Opening
from factory.vault.pools import GRANT, RETIREMENT, SEAL_ROWS, WAIVER, find_pool
from factory.vault.reviewer import Unlocked

MOST_LOOKS = 20


def grant(
    ledger: Ledger,
    reviewer: Unlocked,
    spec: DatasetSpec,
    looks: int | None = None,
    weights: Sequence[float] = (),
    a_day: int | None = None,
) -> None:
    """Set the terms of a dataset's pool: how many looks, what goes on after a PASS, how many within 24 hours.

    Parameters
    ----------
    looks : int, optional
        In all; before the first look only, for they fix how strict each is.
    weights : sequence of float
        Share of alpha after 0, 1, ... passes, summing to at most 1; before the first look only.
    a_day : int, optional
        At any time.

    Raises
    ------
    SealError
        If a term is impossible, or fixed by a look that was spent.
    """
    fixed: dict[str, Any] = {}
    if looks is not None or weights:
        fixed = {"looks": looks or spec.looks, "weights": list(weights) or [1.0]}
        if not 1 <= fixed["looks"] <= MOST_LOOKS:
            raise SealError(f"looks: {looks} came; from 1 to {MOST_LOOKS}")
        if min(fixed["weights"]) <= 0 or sum(fixed["weights"]) > 1 + 1e-9:
            raise SealError("weights: each above 0, in all at most 1; such as 0.8 and 0.2")
    if a_day is not None and not 1 <= a_day <= MOST_LOOKS:
        raise SealError(f"a day: {a_day} came; from 1 to {MOST_LOOKS}")
    terms = {**fixed, **({} if a_day is None else {"a_day": a_day})}
    if not terms:
        raise SealError("grant: nothing to grant; give --looks, --weight or --a-day")

    def decide(entries: Sequence[Entry]) -> dict[str, Any]:
        if fixed and find_pool(entries, spec, now_ms()).spent:
            raise SealError("grant: a look is spent already, and it fixed how strict all are; extend the dataset instead")
        return reviewer.sign({"dataset": spec.dataset, **terms})

    ledger.append_after(GRANT, SEAL_ROWS, decide)


def waive(ledger: Ledger, reviewer: Unlocked, pipeline: str, probe: str, why: str) -> None:
    """Let a pipeline be examined although a probe blocks it."""
    ledger.append(WAIVER, reviewer.sign({"pipeline": pipeline, "probe": probe, "why": why}))


def retire(ledger: Ledger, reviewer: Unlocked, spec: DatasetSpec, why: str) -> None:
    """Close a sealed stretch for good because a number of it is known: later looks need new bars."""
    ledger.append_after(RETIREMENT, SEAL_ROWS, lambda entries: reviewer.sign(_retirement(entries, spec, why)))


def make_retirement(ledger: Ledger, reviewer: Unlocked, spec: DatasetSpec) -> Opening:
    """Prepare the retirement of what a dataset seals, for a build that makes validation of it."""

    def sign() -> dict[str, Any]:
        payload = _retirement(ledger.of_kinds(SEAL_ROWS), spec, "extended")
        return reviewer.sign({**payload, "subject": digest(payload)})

    return Opening(sign, partial(ledger.append_once, RETIREMENT))


def _retirement(entries: Sequence[Entry], spec: DatasetSpec, why: str) -> dict[str, Any]:
    claims = sorted(one.plain() for one in find_pool(entries, spec, now_ms()).claims)
    return {"dataset": spec.dataset, "claims": claims, "why": why}
