"""The provenance of a strategy file: who, when, why, after how many trials, with what scores, probes and verdicts."""

from typing import TYPE_CHECKING

import factory
from factory.core.answers import Answer, round_answer
from factory.core.times import iso, now_ms
from factory.pipeline import Pipeline
from factory.vault.pools import SEAL_ROWS, read_looks

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

SHOWN = (
    "win_rate",
    "win_interval",
    "break_even",
    "mean_net",
    "trades",
    "auc",
    "sharpe",
    "sharpe_error",
    "return",
    "drawdown",
    "p_value",
    "sides",
    "decisions",
    "twins",
    "twins_show",
    "units",
)


def make_provenance(tracker: "Tracker", pipeline: Pipeline, scored: Answer, why: str) -> Answer:
    """Write the provenance of a strategy file: who, when, why, after how many trials, with what scores."""
    return round_answer(
        {
            "id": pipeline.id,
            "parent": tracker.parent(pipeline.id),
            "by": tracker.agent,
            "at": iso(now_ms() // 1000 * 1000),
            "why": " ".join(why.split()),
            "version": factory.__version__,
            "workspace": tracker.workspace.id,
            "data": {
                "name": pipeline.data,
                "market": "simulated" if tracker.catalog.meta(pipeline.data)["simulated"] else "real",
                "fingerprint": tracker.catalog.fingerprint(pipeline.data),
            },
            "ledger": {
                "trial": scored["trial"],
                "trials_on_these_data": tracker.ledger.counts(pipeline.data).trials,
                "head": tracker.ledger.position().short,
            },
            "scores": {key: scored[key] for key in SHOWN if key in scored},
            "reading": scored["reading"],
            "price": scored.get("price"),
            "probes": scored.get("probes"),
            "sealed": list_verdicts(tracker, pipeline) or None,
        }
    )


def list_verdicts(tracker: "Tracker", pipeline: Pipeline) -> list[Answer]:
    """List the sealed looks that were spent on a pipeline, as an agent may know them."""
    now = now_ms()
    looks = [one for one in read_looks(tracker.ledger.of_kinds(SEAL_ROWS)) if one.payload["pipeline"] == pipeline.id]
    return [
        {
            "look": f"{one.payload['look']} of {one.payload['looks']}",
            "verdict": one.heard(now),
            "grade": one.payload["grade"],
            "price": one.payload.get("price"),
            "model": one.payload["model"],
            "cutoff": one.payload["cutoff"],
        }
        for one in looks
    ]
