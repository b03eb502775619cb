"""DeepLOB on the last rows of an order book."""

from factory.learning.experts.network import NetworkModel, architecture_of
from factory.learning.networks.architecture import require_torch
from factory.learning.networks.deeplob_forward import DeepLobForward
from factory.learning.networks.settings import settings_of
from factory.learning.windows import WindowSet
from factory.pipeline.parts.experts import DeepLob

RATE = 1e-4
"""Of Adam, as in an audited reproduction of the paper's figures."""


class DeepLobModel(NetworkModel):
    """A trained DeepLOB."""

    forward = DeepLobForward


def fit(part: DeepLob, sample: WindowSet, seed: int) -> DeepLobModel:
    """Train with early stopping on the last tenth of the rows.

    Raises
    ------
    FlowError
        If torch is not installed, the windows do not fit the part, or the training fails.
    """
    architecture = architecture_of(part, sample)
    require_torch()
    from factory.learning.networks.deeplob import DeepLobNetwork
    from factory.learning.networks.training import train_network

    return DeepLobModel(architecture, train_network(DeepLobNetwork, architecture, sample, settings_of(part, RATE), seed))
