"""A process that appends; run as ``python -m tests.ledger.appender ROOT NAME FIRST LAST``.

Prints ``seq new`` for each trial that the ledger has confirmed.
"""

import sys
from pathlib import Path

from factory.ledger import Ledger
from factory.storage.workspace import Workspace
from tests.ledger.conftest import DATASET, FINGERPRINT


def main() -> None:
    root, name, first, last = sys.argv[1:]
    ledger = Ledger(Workspace.open(Path(root)))
    for number in range(int(first), int(last)):
        position, new = ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"agent": name, "padding": "x" * 500})
        print(position.seq, int(new), flush=True)


if __name__ == "__main__":
    main()
