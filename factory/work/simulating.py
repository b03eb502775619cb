"""Build the market that every workspace can have."""

from factory.answers import Answer
from factory.market.build import build
from factory.market.starter import btc_sim
from factory.progress import Progress
from factory.workshop import Workshop


def simulate(workshop: Workshop, progress: Progress) -> Answer:
    """Draw and build the simulated market, unless it is there."""
    spec = btc_sim()
    if spec.dataset not in workshop.catalog.names():
        build(workshop.workspace, spec, progress=progress)
    return {"dataset": spec.dataset}
