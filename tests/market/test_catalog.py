import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from factory.core.errors import DataError, SealError
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.storage.workspace import Workspace
from tests.market.bars import csv, rows, spec
from tests.market.test_seals import LATER, OTHER

HEAVY = ("numpy", "pandas", "pyarrow", "numba", "scipy", "sklearn", "httpx")


def test_the_catalog_is_read_without_the_heavy_stack() -> None:
    code = (
        "import sys, factory.market.catalog, factory.market.templates;"
        "factory.market.templates.simulated_spec('btc-sim');"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["", ".", "..", "../small", "a/b", "/etc", "small/../small", "small\0", ".small", "n" * 5_000])
def test_law_3_no_name_of_a_dataset_leads_out_of_their_folder(name: str, tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, spec(), tmp_path)
    (workspace.datasets / ".small").mkdir()
    (workspace.datasets / ".small" / "meta.json").write_text("{}")
    with pytest.raises(DataError, match="unknown"):
        Catalog(workspace).meta(name)


def test_law_3_of_two_builds_at_once_that_unseal_each_other_one_is_refused(tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows(18))
    workspace = Workspace.open(tmp_path / "workspace")

    def attempt(one) -> bool:
        try:
            build(workspace, one, tmp_path)
        except SealError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(attempt, (spec(), spec(*LATER, OTHER))))
    assert sorted(built) == [False, True]
    assert len(Catalog(workspace).names()) == 1
