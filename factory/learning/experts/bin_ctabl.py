"""BiN-CTABL on the last rows of an order book."""

from typing import Any

from factory.learning.experts.network import NetworkModel
from factory.learning.networks.bin_ctabl_forward import BinCtablForward


class BinCtablModel(NetworkModel):
    """A trained BiN-CTABL."""

    forward = BinCtablForward
    rate = 1e-3  # ten times DeepLOB's, at which so small a network hardly moves

    @staticmethod
    def load_network() -> Any:
        """Import the network that is trained; needs torch."""
        from factory.learning.networks.bin_ctabl import BinCtablNetwork

        return BinCtablNetwork
