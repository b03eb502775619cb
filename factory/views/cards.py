"""The card of a trial, read from the workspace."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from factory.core.errors import PipelineError
from factory.core.times import iso
from factory.report.card import make_card
from factory.report.content import Card
from factory.report.trial import Bars, RecordedTrial
from factory.review.status import review_status
from factory.tracking.provenance import list_verdicts
from factory.views.breakdowns import read_run
from factory.views.readers import hide_words
from factory.views.trials import trial_answer

if TYPE_CHECKING:
    from factory.pipeline import Change, Pipeline
    from factory.tracking.tracker import Tracker

GROUPS = "card"
"""What a card's breakdowns are counted as."""


def make_trial_card(tracker: "Tracker", reference: str, reader: str | None = None) -> tuple["Pipeline", Card]:
    """Make the card of a scored pipeline, by id or name; its breakdowns count as explorations of validation, once.

    With a reader, an agent, what others wrote in words of their own is left out.

    Raises
    ------
    PipelineError
        If it is unknown, or not scored yet.
    FlowError
        If its trades are gone from the workspace.
    """
    pipeline = tracker.resolve(reference)
    card = make_card(hide_words(tracker, read_trial(tracker, pipeline), reader))
    shown = sum(len(section.grid.rows) for section in card.sections if section.grid and section.is_half)
    counted = tracker.count_validation_exploration(pipeline, GROUPS, shown) if shown else 0
    return pipeline, replace(card, explorations=counted)


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
    ranked = tracker.find_run(pipeline, "rank")
    review = review_status(tracker, pipeline.id)
    facts = {
        "name": f"{payload['name']} {pipeline.id}",
        "about": pipeline.about,
        "dataset": tracker.data_text(pipeline.data),
        "validation": " to ".join(iso(moment)[:10] for moment in spec.bounds("validation")),
        "ledger": f"trial {answer['trial']} of {counts.trials:,}; {own:,} by {payload['agent']}",
        "review": f"{review.short} at {review.at}" if review else "",
        "why": str(payload.get("why", "")),
        "parent": tracker.parent(pipeline.id) or "",
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
        bars=_read_bars(tracker, pipeline, contract.of),
        period=facts["validation"],
        changes=_list_changes(tracker, pipeline),
        probes=payload.get("probes") or {},
        importance=ranked.result if ranked else None,
        review_banners=review.banners if review else (),
        beside=tuple(
            (spec.contracts[name], _read_bars(tracker, pipeline, spec.contracts[name].of)) for name in pipeline.contracts[1:]
        ),
    )


def _list_changes(tracker: "Tracker", pipeline: "Pipeline") -> tuple["Change", ...]:
    from factory.pipeline import list_changes

    parent = tracker.find_parent(pipeline.id)
    return tuple(list_changes(parent, pipeline)) if parent else ()


def _read_bars(tracker: "Tracker", pipeline: "Pipeline", series: str) -> Bars:
    from factory.market.dataset import open_partition

    bars = open_partition(tracker.workspace, pipeline.data, "validation").series[series]
    return Bars(bars.time, *(np.asarray(bars.columns[name]) for name in ("open", "high", "low", "close")))
