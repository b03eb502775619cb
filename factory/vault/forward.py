"""After a PASS: the frozen strategy on bars that came later, watched by evidence that may be read at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest import Result
from factory.core.answers import Answer, round_answer, table
from factory.core.canonical import digest
from factory.core.errors import SealError
from factory.core.progress import Progress, no_progress
from factory.core.times import DAY, iso, now_ms
from factory.expressions.columns import Columns
from factory.flow import FittedPipeline, evaluate
from factory.ledger import Ledger
from factory.market.build import read_series
from factory.market.catalog import Catalog
from factory.market.contracts import Binary, Contract
from factory.market.series import Partition
from factory.market.spec import DatasetSpec
from factory.pipeline import Pipeline
from factory.pipeline.stored import find_pipeline
from factory.statistics.eprocess import log_e_value, log_e_value_below, log_e_values_of_mean, log_e_values_of_wins
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from factory.vault import exam
from factory.vault.planning import payoff_deviation
from factory.vault.pools import ALPHA, FORWARD, PASS, SEAL_ROWS, Look, find_look

POINTS = 12
"""Rows of the printed path, at most."""
LIMIT = log(1 / ALPHA)
EARNED, STOPPED, GOING = "earned", "stopped", "going on"


@dataclass(frozen=True)
class EProcess:
    """The e-process over decisions in their order.

    Parameters
    ----------
    payoff : ndarray of float64, shape (n,)
        Net, of each decision.
    better, worse : ndarray of float64, shape (n,)
        Log evidence that the strategy earns, and that it loses.
    rate : float or None
        Of a binary its break-even: the highest that any decision had, and the mean where each is watched at its own.
    """

    payoff: NDArray[float64]
    better: NDArray[float64]
    worse: NDArray[float64]
    rate: float | None

    @property
    def end(self) -> int:
        """Decisions up to where it was settled, or all."""
        settled = np.flatnonzero((self.better >= LIMIT) | (self.worse >= LIMIT))
        return int(settled[0]) + 1 if len(settled) else len(self.payoff)

    @property
    def state(self) -> str:
        """``earned``, ``stopped`` or ``going on``: what was reached first stands."""
        if not len(self.payoff):
            return GOING
        last = self.end - 1
        return EARNED if self.better[last] >= LIMIT else STOPPED if self.worse[last] >= LIMIT else GOING

    def so_far(self, n: int) -> tuple[int, float]:
        """Count the wins among the first `n` decisions, at least one, and compute their mean net payoff."""
        return int((self.payoff[:n] > 0).sum()), float(self.payoff[:n].mean())

    def path(self) -> Answer:
        """Tabulate some points of it up to its end."""
        at = np.unique(np.linspace(1, self.end, min(POINTS, self.end), dtype=int)) if self.end else np.empty(0, int)
        rows = [(n, *self.so_far(n), _shown(self.better[n - 1]), _shown(self.worse[n - 1])) for n in at.tolist()]
        return table(("decisions", "wins", "mean_net", "e_value", "e_value_below"), rows)


def forward(
    workspace: Workspace, ledger: Ledger, name: str, spec: DatasetSpec, folder: Path, progress: Progress = no_progress
) -> Answer:
    """Trade what passed on bars newer than its registration, and write down where the e-process stands.

    Whatever is told here is known: a later dataset cannot seal these bars with looks left.

    Parameters
    ----------
    name : str
        The look that passed.
    spec : DatasetSpec
        The look's dataset with a later end of its sealed part; see :func:`extend_simulated`.
    folder : Path
        From which the spec's files are named.

    Returns
    -------
    dict
        The path, its state and the grade. Grade A needs real bars newer than the look, of a binary recorded odds, and
        ``earned``.

    Raises
    ------
    SealError
        If the look did not pass, the model is another today, or no bar is newer.
    """
    look = require_passed(ledger, name)
    pipeline = find_pipeline(Store(workspace), str(look.payload["pipeline"]))
    before = Catalog(workspace).spec(str(look.payload["dataset"]))
    if pipeline is None or spec.dataset != before.dataset or spec.contracts != before.contracts:
        raise SealError(f"forward: {name} was at {before.dataset}; give its file, contracts unchanged, with a later sealed end")
    fitted = exam.prepare(workspace, pipeline)
    if fitted.key != look.payload["artefact"]:
        raise SealError("forward: what is learned from train today is not what passed: another version or machine")
    partition = _newer(workspace, look, before, spec, folder, progress)
    fitted = catch_up(pipeline, fitted, before.bounds("sealed")[0], partition)
    scored = evaluate(pipeline, before.contracts[pipeline.trade.contract], fitted, Columns(partition, None))
    trial = ledger.find_trial(pipeline.id, str(look.payload["fingerprint"]))
    assert trial is not None, "only a trial is examined"
    seen = watch_decisions(scored.result, before.contracts[pipeline.trade.contract], trial.payload["metrics"])
    told = round_answer(_told(look, pipeline, before, partition, seen))
    claims = [[identity, partition.start, partition.end] for identity in sorted({one.identity for one in look.claims})]
    figures = {key: value for key, value in told.items() if key != "path"}
    ledger.append(FORWARD, {**figures, "dataset": spec.dataset, "claims": claims})
    return told


def extend_simulated(spec: DatasetSpec, days: int) -> DatasetSpec:
    """Extend a drawn dataset by more days after its sealed ones; those before stay as they are."""
    assert spec.simulated is not None
    first, last = spec.split.span("sealed")
    raw = spec.model_dump(mode="json")
    raw["simulated"]["days"] = max(spec.simulated.days, (last - spec.span[0]) // DAY + days)
    raw["split"]["sealed"] = [iso(first), iso(last + days * DAY)]
    return DatasetSpec.model_validate(raw)


def catch_up(pipeline: Pipeline, fitted: FittedPipeline, since: int, partition: Partition) -> FittedPipeline:
    """Add what a pipeline that is refitted has learned when newer bars begin: all until then, sealed rows too.

    Parameters
    ----------
    since : int
        First moment of the sealed part, ms UTC.
    partition : Partition
        The newer bars, and all rows before them.
    """
    between = replace(partition, name="between", start=since, end=partition.start)
    return fitted.extend(pipeline, Columns(between, None))


def watch_decisions(result: Result, contract: Contract, registered: Mapping[str, Any]) -> EProcess:
    """Compute the e-process of a result's decisions, without those that overlap an earlier one.

    A binary's wins are watched against its break-even: each against its own where prices were recorded, void windows among
    them, else the dearest all-in price of its shares, which errs to the safe side. No rebate counts. Of a perpetual the net
    payoffs themselves are, whose sizes differ.

    Parameters
    ----------
    registered : mapping
        Metrics of the trial that was examined.

    Raises
    ------
    SealError
        If none was registered that can be watched against.
    """
    trades = result.trades
    apart = find_apart(trades.entry_ms, trades.exit_ms)
    if not isinstance(contract, Binary):
        return watch_mean(trades.payoff[apart], payoff_deviation(registered))
    if contract.odds is not None:
        return watch_prices(trades.payoff[apart], trades.exit_price[apart], np.minimum(trades.paid[apart], 1.0))
    payoff = trades.payoff[apart][trades.exit_price[apart] != 0.5]  # a void window was neither won nor lost
    even = registered.get("break_even")
    rate = max([*([] if even is None else [even]), *trades.paid], default=None)
    if rate is None or not 0 < rate < 1:
        raise SealError("forward: the look has no break-even win rate to watch against")
    return watch_wins(payoff, float(rate))


def find_apart(entry: NDArray[int64], exit_: NDArray[int64]) -> NDArray[int64]:
    """Find trades, in order of entry, of which none begins before the last chosen one ended; give their positions."""
    chosen, free = [], -(2**62)
    for k, (begun, ended) in enumerate(zip(entry.tolist(), exit_.tolist(), strict=True)):
        if begun >= free:
            chosen.append(k)
            free = ended
    return np.array(chosen, int64)


def watch_wins(payoff: NDArray[float64], rate: float) -> EProcess:
    """Compute the e-process of a binary's payoffs, shape (n,), in their order: its wins against a break-even."""
    pairs = list(enumerate(np.cumsum(payoff > 0).tolist(), 1))
    better = np.array([log_e_value(k, n, rate) for n, k in pairs])
    worse = np.array([log_e_value_below(k, n, rate) for n, k in pairs])
    return EProcess(payoff, better, worse, rate)


