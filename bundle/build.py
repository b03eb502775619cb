"""Write what is published beside the wheel: ``python -m bundle.build`` makes ``dist/server.json`` and ``dist/bundle``.

Versions come from :data:`factory.__version__`, tools from the server, exact dependencies from ``requirements.lock``; nothing is
uploaded. ``make bundle`` packs the folder.
"""

import json
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import factory
from server.mcp.tools import all_tools

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
PACKED = ("factory", "server", "sandbox", "README.md", "LICENSE")
"""What the bundle holds beside its manifest and the strategies that come with the project."""


def write_registry_entry(folder: Path) -> Path:
    """Write the registry's ``server.json``, with the version of the package."""
    entry = _read("server.json")
    packages = [{**package, "version": factory.__version__} for package in entry.pop("packages")]
    return _write(folder / "server.json", {**entry, "version": factory.__version__, "packages": packages})


def write_bundle(folder: Path) -> Path:
    """Write the folder that an MCPB bundle is packed from; what was there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in PACKED:
        _copy(ROOT / name, folder / name)
    shutil.copy(HERE / "icon.png", folder)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "strategies").mkdir()
    for name in tomllib.loads(project)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]:
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text(f"{project}\n{_pin()}", encoding="utf-8")
    tools = [{"name": tool.name, "description": (tool.description or "").partition(". ")[0]} for tool in all_tools()]
    _write(folder / "manifest.json", {**_read("manifest.json"), "version": factory.__version__, "tools": tools})
    return folder


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _pin() -> str:
    """Hold the bundle to the versions that the tests ran with."""
    pins = re.findall(r"^[\w.-]+==.+$", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    return f"[tool.uv]\nconstraint-dependencies = {json.dumps(pins, indent=4)}\n"


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return loaded


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(content, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    made = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    write_registry_entry(made)
    write_bundle(made / "bundle")
