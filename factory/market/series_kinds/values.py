"""Numbers that somebody publishes."""

from factory.market.series_kinds.base import SeriesKind


class Values(SeriesKind):
    """Numbers stamped as their publisher does, known a declared delay later."""

    name = "values"
    about = "numbers that somebody publishes, stamped as the publisher does"
    needs_delay = True
    gives_odds = True
    gives_funding = True

    def extent(self, period: int, delay: int) -> int:
        """Return the time until it is published: a row may tell of all of it."""
        return delay

    def known_after(self, period: int, delay: int) -> int:
        """Return the time until it is published."""
        return delay
