"""Before a look is spent: how long an exam takes on this machine, found on validation, against when its verdict is told.

An exam that takes longer than that has failed whatever it finds. No sealed row is read and no verdict of an earlier look
counts, so that neither the time of a rehearsal nor its refusal tells of one.
"""

import time
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from factory.core.canonical import digest
from factory.core.errors import SealError
from factory.core.times import now_ms
from factory.flow import FittedPipeline
from factory.ledger import Entry
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace
from factory.vault import exam
from factory.vault.admission import Admission
from factory.vault.examiner import Examiner, earlier_looks
from factory.vault.pools import LOOK, MARGIN_MS, release_seconds

SAFETY = 2.0
"""The sealed rows may take longer than validation's, and the machine be busier."""
_NEWEST = 2**62


def rehearse(
    workspace: Workspace,
    entries: Sequence[Entry],
    admission: Admission,
    payload: Mapping[str, Any],
    fitted: FittedPipeline,
    planned: exam.Plan,
) -> float:
    """Estimate the seconds that the exam is to take, by one on validation.

    0 where verdicts are told as soon as they are known.

    Parameters
    ----------
    payload : mapping
        What the look's row would hold.

    Raises
    ------
    SealError
        If that is too long for the delay that is set.
    """
    spec = admission.spec
    release = release_seconds(spec.simulated is not None)
    if not release:
        return 0.0
    look = Entry(_NEWEST, LOOK, now_ms(), payload, digest(["rehearsal", admission.pipeline.id]))
    examiner = Examiner(workspace, _open_validation, every_mate=True)
    begun = time.monotonic()
    examiner.examine(look, earlier_looks(entries, look), admission.pipeline, fitted, planned)
    seconds = (time.monotonic() - begun) * length_ratio(spec)
    refuse_short(release, seconds)
    return seconds


def refuse_short(release: float, seconds: float) -> None:
    """Refuse a delay in which an exam of some seconds may not end.

    Raises
    ------
    SealError
        With the delay that would do.
    """
    least = ceil(SAFETY * seconds + MARGIN_MS / 1000)
    if release < least:
        raise SealError(
            f"submit: an exam of this pipeline takes about {seconds:.0f} s on this machine, by a rehearsal on validation, "
            f"and its verdict is told after {release:g} s; a person sets RFCAT_RELEASE_SECONDS to {least} or more; nothing was "
            "spent"
        )


def length_ratio(spec: DatasetSpec) -> float:
    """Compute how many times as long as validation the sealed part is, at least 1."""
    (start, end), (first, last) = spec.bounds("validation"), spec.bounds("sealed")
    return max(1.0, (last - first) / (end - start))


def _open_validation(workspace: Workspace, name: str) -> Partition:
    return open_partition(workspace, name, "validation")
