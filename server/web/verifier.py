"""The ledger's proof, run in a thread of its own when a person asks for it; the newest result is kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from factory.core.errors import FactoryError
from factory.core.times import now_ms

if TYPE_CHECKING:
    from factory.ledger import Verification


@dataclass(frozen=True)
class Proof:
    """What is known of the ledger's proof.

    Parameters
    ----------
    by : str
        Who asked for it; empty where nobody has yet.
    at : int
        When it began, ms UTC.
    seconds : float
        How long it took.
    running : bool
    verification : Verification or None
        None while it runs, and where it could not be made.
    error : str
        Why it could not be made.
    """

    by: str = ""
    at: int = 0
    seconds: float = 0.0
    running: bool = False
    verification: "Verification | None" = None
    error: str = ""


class Verifier:
    """Verifies the ledger, one proof at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proof = Proof()

    @property
    def proof(self) -> Proof:
        """The newest proof, or the one that runs."""
        with self._lock:
            return self._proof

    def start(self, by: str, verify: Callable[[], "Verification"]) -> None:
        """Start a proof in a thread, unless one runs."""
        with self._lock:
            if self._proof.running:
                return
            self._proof = Proof(by, now_ms(), running=True)
        threading.Thread(target=self._run, args=(verify,), name="verifier", daemon=True).start()

    def _run(self, verify: Callable[[], "Verification"]) -> None:
        begun, verification, error = time.monotonic(), None, ""
        try:
            verification = verify()
        except FactoryError as raised:
            error = " ".join(raised.lines)
        except Exception as raised:  # The page shall not say for ever that it runs.
            error = f"the proof broke: {type(raised).__name__}; run `rfcat ledger verify`"
        with self._lock:
            taken = time.monotonic() - begun
            self._proof = replace(self._proof, running=False, seconds=taken, verification=verification, error=error)
