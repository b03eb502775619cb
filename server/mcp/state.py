"""What all calls of one server process share."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from mcp.server.mcpserver import Context

from factory.workspace import Workspace

if TYPE_CHECKING:
    from factory.jobs import Jobs
    from factory.workshop import Workshop
    from server.sandboxing import Sandboxing


@dataclass
class State:
    """The workspace, and the job workers and the sandbox once something needs them.

    Parameters
    ----------
    workspace : Workspace
        Where everything is kept.
    """

    workspace: Workspace
    _jobs: "Jobs | None" = None
    _sandboxing: "Sandboxing | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def jobs(self) -> "Jobs":
        """The job queue, opened on first use: it loads the database layer."""
        from factory.jobs import Jobs

        with self._lock:
            if self._jobs is None:
                self._jobs = Jobs(self.workspace)
            return self._jobs

    @property
    def sandboxing(self) -> "Sandboxing":
        """Where agents' own code runs: in processes of this server and not of its job workers."""
        from server.sandboxing import Sandboxing

        with self._lock:
            if self._sandboxing is None:
                self._sandboxing = Sandboxing(self.workspace.root)
            return self._sandboxing

    def close(self) -> None:
        """End the processes of this one."""
        with self._lock:
            if self._sandboxing is not None:
                self._sandboxing.close()
                self._sandboxing = None
            if self._jobs is not None:
                self._jobs.close()
                self._jobs = None


Call = Context[State, Any]
"""The context of one tool call."""


def agent_of(call: Call) -> str:
    """Name the client of a call the way it named itself, or ``unknown``."""
    params = call.session.client_params
    return params.client_info.name[:64] if params and params.client_info else "unknown"


def connection_of(call: Call) -> str:
    """The session of a call where its protocol has sessions, else the name that its client gives itself."""
    return (call.headers or {}).get("mcp-session-id") or agent_of(call)


def state_of(call: Call) -> State:
    """The state that a call shares with all others."""
    return call.request_context.lifespan_context


def workshop_of(call: Call) -> "Workshop":
    """The workshop, writing down the client of this call as the agent."""
    from factory.workshop import Workshop

    return Workshop(state_of(call).workspace, agent=agent_of(call))


async def ask(call: Call, method: str, **args: Any) -> dict[str, Any]:
    """Let the workshop do light work, off the event loop."""
    answer: dict[str, Any] = await to_thread.run_sync(lambda: getattr(workshop_of(call), method)(**args))
    return answer


async def warm(call: Call) -> None:
    """Let a worker begin its imports: whoever looks around or defines is about to train."""
    await to_thread.run_sync(lambda: state_of(call).jobs.warm())
