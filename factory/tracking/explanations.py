"""Warnings of probes that an author has explained: told once, and named shortly from then on."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from factory.core import canonical
from factory.core.answers import Answer

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.storage.store import Store

KIND = "explained"
"""Of the rows that remember explanations, among what was kept of pipelines."""
Teller = tuple[str, str]
"""Who explains, and about which data."""


def record_explanation(store: "Store", teller: Teller, pipeline: "Pipeline", run: Mapping[str, Any], why: str) -> None:
    """Remember which warnings of a trial its author's words explain.

    A reason explains a warning that it names: by its probe, such as P7, or by a feature that the warning is about.

    Parameters
    ----------
    store : Store
        Where that is kept.
    teller : tuple of str
        The author, and the hash of what the trial's score depends on beside the pipeline.
    pipeline : Pipeline
        Of the trial.
    run : mapping
        What the ledger holds of it.
    why : str
        The author's words.
    """
    words = set(re.findall(r"\w+", why.lower()))
    for line in _warnings(run):
        named = {_probe(line).lower(), *(name.lower() for name in _features(pipeline, line))}
        if words & named:
            key = _key(teller, pipeline, line)
            store.put_run(key, pipeline.id, KIND, pipeline.data, {"why": why})


def tell_probes(store: "Store", teller: Teller, pipeline: "Pipeline", run: Mapping[str, Any]) -> Answer | str:
    """Say what the probes of a trial found.

    It is short when they found nothing, and of what this agent explained names the probe alone.
    """
    probes = run.get("probes") or {}
    known = [line for line in _warnings(run) if store.find_run(_key(teller, pipeline, line)) is not None]
    said: Answer = {}
    if "block" in probes:
        said["block"] = [*probes["block"]]
    if left := [line for line in _warnings(run) if line not in known]:
        said["warn"] = left
    if known:
        said["explained"] = " ".join(dict.fromkeys(_probe(line) for line in known))
    return said or ("clean" if probes else "none ran")


def _warnings(run: Mapping[str, Any]) -> Sequence[str]:
    lines: Sequence[str] = (run.get("probes") or {}).get("warn") or ()
    return lines


def _probe(line: str) -> str:
    return line.partition(":")[0]


def _features(pipeline: "Pipeline", line: str) -> list[str]:
    """List the features of a pipeline that a line names, in its order."""
    return [name for name in re.findall(r"features\.(\w+)", line) if name in pipeline.features]


def _key(teller: Teller, pipeline: "Pipeline", line: str) -> str:
    """Compute the key of an explanation: the author, the data, the probe, and what the features that it names compute."""
    about: dict[str, Any] = {name: pipeline.features[name] for name in sorted(_features(pipeline, line))}
    return canonical.short_id([KIND, *teller, _probe(line), about])
