"""The tree of a family of trials, laid out: one step to the right for each trial in the order of time, a lane for each line.

The line to the best trial is the top lane; what left it stands below. A large family is folded to its skeleton: what is
better than its parent beyond errors, and the way to it and to the best.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST = 60
"""Trials that are drawn one by one; a larger family is folded."""
RUN = 4
"""Trials in a row without a change beyond errors, of a folded family, that become one."""
WIDTH = 1_080
STEPS = 26, 96
"""Least and greatest width of a step."""
ROOMY = 72
"""Width of a step from which there is room for words beside every mark."""
LANES = 30, 46
"""Height of a lane, without and with room for words."""
MARGIN = 40
TOP, BOTTOM = 110, 64
"""Room for what was changed along the top lane, and for the time."""


@dataclass(frozen=True, slots=True)
class Link:
    """One trial of a family.

    Parameters
    ----------
    seq : int
        Its row of the ledger, by which trials stand in the order of time.
    parent : int or None
        That of the trial that it was changed from.
    is_better : bool
        Than its parent, beyond errors.
    is_level : bool
        Whether it is neither better nor worse.
    """

    seq: int
    parent: int | None
    is_better: bool
    is_level: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A trial, or several that are folded into one.

    Parameters
    ----------
    seq : int
        Row of the trial, or of the first of several.
    parent : int or None
        Row of the place that it hangs on.
    folded : tuple of int
        Rows of those that stand here as one; empty for a trial.
    x, y : int
    """

    seq: int
    parent: int | None
    folded: tuple[int, ...]
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line from a place to another.

    Parameters
    ----------
    path : str
        As SVG writes it.
    leads_to_best : bool
    """

    path: str
    leads_to_best: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """A family laid out.

    Parameters
    ----------
    width, height : int
    is_roomy : bool
        Whether there is room for words beside every mark.
    places : tuple of Place
        In the order of time.
    lines : tuple of Line
    spine : frozenset of int
        Rows of the trials on the way to the best, itself among them.
    folded : int
        Trials that are not drawn one by one.
    """

    width: int
    height: int
    is_roomy: bool
    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    spine: frozenset[int]
    folded: int


@dataclass(slots=True)
class _Item:
    seq: int
    parent: int | None
    folded: tuple[int, ...] = ()


def lay_out(links: Sequence[Link], best: int | None, most: int = MOST) -> Tree:
    """Lay a family out.

    Parameters
    ----------
    links : sequence of Link
        In the order of time; a parent stands before its children.
    best : int or None
        Row of the best trial.
    most : int
        Trials up to which none is folded.
    """
    parents = {link.seq: link.parent for link in links}
    spine = frozenset(_line_to(parents, best))
    items = [_Item(link.seq, link.parent) for link in links]
    if len(links) > most:
        items = _fold_runs(_fold_branches(links, parents, spine), {link.seq: link for link in links}, spine)
    step = max(STEPS[0], min(STEPS[1], (WIDTH - 2 * MARGIN) // max(1, len(items))))
    lanes = _assign_lanes(items, spine)
    xs = {item.seq: MARGIN + number * step for number, item in enumerate(items)}
    high = LANES[step >= ROOMY]
    ys = {seq: TOP + lane * high for seq, lane in lanes.items()}
    places = tuple(Place(item.seq, item.parent, item.folded, xs[item.seq], ys[item.seq]) for item in items)
    by_seq = {place.seq: place for place in places}
    lines = tuple(
        Line(_draw_line(by_seq[place.parent], place), place.seq in spine) for place in places if place.parent is not None
    )
    height = TOP + high * max(lanes.values(), default=0) + BOTTOM
    width = 2 * MARGIN + step * max(0, len(items) - 1)
    return Tree(max(width, 360), height, step >= ROOMY, places, lines, spine, sum(len(item.folded) for item in items))


def _line_to(parents: Mapping[int, int | None], seq: int | None) -> list[int]:
    """List a trial and what it came from, up to the first."""
    line = []
    while seq is not None:
        line.append(seq)
        seq = parents[seq]
    return line


def _fold_branches(links: Sequence[Link], parents: Mapping[int, int | None], spine: Iterable[int]) -> list[_Item]:
    """Fold all branches of a trial in which nothing is better than its parent into one item each."""
    kept = set(spine)
    for link in links:
        if link.is_better or link.parent is None:
            kept.update(_line_to(parents, link.seq))
    anchors: dict[int, int | None] = {}
    folds: dict[int | None, list[int]] = {}
    for link in links:
        if link.seq not in kept:
            anchor = link.parent if link.parent in kept else anchors[link.parent] if link.parent is not None else None
            anchors[link.seq] = anchor
            folds.setdefault(anchor, []).append(link.seq)
    firsts = {members[0]: (anchor, tuple(members)) for anchor, members in folds.items()}
    items = []
    for link in links:
        if link.seq in kept:
            items.append(_Item(link.seq, link.parent))
        elif link.seq in firsts:
            anchor, members = firsts[link.seq]
            items.append(_Item(link.seq, anchor, members if len(members) > 1 else ()))
    return items


def _fold_runs(items: Sequence[_Item], links: Mapping[int, Link], spine: Iterable[int]) -> list[_Item]:
    """Fold what follows one upon the other without a change beyond errors, from :data:`RUN` on."""
    ends = {max(spine, default=None), *(item.seq for item in items if item.parent is None)}
    children: dict[int | None, list[_Item]] = {}
    for item in items:
        children.setdefault(item.parent, []).append(item)
    plain = {
        item.seq
        for item in items
        if not item.folded and item.seq not in ends and links[item.seq].is_level and len(children.get(item.seq, ())) == 1
    }
    into: dict[int, int] = {}
    runs: dict[int, tuple[int, ...]] = {}
    for item in items:
        if item.seq not in plain or item.parent in plain:
            continue
        run = [item.seq]
        while (following := children[run[-1]][0].seq) in plain:
            run.append(following)
        if len(run) >= RUN:
            runs[item.seq] = tuple(run)
            into |= dict.fromkeys(run, item.seq)
    kept = [item for item in items if into.get(item.seq, item.seq) == item.seq]
    return [
        _Item(one.seq, one.parent if one.parent is None else into.get(one.parent, one.parent), runs.get(one.seq, one.folded))
        for one in kept
    ]


def _assign_lanes(items: Sequence[_Item], spine: frozenset[int]) -> dict[int, int]:
    """Assign each line a lane that is free from its first item to its last, the way to the best the first."""
    number = {item.seq: place for place, item in enumerate(items)}
    heirs: dict[int, int] = {}
    for item in items:
        if item.parent is not None and (item.parent not in heirs or item.seq in spine):
            heirs[item.parent] = item.seq
    lanes: dict[int, int] = {}
    ends: list[list[tuple[int, int]]] = []
    heads = [item.seq for item in items if item.parent is None or heirs[item.parent] != item.seq]
    for head in sorted(heads, key=lambda seq: (seq not in spine, number[seq])):
        line = [head]
        while line[-1] in heirs:
            line.append(heirs[line[-1]])
        first, last = number[head] - 1, number[line[-1]]
        above = next((lanes[item.parent] for item in (items[number[head]],) if item.parent in lanes), -1)
        lane = above + 1
        while lane < len(ends) and any(first <= end and start <= last for start, end in ends[lane]):
            lane += 1
        while lane >= len(ends):
            ends.append([])
        ends[lane].append((first, last))
        lanes |= dict.fromkeys(line, lane)
    return lanes


def _draw_line(start: Place, end: Place) -> str:
    if start.y == end.y:
        return f"M{start.x} {start.y}H{end.x}"
    bend = min(end.x - start.x, 3 * STEPS[0])
    return (
        f"M{start.x} {start.y}C{start.x + bend // 2} {start.y} {start.x + bend // 2} {end.y} {start.x + bend} {end.y}H{end.x}"
    )
