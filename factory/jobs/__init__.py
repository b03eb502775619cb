"""Long work in warm worker processes."""

from factory.jobs.jobs import Jobs
from factory.jobs.table import Job

__all__ = ["Job", "Jobs"]