def watch_prices(payoff: NDArray[float64], paid_out: NDArray[float64], paid: NDArray[float64]) -> EProcess:
    """Compute the e-process of a binary's shares, in their order: what each paid out against the price that was paid for it."""
    rate = float(paid.mean()) if len(paid) else None
    return EProcess(payoff, log_e_values_of_wins(paid_out, paid), log_e_values_of_wins(1 - paid_out, 1 - paid), rate)


def watch_mean(payoff: NDArray[float64], deviation: float) -> EProcess:
    """Compute the e-process of net payoffs of any size, shape (n,), in their order: their mean against 0."""
    return EProcess(payoff, log_e_values_of_mean(payoff, deviation), log_e_values_of_mean(-payoff, deviation), None)


def forward_grade(state: str, before: str, spec: DatasetSpec, contract: Contract) -> tuple[str, str | None]:
    """Grade a look after a forward test, and say why it is no A where that is not for want of evidence."""
    if spec.simulated:
        return before, "simulated bars earn no grade"
    if isinstance(contract, Binary) and contract.odds is None:
        return before, "the price was assumed; grade A needs recorded odds"
    return ("A" if state == EARNED else before), None


def require_passed(ledger: Ledger, name: str) -> Look:
    """Find a look that passed; refuse any other.

    Raises
    ------
    SealError
        If there is none of this name, or it heard something else.
    """
    look = find_look(ledger.of_kinds(SEAL_ROWS), name)
    if look is None:
        raise SealError(f"forward: '{name[:20]}' unknown; `rfcat vault show` lists the looks")
    if look.heard(now_ms()) != PASS:
        raise SealError(f"forward: {name} heard {look.heard(now_ms())}; only what passed is watched")
    return look


