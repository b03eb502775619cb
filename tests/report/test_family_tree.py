"""A family laid out: in the order of time, no two in one place, nothing lost where it is folded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from factory.report.family_tree import TOP, Link, lay_out

SHAPES = st.lists(
    st.tuples(st.integers(0, 10**6), st.booleans(), st.booleans(), st.floats(0, 1)), min_size=1, max_size=150
)  # fmt: skip


def grow(drawn: list[tuple[int, bool, bool, float]]) -> list[Link]:
    """Make a family: each trial hangs on one before it, some on none."""
    return [
        Link(seq, None if seq == 0 or chance < 0.05 else pick % seq, is_better and chance > 0.8, is_level)
        for seq, (pick, is_better, is_level, chance) in enumerate(drawn)
    ]


@given(SHAPES, st.integers(0, 149), st.sampled_from([10, 1000]))
@settings(max_examples=150, deadline=None)
def test_places_are_apart_in_order_and_nothing_is_lost(
    drawn: list[tuple[int, bool, bool, float]], best: int, most: int
) -> None:
    links = grow(drawn)
    best = best % len(links)
    tree = lay_out(links, best, most)
    assert len({(place.x, place.y) for place in tree.places}) == len(tree.places)
    assert [place.x for place in tree.places] == sorted({place.x for place in tree.places})
    held = [seq for place in tree.places for seq in (place.folded or (place.seq,))]
    assert sorted(held) == [link.seq for link in links]
    by_seq = {place.seq: place for place in tree.places}
    for place in tree.places:
        assert 0 <= place.x <= tree.width
        assert TOP <= place.y <= tree.height
        if place.parent is not None:
            assert by_seq[place.parent].x < place.x
    assert len(tree.lines) == sum(place.parent is not None for place in tree.places)
    assert tree.folded == sum(len(place.folded) for place in tree.places)
    drawn_alone = {place.seq for place in tree.places if not place.folded}
    assert best in drawn_alone
    assert {link.seq for link in links if link.is_better} <= drawn_alone
    assert {by_seq[seq].y for seq in tree.spine & by_seq.keys()} == {TOP}
    if len(links) <= most:
        assert tree.folded == 0


def test_a_family_of_five_hundred_is_drawn_by_its_skeleton() -> None:
    """A search that keeps the best: one step in fifty is better, all else is tried on the best so far and falls."""
    links, best = [Link(0, None, is_better=False, is_level=True)], 0
    for seq in range(1, 500):
        is_better = seq % 50 == 0
        links.append(Link(seq, best, is_better, is_level=not is_better))
        best = seq if is_better else best
    tree = lay_out(links, best)
    assert len(tree.places) == 20, "the root, nine steps up, and what fell from each of the ten"
    assert tree.folded == 490
    assert tree.spine == {0, *range(50, 500, 50)}


def test_a_long_walk_without_effect_becomes_one_mark() -> None:
    links = [Link(seq, seq - 1 if seq else None, is_better=False, is_level=True) for seq in range(200)]
    tree = lay_out(links, 199)
    assert [len(place.folded) for place in tree.places] == [0, 198, 0]
