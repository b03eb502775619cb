"""What one workspace knows, and what names in it mean.

tracker          datasets, stored pipelines and ledger of a workspace: resolves, adopts and records
naming           what a name means
binding          the shipped strategies on the datasets that are there
earlier          trials of rows and terms that a dataset has no more
explanations     warnings that their author has explained
provenance       what a strategy file says of its strategy: who, when, why, scores, probes, verdicts
strategy_files   what a person is given to review, and what anchors the ledger outside itself
"""

from factory.tracking.tracker import Tracker

__all__ = ["Tracker"]
