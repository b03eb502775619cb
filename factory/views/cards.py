"""The card of a trial, read from the workspace."""

from typing import TYPE_CHECKING

import numpy as np

from factory.core.errors import PipelineError
from factory.core.times import iso
from factory.report.card import Card, make_card
from factory.report.trial import RecordedTrial
from factory.tracking.naming import describe_change
from factory.tracking.strategy_files import list_verdicts
from factory.views.breakdowns import read_run
from factory.views.trials import trial_answer

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

GROUPS = "card"
"""What a card's breakdowns are counted as."""


def make_trial_card(tracker: "Tracker", reference: str) -> tuple["Pipeline", Card]:
    """Make the card of a scored pipeline, by id or name; its breakdowns count as explorations of validation, once.

    Raises
    ------
    PipelineError
        If it is unknown, or not scored yet.
    FlowError
        If its trades are gone from the workspace.
    """
    pipeline = tracker.resolve(reference)
    trial = read_trial(tracker, pipeline)
    card = make_card(trial)
    shown = sum(len(section.grid.rows) for section in card.sections if section.grid and section.title.startswith("By "))
    tracker.count_validation_exploration(pipeline, GROUPS, shown)
    return pipeline, card


def read_trial(tracker: "Tracker", pipeline: "Pipeline") -> RecordedTrial:
    """Read a trial as it was recorded.

    Raises
    ------
    PipelineError
        If the pipeline is not scored yet.
    FlowError
        If its trades are gone from the workspace.
    """
    entry = tracker.find_entry(pipeline)
    if entry is None:
        raise PipelineError(f"card: {pipeline.id} is no trial yet; backtest it first")
    arrays = read_run(tracker, pipeline, "card")
    spec, meta = tracker.catalog.spec(pipeline.data), tracker.catalog.meta(pipeline.data)
    contract = spec.contracts[pipeline.trade.contract]
    counts, payload = tracker.ledger.counts(pipeline.data), entry.payload
    answer = trial_answer(tracker, pipeline, entry, new=False)
    own = sum(row.payload.get("agent") == payload["agent"] for row in tracker.ledger.of_kinds(("trial",)))
    facts = {
        "name": f"{payload['name']} {pipeline.id}",
        "about": pipeline.about,
        "dataset": tracker.data_text(pipeline.data),
        "validation": " to ".join(iso(moment)[:10] for moment in spec.bounds("validation")),
        "ledger": f"trial {answer['trial']} of {counts.trials:,}; {own:,} by {payload['agent']}",
        "why": str(payload.get("why", "")),
        "changed": _tell_parent(tracker, pipeline),
        "version": str(payload.get("version", "")),
    }
    return RecordedTrial(
        pipeline=pipeline,
        contract=contract,
        metrics=payload["metrics"],
        answer=answer,
        null=payload.get("null", {}),
        facts={name: value for name, value in facts.items() if value},
        verdicts=tuple(list_verdicts(tracker, pipeline)),
        independent=tracker.ledger.independent(pipeline.data),
        arrays=arrays,
        is_simulated=bool(meta["simulated"]),
        opens=_read_opens(tracker, pipeline, contract.of),
    )


def _tell_parent(tracker: "Tracker", pipeline: "Pipeline") -> str:
    change = describe_change(tracker.store, tracker.catalog, pipeline.id)
    return f"from {tracker.parent(pipeline.id)}: {change}" if change else ""


def _read_opens(tracker: "Tracker", pipeline: "Pipeline", series: str) -> tuple[np.ndarray, np.ndarray]:
    from factory.market.dataset import open_partition

    bars = open_partition(tracker.workspace, pipeline.data, "validation").series[series]
    return bars.time, np.asarray(bars.columns["open"])
