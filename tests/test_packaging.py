"""What is shipped: the project, nothing that was made in its checkout, and each package as its own validator wants it."""

import json
import os
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from pathspec import GitIgnoreSpec

import factory
from bundle.build import write_bundle, write_registry_entry
from server.mcp.resources import VIEW
from server.mcp.tools import all_tools
from tests.conftest import ROOT
from tests.tools import PATH, find_tool, run_tool

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


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_versions_come_from_one_place(tmp_path: Path) -> None:
    entry = load(write_registry_entry(tmp_path))
    manifest = load(write_bundle(tmp_path / "bundle") / "manifest.json")
    told = [entry["version"], *(one["version"] for one in entry["packages"]), manifest["version"]]
    assert told == [factory.__version__] * 3
    for name in ("server.json", "manifest.json"):
        assert '"version"' not in (ROOT / "bundle" / name).read_text(encoding="utf-8"), "a second place"


def test_the_registry_finds_the_owner_in_the_readme(tmp_path: Path) -> None:
    entry = load(write_registry_entry(tmp_path))
    assert f"<!-- mcp-name: {entry['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert [one["identifier"] for one in entry["packages"]] == ["random-forest-cat"]


def test_the_bundle_holds_the_project_and_names_its_tools(tmp_path: Path, tracked: list[str]) -> None:
    folder = write_bundle(tmp_path / "bundle")
    assert [tool["name"] for tool in load(folder / "manifest.json")["tools"]] == [tool.name for tool in all_tools()]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    made = {"manifest.json", "icon.png"}
    assert files - made <= {*tracked}
    assert {path for path in tracked if path.startswith(("factory/", "server/", "sandbox/", "strategies/"))} <= files
    pins = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["constraint-dependencies"]
    assert set(pins) <= set((ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines())
    assert any(pin.startswith("mcp==") for pin in pins)


@pytest.mark.slow
def test_the_registry_entry_passes_its_schema(tmp_path: Path) -> None:
    tool = find_tool("skillsaw")
    path = write_registry_entry(tmp_path)
    good = run_tool(tool, "lint", "--strict", ".", cwd=tmp_path)
    assert good.returncode == 0, good.stdout
    assert "mcp-registry" in good.stdout
    path.write_text(path.read_text(encoding="utf-8").replace('"transport"', '"transports"'), encoding="utf-8")
    assert "'transport' is a required property" in run_tool(tool, "lint", ".", cwd=tmp_path).stdout


async def serve_by(tmp_path: Path, command: str, *arguments: str) -> None:
    """Start a packed server as a host does, and use it: its code, its data files and its workspace."""
    environment = {**os.environ, "PATH": PATH, "RFCAT_WORKSPACE": str(tmp_path / "workspace")}
    environment.pop("PYTHONPATH", None)
    server = StdioServerParameters(command=command, args=list(arguments), env=environment, cwd=tmp_path)
    async with Client(server) as client:
        assert client.server_info.version == factory.__version__
        assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in all_tools()]
        assert "<!doctype html>" in (await client.read_resource(VIEW)).contents[0].text
        listed = await client.call_tool("list_features", {"family": "momentum"})
        assert not listed.is_error


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_bundle_is_valid_packs_and_runs_as_its_manifest_says(tmp_path: Path) -> None:
    mcpb, uv = find_tool("mcpb"), find_tool("uv")
    folder, packed, unpacked = write_bundle(tmp_path / "bundle"), tmp_path / "cat.mcpb", tmp_path / "unpacked"
    checked = run_tool(mcpb, "validate", str(folder / "manifest.json"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Manifest schema validation passes" in checked.stdout
    assert run_tool(mcpb, "pack", str(folder), str(packed)).returncode == 0
    assert packed.stat().st_size < 2_000_000
    with zipfile.ZipFile(packed) as whole:
        whole.extractall(unpacked)
    config = load(unpacked / "manifest.json")["server"]["mcp_config"]
    assert config["command"] == "uv"
    await serve_by(tmp_path, uv, *(one.replace("${__dirname}", str(unpacked)) for one in config["args"]))


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_wheel_is_valid_and_uvx_runs_it(tmp_path: Path) -> None:
    built = run_tool(find_tool("uv"), "build", "--wheel", "--out-dir", str(tmp_path / "dist"))
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    checked = run_tool(find_tool("twine"), "check", "--strict", str(wheel))
    assert checked.returncode == 0, checked.stdout
    # strategies/ holds YAML files alone, which come with the project.
    own = ("--toplevel", "factory,sandbox,server,strategies", "--ignore", "W010")
    listed = run_tool(find_tool("check-wheel-contents"), *own, str(wheel))
    assert listed.returncode == 0, listed.stdout
    told = run_tool(find_tool("uvx"), "--from", str(wheel), "random-forest-cat", "--version")
    assert told.stdout.strip() == factory.__version__, told.stderr
    await serve_by(tmp_path, find_tool("uvx"), "--from", str(wheel), "random-forest-cat")
