"""Families of trials: what was changed, step by step, and what it did to the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from factory.core.answers import pluralize
from factory.core.errors import UnknownError
from factory.core.times import DAY, HOUR, MINUTE, iso
from factory.ledger.trial_list import Family, TrialLink, TrialRow
from factory.report.family_tree import Link, Place, Tree, lay_out
from factory.views.trial_list import BETTER, SIDEWAYS, UNKNOWN, WORSE, Standing, tell_effect

if TYPE_CHECKING:
    from factory.tracking.tracker import Tracker

PAGE = 30
APART = 96
"""Least distance of two moments on the axis."""
PAUSE = HOUR
"""From which a pause between two trials is marked."""


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the tree, with what is known of it.

    Parameters
    ----------
    place : Place
    row : dict
        As in the list of trials; of several that are folded, the first's.
    effect : str
        What the change did to the Sharpe ratio.
    says : str
        All of it in a sentence.
    label : str
        What was changed, in a word; empty where there is no room for it.
    is_best, is_on_way : bool
        Whether it is the best, or on the way to it.
    """

    place: Place
    row: TrialRow
    effect: str
    says: str
    label: str
    is_best: bool
    is_on_way: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis of time: when, or how long nothing was tried before."""

    x: int
    text: str
    is_pause: bool


@dataclass(frozen=True, slots=True)
class FamilyTree:
    """A family of trials, laid out.

    Parameters
    ----------
    root : str
    name : str
    trials : int
    tree : Tree
    nodes : list of Node
        In the order of time.
    ticks : list of Tick
    effects : dict of str to int
        Trials by what their change did.
    best : dict or None
        Row of the best.
    datasets : list of str
    """

    root: str
    name: str
    trials: int
    tree: Tree
    nodes: list[Node]
    ticks: list[Tick]
    effects: Mapping[str, int]
    best: TrialRow | None
    datasets: list[str]

    @property
    def sums_up(self) -> str:
        """What the search came to, in a sentence."""
        counts = self.effects
        judged = sum(counts[name] for name in (BETTER, WORSE, SIDEWAYS))
        return (
            f"{pluralize(self.trials, 'trial')}: of {pluralize(judged, 'change')} with a parent to compare, {counts[BETTER]} "
            f"made the Sharpe ratio better beyond errors, {counts[WORSE]} worse, and {counts[SIDEWAYS]} went sideways."
        )


def list_families(tracker: "Tracker", page: int) -> tuple[list[Family], int]:
    """List one page of the families, the largest first, and count them all."""
    families, total = tracker.ledger.families(PAGE, (page - 1) * PAGE)
    return families, total


def draw_family(tracker: "Tracker", root: str) -> FamilyTree:
    """Lay out the family that was changed, one from another, from one pipeline.

    Raises
    ------
    UnknownError
        If no trial is of it.
    """
    trials = tracker.ledger.family(root)
    if not trials:
        raise UnknownError(f"family: '{root[:64]}' unknown; the page of families lists them")
    parents = _find_parents(tracker, trials)
    effects = {one.seq: tell_effect(one.gain, one.gain_error) for one in trials}
    best = _find_best(trials)
    links = [
        Link(one.seq, parents[one.seq], effects[one.seq] == BETTER, effects[one.seq] in (SIDEWAYS, UNKNOWN)) for one in trials
    ]
    tree = lay_out(links, best)
    standing = Standing(tracker)
    rows = {row["seq"]: standing.complete(row) for row in tracker.ledger.read_trials([place.seq for place in tree.places])}
    sharpes = {one.seq: one.sharpe for one in trials}
    nodes = [
        Node(
            place,
            rows[place.seq],
            effects[place.seq],
            _describe_fold(place, sharpes) if place.folded else _describe(rows[place.seq], effects[place.seq]),
            _label(rows[place.seq]) if not place.folded and (tree.is_roomy or place.seq in tree.spine) else "",
            place.seq == best,
            place.seq in tree.spine,
        )
        for place in tree.places
    ]
    counts = dict.fromkeys((BETTER, WORSE, SIDEWAYS, UNKNOWN), 0)
    for effect in effects.values():
        counts[effect] += 1
    datasets = sorted({row["dataset"] for row in rows.values()})
    name = rows[trials[0].seq]["name"]
    top = rows[best] if best is not None else None
    return FamilyTree(root, name, len(trials), tree, nodes, _mark_times(nodes), counts, top, datasets)


def _find_parents(tracker: "Tracker", trials: Sequence[TrialLink]) -> dict[int, int | None]:
    """Find the trial that each was changed from: on its own terms, else on others, else of the nearest that was scored."""
    newest: dict[str, int] = {}
    parents: dict[int, int | None] = {}
    for one in trials:
        ancestor = one.parent
        while ancestor is not None and ancestor not in newest:
            ancestor = tracker.parent(ancestor)
        parents[one.seq] = one.parent_seq or (newest[ancestor] if ancestor is not None else None)
        newest[one.pipeline] = one.seq
    return parents


def _find_best(trials: Sequence[TrialLink]) -> int | None:
    """Find the trial with the highest Sharpe ratio, of those that can be judged where there are some."""
    scored = [one for one in trials if one.sharpe is not None]
    judged = [one for one in scored if not one.unjudged] or scored
    return max(judged, key=lambda one: (one.sharpe or 0.0, -one.seq)).seq if judged else None


def _label(row: TrialRow) -> str:
    """Say what was changed in a word or two: ``leaf 200→702``, ``+ x15``."""
    first, *more = (row["changed"] or "").split("; ")
    if first.startswith(("+ ", "- ")):
        first = first[:2] + first[2:].partition(":")[0].rpartition(".")[2]
    elif ": " in first:
        first = first.partition(": ")[2].replace(" -> ", "→")
    return f"{first} …" if more else first


def _describe(row: TrialRow, effect: str) -> str:
    """Say what a trial is, what was changed in it and what that did."""
    said = [f"{row['name']} {row['pipeline']}, trial {row['number']:,} by {row['agent']}, {_spell(row['at'])}"]
    said.append(row["changed"] or ("defined whole" if row["parent"] is None else "changed in words alone"))
    if row["sharpe"] is not None:
        error = f" ± {row['sharpe_error']:.2f}" if row["sharpe_error"] is not None else ""
        said.append(f"Sharpe {row['sharpe']:.2f}{error}")
    if row["gain"] is not None:
        error = f" ± {row['gain_error']:.2f}" if row["gain_error"] is not None else ""
        said.append(f"{row['gain']:+.2f}{error} against its parent: {effect}")
    if row["probes"] in ("warn", "block"):
        said.append(f"probes {row['probes']}")
    return " · ".join(said)


def _describe_fold(place: Place, sharpes: Mapping[int, float | None]) -> str:
    known = [value for seq in place.folded if (value := sharpes[seq]) is not None]
    best = f"; the highest Sharpe among them {max(known):.2f}" if known else ""
    return f"{len(place.folded)} trials folded: none was better than its parent beyond errors{best}"


def _mark_times(nodes: Sequence[Node]) -> list[Tick]:
    """Mark when trials were made along the axis, and where nothing was tried for long."""
    ticks: list[Tick] = []
    shown, day = -APART, ""
    for before, node in zip([None, *nodes], nodes, strict=False):
        at, x = node.row["at"], node.place.x
        pause = at - before.row["at"] if before else 0
        if before and pause >= PAUSE:
            ticks.append(Tick((before.place.x + x) // 2, _spell_span(pause), is_pause=True))
        if x - shown >= APART:
            text = _spell(at)
            ticks.append(Tick(x, text[11:] if text[:10] == day else text[5:], is_pause=False))
            shown, day = x, text[:10]
    return ticks


def _spell(at: int) -> str:
    text = iso(at)
    return f"{text[:10]} {text[11:16]}"


def _spell_span(ms: int) -> str:
    unit, name = next(((unit, name) for unit, name in ((DAY, "d"), (HOUR, "h")) if ms >= 2 * unit), (MINUTE, "min"))
    return f"{ms // unit} {name} later"
