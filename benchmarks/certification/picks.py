"""The strategies that the searches picked on markets without edge, as the peer takes them."""

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from benchmarks.certification.agent import Idea
from benchmarks.certification.record import Judged, read
from benchmarks.certification.search import Market
from factory.market.series import Series

CODE = """\
import numpy as np
from numpy import int64
from numpy.typing import NDArray

def generate_signals(prices):
    return np.array({sides})
"""


def write(picks: list[Judged], folder: Path) -> None:
    """Write the closes of five minutes on validation, the sides that each pick took there, and what they earned.

    Parameters
    ----------
    picks : list of Judged
        Of one market.
    folder : Path
        Gets ``INDEX-N.csv`` (bars), ``.py`` (a strategy of the peer) and ``.json`` (payoff of each decision, 0 without a trade).
    """
    with tempfile.TemporaryDirectory() as root:
        market = Market(Path(root), picks[0].edge, picks[0].index)
        bars = market.parts["validation"].series["btc"]
        for pick in picks:
            scored = market.scored(Idea.of(pick.idea), "validation")
            times, trades = scored.rows.time, scored.result.trades
            at = np.searchsorted(bars.time, times)
            sides, payoff = np.zeros(len(at), int), np.zeros(len(at))
            sides[trades.decision] = trades.side
            payoff[trades.decision] = trades.payoff / 0.5
            stem = folder / f"{pick.index}-{pick.n}"
            stem.with_suffix(".csv").write_text(_bars(bars, times, at))
            stem.with_suffix(".py").write_text(CODE.format(sides=sides.tolist()))
            stem.with_suffix(".json").write_text(json.dumps(payoff.tolist()))


def _bars(bars: Series, times: NDArray[int64], at: NDArray[int64]) -> str:
    """Write one row a decision.

    The peer holds a signal from this close to the next: the close is the price at the decision.
    """
    lines = ["timestamp,open,high,low,close,volume"]
    for stamp, row in zip(np.datetime_as_string(times.astype("datetime64[ms]"), unit="s"), at, strict=True):
        high, low = bars.columns["high"][row : row + 5].max(), bars.columns["low"][row : row + 5].min()
        price = bars.columns["open"][row]
        lines.append(f"{stamp},{price},{max(high, price)},{min(low, price)},{price},1")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kept", type=Path, help="what benchmarks.false_certification keeps")
    parser.add_argument("folder", type=Path, help="gets three files a pick")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    nulls = [one for one in read(asked.kept, Judged) if one.edge == 0]
    for _, picks in itertools.groupby(nulls, key=lambda one: one.index):
        write(list(picks), asked.folder)


if __name__ == "__main__":
    main()
