"""Rows of a ledger as they stand there, and forms as a browser sends them."""

import json
import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from starlette.testclient import TestClient

from factory.jobs.table import JobTable
from factory.ledger import Ledger
from factory.market.spec import load_spec
from factory.review.states import ROW
from factory.storage.workspace import Workspace
from factory.vault.pools import LOOK, VERDICT, sealed_claims
from tests.server.signed import BASE
from tests.vault.market import SPEC

DATA = "vault-sim"


METRICS = {
    "trades": 1234, "blocks": 300, "win_rate": 0.52, "break_even": 0.5, "mean_net": 0.01, "mean_low": -0.01, "mean_high": 0.03,
    "mean_cost": 0.02, "p_value": 0.4, "sharpe": 1.5, "sharpe_error": 1.0, "sharpe_luck": 1.0, "total_return": 0.1,
}  # fmt: skip


def add_trial(ledger: Ledger, pipeline: str, idea: str = "up_down 5m, each 5m", **metrics: float) -> None:
    """Write a trial with figures down, as it stands in the ledger."""
    payload = {
        "name": f"name-{pipeline}",
        "idea": idea,
        "agent": "tester",
        "why": "a reason",
        "metrics": {**METRICS, **metrics},
    }
    ledger.trial(pipeline, DATA, "f" * 8, {**payload, "daily": [0.01, -0.01, 0.02]})


def add_look(ledger: Ledger, release: int, verdict: str = "PASS", why: str = "a reason") -> str:
    """Spend a look and write its verdict, which may be told from a moment on."""
    spec = load_spec(SPEC)
    claims = sorted(claim.plain() for claim in sealed_claims(spec))
    told = {
        "dataset": DATA, "claims": claims, "look": 1, "looks": 5, "weights": [1.0], "levels": "joint", "passes": 0, "alpha": 0.01,
        "name": "some-name", "pipeline": "abc123abc123", "claim": 0.05, "grade": "simulated", "release": release, "why": why,
    }  # fmt: skip
    position = ledger.append(LOOK, told)
    ledger.append(VERDICT, {"dataset": DATA, "subject": position.hash, "look": position.seq, "verdict": verdict})
    return f"look-{position.seq}"


def form_token(client: TestClient, path: str = "/") -> str:
    match = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)
    assert match is not None
    return match[1]


def post(client: TestClient, path: str) -> int:
    return client.post(path, content=f"form_token={form_token(client)}", headers={"origin": BASE}).status_code


def add_jobs(data: Workspace, args: Mapping[str, Any]) -> tuple[str, str]:
    with closing(JobTable(data)) as table:
        done, failed = (table.add("backtest", args, "tester", "gone") for _ in range(2))
        table.finish(done, "done", json.dumps({"pipeline": "a" * 12, "reading": "so it went", "twins": {"coin": [0.5, -0.1]}}))
        table.finish(failed, "failed", error="features.r1: infinite\nand more")
    return done, failed


def add_review(ledger: Ledger, pipeline: str, state: str) -> None:
    """Write a review down, with all texts that one has; what they say is no matter here."""
    own = {"pipeline": pipeline, "state": state, "dataset": DATA, "name": "lead", "by": "ada"}
    ledger.append("review", {**dict.fromkeys((*ROW, "market", "text", "after", "signature"), ""), **own})
