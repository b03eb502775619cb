"""Faults that the import found and no person declared, where a trial trades across or reads them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from factory.backtest import Trades
from factory.evidence.probes.findings import BLOCK, WARN, Finding
from factory.market.faults import FROZEN, JUMP, MEND, VOLUME, Fault, faults_of
from factory.pipeline import Pipeline

DATA = "data"
NAMED = 3
"""Features and moments that one line names."""


def check_read_faults(pipeline: Pipeline, series: Mapping[str, Any]) -> list[Finding]:
    """Warn of features that read a faulty column, and of jumps that features and labels reach across.

    Parameters
    ----------
    pipeline : Pipeline
    series : mapping of str to mapping
        Facts of the dataset's series, of :meth:`~factory.market.catalog.Catalog.meta`.
    """
    findings = []
    expressions = pipeline.expressions()
    for name, facts in series.items():
        faults = faults_of(facts)
        for fault in faults:
            if fault.kind != VOLUME:
                continue
            reading = [key for key, one in expressions.items() if {(name, column) for column in fault.columns} & one.columns]
            if reading:
                who = ", ".join(reading[:NAMED]) + (f" and {len(reading) - NAMED} more" if len(reading) > NAMED else "")
                findings.append(Finding(DATA, WARN, f"features {who}: read series '{name}', whose {fault.says}; leave it out"))
        jumps = [fault for fault in faults if fault.kind == JUMP]
        if jumps and (name == pipeline.label.of or any(name in one.series for one in expressions.values())):
            findings.append(Finding(DATA, WARN, f"series.{name}: {_told(jumps)}; features and labels reach across it"))
    return findings


def check_traded_faults(of: str, series: Mapping[str, Any], trades: Trades) -> list[Finding]:
    """Block a trial whose trades are held across a jump, whose gain nobody had; warn of trades in frozen bars.

    Parameters
    ----------
    of : str
        The series that fills.
    trades : Trades
        Of the trial.
    """
    faults = faults_of(series[of])
    crossed = {fault: held for fault in faults if fault.kind == JUMP and (held := _held(fault, trades))}
    findings = []
    if crossed:
        what = f"{sum(crossed.values())} of the trades lie across it, so all figures are wrong"
        findings.append(Finding(DATA, BLOCK, f"series.{of}: {_told([*crossed])}; {what}; {MEND}"))
    frozen = sum(_held(fault, trades) for fault in faults if fault.kind == FROZEN)
    if frozen:
        findings.append(Finding(DATA, WARN, f"series.{of}: {frozen} trades are open while bars repeat unchanged; {MEND}"))
    return findings


def _held(fault: Fault, trades: Trades) -> int:
    """Count the trades that are open during a stretch.

    One entered at the very open that a jump leads to, or after, is not across it.
    """
    across = np.zeros(len(trades), bool)
    for first, last in fault.spans:
        across |= (trades.entry_ms < last) & (trades.exit_ms >= first)
    return int(across.sum())


def _told(jumps: list[Fault]) -> str:
    more = f" and {len(jumps) - NAMED} more" if len(jumps) > NAMED else ""
    return ", ".join(fault.line for fault in jumps[:NAMED]) + more
