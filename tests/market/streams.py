"""Captures of a depth stream as Binance's venues send them, drawn, with the books that follow from them in plain Python."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from factory.core.times import MINUTE
from tests.market.bars import START

SYMBOL = {"spot": "BTCUSDT", "USD-M": "BTCUSDT", "COIN-M": "BTCUSD_PERP"}


@dataclass
class Stream:
    """A session of one venue.

    Parameters
    ----------
    venue : str
        ``spot``, ``USD-M`` or ``COIN-M``.
    late : int
        Milliseconds from event to receipt.
    """

    venue: str
    late: int = 40
    seed: int = 3
    lines: list[str] = field(default_factory=list)
    states: list[tuple[int, list[float]]] = field(default_factory=list)
    """Event time of each update, and the first three levels after it."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.time, self.number = START, 1_000
        self.book = {"a": {1_001.0 + 0.5 * n: 2.0 for n in range(8)}, "b": {1_000.0 - 0.5 * n: 3.0 for n in range(8)}}

    def say(self, message: dict[str, Any]) -> None:
        """Write a message as the recorder does."""
        wrapped = json.dumps({"stream": "x", "data": message})
        self.lines.append(f"{(self.time + self.late) * 1_000_000 + 345_678} {wrapped}")

    def update(self, is_told: bool = True) -> None:
        """Change up to three levels, one of which may go."""
        self.time += int(self.rng.integers(0, 180))
        changes: dict[str, list[list[str]]] = {"a": [], "b": []}
        for side, sign in (("a", 1), ("b", -1)):
            best = 1_000.5 + sign * 0.5
            for step in self.rng.choice(9, int(self.rng.integers(0, 3)), replace=False):
                price = best + sign * 0.5 * int(step)
                size = float(self.rng.choice([0.0, 1.25, 2.5, 7.0])) if len(self.book[side]) > 5 else 1.0
                changes[side].append([f"{price:.2f}", f"{size:.3f}"])
                self.book[side].pop(price, None)
                if size:
                    self.book[side][price] = size
        first, before = self.number + 1, self.number
        self.number += int(self.rng.integers(1, 9))
        message = {"e": "depthUpdate", "E": self.time, "s": SYMBOL[self.venue], "U": first, "u": self.number}
        if self.venue != "spot":
            message |= {"T": self.time - 1, "pu": before}
        if self.venue == "COIN-M":
            message["ps"] = "BTCUSD"
        self.states.append((self.time, self.top(3)))
        if is_told:
            self.say({**message, **changes})

    def top(self, levels: int) -> list[float]:
        """The first levels of the book."""
        asks, bids = sorted(self.book["a"].items()), sorted(self.book["b"].items(), reverse=True)
        return [number for ask, bid in zip(asks[:levels], bids[:levels], strict=True) for number in (*ask, *bid)]

    def snapshot(self) -> dict[str, Any]:
        """What the REST interface answers now."""
        sides = {"asks": sorted(self.book["a"].items()), "bids": sorted(self.book["b"].items(), reverse=True)}
        cells = {name: [[f"{price:.2f}", f"{size:.3f}"] for price, size in side] for name, side in sides.items()}
        times = {} if self.venue == "spot" else {"E": self.time, "T": self.time}
        return {"lastUpdateId": self.number, **times, **cells}

    def trade(self, size: float, is_maker: bool) -> None:
        """A trade in which the buyer was the maker, or was not."""
        extra = {} if self.venue == "spot" else {"X": "MARKET"}
        self.say({"e": "trade", "E": self.time, "s": "BTCUSDT", "t": 1, "p": "1000.50", "q": str(size), "m": is_maker, **extra})

    def write(self, path: Path) -> Path:
        """The capture as a file."""
        path.write_text("\n".join(self.lines) + "\n")
        return path


def session(venue: str, late: int = 40) -> Stream:
    """Updates, a snapshot among them, updates, a gap of a minute in which some are lost, a second snapshot, updates."""
    stream = Stream(venue, late)
    for _ in range(5):
        stream.update()
    stream.say(stream.snapshot())
    for _ in range(200):
        stream.update()
        if stream.rng.random() < 0.2:
            stream.trade(float(stream.rng.integers(1, 9)), bool(stream.rng.random() < 0.5))
    stream.update(is_told=False)
    for _ in range(20):
        stream.update()
    stream.time += MINUTE
    stream.say(stream.snapshot())
    for _ in range(200):
        stream.update()
    return stream
