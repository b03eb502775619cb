"""A parent whose workers run plain Python behind the same walls: what holds here is the operating system.

No setting and no request leads here: a test names this module when it makes its broker.
"""

import builtins
from types import CodeType
from typing import Any

import numpy as np
import pandas as pd

from sandbox import worker, zygote
from sandbox.environment import Printer


def plain_program(code: str) -> CodeType:
    return compile(code, "<code>", "exec")


def plain_names(frames: dict[str, Any], printer: Printer) -> dict[str, Any]:
    return {"__builtins__": {**vars(builtins), "print": printer.print}, "__name__": "__main__", "pd": pd, "np": np, **frames}


def main() -> None:
    worker.compile_program = plain_program
    worker.environment = plain_names
    zygote.main()
