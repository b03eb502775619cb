"""What every kind of heavy work has at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.expressions.columns import Columns
from factory.learning.decision_table import Rows, read_rows
from factory.market.contracts import Contract
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.storage.cache import Cache
from factory.workshop import Workshop


@dataclass(frozen=True)
class Desk:
    """A workshop, the pipeline on the desk and who is told how it goes.

    Parameters
    ----------
    workshop : Workshop
        Ledger, store and catalogue.
    pipeline : Pipeline
        Already checked against its dataset.
    progress : Progress
        Told how far the work is.
    """

    workshop: Workshop
    pipeline: Pipeline
    progress: Progress

    @cached_property
    def cache(self) -> Cache:
        """Columns and fitted parts."""
        return Cache(self.workshop.workspace.cache)

    @cached_property
    def spec(self) -> DatasetSpec:
        """The dataset file."""
        return self.workshop.catalog.spec(self.pipeline.data)

    @property
    def contract(self) -> Contract:
        """What the pipeline trades."""
        return self.spec.contracts[self.pipeline.trade.contract]

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Refuse what was made inside the block if the dataset was built anew meanwhile.

        Raises
        ------
        DataError
            If rows or costs are no longer those that were read.
        """
        before = self.workshop.scored_on(self.pipeline)
        yield
        if self.workshop.scored_on(self.pipeline) != before:
            raise DataError(f"dataset '{self.pipeline.data}': built anew while {self.pipeline.id} ran on it; run it again")

    def partition(self, name: str) -> Partition:
        """``train`` or ``validation``."""
        return open_partition(self.workshop.workspace, self.pipeline.data, name)

    def rows(self, partition: Partition) -> tuple[Rows, Columns]:
        """The pipeline's decisions on a partition, and the columns they were read from."""
        columns = Columns(partition, self.cache)
        return read_rows(self.pipeline, partition, columns), columns
