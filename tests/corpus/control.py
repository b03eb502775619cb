"""The positive control: plain Python and no walls. If nothing leaks here, the canaries are not wired up."""

import resource
from typing import Any

from sandbox import worker, zygote
from tests.corpus import raw


def no_walls(*_: Any) -> None:
    """Let files be written: the parent itself may only write its last words."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def main() -> None:
    worker.lock_down = no_walls
    zygote.leave = lambda *_: None
    raw.main()
