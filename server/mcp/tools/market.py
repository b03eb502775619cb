"""Looking around: the market, and what pipelines can be made of."""

from typing import Any

from anyio import to_thread

from server.mcp.state import Call, ask, state_of, warm, workshop_of
from server.mcp.tools.arguments import Page, Stage
from server.mcp.work import work


async def describe_market(call: Call, dataset: str | None = None) -> dict[str, Any]:
    """Datasets: series, columns, spans, contracts and their costs, split, looks left; simulated or real."""
    if not workshop_of(call).catalog.names():
        started = await work(call, "simulate")
        if "job" in started:
            return started
    await warm(call)
    answer = await ask(call, "describe", dataset=dataset)
    return {**answer, "sandbox": await to_thread.run_sync(lambda: state_of(call).sandbox.broker.level.value)}


async def list_features(
    call: Call, family: str | None = None, search: str | None = None, part: Stage | None = None, page: Page = 1
) -> dict[str, Any]:
    """Operators and recipes by family or search; with part the building blocks of another stage of a spec.

    Each with parameters, defaults and valid examples.
    """
    return await ask(call, "list_features", family=family, search=search, part=part, page=page)
