"""Order books of files: events read in batches, checked, and folded into rows.

formats   which format files are of; one file a format beside it:
levels    a column for each price and size; and files of trades
binance   captures of Binance's streams: capture takes their messages, sequence has the venues' rules, rebuilder the book
lobster   pairs of messages and books
fi2010    the normalised matrix of the benchmark
events    what loaders give, and from when it counts
checks    what no book of an exchange that trades may be
unpacking files as they lie or out of gzip
rows      books to rows; kernels holds the compiled walks
"""

from collections.abc import Sequence
from pathlib import Path

from factory.core.errors import DataError
from factory.core.times import to_duration
from factory.market.books.checks import require_order, require_sound
from factory.market.books.events import Events, Reading
from factory.market.books.formats import FORMATS, detect_format
from factory.market.books.rows import RowBuilder
from factory.market.declarations import find_excluded
from factory.market.files import Files
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec

__all__ = ["read_books"]


def read_books(paths: Sequence[Path], spec: SeriesSpec) -> RawRows:
    """Read the files of a series of order books into its rows.

    Parameters
    ----------
    paths : sequence of Path
        Of one format; see :data:`~factory.market.books.formats.FORMATS`.
    spec : SeriesSpec
        Of a kind that holds books.

    Returns
    -------
    RawRows
        Rows on multiples of the period since 1970; none where there is no book, or too old a one.

    Raises
    ------
    DataError
        For files that are not what they should be, with row and mend: events out of order, books that cannot be, fewer
        levels than asked for.
    """
    asked = spec.source.format if isinstance(spec.source, Files) else None
    format = next((one for one in FORMATS if one.name == asked), None) or detect_format(paths)
    reading, builder, last = Reading(spec), RowBuilder(spec), 0
    for batch in format.read(paths, reading):
        if isinstance(batch, Events):
            require_order(batch, last)
            last = int(batch.time[-1]) if len(batch) else last
            batch = batch.take(~find_excluded(spec, batch.time))
            if not format.is_normalised:
                require_sound(batch)
        builder.add(batch)
    time, columns = builder.finish()
    if not len(time):
        raise DataError(
            f"{paths[0].name}: at the end of none of its {spec.period} is there a book that was updated within "
            f"max_age: {to_duration(spec.max_age_ms)}; write a longer one"
        )
    return RawRows(time, columns, notes=tuple(reading.notes))
