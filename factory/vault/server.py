"""The vault's process: the only one that opens sealed rows.

It reads requests, one JSON line each, and answers each with a line that says
that a look was spent or why none was; the verdict goes into the ledger at its
time. When its input ends it finishes what it has, and goes.
"""

import contextlib
import json
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from factory.core.canonical import dumps, in_order, seed_for
from factory.core.errors import FactoryError, SealError
from factory.core.times import now_ms
from factory.evidence.advice import advise
from factory.evidence.probes.learned import shifted_labels
from factory.flow import FittedPipeline
from factory.ledger import Entry, Ledger
from factory.pipeline import Pipeline
from factory.storage.workspace import Workspace
from factory.vault import exam
from factory.vault.admission import Admission, Request, admit, make_look_row
from factory.vault.examiner import Examiner, earlier_looks
from factory.vault.log import divert_output
from factory.vault.pools import FAIL, LOOK, MARGIN_MS, SEAL_ROWS, VERDICT, Claim, Look
from factory.vault.rehearsal import rehearse
from factory.vault.reports import write_report
from factory.vault.reviewer import find_reviewer
from factory.vault.sealed_data import correlated_claims, open_sealed, require_sealed


class Vault:
    """Answers requests for looks in one workspace.

    Parameters
    ----------
    workspace : Workspace
        Whose sealed rows it holds.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._ledger = Ledger(workspace)
        self._waiting: list[threading.Thread] = []

    def answer(self, raw: Mapping[str, Any], out: IO[str]) -> None:
        """Answer one request with a line, and with a second when its verdict need not wait."""
        try:
            admission = admit(self._workspace, self._ledger, Request(**raw))
            fitted = exam.prepare(self._workspace, admission.pipeline)
            planned = exam.plan(self._workspace, admission.pipeline, admission.contract, fitted)
            _refuse_changed(admission, fitted, planned)
            shifted = refuse_leaking(admission.pipeline, fitted)
            require_sealed(self._workspace, admission.spec.dataset)
            more = correlated_claims(self._workspace, admission.spec.dataset)
            rehearsed = self._rehearse(admission, more, fitted, planned)
            advised = {**self._advice(admission.trial), "shifted_labels": shifted}
            look = self._spend(admission, more, fitted, planned, rehearsed)
        except FactoryError as error:
            _say(out, {"refused": list(error.lines), "error": type(error).__name__})
            return
        except Exception:
            # Of sealed rows only hashes and correlations were taken, to find damage and the pool; the words say nothing of
            # the cause all the same.
            traceback.print_exc()
            _say(out, {"refused": ["submit: the vault could not begin; nothing was spent"], "error": "SealError"})
            return
        _say(out, {"look": f"look-{look.seq}", "release": look.payload["release"], "advice": advised})
        report = self._examine(admission, fitted, planned, look)
        if look.payload["release"]:
            thread = threading.Thread(target=self._conclude, args=(look, report))
            self._waiting.append(thread)
            thread.start()
        else:
            self._conclude(look, report)
            _say(out, {"verdict": True})

    def finish(self) -> None:
        """Wait until every verdict is written."""
        for thread in self._waiting:
            thread.join()

    def _advice(self, trial: Entry) -> dict[str, float]:
        dataset = trial.payload["dataset"]
        trials = [one for one in self._ledger.all_trials(dataset) if "metrics" in one.payload]
        count = self._ledger.counts(dataset).trials
        return advise(trial.payload["metrics"], trial.payload["daily"], [one.payload["daily"] for one in trials], count)

    def _spend(
        self, admission: Admission, more: set[Claim], fitted: FittedPipeline, planned: exam.Plan, rehearsed: float
    ) -> Entry:
        """Write the look down: from here on it is spent, whatever happens."""

        def decide(entries: Any) -> dict[str, Any]:
            before = self._ledger.counts(admission.spec.dataset).trials
            row = make_look_row(admission, more, entries, fitted.key)
            return {**row, **_plan_of(planned), "rehearsed": rehearsed or None, "trials_before": before}

        position, payload = self._ledger.append_after(LOOK, SEAL_ROWS, decide)
        return Entry(position.seq, LOOK, now_ms(), payload, position.hash)

    def _rehearse(self, admission: Admission, more: set[Claim], fitted: FittedPipeline, planned: exam.Plan) -> float:
        """Find out on validation how long the exam takes, and refuse a delay that is too short for it."""
        entries = self._ledger.of_kinds(SEAL_ROWS)
        payload = {**make_look_row(admission, more, entries, fitted.key), **_plan_of(planned)}
        return rehearse(self._workspace, entries, admission, payload, fitted, planned)

    def _examine(self, admission: Admission, fitted: FittedPipeline, planned: exam.Plan, look: Entry) -> dict[str, Any]:
        """Examine and return the exam's report; any failure is a FAIL with its reason, for the reviewer alone."""
        begun = time.monotonic()
        try:
            mates = earlier_looks(self._ledger.of_kinds(SEAL_ROWS), look)
            examiner = Examiner(self._workspace, open_sealed, every_mate=False)
            report = examiner.examine(look, mates, admission.pipeline, fitted, planned)
        except BaseException:
            report = {"found": FAIL, "failed": traceback.format_exc()}
        return {**report, "seconds": time.monotonic() - begun, "ended": now_ms()}

    def _conclude(self, look: Entry, report: dict[str, Any]) -> None:
        """Keep the report, and write the verdict when it is time; a verdict that is late is none."""
        spent = Look(look, None)
        reviewer = find_reviewer(self._ledger.of_kinds(("reviewer",)))
        told = {**report, "look": dict(look.payload)}
        digest = write_report(self._workspace, f"look-{look.seq}", reviewer.encrypt(dumps(told).encode())) if reviewer else None
        if spent.release:
            time.sleep(max(0.0, (spent.release - MARGIN_MS - now_ms()) / 1000))
        payload = {
            "dataset": look.payload["dataset"],
            "subject": look.hash,
            "look": look.seq,
            "pipeline": look.payload["pipeline"],
            "verdict": report["found"],
            "report": digest,
            "disclosed": "PASS or FAIL, to the agent",
        }

        def decide(_: Any) -> dict[str, Any]:
            if now_ms() >= spent.due:
                raise FactoryError("the verdict came too late")
            return payload

        with contextlib.suppress(FactoryError):
            self._ledger.append_after(VERDICT, (), decide)


