"""What is shipped from a checkout that was used: the project, and nothing that agents or people made in it."""

import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from tests.conftest import ROOT

MADE = (
    "strategies/proposed/btc-long-short-0123456789ab.yaml",
    "strategies/proposed/deeper/x.yaml",
    "strategies/another.yaml",
    ".workspace/ledger.sqlite",
    "build/lib/factory/__init__.py",
    "dist/random_forest_cat.whl",
)
"""What a used checkout may hold."""


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Files of the project."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a git checkout: it says which files are the project's")
    return listed.stdout.splitlines()


def targets() -> dict[str, dict[str, object]]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"])


def test_the_wheel_names_each_strategy_that_comes_with_the_project(tracked: list[str]) -> None:
    wheel = targets()["wheel"]
    assert wheel["packages"] == ["factory", "server", "sandbox"]
    ours = [path for path in tracked if path.startswith("strategies/")]
    assert wheel["force-include"] == {path: path for path in ours}
    assert all((ROOT / path).is_file() for path in ours), "a folder would bring all that is in it"


@pytest.mark.parametrize("source", ["sdist", "image"])
def test_sources_hold_the_project_and_nothing_made_in_it(tracked: list[str], source: str) -> None:
    rules = targets()["sdist"]["exclude"] if source == "sdist" else (ROOT / ".dockerignore").read_text().splitlines()
    ignored = (ROOT / ".gitignore").read_text().splitlines() if source == "sdist" else []
    assert isinstance(rules, list)
    left_out = GitIgnoreSpec.from_lines([*ignored, *rules])
    assert [path for path in MADE if not left_out.match_file(path)] == []
    assert [path for path in tracked if left_out.match_file(path)] == []


def test_a_built_wheel_and_sdist_ship_no_proposals(tmp_path: Path, tracked: list[str]) -> None:
    pytest.importorskip("hatchling", reason="needs the build backend")
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    checkout = tmp_path / "checkout"
    for path in (*tracked, *MADE):
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_file():
            shutil.copy(ROOT / path, checkout / path)
        else:
            (checkout / path).touch()
    (wheel,) = WheelBuilder(str(checkout)).build(directory=str(tmp_path), versions=["standard"])
    (sdist,) = SdistBuilder(str(checkout)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as whole, tarfile.open(sdist) as packed:
        listings = set(whole.namelist()), {name.partition("/")[2] for name in packed.getnames()}
    for files in listings:
        assert not files & set(MADE)
        assert {path for path in tracked if path.startswith("strategies/")} <= files
