"""What a probe found."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, NamedTuple

from factory.core.answers import Answer

WARN, BLOCK = "warn", "block"


class Finding(NamedTuple):
    """One thing that a probe found.

    Parameters
    ----------
    probe : str
        ``P1`` to ``P12``.
    severity : str
        ``warn`` or ``block``.
    says : str
        One line that names the feature or series, what came and the mend.
    """

    probe: str
    severity: str
    says: str

    @property
    def line(self) -> str:
        """For people and agents."""
        return f"{self.probe}: {self.says}"


def findings_to_dict(findings: Iterable[Finding], ran: Iterable[str]) -> Answer:
    """Convert findings to the form that an answer and the ledger hold: short when there is nothing to tell."""
    listed = list(findings)
    return {
        "ran": " ".join(ran),
        "warn": [one.line for one in listed if one.severity == WARN] or None,
        "block": [one.line for one in listed if one.severity == BLOCK] or None,
    }


def blocking_lines(trial: Mapping[str, Any], waived: Set[str] = frozenset()) -> list[str]:
    """List the lines of the probes that refuse a look at a trial, less those that the reviewer waived.

    A trial that was never probed, made before there were probes, is refused too.
    """
    probes = trial.get("probes")
    if probes is None:
        return ["probes: none ran on this trial; change a part of the pipeline and backtest that"]
    return [line for line in probes.get("block", ()) if line.partition(":")[0] not in waived]
