"""An agent that climbs: it proposes pipelines, looks at a score, and keeps what raises it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import float64
from numpy.random import Generator
from numpy.typing import NDArray

from factory.learning.decision_table import DecisionTable

DIRECTIONS = {
    "r1": "ret(btc.close, 1)",
    "r5": "ret(btc.close, 5)",
    "r15": "ret(btc.close, 15)",
    "r60": "ret(btc.close, 60)",
    "z30": "zscore(btc.close, 30)",
    "z240": "zscore(btc.close, 240)",
    "place": "position(btc.close, 60)",
    "takers": "mean(btc.taker_buy_volume, 15) / mean(btc.volume, 15)",
    "eth1": "ret(eth.close, 1)",
    "eth5": "ret(eth.close, 5)",
    "eth15": "ret(eth.close, 15)",
    "lead": "ret(eth.close, 7) - ret(btc.close, 7)",
    "before": "lag(ret(eth.close, 8) - ret(btc.close, 8), 7)",
    "ethtakers": "mean(eth.taker_buy_volume, 15) / mean(eth.volume, 15)",
    "gold1": "at(1h, ret(gold.close, 1))",
    "gold6": "at(1h, ret(gold.close, 6))",
}
"""What may tell up from down. The planted rule's own lead, over 15 minutes, is the sum of `lead` and `before`."""
STATES = {
    "swing": "std(ret(btc.close, 1), 30) / std(ret(btc.close, 1), 240)",
    "burst": "mean(btc.volume, 15) / mean(btc.volume, 240)",
    "rush": "zscore(btc.volume, 60)",
    "morning": "hour_sin()",
    "noon": "hour_cos()",
    "ethburst": "mean(eth.volume, 15) / mean(eth.volume, 240)",
    "ethswing": "std(ret(eth.close, 1), 30) / std(ret(eth.close, 1), 240)",
    "goldrush": "at(1h, zscore(gold.volume, 24))",
}
"""When it may tell it."""
NAMES = tuple(DIRECTIONS)
MOST = 4
QUANTILE = 0.7
"""Of a state on train, above which a gated idea is awake."""
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
CUTS = (0.0, 0.005, 0.01, 0.02, 0.03)
LEAVES = (1_000, 2_000, 4_000)


@dataclass(frozen=True)
class Idea:
    """What the agent can turn.

    Parameters
    ----------
    see : tuple of str
        Directions that the linear expert sees.
    gate : str or None
        State in whose upper part it sees them.
    strength, cut, leaf
        Inverse penalty of the expert, least edge that is traded, fewest rows in a leaf.
    """

    see: tuple[str, ...]
    gate: str | None
    strength: float
    cut: float
    leaf: int

    def __str__(self) -> str:
        return f"{'+'.join(self.see)}|{self.gate or ''}|{self.strength:g}|{self.cut:g}|{self.leaf}"

    @classmethod
    def of(cls, text: str) -> "Idea":
        """Undo ``str``."""
        see, gate, strength, cut, leaf = text.split("|")
        return cls(tuple(see.split("+")), gate or None, float(strength), float(cut), int(leaf))

    def spec(self, dataset: str, levels: Mapping[str, float], trees: int = 1) -> dict[str, Any]:
        """Write the pipeline as `define` takes it.

        Parameters
        ----------
        levels : mapping of str to float
            Above which each state is in its upper part.
        trees : int
            Of the forest, for which one tree stands in while the agent searches.
        """
        awake = f"{STATES[self.gate]} > {levels[self.gate]:g}" if self.gate else ""
        texts = {name: f"where({awake}, {DIRECTIONS[name]}, 0)" if awake else DIRECTIONS[name] for name in self.see}
        return {
            "pipeline": "climber",
            "data": dataset,
            "features": texts,
            "sample": {"use": "clock", "every": "5m"},
            "label": {"use": "up_down", "of": "btc", "horizon": "5m"},
            "experts": {"line": {"use": "logistic", "see": list(self.see), "strength": self.strength}},
            "meta": {"use": "forest", "see": ["line"], "trees": trees, "leaf": self.leaf},
            "trade": {"use": "up_or_down", "contract": "updown", "edge": self.cut, "size": {"use": "fixed", "share": 0.001}},
        }


