"""About how many independent trials the ledger's trials amount to: shown beside their count, and judges nothing."""

from collections import Counter
from collections.abc import Sequence

from factory.ledger import Ledger


class Independence:
    """Counts trials that differ, reading each trial of a ledger once.

    Parameters
    ----------
    ledger : Ledger
        Whose trials are counted.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._read: dict[str, tuple[int, list[Sequence[float]]]] = {}

    def of(self, dataset: str) -> float:
        """About how many independent trials were made on a dataset."""
        last, dailies = self._read.get(dataset, (0, []))
        newer = self._ledger.all_trials(dataset, after=last)
        if newer:
            dailies = [*dailies, *(entry.payload.get("daily", ()) for entry in newer)]
            self._read[dataset] = newer[-1].seq, dailies
        return independent(dailies)


def independent(dailies: Sequence[Sequence[float]]) -> float:
    """About how many independent trials some trials amount to, by the mean correlation of their daily net P&L.

    Parameters
    ----------
    dailies : sequence of sequences of float
        One a trial. Those that never vary, or have another length than most, count as one each.
    """
    import numpy as np

    from factory.statistics.deflation import average_correlation, independent_of

    length = Counter(map(len, dailies)).most_common(1)[0][0] if dailies else 0
    alike = [daily for daily in dailies if len(daily) == length and min(daily, default=0) < max(daily, default=0)]
    if len(alike) < 2:
        return float(len(dailies))
    return len(dailies) - len(alike) + max(1.0, independent_of(average_correlation(np.array(alike).T), len(alike)))
