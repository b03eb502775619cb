"""The primary test of a look: what frozen decisions earned, against what they earn by chance (STATISTICS section 9.2).

How much information is judged is fixed before a sealed row is read. A pipeline that knows whether it is ahead chooses
its own sample otherwise, and even an exact test of its decisions is none. Information is the variance that each
decision has by chance, known when it is taken as far as magnitudes are: decisions count in their order until the
amount that validation led to expect is reached, and what is missing of it is drawn from the null.
"""

from typing import Protocol

from numpy import float64
from numpy.typing import NDArray

from factory.flow import Scored
from factory.market.contracts import Binary, Contract
from factory.market.series import Partition
from factory.pipeline import Pipeline
from factory.vault.frozen_binary import freeze_binary, measure_binary
from factory.vault.frozen_perpetual import freeze_perpetual, measure_perpetual


class Frozen(Protocol):
    """Decisions of a frozen pipeline on the sealed part, and the information that counts."""

    @property
    def counted(self) -> int:
        """Decisions that count."""
        ...

    def p_values(self) -> dict[str, float]:
        """Compute one-sided p-values; each must hold: ``p_value`` and, by contract, ``drift_p`` and ``untied_p``."""
        ...

    def meets(self, other: object) -> bool:
        """Check whether one drawn market can hold both, so that their joint law can be drawn."""
        ...

    def joint(self, seed: int, draws: int) -> NDArray[float64]:
        """Draw the statistic on markets that are the same for all of one seed, shape (draws,); greater is better."""
        ...


def measure_information(pipeline: Pipeline, contract: Contract, partition: Partition, scored: Scored) -> float:
    """Measure how much information a pipeline's decisions on a partition hold.

    Returns
    -------
    float
        Of a binary the sum of ``q * (1 - q)`` over all-in prices q, a day; of a perpetual the variance that its trades have by
        chance, as a share of the market's over the partition, so that it needs no mending where volatility shifts.
    """
    if not len(scored.result.trades):
        return 0.0
    if isinstance(contract, Binary):
        return measure_binary(pipeline, contract, partition, scored)
    return measure_perpetual(pipeline, contract, partition, scored)


def freeze(
    pipeline: Pipeline, contract: Contract, partition: Partition, scored: Scored, information: float, price: float, seed: int
) -> Frozen:
    """Freeze what a pipeline did on the sealed part.

    Parameters
    ----------
    information : float
        Of :func:`measure_information` on validation.
    price : float
        Mean all-in price on validation; what missing decisions of a binary are drawn at.
    seed : int
        Of the draws; nobody may choose it.
    """
    if isinstance(contract, Binary):
        return freeze_binary(pipeline, contract, partition, scored, information, price, seed)
    return freeze_perpetual(pipeline, contract, partition, scored, information, seed)
