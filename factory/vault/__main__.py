"""``python -m factory.vault WORKSPACE``: the vault's process, started by its door."""

import sys

from factory.vault.process import main

main(sys.argv[1])
