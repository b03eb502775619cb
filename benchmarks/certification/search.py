"""One market searched: the workshop's own define, backtest and submit, and what every other rule would have said."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.certification import rules
from benchmarks.certification.agent import DIRECTIONS, STATES, Climber, Idea, levels_of, screen
from benchmarks.certification.market import DATASET, spec_text
from benchmarks.certification.record import RULES, Judged
from benchmarks.certification.simulated import SimulatedMarket, fast_folder, tried
from factory.core.canonical import seed_for
from factory.core.errors import FactoryError
from factory.core.progress import no_progress
from factory.core.times import DAY
from factory.flow import Scored
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.ledger import Entry
from factory.market.simulator import truth
from factory.market.spec import load_spec
from factory.pipeline import Pipeline
from factory.statistics.sharpe import moments, psr_at_benchmark
from factory.storage.workspace import Workspace
from factory.tasks.registry import WORK
from factory.vault.client import vault_client
from factory.workshop import Workshop

SHORT = 50
"""Trials of the short search: the first of the long one."""
LOOKS = 5
REFINED = 3
"""Ideas that get a whole forest before a look."""
FOREST = 25
"""Trees of a whole forest, which here sees one column; that of a real strategy has hundreds."""
LEAST_TRADES = 100
"""Fewer decisions on validation, and the agent does not climb there: no look could be planned from them."""
NORMAL_95 = 1.96


class Market(SimulatedMarket):
    """The simulator's market, and the ideas that were looked at there.

    Parameters
    ----------
    root : Path
        Folder of the workspace.
    edge, index
        As :func:`spec_text` takes them.
    """

    def __init__(self, root: Path, edge: float, index: int) -> None:
        super().__init__(root, spec_text(index, edge), "climber")
        self.edge, self.index = edge, index
        self._seen: dict[Idea, rules.Seen] = {}

    def climber(self) -> Climber:
        """Make the agent before its first proposal; what it screened on train is in the ledger."""
        self.workshop.ledger.exploration(DATASET, {"what": "screened pairs"}, len(DIRECTIONS) * len(STATES))
        seed = seed_for(f"climber.{self.edge:g}", str(self.index)) % 2**31
        return Climber(seed, screen(self._whole, self.levels))

    @cached_property
    def _whole(self) -> DecisionTable:
        """All features on train."""
        everything = Idea(("r1",), None, 1.0, 0.0, 1_000).spec(DATASET, {}) | {"features": DIRECTIONS | STATES}
        return read_decisions(Pipeline.of(everything), self.columns("train"))

    @cached_property
    def levels(self) -> dict[str, float]:
        """Where each state's upper part begins on train."""
        return levels_of(self._whole)

    def trial(self, idea: Idea) -> Entry:
        """Define and backtest, as an agent does; the trial's row."""
        return tried(self.workshop, idea.spec(DATASET, self.levels))

    @cached_property
    def ups(self) -> float:
        """Share of ups on train."""
        y = self._whole.labels.y
        return float(np.mean(y[y >= 0]))

    def scored(self, idea: Idea, part: str, trees: int = 1) -> Scored:
        """Trade an idea on one part, beside the ledger: what the other rules live on."""
        return self.score(Pipeline.of(idea.spec(DATASET, self.levels, trees)), part)

    def evaluate(self, idea: Idea, trial: Entry | None = None) -> rules.Seen:
        """Score an idea on validation, where it may be a trial already, and openly on sealed rows, as all but the protocol do."""
        if idea not in self._seen:
            if trial:
                here, daily = trial.payload["metrics"], np.array(trial.payload["daily"])
            else:
                result = self.scored(idea, "validation").result
                here, daily = result.metrics, result.daily.net
            there, varied = self.scored(idea, "sealed").result.metrics, moments(daily)
            self._seen[idea] = rules.Seen(
                statistic(here), statistic(there), here.get("mean_net", 0.0), there.get("mean_net", 0.0), _error(there),
                there.get("p_value", 1.0), psr_at_benchmark(varied) if varied else 0.0,
            )  # fmt: skip
        return self._seen[idea]

    def true_rate(self, idea: Idea) -> float:
        """Compute the win rate on the sealed part that an idea's sides have by how the market was drawn; NaN without trades."""
        scored = self.scored(idea, "sealed")
        trades = scored.result.trades
        if not len(trades):
            return float("nan")
        spec = load_spec(spec_text(self.index, self.edge))
        assert spec.simulated is not None
        rule = truth(spec.simulated.seed, spec.span[0], (spec.span[1] - spec.span[0]) // DAY)
        at = np.searchsorted(rule.time, scored.rows.time[trades.decision])
        right = np.where(rule.up[at], 1, -1) == trades.side
        return round(float(np.mean(0.5 + self.edge * rule.active[at] * np.where(right, 1, -1))), 5)


def statistic(metrics: dict[str, Any]) -> float:
    """Compute the t statistic of the mean net payoff a decision; 0 with fewer than 100 trades."""
    error = _error(metrics)
    return metrics["mean_net"] / error if np.isfinite(error) and metrics["trades"] >= LEAST_TRADES else 0.0


def _error(metrics: dict[str, Any]) -> float:
    """Compute the standard error of the mean net payoff, from its interval."""
    if metrics.get("mean_high") is None or metrics["mean_high"] <= metrics["mean_low"]:
        return float("inf")
    return float(metrics["mean_high"] - metrics["mean_low"]) / (2 * NORMAL_95)


def search(edge: float, index: int, trials: int, rivals: bool, kernels: str) -> list[Judged]:
    """Search one market and judge it by every rule, after all trials and, of a long search, after the first 50.

    Parameters
    ----------
    edge, index
        Which market.
    trials : int
        At least 5.
    rivals : bool
        Whether the rules that lead a search of their own search too.
    kernels : str
        Folder of compiled kernels, shared by all workspaces.
    """
    with tempfile.TemporaryDirectory(prefix="certify-", dir=fast_folder()) as folder:
        root = Path(folder) / "long"
        market = Market(root, edge, index)
        (root / "numba").symlink_to(kernels)
        entries, looks, seconds = _searching(market, trials)
        seen = [market.evaluate(idea, trial) for idea, trial in entries]
        verdicts = {n: {**rules.afterwards(seen[:n]), "protocol": "P" in looked} for n, looked in looks.items()}
        if rivals:
            _rivals(market, verdicts)
        judged = []
        for n, looked in sorted(looks.items()):
            idea = max(entries[:n], key=lambda one: statistic(one[1].payload["metrics"]))[0]
            best = market.evaluate(idea)
            marks = "".join("-" if rule not in verdicts[n] else "01"[verdicts[n][rule]] for rule in RULES)
            judged.append(
                Judged(
                    edge,
                    index,
                    trials,
                    n,
                    round(seconds, 1),
                    marks,
                    looked,
                    str(idea),
                    round(best.validation, 3),
                    round(best.test, 3),
                    market.true_rate(idea),
                )
            )
        market.workshop.ledger.close()
    return judged


def _searching(market: Market, trials: int) -> tuple[list[tuple[Idea, Entry]], dict[int, str], float]:
    """Search with a look after each fifth of the trials, until one passes.

    Returns the trials, the looks by length of search, and the seconds of the trials.
    """
    climber, known, seconds = market.climber(), set[Idea](), 0.0
    entries: list[tuple[Idea, Entry]] = []
    looks = {trials: ""}
    for k in range(1, trials + 1):
        begun = time.perf_counter()
        idea = climber.propose(known)
        known.add(idea)
        entry = market.trial(idea)
        climber.hear(idea, statistic(entry.payload["metrics"]))
        entries.append((idea, entry))
        seconds += time.perf_counter() - begun
        if k == SHORT and trials // LOOKS > SHORT:
            looks[SHORT] = _short(market, entries)
        if k % (trials // LOOKS) == 0 and "P" not in looks[trials]:
            looks[trials] += look(market.workshop, market.levels, entries)
    vault_client(market.workspace).close()
    return entries, looks, seconds


def _short(market: Market, entries: list[tuple[Idea, Entry]]) -> str:
    """Spend the looks of the short search in a copy of the workspace: what it spends is not spent here."""
    root = market.workspace.root
    copy = Workspace.open(shutil.copytree(root, root.with_name("short"), symlinks=True, copy_function=_linked))
    workshop, looked = Workshop(copy, "climber"), ""
    for k in range(SHORT // LOOKS, SHORT + 1, SHORT // LOOKS):
        if "P" not in looked:
            looked += look(workshop, market.levels, entries[:k])
    vault_client(copy).close()
    workshop.ledger.close()
    return looked


def _linked(source: str, target: str) -> None:
    """Link arrays, which never change, and copy what grows."""
    if source.endswith(".npy"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def look(workshop: Workshop, levels: Mapping[str, float], entries: list[tuple[Idea, Entry]]) -> str:
    """Give the best three ideas by validation a whole forest, and submit the best of those at the claim that validation allows.

    Ideas that were examined are passed over.

    Returns
    -------
    str
        An r for each refusal, of at most three, then P or F if there was a look.
    """
    spent = {row.payload["pipeline"] for row in workshop.ledger.of_kinds(("look",))}
    ranked = sorted(entries, key=lambda one: -statistic(one[1].payload["metrics"]))
    specs = [idea.spec(DATASET, levels, FOREST) for idea, _ in ranked[: REFINED + len(spent)]]
    fresh = [spec for spec in specs if Pipeline.of(spec).id not in spent][:REFINED]
    refined = sorted((tried(workshop, spec) for spec in fresh), key=lambda entry: -statistic(entry.payload["metrics"]))
    refused = ""
    for entry in refined:
        claim = entry.payload["metrics"].get("mean_high") or 0.0
        try:
            answer = WORK["submit"](
                workshop, no_progress, pipeline=entry.payload["pipeline"], claim=claim, why="the best so far", model="climber",
                cutoff="2023-12",
            )  # fmt: skip
        except FactoryError:
            refused += "r"
            continue
        return refused + str(answer["verdict"])[0]
    return refused


def _rivals(market: Market, verdicts: dict[int, dict[str, bool]]) -> None:
    """Run the rules that lead a search: by the test score itself, by the Ladder, by Thresholdout."""
    noise = np.random.default_rng(seed_for("certification.noise", str(market.index)))
    for name, released in (("climb", rules.plain), ("ladder", rules.ladder()), ("thresholdout", rules.thresholdout(noise))):
        for n, p_value in rules.climbed(market.climber(), market.evaluate, released, sorted(verdicts)).items():
            verdicts[n][name] = p_value < rules.LEVEL
            if name == "climb":
                verdicts[n]["climb/N"] = p_value < rules.LEVEL / n
