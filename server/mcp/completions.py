"""Completions: ids and names of pipelines and datasets, for arguments of prompts and of resources."""

from contextlib import closing

from mcp.types import Completion

from factory.storage.workspace import Workspace

MOST = 100
"""Values in an answer; the protocol allows no more."""


def complete(workspace: Workspace, argument: str, begun: str) -> Completion:
    """Complete an argument: the newest ids first, then names.

    Parameters
    ----------
    argument : str
        ``pipeline`` or ``dataset``; any other has no known values.
    begun : str
        What its value begins with.
    """
    listed = {"pipeline": _pipelines, "dataset": _datasets}.get(argument, _nothing)
    fitting = [one for one in listed(workspace) if one.startswith(begun.strip().lower())]
    return Completion(values=fitting[:MOST], total=len(fitting), has_more=len(fitting) > MOST)


def _nothing(_: Workspace) -> list[str]:
    return []


def _pipelines(workspace: Workspace) -> list[str]:
    from factory.market.catalog import Catalog
    from factory.storage.store import Store
    from factory.tracking.binding import bind_all_shipped

    with closing(Store(workspace)) as store:
        kept = store.pipelines(size=MOST)
        shipped = [one.pipeline for one in bind_all_shipped(Catalog(workspace))]
        return list(dict.fromkeys([*(one.id for one in kept), *shipped, *store.names()]))


def _datasets(workspace: Workspace) -> list[str]:
    from factory.market.catalog import Catalog

    return list(Catalog(workspace).names())
