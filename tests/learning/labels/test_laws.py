"""Every registered label through the laws that touch it."""

import numpy as np
import pytest

from factory.core.times import MINUTE
from factory.evidence.probes.causal import TWISTED
from factory.learning.book_labels import find_threshold, label_mid_moves
from factory.learning.labels import Labels, label, uniqueness_of
from factory.learning.running import label_running
from factory.learning.splits import purged_kfold
from factory.market.contracts import Binary
from factory.market.series import Partition, Series
from factory.pipeline import parse_part
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.labels import LABELS, MidMove, UpDown, WindowEnd
from tests.learning.labels.bars import book_of, changed, walk

N, WINDOW = 3_000, 5 * MINUTE
BARS = walk(N)
BOOK = book_of(BARS)
TIMES = BARS.time[500:2_500:3].copy()
UNIT = np.random.default_rng(1).uniform(0.002, 0.02, len(TIMES))

every_label = pytest.mark.parametrize("kind", LABELS, ids=lambda kind: kind.__name__)
every_label_of_its_own_bars = pytest.mark.parametrize(
    "kind", [kind for kind in LABELS if kind not in (MidMove, WindowEnd)], ids=lambda kind: kind.__name__
)
WINDOWS = Binary(use="binary", of=BARS.name, window="5m", odds="pm", fee=0, half_spread=0)


def rows_of(kind: type[Part]) -> Series:
    """What the label is measured on."""
    return BOOK if kind is MidMove else BARS


def labelled(kind: type[Part], rows: Series | None = None, there: slice = slice(None)) -> Labels:
    part, rows, times = parse_part("label", kind.example), rows or rows_of(kind), TIMES[there]
    end = min(int(BARS.known[-1]), int(rows.known[-1]))
    if isinstance(part, MidMove):
        return label_mid_moves(part, rows, times, THRESHOLD, end)
    if isinstance(part, WindowEnd):
        return label_running(WINDOWS, Partition("d", "train", int(rows.time[0]), end, {BARS.name: rows}, ""), times)[0]
    return label(part, rows, times, UNIT[there], end)  # type: ignore[arg-type]


THRESHOLD = find_threshold(parse_part("label", MidMove.example), BOOK, TIMES, int(BARS.known[-1]))  # type: ignore[arg-type]


def answers(labels: Labels) -> np.ndarray:
    """0 down, 1 flat, 2 up, -1 where there is none."""
    return np.where(labels.known, labels.classes, -1)


def same(a: Labels, b: Labels, rows: np.ndarray) -> bool:
    return all(np.array_equal(getattr(a, name)[rows], getattr(b, name)[rows], equal_nan=True) for name in Labels.__slots__)


@every_label_of_its_own_bars
def test_law_1_every_label_starts_at_the_fill(kind: type[Part]) -> None:
    """Nothing before the decision matters, and the fill's open does."""
    labels = labelled(kind)
    k = len(TIMES) // 2
    past = changed(BARS, BARS.time < TIMES[k], 1.5)
    assert same(labels, labelled(kind, past), np.arange(k, len(TIMES)))
    fill = BARS.time == TIMES[k]
    columns = {**BARS.columns, "open": np.where(fill, BARS.columns["open"] * 1.0001, BARS.columns["open"])}
    moved = Series(BARS.name, BARS.kind, BARS.period, BARS.delay, BARS.time, BARS.known, columns)
    assert labelled(kind, moved).ret[k] != labels.ret[k] or labels.touch[k] != 0


@every_label
def test_law_1_every_label_is_settled_by_its_end(kind: type[Part]) -> None:
    """Nothing known later matters: `end` may purge and tell what is resolved."""
    labels, rows = labelled(kind), rows_of(kind)
    assert labels.known.all()
    for k in range(0, len(TIMES), 20):
        after = changed(rows, rows.known > labels.end[k], 0.7)
        assert same(labels, labelled(kind, after), np.array([k]))
        assert labels.end[k] == rows.known[labels.last[k]]


