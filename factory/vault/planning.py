"""What a look is planned on: how many decisions a claim needs, how many are to be expected, and so what may be claimed."""

from collections.abc import Callable, Mapping
from math import ceil, floor, inf, isinf, log10, sqrt
from typing import Any

from factory.core.errors import SealError
from factory.market.contracts import Binary, Contract
from factory.market.spec import DatasetSpec
from factory.statistics.planning import decisions_needed, decisions_needed_for_mean

HALVINGS = 60
"""Of the span in which the least claim lies."""
NONE = "claim: none"
MORE = "trade more often, or find a larger edge"


def needed_decisions(contract: Contract, metrics: Mapping[str, Any], claim: float, level: float) -> float:
    """Compute the decisions needed for 80 % power if the claim is true (STATISTICS section 3.8).

    No number is enough where the windows that count as lost leave nothing of it.

    Raises
    ------
    SealError
        If the claim is more than validation supports, or nothing can be planned from it.
    """
    high = metrics.get("mean_high")
    if not claim > 0:
        raise SealError(f"claim: {claim:g} came; the mean net payoff a decision that you claim, above 0")
    if high is None:
        raise SealError(f"{NONE}; too few trades on validation for an interval of mean_net")
    if claim > high:
        raise SealError(f"claim: {claim:g} came; on validation the interval of mean_net ends at {high:.4g}")
    if isinstance(contract, Binary):
        even = metrics.get("break_even")
        if even is None or even + claim >= 1:
            raise SealError(f"{NONE}; no trade was taken on validation, so no look can be planned")
        rate = (1 - share_lost(metrics)) * (even + claim)
        return decisions_needed(even, rate, level) if rate > even else inf
    return decisions_needed_for_mean(claim, payoff_deviation(metrics), level)


def share_lost(metrics: Mapping[str, Any]) -> float:
    """Compute the share of the windows wanted on validation whose outcome nobody knows: a look counts them as lost."""
    unsettled = float(metrics.get("unsettled", 0.0))
    return unsettled / (float(metrics["trades"]) + unsettled) if unsettled else 0.0


def payoff_deviation(metrics: Mapping[str, Any]) -> float:
    """Compute the deviation of one net payoff as if decisions did not overlap.

    From the error of their mean in a trial's metrics.

    Rows of older versions have the interval alone, which was nearly normal.
    """
    error = metrics["mean_error"] if "mean_error" in metrics else (metrics["mean_high"] - metrics["mean_low"]) / (2 * 1.96)
    return float(error * sqrt(metrics["trades"]))


def expected_decisions(spec: DatasetSpec, metrics: Mapping[str, Any]) -> float:
    """Estimate the decisions to be expected on the sealed part: validation's, by the lengths of both.

    Windows that were wanted and whose outcome nobody knows are among them.
    """
    (start, end), (first, last) = spec.bounds("validation"), spec.bounds("sealed")
    return (float(metrics["trades"]) + float(metrics.get("unsettled", 0.0))) * (last - first) / (end - start)


def claims_allowed(contract: Contract, metrics: Mapping[str, Any], level: float, expected: float) -> tuple[float, float]:
    """Find the least and the greatest claim that can be examined.

    Of four digits each, rounded so that both can.

    Raises
    ------
    SealError
        If there is none.
    """
    high = float(metrics.get("mean_high", 1.0))
    if high <= 0:
        raise SealError(f"{NONE}; mean_net's interval ends at {high:.4g}")
    if isinstance(contract, Binary) and "break_even" in metrics:
        high = min(high, (1 - metrics["break_even"]) * (1 - 1e-9))
    most = _rounded(high, floor)
    needed = needed_decisions(contract, metrics, most, level)
    if isinf(needed):
        raise SealError(f"{NONE}; {_tell_lost(metrics, most)}")
    if needed > expected:
        raise SealError(f"{NONE}; even {most:g} needs {needed:,.0f} decisions of about {expected:,.0f} expected")
    low, able = 0.0, most
    for _ in range(HALVINGS):
        middle = (low + able) / 2
        low, able = (low, middle) if needed_decisions(contract, metrics, middle, level) <= expected else (middle, able)
    return min(_rounded(able, ceil), most), most


def check_claim(contract: Contract, metrics: Mapping[str, Any], claim: float, level: float, expected: float) -> str | None:
    """Say why a claim cannot be examined and which can, in a line; None if it can.

    A claim of 0 was not given.
    """
    try:
        low, high = claims_allowed(contract, metrics, level, expected)
    except SealError as error:
        return f"{error.lines[0]}; {MORE}"
    allowed = f"claim from {low:g} to {high:g}"
    if not claim:
        return f"claim: missing; the mean net payoff a decision that you claim; {allowed}"
    try:
        needed = needed_decisions(contract, metrics, claim, level)
    except SealError as error:
        return f"{error.lines[0]}; {allowed}"
    if isinf(needed):
        return f"claim: {_tell_lost(metrics, claim)}; {allowed}"
    if needed <= expected:
        return None
    return (
        f"claim: {claim:g} needs {needed:,.0f} decisions at level {level:g}, and about {expected:,.0f} are to be expected "
        f"on the sealed part; {allowed}: it sets how many decisions the look needs and may lie above what you measured"
    )


def _tell_lost(metrics: Mapping[str, Any], claim: float) -> str:
    return (
        f"{claim:g} wins no more than it pays, since {share_lost(metrics):.1%} of the windows that it wants have no outcome "
        "and count as lost; a record without holes is needed"
    )


def _rounded(value: float, whole: Callable[[float], int]) -> float:
    scale = 10 ** (3 - floor(log10(value)))
    return float(whole(value * scale) / scale)
