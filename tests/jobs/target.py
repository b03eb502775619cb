"""What the tests have workers perform."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.core.errors import FlowError
from factory.core.progress import Progress

PRELOAD = ("colorsys",)


def perform(root: str, kind: str, args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    return _KINDS[kind](args, progress)


def _add(args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    return {"sum": args["a"] + args["b"]}


def _steps(args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    for step in range(args["steps"]):
        progress(step / args["steps"], f"step {step}")
        time.sleep(args["pause"])
    return {"steps": args["steps"]}


def _gated(args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Say that it runs, then wait for a file."""
    Path(args["gate"]).with_suffix(".pid").write_text(str(os.getpid()))
    while not Path(args["gate"]).exists():
        progress(0.5, "waiting at the gate")
        time.sleep(0.02)
    return {"pid": os.getpid()}


def _stubborn(args: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    progress(0.1, "not listening")
    while True:
        time.sleep(0.05)


def _surroundings(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "threads": os.environ["OMP_NUM_THREADS"],
        "numba_cache": os.environ["NUMBA_CACHE_DIR"],
        "preloaded": "colorsys" in sys.modules,
        "numpy": "numpy" in sys.modules,
        "stdin": os.read(0, 10).decode(),
    }


def _chatty(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    print("chatter by print", flush=True)
    os.write(1, b"chatter by descriptor\n")
    return {}


def _refused(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    raise FlowError("features.r1: infinite at 3 decisions; bound it with clip")


def _bug(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    raise ZeroDivisionError("secret number 42")


def _killed(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def _nan(_args: Mapping[str, Any], _progress: Progress) -> dict[str, Any]:
    return {"score": float("nan")}


_KINDS = {
    "add": _add,
    "steps": _steps,
    "gated": _gated,
    "tune": _gated,
    "stubborn": _stubborn,
    "surroundings": _surroundings,
    "chatty": _chatty,
    "refused": _refused,
    "bug": _bug,
    "killed": _killed,
    "nan": _nan,
}
