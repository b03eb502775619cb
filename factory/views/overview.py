"""A workspace at a glance: its datasets, what agents do in it now, and what to do next."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory.core.times import HOUR, now_ms
from factory.review.states import PROPOSED, REVIEW, group_rows
from factory.views.datasets import DatasetTile, list_tiles
from factory.views.jobs import describe_job

if TYPE_CHECKING:
    from factory.jobs import Jobs
    from factory.ledger import Entry
    from factory.storage.store import CodeCall
    from factory.tracking import Tracker

NEWEST = 50
"""Trials and calls of the last hour that are looked at."""
SHOWN = 3
"""Of them by agent."""


@dataclass
class AgentActivity:
    """What one agent does now and did in the last hour.

    Parameters
    ----------
    agent : str
    jobs : list of dict
        Those that wait or run: what is told of each, its kind and what it is about.
    trials : list of Entry
        The newest.
    calls : list of CodeCall
        The newest.
    trial_count, call_count : int
    """

    agent: str
    jobs: list[dict[str, Any]] = field(default_factory=list)
    trials: "list[Entry]" = field(default_factory=list)
    calls: "list[CodeCall]" = field(default_factory=list)
    trial_count: int = 0
    call_count: int = 0


@dataclass(frozen=True)
class Overview:
    """What a workspace holds and what goes on in it.

    Parameters
    ----------
    tiles : list of DatasetTile
    activity : list of AgentActivity
    is_cut : bool
        Whether more trials or calls were made in the last hour than are counted.
    trials : int
        In all datasets.
    waiting : list of (str, str)
        Id and name of each pipeline that was proposed and not decided on.
    """

    tiles: list[DatasetTile]
    activity: list[AgentActivity]
    is_cut: bool
    trials: int
    waiting: list[tuple[str, str]]


def read_overview(tracker: "Tracker", jobs: "Jobs") -> Overview:
    """Read a workspace at a glance, in a time that does not grow with its ledger."""
    tiles, since = list_tiles(tracker), now_ms() - HOUR
    entries = tracker.ledger.rows("trial", size=NEWEST)
    trials = [entry for entry in entries if entry.at >= since]
    calls = [call for call in tracker.store.calls(1, NEWEST) if call.at >= since]
    by_agent: dict[str, AgentActivity] = {}
    for job in jobs.unfinished():
        told = {
            **describe_job(jobs, job),
            "kind": job["kind"],
            "about": job["args"].get("pipeline") or job["args"].get("dataset"),
        }
        _of(by_agent, job["owner"]).jobs.append(told)
    for entry in trials:
        one = _of(by_agent, str(entry.payload.get("agent", "unknown")))
        one.trial_count += 1
        one.trials += [entry][: SHOWN - len(one.trials)]
    for call in calls:
        one = _of(by_agent, call.agent)
        one.call_count += 1
        one.calls += [call][: SHOWN - len(one.calls)]
    cut = NEWEST in (len(trials), len(calls))
    newest = [rows[-1].payload for rows in group_rows(tracker.ledger.of_kinds((REVIEW,))).values()]
    return Overview(
        tiles,
        [*by_agent.values()],
        cut,
        sum(tile.trials for tile in tiles),
        [(str(one["pipeline"]), str(one["name"])) for one in newest if one["state"] == PROPOSED],
    )


def _of(by_agent: dict[str, AgentActivity], agent: str) -> AgentActivity:
    return by_agent.setdefault(agent, AgentActivity(agent))
