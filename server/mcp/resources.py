"""Resources: strategy files and cards by id, and the view of hosts that show one.

What stands in them goes to agents too, so that of others it holds figures and names, and nothing in words of their own.
"""

from pathlib import Path

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.apps import APP_MIME_TYPE, Apps
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from factory.core.errors import FactoryError, UnknownError
from factory.core.foreign import clean_line, shorten
from factory.storage.cache import Cache
from server.mcp.icons import ICONS
from server.mcp.state import Call, State, agent_of, state_of, workshop_of
from server.mcp.work import FILE, work

VIEW = "ui://random-forest-cat/show"
"""What `show` names as its view."""
CARD_VIEW = "ui://random-forest-cat/card/{pipeline}"
PATIENCE = 45.0
"""Seconds within which a card is read: whoever reads a resource follows no job, and hosts give up at 60."""
LONGEST = 64
"""Characters of an id or a name."""


def apps() -> Apps:
    """Make the extension that brings the view of `show`: one page for all its answers, which loads nothing from elsewhere."""
    extension = Apps()
    page = (Path(__file__).parent / "views" / "show.html").read_text(encoding="utf-8")
    about = "Shows an answer of the tool show: its picture, its table, and a trial's card"
    extension.add_html_resource(VIEW, page, name="show", title="Answer of show", description=about, prefers_border=True)
    return extension


def add_resources(server: MCPServer[State]) -> None:
    """Add the resources of pipelines to a server."""

    @server.resource("strategy://{pipeline}", title="Strategy file", mime_type="application/yaml", icons=ICONS)
    async def strategy(pipeline: str, context: Call) -> str:
        """Return a pipeline by id or name, as its file has it."""
        return await to_thread.run_sync(_read_strategy, context, pipeline)

    @server.resource("card://{pipeline}", title="Card of a trial", mime_type="text/markdown", icons=ICONS)
    async def card(pipeline: str, context: Call) -> str:
        """Return all that is known of a scored pipeline, as Markdown; its breakdowns count as explorations, once."""
        return await _make_card(context, pipeline, "markdown")

    @server.resource(CARD_VIEW, title="Card of a trial", mime_type=APP_MIME_TYPE, meta={"ui": {"prefersBorder": True}})
    async def card_view(pipeline: str, context: Call) -> str:
        """Return the same as a page with pictures, for the view of show."""
        return await _make_card(context, pipeline, "page")


def _read_strategy(call: Call, pipeline: str) -> str:
    from factory.pipeline import render
    from factory.views.readers import hide_about

    workshop = workshop_of(call)
    try:
        return render(hide_about(workshop, workshop.resolve(_clean(pipeline)), agent_of(call)))
    except FactoryError as error:
        raise _refusal(error) from None


async def _make_card(call: Call, pipeline: str, form: str) -> str:
    try:
        made = await work(call, "card", patience=PATIENCE, pipeline=_clean(pipeline), form=form)
    except FactoryError as error:
        raise _refusal(error) from None
    if FILE not in made:
        raise ResourceError(f"card: {made['job']} is still {made['state']}; read it again in a while")
    text = await to_thread.run_sync(Cache(state_of(call).workspace.cache).get_bytes, made[FILE])
    if text is None:
        raise ResourceError("card: it was made and is gone from the cache; read it again")
    return text.decode()


def _clean(reference: str) -> str:
    return shorten(clean_line(reference).lower(), LONGEST)


def _refusal(error: FactoryError) -> ResourceError:
    return ResourceNotFoundError(str(error)) if isinstance(error, UnknownError) else ResourceError(str(error))
