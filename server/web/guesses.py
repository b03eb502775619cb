"""Guesses at the token, slowed."""

import ipaddress
import time
from collections import OrderedDict

BURST = 10
"""Wrong tokens of one address before it has to wait."""
SECONDS = 1.0
"""From one wrong token to the next after that."""
ADDRESSES = 1_024
"""Remembered; the one that was quiet for longest is forgotten first."""


class Guesses:
    """How many wrong tokens each address may show by now: a bucket that fills with time."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def wait(self, address: str) -> float:
        """Compute the seconds until an address may show a token; 0 for most."""
        return max(0.0, (1.0 - self._allowed(address)) * SECONDS)

    def note(self, address: str) -> None:
        """Count a wrong token."""
        self._keep(address, self._allowed(address) - 1.0)

    def forgive(self, address: str) -> None:
        """Take back a token that was counted as wrong and was right."""
        self._keep(address, min(float(BURST), self._allowed(address) + 1.0))

    def _keep(self, address: str, left: float) -> None:
        network = _network(address)
        self._left[network] = (left, time.monotonic())
        self._left.move_to_end(network)
        if len(self._left) > ADDRESSES:
            self._left.popitem(last=False)

    def _allowed(self, address: str) -> float:
        left, at = self._left.get(_network(address), (float(BURST), 0.0))
        return min(float(BURST), left + (time.monotonic() - at) / SECONDS)


def _network(address: str) -> str:
    """Return the network of one caller: an IPv4 address, or the 64 bits that a provider gives to one customer of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
