"""One series of several keys, where a publisher began it anew under another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from factory.core.errors import DataError
from factory.core.times import iso
from factory.market.raw_rows import RawRows, join_rows


def stitch(name: str, symbols: Sequence[str], frames: Sequence[RawRows]) -> RawRows:
    """Put the rows of several keys one after the other: from its first row on, the later key holds.

    Parameters
    ----------
    name : str
        Of the series, for messages.
    symbols : sequence of str
        The keys, in the order of time.
    frames : sequence of RawRows
        The rows of each, in the order of time.

    Raises
    ------
    DataError
        If a key has no row of its own.
    """
    starts = [int(frame.time[0]) for frame in frames]
    joints = [(second, f"{earlier} to {later}") for second, (earlier, later) in zip(starts[1:], pairwise(symbols), strict=True)]
    for first, (second, keys) in zip(starts, joints, strict=False):
        if first >= second:
            raise DataError(
                f"series.{name}.source.earlier: {keys}: the second begins at {iso(second)} and leaves nothing of the first, "
                f"from {iso(first)} on; name symbols oldest first, or fetch the first from an earlier month"
            )
    kept = [_cut(frame, before) for frame, before in zip(frames, starts[1:], strict=False)]
    return replace(join_rows([*kept, frames[-1]]), joints=tuple(joints))


def _cut(frame: RawRows, before: int) -> RawRows:
    """Cut off the rows from a moment on; those that are left are where they were in their file."""
    return replace(frame.take(frame.time < before), files=frame.files, notes=frame.notes, above=frame.above)
