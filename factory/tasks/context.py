"""What every kind of heavy work has at hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.expressions.columns import Columns
from factory.market.contracts import Contract, describe_settlement, settled_counts
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.storage.cache import Cache
from factory.tracking.tracker import Tracker


@dataclass(frozen=True)
class TaskContext:
    """A tracker, the pipeline on the context and who is told how it goes.

    Parameters
    ----------
    tracker : Tracker
        Ledger, store and catalogue.
    pipeline : Pipeline
        Already checked against its dataset.
    progress : Progress
        Told how far the work is.
    """

    tracker: Tracker
    pipeline: Pipeline
    progress: Progress

    @cached_property
    def cache(self) -> Cache:
        """Columns and fitted parts."""
        return Cache(self.tracker.workspace.cache)

    @cached_property
    def spec(self) -> DatasetSpec:
        """The dataset file."""
        return self.tracker.catalog.spec(self.pipeline.data)

    @property
    def contract(self) -> Contract:
        """What the pipeline trades, of several the first."""
        return self.contracts[0]

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """All that the pipeline trades, in the order of its trades."""
        return tuple(self.spec.contracts[name] for name in self.pipeline.contracts)

    @property
    def settled(self) -> str:
        """What settles the contract, where its bars do not, and how often they say otherwise."""
        meta = self.tracker.catalog.meta(self.pipeline.data)
        return describe_settlement(self.contract, settled_counts(meta, self.pipeline.trade.contract))

    @contextmanager
    def refuse_if_rebuilt(self) -> Iterator[None]:
        """Refuse what was made inside the block if the dataset was built anew meanwhile.

        Raises
        ------
        DataError
            If rows or costs are no longer those that were read.
        """
        before = self.tracker.score_key(self.pipeline)
        yield
        if self.tracker.score_key(self.pipeline) != before:
            raise DataError(f"dataset '{self.pipeline.data}': built anew while {self.pipeline.id} ran on it; run it again")

    def partition(self, name: str) -> Partition:
        """Open the partition ``train`` or ``validation``."""
        return open_partition(self.tracker.workspace, self.pipeline.data, name)

    def columns(self, name: str) -> Columns:
        """Open the columns of ``train`` or ``validation``."""
        return Columns(self.partition(name), self.cache)
