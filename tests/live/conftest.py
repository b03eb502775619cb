"""The shipped simulated market, drawn short and built once."""

import pytest

from factory.market.build import build
from factory.market.spec import DatasetSpec
from factory.market.templates import simulated_spec
from factory.storage.workspace import Workspace
from factory.workshop import Workshop


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("live"))
    raw = simulated_spec("btc-sim").model_dump(mode="json")
    raw["simulated"]["days"] = 450
    raw["contracts"]["eth-perpetual"] = raw["contracts"]["btc-perpetual"] | {"of": "eth"}
    raw["split"] = {
        "train": ["2024-01-01", "2025-01-01"],
        "validation": ["2025-01-01", "2025-02-01"],
        "sealed": ["2025-02-01", "2025-03-25"],
    }
    build(workspace, DatasetSpec.model_validate(raw))
    return Workshop(workspace, "tester")
