"""A small simulated market for tests that run the whole loop."""

from functools import cache
from pathlib import Path

from factory.market.build import build
from factory.market.spec import DatasetSpec, load_spec
from factory.storage.workspace import Workspace


@cache
def small_market() -> DatasetSpec:
    """``btc-sim`` cut to 150 days: the shipped strategies are legal on it."""
    import factory.market

    shipped = (Path(factory.market.__file__).parent / "btc_sim.yaml").read_text(encoding="utf-8")
    head, _ = shipped.split("split:")
    small = head.replace("days: 731", "days: 150")
    return load_spec(
        small
        + "split:\n"
        + "  train: [2024-01-01, 2024-04-01]\n  validation: [2024-04-01, 2024-05-01]\n  sealed: [2024-05-01, 2024-05-29]\n"
        + "looks: 5\n"
    )


def small_workspace(folder: Path) -> Workspace:
    """Make a workspace that holds the small market."""
    workspace = Workspace.open(folder)
    build(workspace, small_market())
    return workspace
