"""What a page with the CUSUM picture holds: words, figures of each step, and the rows that its script draws from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.times import DAY, HOUR, MINUTE, iso
from factory.learning.sample_figures import SampleFigures
from factory.market.spec import SIMULATED
from factory.report.cusum import BARRIERS, OWN_STEP, CusumPicture, Step, draw_frame, draw_steps, round_prices

MEANINGS = {
    "decisions": "events at which no feature is missing: rows to learn from",
    "a day": "decisions by calendar day of the partition",
    "mean distance": "from one decision to the next",
    "overlapping": "labels that begin before an earlier one has ended",
    "average uniqueness": (
        "1 / labels alive, averaged over a label's bars, then over labels (López de Prado 2018, section 4.4); 1: none overlap"
    ),
    "up / down": "balance of the labels' classes, of three with flat between",
    "dropped": "events at which a feature is missing",
    "without a label": "a bar that the label needs is missing, or lies beyond the partition",
}
SOURCE = (
    "S+ adds up the changes and is kept at or above zero, S− adds them up and is kept at or below zero. Where one passes the "
    "threshold an event is sampled, and that sum starts anew (symmetric CUSUM filter; Lam and Yam 1997; López de Prado 2018, "
    "section 2.5.2.1)."
)

BOXED = (
    "A box stands between take, above, and stop, below, from the fill to the label's end, dotted until time is out. A cross is "
    "where it ended."
)
BOX = "A box spans each label from the price and moment of its fill to those of its end, where a cross stands."


@dataclass(frozen=True)
class CusumSheet:
    """What the page shows.

    Parameters
    ----------
    title : str
    banners, says : tuple of str
    window : str
        What the picture is of.
    threshold : str
        As it is written.
    partition : str
    own : int
        Position of the threshold itself among the steps.
    steps : tuple
        Of each the multiple and its figures, written.
    sample, sampled : str, tuple of str
        The pipeline's own sample and its figures; empty where that is the filter.
    meanings : mapping of str to str
        What each figure means, by name.
    columns : tuple of str
        Of the list of events.
    hint : str
        How one event is chosen.
    figures, data : dict
        For the script.
    """

    title: str
    banners: tuple[str, ...]
    says: tuple[str, ...]
    window: str
    threshold: str
    partition: str
    own: int
    steps: tuple[tuple[str, tuple[str, ...]], ...]
    sample: str
    sampled: tuple[str, ...]
    meanings: Mapping[str, str]
    columns: tuple[str, ...]
    hint: str
    figures: dict[str, Any]
    data: dict[str, Any]


def make_sheet(picture: CusumPicture, name: str, sample: str, label: str, *, is_simulated: bool) -> CusumSheet:
    """Make the sheet of a picture.

    Parameters
    ----------
    name : str
        Of the pipeline.
    sample, label : str
        How it samples and what it predicts, in a few words.
    """
    (of, threshold), is_boxed = picture.text, picture.outcomes == BARRIERS
    start, end = (iso(moment).replace("T", " ").removesuffix("Z").removesuffix(":00") for moment in picture.window)
    other = "" if picture.is_own else f"This pipeline samples by {sample}; below is what a CUSUM filter would choose. "
    counted = " Each step on validation was counted as an exploration, once." if picture.partition == "validation" else ""
    return CusumSheet(
        title=f"CUSUM of {of} by {threshold} · {name}",
        banners=(SIMULATED,) if is_simulated else (),
        says=(f"{other}{SOURCE}", f"Label: {label}. {BOXED if is_boxed else BOX}{counted}"),
        window=f"{start} to {end} UTC, {picture.partition}",
        threshold=threshold,
        partition=picture.partition,
        own=OWN_STEP,
        steps=tuple((f"{step.multiple:.3g}", list_figures(step.figures)) for step in picture.steps),
        sample="" if picture.is_own else sample,
        sampled=() if picture.is_own else list_figures(picture.own),
        meanings=MEANINGS,
        columns=("acted on at", "passed by", "fill", *(("take", "stop") if is_boxed else ()), "what came", "at", "return"),
        hint="Choose an event, in the picture or in the list below, to see its label alone.",
        figures={"picture": draw_frame(picture), "steps": draw_steps(picture)},
        data=write_data(picture),
    )


def list_figures(figures: SampleFigures) -> tuple[str, ...]:
    """Write the figures of a sample, one for each of :data:`MEANINGS`."""
    labelled = figures.up + figures.down + figures.flat
    classes = (figures.up, figures.flat, figures.down) if figures.flat else (figures.up, figures.down)
    return (
        f"{figures.decisions:,}",
        _short(figures.a_day),
        "" if figures.mean_distance is None else _write_span(figures.mean_distance),
        "" if figures.overlapping is None else f"{figures.overlapping:.1%}",
        "" if figures.uniqueness is None else f"{figures.uniqueness:.3f}",
        " / ".join(f"{one / labelled:.1%}" for one in classes) if labelled else "",
        f"{figures.lost:,}",
        f"{figures.unlabelled:,}",
    )


def _write_span(ms: float) -> str:
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if ms >= 2 * length:
            return f"{_short(ms / length)} {unit}"
    return f"{_short(ms / 1_000)} s"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_data(picture: CusumPicture) -> dict[str, Any]:
    """Write what a page needs to draw any step itself: rows in all their digits, labels, and each step's figures."""
    labels = picture.labels
    return {
        "partition": picture.partition,
        "outcomes": list(picture.outcomes),
        "has_barriers": picture.outcomes == BARRIERS,
        "known": picture.known.tolist(),
        "values": _exact(picture.values),
        "threshold": _exact(picture.threshold),
        "before": _exact(np.array([picture.before]))[0],
        "labels": {
            **{name: getattr(labels, name).tolist() for name in ("row", "decision", "horizon", "end", "outcome", "side")},
            "present": labels.present.astype(int).tolist(),
            **{name: round_prices(getattr(labels, name)) for name in ("entry", "top", "bottom", "exit")},
        },
        "steps": [_write_step(step) for step in picture.steps],
    }


def _write_step(step: Step) -> dict[str, Any]:
    counts = {"decisions": step.figures.decisions, "a_day": step.figures.a_day, "uniqueness": step.figures.uniqueness}
    return {"multiple": step.multiple, "up": step.up, "down": step.down, **counts, "figures": list_figures(step.figures)}


def _exact(values: NDArray[float64]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
