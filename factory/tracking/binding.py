"""The shipped strategies on the datasets of a workspace: listed and run only where all that they need is there."""

from collections.abc import Iterator

from factory.core.errors import PipelineError
from factory.market.catalog import Catalog
from factory.pipeline import Pipeline, check_pipeline, load_shipped


def bind_shipped(catalog: Catalog, dataset: str) -> dict[str, Pipeline]:
    """Find the shipped strategies that run on a dataset as it is, by name.

    Parameters
    ----------
    catalog : Catalog
        Where the dataset is.
    dataset : str
        Its name.

    Returns
    -------
    dict of str to Pipeline
        Each with its ``data`` set to the dataset; those that it refuses are left out.
    """
    spec, meta = catalog.spec(dataset), catalog.meta(dataset)
    runnable = {}
    for name, pipeline in load_shipped().items():
        bound = rebind(pipeline, dataset)
        try:
            check_pipeline(bound, spec, meta)
        except PipelineError:
            continue
        runnable[name] = bound
    return runnable


def rebind(pipeline: Pipeline, dataset: str) -> Pipeline:
    """Return the same pipeline on another dataset."""
    return pipeline if pipeline.data == dataset else pipeline.model_copy(update={"data": dataset})


def bind_all_shipped(catalog: Catalog) -> Iterator[Pipeline]:
    """Yield every shipped strategy on every dataset on which it runs, those on its own dataset first."""
    bound = [one for dataset in catalog.names() for one in bind_shipped(catalog, dataset).values()]
    return iter(sorted(bound, key=lambda one: load_shipped()[one.pipeline].data != one.data))
