"""Scripts, styles and pictures of the pages: files of this room, of the report's, and plotly's own from its package."""

import hashlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

import factory.report
import factory.review

PATH = "/static"
FOLDERS = (Path(__file__).parent / "static", *(Path(room.__path__[0]) / "static" for room in (factory.report, factory.review)))
PLOTLY = "plotly.min.js"
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""What is kept: an address names the content's hash."""

router = APIRouter()


@router.get(f"{PATH}/{{name}}")
def read_asset(name: str) -> Response:
    """Send a file that a page names, and no other."""
    path = list_assets().get(name)
    return Response("Not found", 404) if path is None else FileResponse(path, headers=FOREVER)


@cache
def list_assets() -> dict[str, Path]:
    """List the files by name."""
    files = {path.name: path for folder in FOLDERS for path in folder.iterdir() if path.is_file()}
    plotly = find_spec("plotly")
    if plotly is not None and plotly.origin is not None:
        files[PLOTLY] = Path(plotly.origin).parent / "package_data" / PLOTLY
    return files


@cache
def find_map_style() -> str:
    """Find the id of the style that plotly adds for maps unless it is there: our policy forbids it, and no page has maps."""
    path = list_assets().get(PLOTLY)
    match = re.search(r'getElementById\("([0-9a-f]{64})"\)', path.read_text(encoding="utf-8")) if path else None
    return match[1] if match else ""


@cache
def asset_url(name: str) -> str:
    """Return the address of a file, which changes with its content."""
    return f"{PATH}/{name}?{hashlib.sha256(list_assets()[name].read_bytes()).hexdigest()[:12]}"
