"""Adversaries on one market: all meet the same draw, and each has a pool of looks of its own."""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from math import nan
from pathlib import Path

from benchmarks.certification.adversaries import ADVERSARIES, Adversary, Trial
from benchmarks.certification.examine import FAIL, PASS, REFUSED, Verdict, examine
from benchmarks.certification.kinds import KINDS, write_market
from benchmarks.certification.record import Attacked
from benchmarks.certification.simulated import SimulatedMarket, fast_folder
from factory.core.errors import FactoryError
from factory.pipeline import Pipeline
from factory.pipeline.checks import check_pipeline
from factory.vault.exam import Examined

MARKS = {PASS: "P", FAIL: "F", REFUSED: "r"}
BESIDE = {PASS: "p", FAIL: "f"}
"""What the exam would have said of what only the plan refused."""
MOST_REFUSED = 8
"""Refusals after which an adversary gives up: each costs the probes' time."""


def attack_market(kind: str, index: int, agents: Sequence[str], kernels: str) -> list[Attacked]:
    """Let some adversaries try one market.

    Parameters
    ----------
    kind, index
        Which market.
    agents : sequence of str
        Names of :data:`ADVERSARIES`.
    kernels : str
        Folder of compiled kernels, shared by all workspaces.
    """
    with tempfile.TemporaryDirectory(prefix="attack-", dir=fast_folder()) as folder:
        sources = Path(folder)
        market = SimulatedMarket(sources / "workspace", write_market(kind, index, sources), "adversary", sources)
        (market.workspace.root / "numba").symlink_to(kernels)
        try:
            return [run_adversary(market, kind, index, ADVERSARIES[name]) for name in agents]
        finally:
            market.workshop.ledger.close()


def run_adversary(market: SimulatedMarket, kind: str, index: int, agent: Adversary) -> Attacked:
    """Score an adversary's pipelines on validation and spend looks on the clean ones, the luckiest first, up to the first PASS."""
    begun = time.perf_counter()
    trials = score_proposals(market, agent)
    clean = sorted((trial for trial in trials if agent.clean(trial)), key=lambda trial: trial.p_value)
    looked, examined = 0, list[Examined]()
    looks, last, name, net = "", Verdict(REFUSED), "", nan
    for trial in clean:
        beside = sum(looks.count(mark) for mark in BESIDE.values())
        if market.spec.looks in (looked, beside) or looks.count("r") == MOST_REFUSED or last.said == PASS:
            break
        last = examine(market, trial.pipeline, partial(agent.claim, market.contract(trial.pipeline)), examined)
        looks, name = looks + (BESIDE.get(last.alone) or MARKS[last.said]), trial.pipeline.pipeline
        if last.said != REFUSED:
            looked += 1
            net = round(last.net, 6) if KINDS[kind].fair else nan
        examined += [last.examined] if last.examined else []
    seconds = round(time.perf_counter() - begun, 2)
    return Attacked(agent.name, kind, index, seconds, len(trials), len(clean), looks, net, name, last.why[:120])


def score_proposals(market: SimulatedMarket, agent: Adversary) -> list[Trial]:
    """Score an adversary's pipelines on validation; those that the product refuses are left out."""
    trials = []
    meta = market.workshop.catalog.meta(market.spec.dataset)
    for spec in agent.proposals(market):
        try:
            pipeline = Pipeline.of(spec)
            check_pipeline(pipeline, market.spec, meta)
            trials.append(Trial(pipeline, market.score(pipeline, "validation")))
        except FactoryError:
            continue
    return trials
