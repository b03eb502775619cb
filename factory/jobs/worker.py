"""What runs inside a worker process."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from factory.core.canonical import in_order
from factory.core.errors import Cancelled, FactoryError
from factory.core.progress import Progress
from factory.core.threads import worker_environment
from factory.jobs.table import SEARCHING, JobTable, State
from factory.storage.workspace import Workspace

REPORT_EVERY = 0.2
"""Seconds between two writes of a job's progress."""
LONGEST_REST = 30.0
"""Seconds that a search leaves the machine to others at a time."""
NICE = 5
"""By how much workers stand behind the server, so that light calls are answered while they work."""

_log = logging.getLogger(__name__)

Perform = Callable[[str, str, Mapping[str, Any], Progress], Mapping[str, Any]]
"""``perform(workspace_root, kind, args, progress) -> result``, both JSON-able."""


class JobOutcome(NamedTuple):
    """How a job ended: its state, its result as canonical JSON, its error."""

    state: State
    result: str | None = None
    error: str | None = None


def prepare(root: str) -> None:
    """Set a fresh worker process up, before anything heavy is imported.

    The server may speak JSON-RPC on its standard streams, so the worker leaves
    them alone. It dies with the server, and only the server minds Ctrl-C.
    """
    os.environ.update(worker_environment(Path(root)))
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_server, daemon=True).start()


def warm(target: str) -> None:
    """Import a target and the modules that it names in ``PRELOAD``."""
    module = import_module(target.partition(":")[0])
    for name in getattr(module, "PRELOAD", ()):
        import_module(name)


def work(root: str, target: str, id: str, kind: str, args: Mapping[str, Any]) -> JobOutcome:
    """Perform one job and say how it ended.

    Parameters
    ----------
    root : str
        The workspace.
    target : str
        ``"package.module:function"``, a :data:`Perform`.
    id, kind, args
        The job.
    """
    table = JobTable(Workspace(Path(root)))
    try:
        report = _reporter(table, id, yields=kind in SEARCHING)
        return JobOutcome("done", in_order(_resolve(target)(root, kind, args, report)))
    except Cancelled:
        return JobOutcome("cancelled", error=f"{kind}: cancelled on request")
    except FactoryError as error:
        return JobOutcome("failed", error=str(error))
    except Exception as error:
        _log.exception("job %s (%s) failed", id, kind)
        reason = f"stopped by an unexpected {type(error).__name__}"
        return JobOutcome("failed", error=f"{kind}: {reason}; the server's log has the rest under {id}")
    finally:
        table.close()


def _resolve(target: str) -> Perform:
    module, _, name = target.partition(":")
    perform: Perform = getattr(import_module(module), name)
    return perform


def _reporter(table: JobTable, id: str, *, yields: bool) -> Progress:
    """Note a job's progress now and then; a job that yields rests while others wait, at most as long as it has worked."""
    last, rested = float("-inf"), time.monotonic()

    def report(share: float, what: str) -> None:
        nonlocal last, rested
        if time.monotonic() - last < REPORT_EVERY:
            return
        _note(table, id, share, what)
        rest = time.monotonic() + min(time.monotonic() - rested, LONGEST_REST)
        while yields and time.monotonic() < rest and table.others_wait(id):
            time.sleep(REPORT_EVERY)
            _note(table, id, share, what)
        last = rested = time.monotonic()

    return report


def _note(table: JobTable, id: str, share: float, what: str) -> None:
    if table.report(id, share, what):
        raise Cancelled(f"job: {id} was cancelled")


def _die_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)
