"""Where the real data lie that some benchmarks measure on; they are not part of the project."""

import argparse
import os
from pathlib import Path


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``, the folder of real data; default: that of ``RFCAT_SHARED``, or beside the checkout."""
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RFCAT_SHARED", "../shared")) / "data")


def is_there(name: str, path: Path) -> bool:
    """Check whether a benchmark's data are there; say so where they are not."""
    if not path.exists():
        print(f"{name}: nothing measured; {path} is not there, name the folder that holds {path.parts[-1]} with --data")
    return path.exists()
