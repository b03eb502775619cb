"""The honest summary of a search: what was tried, the best of it, what it would take to pay, and what was ruled out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from factory.answers import Answer, table
from factory.errors import FactoryError, PipelineError
from factory.evidence.standing import deflated
from factory.ledger import Entry
from factory.reading import rank, reading
from factory.times import now_ms
from factory.vault.pools import SEAL_ROWS, looks_of

if TYPE_CHECKING:
    from factory.workshop import Workshop

FAMILIES = 5
"""Ideas that are listed, those with most trials first."""


def summary(workshop: "Workshop", dataset: str) -> Answer:
    """Sum a search up.

    A family of ideas is what it predicts, on what clock and by what trade. It is ruled out, on validation, when even the
    upper end of the interval of each of its trials loses after costs.

    Raises
    ------
    PipelineError
        If nothing was tried yet.
    """
    trials = [entry for entry in workshop.ledger.all_trials(dataset) if "metrics" in entry.payload]
    if not trials:
        raise PipelineError(f"summary: no trial on {dataset} yet; backtest something first")
    best = min(trials, key=lambda entry: rank(entry.payload["metrics"]))
    count = workshop.ledger.counts(dataset).trials
    found = best.payload["metrics"]
    return {
        "data": workshop.data_text(dataset),
        "best": _best(best, count),
        "reading": reading(found, count),
        "costs": _costs(found),
        "families": table(("idea", "trials", "best_mean_net", "high", "says"), _families(workshop, trials)),
        "mean_net_calm_to_wild": _regimes(workshop, best),
        "sealed": _heard(workshop, dataset),
        "price": best.payload.get("price") or None,
        "ledger": workshop.standing(dataset),
    }


def _best(entry: Entry, trials: int) -> Answer:
    found = entry.payload["metrics"]
    edge = [found.get(key) for key in ("mean_net", "mean_low", "mean_high")]
    return {
        "pipeline": entry.payload["pipeline"],
        "name": entry.payload["name"],
        "trades": found.get("trades"),
        "mean_net": [one for one in edge if one is not None] or None,
        "win_rate": found.get("win_rate"),
        "break_even": found.get("break_even"),
        "deflated": deflated(found, len(entry.payload["daily"]), trials),
    }


def _costs(found: Mapping[str, Any]) -> str | None:
    """The cost at which the best trial would have paid."""
    if "mean_cost" not in found:
        return None
    now, most = found["mean_cost"], found["mean_net"] + found["mean_cost"]
    if most <= 0:
        return f"loses even without costs (now {now:.4g} a decision)"
    return f"{'pays' if most > now else 'would pay'} below {most:.4g} a decision; now {now:.4g}"


def _families(workshop: "Workshop", trials: Sequence[Entry]) -> list[list[Any]]:
    ideas: dict[str, list[Mapping[str, Any]]] = {}
    for entry in trials:
        ideas.setdefault(_idea(workshop, str(entry.payload["pipeline"])), []).append(entry.payload["metrics"])
    rows = []
    for idea, found in sorted(ideas.items(), key=lambda item: -len(item[1]))[:FAMILIES]:
        most = max((one["mean_net"] for one in found if "mean_net" in one), default=None)
        highs = [one["mean_high"] for one in found if "mean_high" in one]
        rows.append([idea, len(found), most, max(highs, default=None), _says(found, highs)])
    return rows


def _idea(workshop: "Workshop", pipeline: str) -> str:
    try:
        one = workshop.resolve(pipeline)
    except FactoryError:
        return "unknown"
    clock = f"each {one.sample.every}" if one.sample.use == "clock" else one.sample.use
    return f"{one.label.use} {one.label.horizon}, {clock}"


def _says(found: Sequence[Mapping[str, Any]], highs: Sequence[float]) -> str:
    if len(highs) < len(found):
        return "too few trades to say"
    return "ruled out after costs" if max(highs) <= 0 else "open"


def _regimes(workshop: "Workshop", best: Entry) -> list[float] | None:
    """Mean net of the best trial by volatility, from calm to wild."""
    from factory.work.breakdowns import breakdown

    try:
        found = breakdown(workshop, workshop.resolve(str(best.payload["pipeline"])), "volatility")
    except FactoryError:
        return None
    place = found["columns"].index("mean_net")
    return [row[place] for row in found["rows"] if row[0] != "unknown"]


def _heard(workshop: "Workshop", dataset: str) -> list[str] | None:
    now = now_ms()
    looks = [look for look in looks_of(workshop.ledger.of_kinds(SEAL_ROWS)) if look.payload["dataset"] == dataset]
    return [f"{look.payload['pipeline']} {look.heard(now)}" for look in looks] or None
