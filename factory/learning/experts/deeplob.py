"""DeepLOB on the last rows of an order book."""

from typing import Any

from factory.learning.experts.network import NetworkModel
from factory.learning.networks.deeplob_forward import DeepLobForward


class DeepLobModel(NetworkModel):
    """A trained DeepLOB."""

    forward = DeepLobForward
    rate = 1e-4  # as in an audited reproduction of the paper's figures

    @staticmethod
    def load_network() -> Any:
        """Import the network that is trained; needs torch."""
        from factory.learning.networks.deeplob import DeepLobNetwork

        return DeepLobNetwork