def _newer(
    workspace: Workspace, look: Look, before: DatasetSpec, spec: DatasetSpec, folder: Path, progress: Progress
) -> Partition:
    """Read the rows that no look saw; of real markets only those stamped after the look was spent."""
    start, end = before.split.span("sealed")[1], spec.split.span("sealed")[1]
    if spec.simulated is None:
        start = max(start, look.entry.at)
    if end <= start:
        raise SealError(f"forward: the bars end at {iso(end)}, newer than {iso(start)} are needed; fetch more and try again")
    series, _ = read_series(workspace, spec, folder, progress)
    fingerprint = digest(["forward", look.entry.hash, end])
    return Partition(spec.dataset, "forward", start, end, series, fingerprint, spec.contracts)


def _told(look: Look, pipeline: Pipeline, spec: DatasetSpec, partition: Partition, seen: EProcess) -> Answer:
    grade, why = forward_grade(seen.state, str(look.payload["grade"]), spec, spec.contracts[pipeline.trade.contract])
    last, (wins, mean) = seen.end - 1, seen.so_far(seen.end) if seen.end else (0, None)
    return {
        "look": look.name,
        "pipeline": pipeline.id,
        "from": iso(partition.start),
        "to": iso(partition.end),
        "decisions": seen.end,
        "wins": wins,
        "mean_net": mean,
        "break_even": seen.rate,
        "e_value": _shown(seen.better[last]) if seen.end else 1.0,
        "e_value_below": _shown(seen.worse[last]) if seen.end else 1.0,
        "state": seen.state,
        "grade": grade,
        "why": why,
        "path": seen.path(),
    }


def _shown(value: float) -> float:
    return float(f"{exp(min(value, 600.0)):.3g}")
