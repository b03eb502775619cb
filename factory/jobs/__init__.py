"""Long work in warm worker processes: started, watched, cancelled, and never lost.

jobs       the jobs of one server, and a view of those of all servers of a workspace
table      jobs as the database keeps them
lanes      which job is next: questions before searches
executor   one warm worker process, rebuilt when it dies
worker     what runs inside it

Others import what is named below, and from `table` its constants. What a job does is no matter of this room: a worker is
given its target by name.
"""

from factory.jobs.jobs import Jobs
from factory.jobs.table import Job

__all__ = ["Job", "Jobs"]