@every_label
def test_p1_every_label_is_the_same_or_absent_when_what_comes_after_is_cut_off(kind: type[Part]) -> None:
    """Probe P1 of the registry: a cut may take a label away, and never change one."""
    labels, rows = labelled(kind), rows_of(kind)
    for cut in (800, 1_500, 2_203):
        head = slice(0, cut)
        columns = {name: values[head] for name, values in rows.columns.items()}
        short = Series(rows.name, rows.kind, rows.period, rows.delay, rows.time[head], rows.known[head], columns)
        early = labelled(kind, short, slice(0, int(np.searchsorted(TIMES, short.time[-1]))))
        kept = np.flatnonzero(early.known)
        assert (labels.end[kept] <= short.known[-1]).all()
        assert len(kept) > 20
        assert same(labels, early, kept)


@every_label
@pytest.mark.parametrize("twist", TWISTED)
def test_p2_every_label_is_the_same_when_what_comes_after_is_replaced(kind: type[Part], twist: str) -> None:
    """Probe P2 of the registry."""
    labels, rng, rows = labelled(kind), np.random.default_rng(2), rows_of(kind)
    for k in range(5, len(TIMES), 97):
        after = rows.known > labels.end[k]
        columns = {name: np.array(values) for name, values in rows.columns.items()}
        for values in columns.values():
            values[after] = TWISTED[twist](values[after], rng)
        twisted = Series(rows.name, rows.kind, rows.period, rows.delay, rows.time, rows.known, columns)
        assert same(labels, labelled(kind, twisted), np.flatnonzero(labels.end <= labels.end[k]))


@every_label
def test_law_5_every_label_is_the_same_twice(kind: type[Part]) -> None:
    assert same(labelled(kind), labelled(kind), np.arange(len(TIMES)))


@every_label
@pytest.mark.parametrize("missing", [1_000, 1_003, 1_004])
def test_law_8_no_label_that_would_need_a_missing_bar(kind: type[Part], missing: int) -> None:
    whole = labelled(kind)
    gapped = labelled(kind, changed(rows_of(kind), np.arange(N) == missing, np.nan))
    before = kind is MidMove  # the mid at the decision is that of the row before
    first = BARS.time.searchsorted(whole.start // WINDOW * WINDOW) if kind is WindowEnd else whole.first - before
    needs = (first <= missing) & (missing <= whole.last)
    assert needs.any()
    assert not needs.all()
    assert answers(gapped).tolist() == np.where(needs, -1, answers(whole)).tolist()
    assert same(whole, gapped, ~needs)


@every_label_of_its_own_bars
def test_law_8_no_label_where_the_calendar_has_no_bar_to_fill(kind: type[Part]) -> None:
    keep = np.ones(N, bool)
    keep[500 + 3 * 30] = False
    columns = {name: values[keep] for name, values in BARS.columns.items()}
    closed = Series(BARS.name, BARS.kind, BARS.period, BARS.delay, BARS.time[keep], BARS.known[keep], columns)
    assert labelled(kind, closed).y[30] == -1
    assert (labelled(kind, closed).y >= 0).sum() == len(TIMES) - 1


def test_at_a_windows_start_its_end_is_what_up_down_says_and_inside_all_decisions_of_a_window_share_it() -> None:
    end = int(BARS.known[-1])
    partition = Partition("d", "train", int(BARS.time[0]), end, {BARS.name: BARS}, "")
    times = BARS.time[500:2_500]
    running, starts = label_running(WINDOWS, partition, times)
    at_start = times == starts
    plain = label(parse_part("label", UpDown.example), BARS, times[at_start], None, end)  # type: ignore[arg-type]
    assert same(running.take(at_start), plain, np.arange(at_start.sum()))
    windows = np.searchsorted(times[at_start], starts[~at_start & (starts >= times[at_start][0])])
    inside = running.take(~at_start & (starts >= times[at_start][0]))
    np.testing.assert_array_equal(inside.y, plain.y[windows])
    np.testing.assert_array_equal(inside.end, plain.end[windows])
    assert (inside.start < inside.end).all()
    close, opened = BARS.columns["close"], BARS.columns["open"]
    np.testing.assert_allclose(inside.ret, close[inside.last] / opened[inside.first] - 1, rtol=1e-12)


def test_no_fold_learns_from_a_window_that_it_is_tested_on() -> None:
    partition = Partition("d", "train", int(BARS.time[0]), int(BARS.known[-1]), {BARS.name: BARS}, "")
    labels, starts = label_running(WINDOWS, partition, BARS.time[500:1_203])
    for train, test in purged_kfold(labels.start, labels.end, 7):
        assert not np.isin(starts[train], starts[test]).any()
    assert uniqueness_of(labels).sum() < 0.6 * len(labels)
