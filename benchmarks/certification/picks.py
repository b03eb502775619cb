"""The strategies that the searches picked on markets without edge, as the peer takes them."""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.certification.agent import Idea
from benchmarks.certification.search import Market

CODE = """\
import numpy as np

def generate_signals(prices):
    return np.array({sides})
"""


def write(found: dict[str, object], folder: Path) -> None:
    """Closes of five minutes on validation, the sides that each pick took there, and what they earned.

    Parameters
    ----------
    found : dict
        One market as the benchmark keeps it.
    folder : Path
        Gets ``INDEX-N.csv`` (bars), ``.py`` (a strategy of the peer) and ``.json`` (payoff of each decision, 0 without a trade).
    """
    with tempfile.TemporaryDirectory() as root:
        market = Market(Path(root), float(str(found["edge"])), int(str(found["index"])))
        for mark, choice in dict(found["choice"]).items():  # type: ignore[call-overload]
            idea = Idea(**{**choice["idea"], "see": tuple(choice["idea"]["see"])})
            rows, result = market.result(idea, "validation")
            bars = market.parts["validation"].series["btc"]
            at = np.searchsorted(bars.time, rows.time)
            sides, payoff = np.zeros(len(at)), np.zeros(len(at))
            sides[result.trades.decision] = result.trades.side
            payoff[result.trades.decision] = result.trades.payoff / 0.5
            stem = folder / f"{found['index']}-{mark}"
            lines = ["timestamp,open,high,low,close,volume"]
            stamps = np.datetime_as_string(rows.time.astype("datetime64[ms]"), unit="s")
            for stamp, row in zip(stamps, at, strict=True):
                window = slice(row, row + 5)
                high, low = bars.columns["high"][window].max(), bars.columns["low"][window].min()
                # The peer holds a signal from this close to the next: the price at the decision is the bar's.
                price = bars.columns["open"][row]
                lines.append(f"{stamp},{price},{max(high, price)},{min(low, price)},{price},1")
            stem.with_suffix(".csv").write_text("\n".join(lines) + "\n")
            stem.with_suffix(".py").write_text(CODE.format(sides=sides.astype(int).tolist()))
            stem.with_suffix(".json").write_text(json.dumps(payoff.tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kept", type=Path, help="what benchmarks.false_certification keeps")
    parser.add_argument("folder", type=Path, help="gets three files a pick")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for line in asked.kept.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if found["edge"] == 0:
            write(found, asked.folder)


if __name__ == "__main__":
    main()