def _plan_of(planned: exam.Plan) -> dict[str, float]:
    return {"information": planned.information, "paid": planned.price, "wager": planned.wager}


def _refuse_changed(admission: Admission, fitted: FittedPipeline, planned: exam.Plan) -> None:
    scored = str(admission.trial.payload.get("model") or "")
    trades = len(planned.scored.result.trades)
    if not fitted.key.startswith(scored) or trades != admission.trial.payload["metrics"]["trades"]:
        raise SealError(
            "submit: what is learned from train today is not what was scored: another version or machine; "
            "change a part of the pipeline, backtest that, and submit it; nothing was spent"
        )


def refuse_leaking(pipeline: Pipeline, fitted: FittedPipeline) -> float:
    """Refuse a look where even labels that were shifted in time can be ranked: P3.

    Returns
    -------
    float
        Share of shifts that a quick fit ranks as well as the labels in their place: above 0.05 it shows no skill on train.

    Raises
    ------
    SealError
        If they can.
    """
    rows = fitted.history.take(fitted.history.labels.y >= 0)
    seed = seed_for(pipeline.id, "probes.permuted")
    findings, p_value = shifted_labels(rows.matrix(list(rows.features)), rows.labels.y, seed)
    if findings:
        raise SealError("submit: a leakage probe blocks it, so no look was spent", *(one.line for one in findings))
    return p_value


def main(root: str) -> None:
    """Serve the requests on standard input until it ends."""
    workspace = Workspace(Path(root))
    out = divert_output(workspace)
    vault = Vault(workspace)
    _say(out, {"ready": True})
    for line in sys.stdin:
        vault.answer(json.loads(line), out)
    vault.finish()


def _say(out: IO[str], message: Mapping[str, Any]) -> None:
    # Whoever asked may be gone; the look goes on.
    with contextlib.suppress(OSError):
        out.write(in_order(message) + "\n")
        out.flush()
