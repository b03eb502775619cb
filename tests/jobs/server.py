"""A server of jobs; run as ``python -m tests.jobs.server ROOT KIND ARGS``.

Starts one job, prints its id, and serves until its standard input closes.
"""

import json
import sys
from pathlib import Path

from factory.jobs import Jobs
from factory.storage.workspace import Workspace
from tests.jobs.conftest import TARGET


def main() -> None:
    root, kind, args = sys.argv[1:]
    with Jobs(Workspace.open(Path(root)), TARGET) as jobs:
        print(jobs.start(kind, json.loads(args), f"server of {kind}"), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
