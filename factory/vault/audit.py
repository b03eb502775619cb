"""What `rfcat ledger verify` checks of looks beyond the chain: counts, levels, order, and the reports in the vault."""

import hashlib
from collections.abc import Sequence
from math import isclose

from factory.ledger import Entry
from factory.statistics.alpha import level_after
from factory.storage.workspace import Workspace
from factory.vault.pools import ALPHA, APART, PASS, VERDICT, Look, read_looks
from factory.vault.reports import report_path


def audit(workspace: Workspace, entries: Sequence[Entry]) -> list[str]:
    """List the problems of looks, one line each.

    Parameters
    ----------
    workspace : Workspace
        Whose vault holds the reports.
    entries : sequence of Entry
        Rows of :data:`~factory.vault.pools.SEAL_ROWS`.
    """
    looks = read_looks(entries)
    known = {look.entry.hash for look in looks}
    stray = [entry for entry in entries if entry.kind == VERDICT and entry.payload["subject"] not in known]
    problems = [f"row {entry.seq}: a verdict without its look" for entry in stray]
    for place, look in enumerate(looks):
        problems += _overspent(look, looks[:place])
        problems += _report(workspace, look)
    return problems


def _overspent(look: Look, before: Sequence[Look]) -> list[str]:
    """Report a look that its pool did not have, or at another level than its number allows."""
    mates = [one for one in before if any(a.meets(b) for a in one.claims for b in look.claims)]
    told, now = look.payload, look.entry.at
    passes = sum(one.heard(now) == PASS for one in mates if one.verdict and one.verdict.seq < look.entry.seq)
    level = level_after(ALPHA, int(told["looks"]), len(mates) + 1, passes, tuple(told["weights"]))
    if told["look"] != len(mates) + 1 or told["look"] > told["looks"] or level == 0:
        return [f"{look.name}: the pool had no such look; {len(mates)} were spent before it, {passes} of them passed"]
    if not isclose(float(told["alpha"]), level):
        return [f"{look.name}: judged at level {told['alpha']}, its number allows {level:g}"]
    began = mates[0].payload if mates else told
    if told.get("levels", APART) != began.get("levels", APART):
        return [f"{look.name}: its levels are {told.get('levels', APART)}, those of its pool {began.get('levels', APART)}"]
    return []


def _report(workspace: Workspace, look: Look) -> list[str]:
    digest = look.verdict and look.verdict.payload.get("report")
    if not digest:
        return []
    path = report_path(workspace, look.name)
    if not path.is_file():
        return [f"{look.name}: its report is gone from the vault"]
    same = hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return [] if same else [f"{look.name}: its report is not the one that was written"]
