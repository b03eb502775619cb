import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    """Reference vectors by name: inputs, expected, tolerance."""
    loaded = json.loads((shared / "reference_vectors.json").read_text())
    return {vector["name"]: vector for vector in loaded["vectors"]}
