"""A dataset that is being built, beside the others: its open rows against what they seal, and what it seals against theirs.

``python -m factory.vault WORKSPACE compare NAME OPENED CLOSED`` does it in a process of its own and answers with one JSON line.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from factory.core.canonical import in_order
from factory.core.errors import DataError, FactoryError, SealError
from factory.core.hashes import HASHES, require_whole
from factory.core.times import iso
from factory.market import seal_registry
from factory.market.book_columns import book_columns, flow_columns
from factory.market.dataset import SERIES, SESSIONS
from factory.market.likeness import LAG, Track, is_alike, lay_evenly, tells_direction
from factory.storage.arrays import mapped
from factory.storage.workspace import Workspace
from factory.vault.log import divert_output

Tracks = Mapping[str, Track]
"""Columns by ``series.column``."""
PRICES = ((("close",), ("close",)), (("ask_px_1", "bid_px_1"), (*book_columns(1), *flow_columns(1))))
"""Columns that are the price of a series, and those by which it is known that they are: of bars, of books."""


def refuse_alike(workspace: Workspace, name: str, opened: Path, closed: Path) -> None:
    """Refuse a dataset whose open rows move like another's sealed rows, or the other way round.

    Parameters
    ----------
    workspace : Workspace
        Whose datasets count.
    name : str
        Of the new dataset; an older build of it is about to be replaced.
    opened, closed : Path
        The folders of its two parts, written and not yet in place.

    Raises
    ------
    SealError
        Naming series, dataset and shared dates, and no figure.
    DataError
        If rows of another dataset are damaged.
    """
    mine = seal_registry.read_seal(closed)
    for other, theirs in seal_registry.stored_seals(workspace):
        if other == name:
            continue
        if dates := seal_registry.shared_dates(mine, theirs):
            for column, twin in _find_twins(_open_tracks(opened), _sealed_tracks(workspace.vault / other, theirs), dates):
                raise SealError(
                    f"series.{column}: {_text_of(dates)} moves like '{twin}', which dataset '{other}' seals; "
                    "leave the series out, or move the split"
                )
        if dates := seal_registry.shared_dates(theirs, mine):
            for column, twin in _find_twins(_open_tracks(workspace.datasets / other), _sealed_tracks(closed, mine), dates):
                raise SealError(
                    f"series.{twin}: {_text_of(dates)} lies open in dataset '{other}' as '{column}'; move the split"
                )


def _find_twins(opened: Tracks, sealed: Tracks, dates: tuple[int, int]) -> Iterator[tuple[str, str]]:
    """Yield each open column that moves like a sealed one, holds its returns or tells its direction, and that one."""
    for column, track in opened.items():
        near = track.between(dates[0] - LAG, dates[1] + LAG + 1)
        for twin, secret in sealed.items():
            if is_alike(near, secret) or is_alike(near.as_price(), secret) or tells_direction(near, secret):
                yield column, twin


def _text_of(dates: tuple[int, int]) -> str:
    return " .. ".join(iso(at) for at in dates)


def _open_tracks(folder: Path) -> Tracks:
    return {f"{series}.{column}": track for series, columns in _columns(folder).items() for column, track in columns.items()}


def _sealed_tracks(folder: Path, seal: Mapping[str, Any]) -> Tracks:
    """Read the prices of a sealed part: closes of bars, the best prices of books, and every column of values."""
    first, before = seal_registry.sealed_dates(seal)
    return {
        f"{series}.{column}": columns[column].between(first, before + 1)
        for series, columns in _columns(folder).items()
        for column in _find_prices(columns) or columns
    }


def _find_prices(columns: Collection[str]) -> Collection[str]:
    """Choose the columns that hold prices of bars or of books; none where the columns are neither."""
    return next((prices for prices, marks in PRICES if {*marks} <= {*columns}), ())


def _columns(folder: Path) -> dict[str, dict[str, Track]]:
    """Read the columns of each series that a folder holds."""
    return {path.name: _tracks(path) for path in sorted((folder / SERIES).glob("*"))}


def _tracks(folder: Path) -> dict[str, Track]:
    """Read the columns of one series; bars and books tell of their end."""
    half = folder.parent.parent
    files = {f"{SERIES}/{folder.name}/{path.name}": 0 for path in folder.glob("*.npy")}
    try:
        if (half / HASHES).is_file():  # a version before there were hashes may have built the other dataset
            require_whole(half, files)
        columns = {path.stem: mapped(path) for path in sorted(folder.glob("*.npy")) if path.stem not in ("known", SESSIONS)}
        time, known = columns.pop("time"), mapped(folder / "known.npy") if (folder / f"{SESSIONS}.npy").is_file() else None
    except (OSError, ValueError, KeyError):
        raise DataError(f"series '{folder.name}': its files are damaged or gone; run 'rfcat dataset build' again") from None
    if len(time) < 2:
        return {}
    if known is not None:  # no equal times apart
        return {column: lay_evenly(known, values) for column, values in columns.items()}
    period = int(time[1] - time[0])
    end = time + period if _find_prices(columns) else time
    return {column: Track(end, period, values) for column, values in columns.items()}


def main(root: str, name: str, opened: str, closed: str) -> None:
    """Compare, and answer whether the dataset is refused."""
    workspace = Workspace(Path(root))
    out = divert_output(workspace)
    answer: dict[str, Any] = {"refused": []}
    try:
        refuse_alike(workspace, name, Path(opened), Path(closed))
    except FactoryError as error:
        answer = {"refused": list(error.lines), "error": type(error).__name__}
    out.write(in_order(answer) + "\n")
    out.flush()
