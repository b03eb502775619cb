"""What all calls of one server process share."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from mcp.server.mcpserver import Context

from factory.core.foreign import client_name
from factory.storage.workspace import Workspace

if TYPE_CHECKING:
    from factory.jobs import Jobs
    from factory.ledger import Ledger
    from factory.storage.store import Store
    from factory.workshop import Workshop
    from server.python_tool.sandbox import Sandbox

CONNECTIONS = 1_000
"""Whose use of tools is remembered."""


@dataclass
class State:
    """The workspace, and its tables, the job workers and the sandbox once something needs them.

    Parameters
    ----------
    workspace : Workspace
        Where everything is kept.
    address : str or None
        Where pages of this server are, if it has any.
    """

    workspace: Workspace
    address: str | None = None
    _jobs: "Jobs | None" = None
    _sandbox: "Sandbox | None" = None
    _tables: "tuple[Ledger, Store] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _used: OrderedDict[str, set[str]] = field(default_factory=OrderedDict)

    def record_use(self, connection: str, tool: str) -> None:
        """Remember that a connection used a tool; those that were quiet the longest are forgotten."""
        with self._lock:
            self._used.setdefault(connection, set()).add(tool)
            self._used.move_to_end(connection)
            if len(self._used) > CONNECTIONS:
                self._used.popitem(last=False)

    def used_by(self, connection: str) -> frozenset[str]:
        """Return the tools that a connection used."""
        with self._lock:
            return frozenset(self._used.get(connection, ()))

    @property
    def jobs(self) -> "Jobs":
        """The job queue, opened on first use: it loads the database layer."""
        from factory.jobs import Jobs

        with self._lock:
            if self._jobs is None:
                self._jobs = Jobs(self.workspace)
            return self._jobs

    @property
    def sandbox(self) -> "Sandbox":
        """Where agents' own code runs: in processes of this server and not of its job workers."""
        from server.python_tool.sandbox import Sandbox

        with self._lock:
            if self._sandbox is None:
                self._sandbox = Sandbox(self.workspace.root)
            return self._sandbox

    @property
    def tables(self) -> "tuple[Ledger, Store]":
        """The ledger and the store, open for all calls: opening them takes longer than most of what is asked of them."""
        from factory.ledger import Ledger
        from factory.storage.store import Store

        with self._lock:
            if self._tables is None:
                self._tables = Ledger(self.workspace), Store(self.workspace)
            return self._tables

    def close(self) -> None:
        """End the processes of this one, and close the tables."""
        with self._lock:
            for table in self._tables or ():
                table.close()
            self._tables = None
            if self._sandbox is not None:
                self._sandbox.close()
                self._sandbox = None
            if self._jobs is not None:
                self._jobs.close()
                self._jobs = None


Call = Context[State, Any]
"""The context of one tool call."""


def agent_of(call: Call) -> str:
    """Name the client of a call the way it named itself, in a few safe characters, or ``unknown``."""
    params = call.session.client_params
    return client_name(params.client_info.name if params and params.client_info else "")


def connection_of(call: Call) -> str:
    """Return the session of a call where its protocol has sessions, else the name that its client gives itself."""
    return (call.headers or {}).get("mcp-session-id") or agent_of(call)


def state_of(call: Call) -> State:
    """Return the state that a call shares with all others."""
    return call.request_context.lifespan_context


def workshop_of(call: Call) -> "Workshop":
    """Open the workshop, writing down the client of this call as the agent."""
    from factory.workshop import Workshop

    state = state_of(call)
    return Workshop(state.workspace, agent_of(call), *state.tables)


async def ask(call: Call, method: str, **args: Any) -> dict[str, Any]:
    """Let the workshop do light work, off the event loop."""
    answer: dict[str, Any] = await to_thread.run_sync(lambda: getattr(workshop_of(call), method)(**args))
    return answer


async def warm(call: Call) -> None:
    """Let a worker begin its imports: whoever looks around or defines is about to train."""
    await to_thread.run_sync(lambda: state_of(call).jobs.warm())
