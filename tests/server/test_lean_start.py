"""A host waits while the server starts, so it must import little."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

HEAVY = [
    *("numpy", "pandas", "scipy", "sklearn", "numba", "talib", "torch", "pyarrow", "sqlalchemy"),
    *(
        "fastapi",
        "typer",
        "jinja2",
        "factory.workshop",
        "arch",
        "statsmodels",
        "matplotlib",
        "PIL",
        "exchange_calendars",
        "ccxt",
    ),
]
REQUEST = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
SCRIPT = f"""
import atexit, sys
atexit.register(lambda: sys.stderr.write("LOADED " + " ".join(set({HEAVY!r}) & set(sys.modules))))
from server.__main__ import main
main()
"""


def test_initialize_over_stdio_imports_nothing_heavy(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, "--workspace", str(tmp_path)],
        input=json.dumps(REQUEST) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        timeout=60,
    )
    assert json.loads(run.stdout)["result"]["serverInfo"]["name"] == "random-forest-cat"
    assert run.stderr.strip().endswith("LOADED"), run.stderr
    assert run.returncode == 0


def test_the_web_server_starts_without_what_computes() -> None:
    """A database it opens, since it asks who is signed in; what computes is imported where a page needs it."""
    code = "import sys, server.web.app; print(*(m for m in sys.modules if '.' not in m))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    allowed = {"sqlalchemy", "fastapi", "jinja2", "factory.workshop"}
    assert not set(run.stdout.split()) & (set(HEAVY) - allowed | {"plotly", "matplotlib"})
