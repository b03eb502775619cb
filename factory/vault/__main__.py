"""``python -m factory.vault WORKSPACE``: the vault's process, started by its door, or by a build with ``compare``."""

import sys

if sys.argv[2:3] == ["compare"]:
    from factory.vault import comparison

    comparison.main(sys.argv[1], *sys.argv[3:])
else:
    from factory.vault.server import main

    main(sys.argv[1])