@dataclass
class Climber:
    """Proposes 15 % out of nothing, 25 % from what it screened on train, and else a change of the best so far.

    Parameters
    ----------
    seed : int
        The k-th step draws the same whatever came before it, so that searches led by other scores share what they may.
    screened : sequence of (str, str)
        Pairs of a direction and a gate that looked best on train.
    """

    seed: int
    screened: Sequence[tuple[str, str]]
    best: Idea | None = None
    score: float = -np.inf
    _step: int = 0

    def propose(self, known: set[Idea]) -> Idea:
        """Propose the next idea, none of those that are known."""
        self._step += 1
        rng = np.random.default_rng([self.seed, self._step])
        while True:
            kind = rng.random()
            if kind < 0.15 or self.best is None:
                idea = drawn(rng)
            elif kind < 0.40:
                idea = screened(self.screened, rng)
            else:
                idea = changed(self.best, rng)
            if idea not in known:
                return idea

    def hear(self, idea: Idea, score: float) -> bool:
        """Keep the idea if its score is better; return whether it was."""
        better = score > self.score
        if better:
            self.best, self.score = idea, score
        return better


def levels_of(rows: DecisionTable) -> dict[str, float]:
    """Compute the level of each state above which it is in its upper part on train."""
    return {name: float(f"{np.quantile(rows.features[name], QUANTILE):.4g}") for name in STATES}


def screen(rows: DecisionTable, levels: Mapping[str, float], keep: int = 10) -> list[tuple[str, str]]:
    """Rank pairs of a direction and a gate by how well the one tells up from down where the other is high, best first."""
    known = rows.labels.y >= 0
    y = rows.labels.y[known] - 0.5
    scores = {}
    for gate, level in levels.items():
        awake = rows.features[gate][known] > level
        scores.update({(name, gate): _t(rows.features[name][known][awake], y[awake]) for name in NAMES})
    return sorted(scores, key=lambda pair: -scores[pair])[:keep]


def _t(x: NDArray[float64], y: NDArray[float64]) -> float:
    """Compute the absolute correlation times the root of the rows."""
    return float(abs(np.corrcoef(x, y)[0, 1]) * np.sqrt(len(x)))


def drawn(rng: Generator) -> Idea:
    """Draw an idea out of nothing."""
    return _turned(tuple(sorted(rng.choice(NAMES, rng.integers(1, MOST + 1), replace=False).tolist())), _gate(rng), rng)


def screened(pairs: Sequence[tuple[str, str]], rng: Generator) -> Idea:
    """Draw a screened pair, and perhaps another direction that looked well under the same gate, or any."""
    name, gate = pairs[rng.integers(len(pairs))]
    alike = [other for other, under in pairs if under == gate]
    more = {str(rng.choice(alike if rng.random() < 0.5 else NAMES))} if rng.random() < 0.5 else set()
    return _turned(tuple(sorted({name, *more})), gate, rng)


def changed(idea: Idea, rng: Generator) -> Idea:
    """Change one thing of an idea, or in a third of the times two."""
    once = _changed(idea, rng)
    return _changed(once, rng) if rng.random() < 1 / 3 else once


def _changed(idea: Idea, rng: Generator) -> Idea:
    kind = rng.integers(6)
    if kind <= 1:
        return replace(idea, see=_other(idea.see, rng))
    if kind == 2:
        return replace(idea, gate=_gate(rng))
    if kind == 3:
        return replace(idea, strength=float(rng.choice(STRENGTHS)))
    if kind == 4:
        return replace(idea, cut=float(rng.choice(CUTS)))
    return replace(idea, leaf=int(rng.choice(LEAVES)))


def _turned(see: tuple[str, ...], gate: str | None, rng: Generator) -> Idea:
    return Idea(see, gate, float(rng.choice(STRENGTHS)), float(rng.choice(CUTS)), int(rng.choice(LEAVES)))


def _gate(rng: Generator) -> str | None:
    return None if rng.random() < 0.2 else str(rng.choice(list(STATES)))


def _other(see: tuple[str, ...], rng: Generator) -> tuple[str, ...]:
    """Draw one direction more, one fewer, or exchange one."""
    kept = set(see)
    how = rng.integers(3)
    if (how != 0 and len(kept) > 1) or len(kept) == MOST:
        kept.remove(str(rng.choice(see)))
    if how != 1 or not kept:
        kept.add(str(rng.choice([name for name in NAMES if name not in kept])))
    return tuple(sorted(kept))
