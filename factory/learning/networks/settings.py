"""How long and how fast a network learns."""

from dataclasses import dataclass

from factory.pipeline.parts.experts import Network


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How long and how fast a network learns.

    Parameters
    ----------
    epochs : int
        Most passes over the rows.
    batch : int
        Rows of a step.
    rate, epsilon : float
        Of Adam (Kingma and Ba 2015).
    patience : int
        Epochs without a better loss on the tail before it stops.
    """

    epochs: int
    batch: int
    rate: float
    epsilon: float
    patience: int


BATCH, EPSILON = 128, 1e-8
"""Of profile ``adam``: those of a reproduction of DeepLOB."""
PAPER_BATCH, PAPER_RATE, PAPER_EPSILON = 32, 0.01, 1.0
"""Of profile ``paper``: Zhang, Zohren and Roberts (2019)."""


def settings_of(part: Network, rate: float) -> TrainingSettings:
    """Read the settings off a part; a batch of its own counts before its profile's.

    Parameters
    ----------
    rate : float
        Of the network under profile ``adam``.
    """
    if part.profile == "paper":
        return TrainingSettings(part.epochs, part.batch or PAPER_BATCH, PAPER_RATE, PAPER_EPSILON, part.patience)
    return TrainingSettings(part.epochs, part.batch or BATCH, rate, EPSILON, part.patience)
