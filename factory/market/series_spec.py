"""One series of a dataset file: its kind, its rows' times, and where they come from."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from factory.core.times import DAY, Duration, Period, count_months, iso, moment, to_duration, to_ms, to_period_ms
from factory.market.book_columns import FORMATS as BOOK_FORMATS
from factory.market.book_columns import MOST_LEVELS
from factory.market.files import NONE, Adjustment, Closed, Download, Files, Source, Splice
from factory.market.publication import Publication
from factory.market.series_kinds import SERIES_KINDS, name_traded_kinds, series_kind
from factory.market.sources import PROVIDERS
from factory.market.spec_fields import CalendarName, Delay, Moment, Underlying, one_of

LEAST_PERIOD = 100
"""Milliseconds from row to row of order books, at least."""
USUAL_LEVELS, USUAL_AGE = 10, "5s"
"""What order books have of each side, and for how long they stand, where nothing is said."""
FIRST_STAMP = "2024-01-03"
"""A Wednesday, as all values of a provider with a calendar are stamped."""
BOOK_KEYS, BOOK_SOURCE_KEYS = ("levels", "max_age"), ("date", "step")
"""Keys of a series and of its source that only order books have."""


class SeriesSpec(Closed):
    """One series of a dataset.

    Parameters
    ----------
    kind : kind of series
        ``bars`` and ``depth`` (stamped at their open), ``odds`` and ``outcomes`` (stamped as their window starts) or ``values``
        (stamped as the publisher does).
    underlying : str
        The market behind it; what the seal goes by. Spellings of one market
        (``btc/usdt``, ``BTC-USDT``) are made one.
    period : duration or months
        From one expected row to the next. Of values also ``1mo``, ``2mo``, ``3mo``, ``4mo``, ``6mo`` or ``12mo``: calendar
        months, quarters and years, each stamped on its first day or each on its last.
    delay : duration or "0"
        From a bar's close, a window's end, or the stamp of a value or of odds, to its publication; with ``available`` the
        longest that a value may take. Compulsory for outcomes, and for values without ``published``.
    published : Publication or None
        Of values whose publisher has a calendar: that calendar, in place of a delay.
    source : Files, Download or None
        Where the rows come from; none in a simulated dataset.
    adjust : list of Adjustment
        Redenominations and splits inside the rows.
    exclude : list of pairs of moments
        Stretches, the second moment not in it, whose rows are left out as in a gap.
    splice : list of Splice
        Earlier sources, in order, each up to a moment from which the next one's rows are used; `source` is the last.
    levels : int or None
        Of order books: levels of each side; default: 10.
    max_age : duration or None
        Of order books: how long after its last update a book is still taken to stand; an older one is missing. Default: 5s.
    window : duration or None
        Of odds that were quoted inside windows, too: how long these are, each `period` a row. Default: a row a window.
    calendar : str or None
        Of bars of a market that closes: the name of its exchange in exchange_calendars, such as ``XNYS``, ``CMES``, or ``24/5``
        for currencies. Rows outside its sessions are set aside, and a night is no gap. Left out: every minute is expected.
    """

    kind: Annotated[str, one_of(SERIES_KINDS)]
    underlying: Underlying
    period: Period
    delay: Delay = "0"
    published: Publication | None = None
    source: Source | None = None
    adjust: Annotated[tuple[Adjustment, ...], Field(max_length=50)] = ()
    exclude: Annotated[tuple[tuple[Moment, Moment], ...], Field(max_length=200)] = ()
    splice: Annotated[tuple[Splice, ...], Field(max_length=20, exclude_if=lambda parts: not parts)] = ()
    levels: Annotated[int, Field(ge=1, le=MOST_LEVELS)] | None = None
    max_age: Duration | None = None
    # What was hashed before there were calendars, or quotes inside windows, must hash alike.
    window: Annotated[Duration | None, Field(exclude_if=lambda window: window is None)] = None
    calendar: Annotated[CalendarName | None, Field(exclude_if=lambda name: name is None)] = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        kind = series_kind(self.kind)
        for source in (self.source, *(joint.source for joint in self.splice)):
            if isinstance(source, Download) and self.kind not in (kinds := PROVIDERS[source.use].kinds):
                has = f"which has {' and '.join(kinds)} only; write kind: {kinds[0]}"
                raise ValueError(f"kind: '{self.kind}' from {source.use}, {has}")
            if mistake := self._find_early(source):
                raise ValueError(mistake)
        if mistake := self._find_unfit_publication():
            raise ValueError(mistake)
        if isinstance(self.source, Download) and self.source.earlier and series_kind(self.kind).is_traded:
            raise ValueError(f"source.earlier: '{self.kind}' are of one market; remove it")
        for first, last in self.exclude:
            if moment(first) >= moment(last):
                raise ValueError(f"exclude: {first} is not before {last}; write [from, to], to not left out")
        mistakes = self._find_unfit_keys() if kind.holds_books else self._find_book_keys()
        mistakes += self._find_unfit_calendar()
        mistakes += self._find_unfit_source()
        mistakes += self._find_unfit_window()
        mistakes += self._find_joint_mistakes()
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    def _find_early(self, source: Source | None) -> str | None:
        """Find what would take values of one of the sources for published before they are."""
        provider = PROVIDERS[source.use] if isinstance(source, Download) else None
        calendar = provider.calendar if provider else None
        mend = f"published: {calendar.spelling}" if calendar else "published: with its calendar (docs/datasets.md)"
        if self.published is None and "delay" not in self.model_fields_set:
            if not series_kind(self.kind).needs_delay:
                return None
            if series_kind(self.kind).is_stamped_at_open:
                return "delay: missing; say how long after the end of its period a row is published, such as delay: 1m"
            return f"delay: missing; say how long after its stamp a value is published, such as delay: 8d, or write {mend}"
        if provider is None or calendar is None:
            return None
        usual = f"{provider.title} publishes {calendar.says}, a holiday's on the next working day"
        if self.published is None and self.delay_ms < to_ms(provider.least_delay):
            return f"delay: '{self.delay}' is too short, {usual}; write {mend}, or delay: {provider.least_delay} or longer"
        if self.published and (earlier := self.published.find_earlier(calendar, FIRST_STAMP)):
            return f"published: takes {earlier}: {usual}; write {mend}"
        return None

    def _find_unfit_publication(self) -> str | None:
        """Find keys of publication that are not for a kind, or say two things."""
        kind, key = series_kind(self.kind), "published" if self.published else "source.available"
        says = bool(self.published or self.has_vintages)
        if says and kind.needs_delay and kind.is_stamped_at_open:
            return (
                f"{key}: '{self.kind}' are known delay after the end of their window, never before; remove it and write delay"
            )
        if self.published and "delay" in self.model_fields_set:
            return "delay: and published: both say when values are published; keep one"
        if self.published and self.has_vintages:
            return "published: and source.available: both say when values are published; keep one, with a delay"
        if says and not kind.needs_delay:
            return f"{key}: '{self.kind}' are known when they are over, and have none; remove it"
        return None

    def _find_book_keys(self) -> list[str]:
        """Find the keys that only order books have."""
        mistakes = [
            f"{key}: '{self.kind}' has none, order books do; remove it" for key in BOOK_KEYS if getattr(self, key) is not None
        ]
        if not isinstance(self.source, Files):
            return mistakes
        mistakes += [
            f"source: {key}: '{self.kind}' has none, order books do; remove it"
            for key in BOOK_SOURCE_KEYS
            if getattr(self.source, key)
        ]
        if self.source.format in BOOK_FORMATS:
            mistakes.append(
                f"source: format: '{self.source.format}' is one of order books; write how stamps look, such as '%d/%m/%Y'"
            )
        return mistakes

    def _find_joint_mistakes(self) -> list[str]:
        """Find joints out of order or inside a bar, and sources that do not all say when rows were published."""
        mistakes = []
        for earlier, later in pairwise(self.splice):
            if later.moment <= earlier.moment:
                mistakes.append(f"splice: until {later.until} is not after {earlier.until}; write the earliest source first")
        sources = [one for one in (self.source, *(joint.source for joint in self.splice)) if one]
        if len({isinstance(one, Files) and one.available is not None for one in sources}) > 1:
            mistakes.append("splice: source.available is named in some sources only; name it in all of them, or in none")
        if len({one.prior if isinstance(one, Files) else () for one in sources}) > 1:
            mistakes.append("splice: source.prior differs from source to source; write the same in all of them")
        period = self.period_ms
        for joint in self.splice if series_kind(self.kind).is_stamped_at_open and DAY % period == 0 else ():
            if joint.moment % period:
                whole = iso(joint.moment - joint.moment % period)
                mistakes.append(f"splice: until {joint.until} is inside a bar of {self.period}; write for example {whole}")
        return mistakes

    def _find_unfit_keys(self) -> list[str]:
        """Find the keys that order books cannot be read by."""
        mistakes = []
        if self.period_ms < LEAST_PERIOD:
            mistakes.append(f"period: {self.period} is shorter than {to_duration(LEAST_PERIOD)}; write that or longer")
        if isinstance(self.source, Files):
            unfit = [key for key in ("columns", "units", "header", "decimal") if getattr(self.source, key)]
            mistakes += [f"source: {key}: not for order books; remove it" for key in unfit]
        return mistakes

    def _find_unfit_source(self) -> list[str]:
        """Find months of a kind that has none, and keys of a source of files that need others."""
        mistakes = []
        kind = series_kind(self.kind)
        if count_months(self.period_ms) and (kind.is_stamped_at_open or not kind.needs_delay):
            mistakes.append(
                f"period: '{self.period}': months are of values, '{self.kind}' has a duration; write one such as 1d"
            )
        for source in (self.source, *(joint.source for joint in self.splice)):
            if isinstance(source, Files) and source.stamped and (kind.holds_books or not kind.is_stamped_at_open):
                mistakes.append(f"source.stamped: '{self.kind}' have no close; remove it")
            if isinstance(source, Files) and source.prior and source.available is None:
                mistakes.append("source.prior: needs moments of publication; name their column with source: {available: ...}")
        return mistakes

    def _find_unfit_calendar(self) -> list[str]:
        """Find what is wrong with a calendar, without looking into it."""
        if self.calendar is None:
            return []
        mistakes = []
        if not series_kind(self.kind).is_traded:
            mistakes.append(f"calendar: '{self.kind}' has none, {name_traded_kinds()} do; remove it")
        if DAY % self.period_ms:
            mistakes.append(f"period: {self.period} does not divide a day; with a calendar write 1d, or what divides it")
        return mistakes

    def _find_unfit_window(self) -> list[str]:
        """Find what is wrong with the windows that odds quote."""
        if self.window is None:
            return []
        kind = series_kind(self.kind)
        if not (kind.gives_odds and kind.is_stamped_at_open):
            return [f"window: '{self.kind}' has none, odds do; remove it"]
        if to_ms(self.window) % self.period_ms:
            return [
                f"window: {self.window} is no multiple of the period, {self.period}; write one, or a period that divides it"
            ]
        if isinstance(self.source, Download) and self.quoted_ms != self.period_ms:
            return [f"window: {self.source.use} has a row a window; remove it"]
        return []

    @property
    def quoted_ms(self) -> int:
        """Milliseconds of the windows that odds quote."""
        return to_ms(self.window or self.period)

    @property
    def has_vintages(self) -> bool:
        """Whether the source says of each row when it was published."""
        return isinstance(self.source, Files) and self.source.available is not None

    @property
    def is_stamped_at_close(self) -> bool:
        """Whether a person said that stamps are the end of each row."""
        return isinstance(self.source, Files) and self.source.stamped is not None

    @property
    def priors(self) -> tuple[int, ...]:
        """How many observations before each those are whose value then is a column."""
        return self.source.prior if isinstance(self.source, Files) else ()

    @property
    def least_delay_ms(self) -> int | None:
        """Milliseconds to publication, at least, where not all rows take :attr:`delay_ms`; None where they do."""
        return self.published.least_ms if self.published else 0 if self.has_vintages else None

    @property
    def book_levels(self) -> int:
        """Levels of each side of order books."""
        return self.levels or USUAL_LEVELS

    @property
    def max_age_ms(self) -> int:
        """Milliseconds for which a book is taken to stand."""
        return to_ms(self.max_age or USUAL_AGE)

    @property
    def counts_volume(self) -> bool:
        """Whether a person left it at that bars have a volume."""
        return not isinstance(self.source, Files) or self.source.columns.get("volume", "").lower() != NONE

    @property
    def period_ms(self) -> int:
        """Milliseconds between expected rows; of months :func:`~factory.core.times.to_period_ms`, by which they are known."""
        return to_period_ms(self.period)

    @property
    def least_period_ms(self) -> int:
        """Milliseconds between expected rows, at least."""
        return 28 * DAY * count_months(self.period_ms) or self.period_ms

    @property
    def delay_ms(self) -> int:
        """Milliseconds to publication; the most that it may take where rows differ."""
        if self.published:
            return self.published.most_ms
        return 0 if self.delay == "0" else to_ms(self.delay)

    @property
    def extent_ms(self) -> int:
        """Milliseconds after its stamp that a row may tell of: a bar its period, a value all until it is published."""
        return series_kind(self.kind).extent(self.period_ms, self.delay_ms)

    @property
    def known_ms(self) -> int:
        """Milliseconds from a row's stamp to the moment it is known."""
        return series_kind(self.kind).known_after(self.period_ms, self.delay_ms)

    @property
    def least_known_ms(self) -> int:
        """Milliseconds from a row's stamp to the moment it is known, at least."""
        return self.known_ms if self.least_delay_ms is None else self.least_delay_ms
