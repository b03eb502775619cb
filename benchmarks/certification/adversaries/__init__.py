"""Adversaries that know the rule: each earned certificates on markets without an edge before the rule was made for it.

One is none: the follower has an edge, and shows what the rule leaves of it.
"""

from collections.abc import Mapping

from benchmarks.certification.adversaries.barriers import Dust, Mirror, Pennies, Stops, Volatility
from benchmarks.certification.adversaries.base import Adversary, Trial
from benchmarks.certification.adversaries.dates import Ahead, Clock
from benchmarks.certification.adversaries.follower import Follower
from benchmarks.certification.adversaries.holders import Funding, Long, Martingale, Patient
from benchmarks.certification.adversaries.stale import Stale
from benchmarks.certification.adversaries.windows import Favourites, Outages, Ruin, Ties

__all__ = ["ADVERSARIES", "Adversary", "Trial"]

ADVERSARIES: Mapping[str, Adversary] = {
    one.name: one
    for one in (
        Pennies(), Mirror(), Dust(), Ties(), Stale(), Stops(), Funding(), Favourites(), Ahead(), Clock(), Long(),
        Martingale(), Ruin(), Volatility(), Patient(), Outages(), Follower(),
    )
}  # fmt: skip
"""By the name that ``--agent`` takes."""
