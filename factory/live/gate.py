"""Bars of several series as they arrive: put in order, and let through once none before them can come any more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """A closed bar.

    Parameters
    ----------
    series : str
        Whose it is.
    time : int
        When it began, ms UTC.
    values : mapping of str to float
        By column.
    """

    series: str
    time: int
    values: Mapping[str, float]


@dataclass
class Gate:
    """Lets the bars of a minute through together.

    A minute is complete when every series has its bar, or is known to have none. What arrives twice, or after its minute
    went through, is counted and left out.

    Parameters
    ----------
    names : sequence of str
        The series.
    period : int
        Milliseconds of a bar.
    due : int
        When the first minute that is waited for begins, ms UTC.
    """

    names: Sequence[str]
    period: int
    due: int
    counts: Counter[str] = field(default_factory=Counter)
    _bars: dict[tuple[int, str], Bar] = field(default_factory=dict)
    _absent: set[tuple[int, str]] = field(default_factory=set)

    def receive(self, bar: Bar) -> None:
        """Take in a bar, in whatever order it comes."""
        key = (bar.time, bar.series)
        if bar.time < self.due:
            self.counts["late"] += 1
        elif key in self._bars:
            self.counts["repeated"] += 1
        else:
            self._bars[key] = bar
            if key in self._absent:
                self._absent.remove(key)
                self.counts["missing"] -= 1

    def find_lacking(self, now: int, grace: int) -> list[str]:
        """Find the series whose bar of the minute that is due has been over for longer than a grace and did not come."""
        if now < self.due + self.period + grace:
            return []
        return [name for name in self.names if not self._is_settled(name)]

    def give_up(self, name: str, before: int) -> None:
        """Write down that a series has no bars but those that came, up to a moment: whoever keeps them has none."""
        for time in range(self.due, before, self.period):
            if (time, name) not in self._bars:
                self._absent.add((time, name))
                self.counts["missing"] += 1

    def release(self) -> tuple[int, list[Bar]] | None:
        """Let the minute that is due through, with the moment at which it was over; None while it is not complete."""
        if not all(self._is_settled(name) for name in self.names):
            return None
        time, self.due = self.due, self.due + self.period
        keys = [(time, name) for name in self.names]
        self._absent.difference_update(keys)
        return self.due, [self._bars.pop(key) for key in keys if key in self._bars]

    def _is_settled(self, name: str) -> bool:
        key = (self.due, name)
        return key in self._bars or key in self._absent
