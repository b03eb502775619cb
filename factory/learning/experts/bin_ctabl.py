"""BiN-CTABL on the last rows of an order book."""

from factory.learning.experts.network import NetworkModel, architecture_of
from factory.learning.networks.architecture import require_torch
from factory.learning.networks.bin_ctabl_forward import BinCtablForward
from factory.learning.networks.settings import settings_of
from factory.learning.windows import WindowSet
from factory.pipeline.parts.experts import BinCtabl

RATE = 1e-3
"""Of Adam: ten times DeepLOB's, at which so small a network hardly moves."""


class BinCtablModel(NetworkModel):
    """A trained BiN-CTABL."""

    forward = BinCtablForward


def fit(part: BinCtabl, sample: WindowSet, seed: int) -> BinCtablModel:
    """Train with early stopping on the last tenth of the rows.

    Raises
    ------
    FlowError
        If torch is not installed, the windows do not fit the part, or the training fails.
    """
    architecture = architecture_of(part, sample)
    require_torch()
    from factory.learning.networks.bin_ctabl import BinCtablNetwork
    from factory.learning.networks.training import train_network

    return BinCtablModel(architecture, train_network(BinCtablNetwork, architecture, sample, settings_of(part, RATE), seed))
