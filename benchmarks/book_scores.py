"""How near learners come to the best possible score on a drawn order book, whose chances are known.

    python -m benchmarks.book_scores [--edge 0.25] [--windows 20000] [--epochs 8]

Three classes: the mid's next move is down, none or up. The first 70 % of the decisions are learned from, those after a purge
of one look-back are judged. With ``--edge 0`` (null mode) nobody may beat the majority. Trees and lines see order-flow
features, networks the book's rows. Prints a table: macro F1, log-loss, the AUC of up against the rest, and the share of the
way from the majority's log-loss to the best possible one.
"""

import argparse
from collections.abc import Mapping

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from factory.core.progress import no_progress
from factory.learning.book_windows import STANDARD_ROWS
from factory.learning.experts.crossfit import fit_network
from factory.learning.windows import Windows, WindowSet, rolling_zscore
from factory.market.book_columns import book_columns
from factory.market.book_simulator import LEVELS, ROWS, STEP, TICK, book_truth, simulate_book
from factory.pipeline.parts.experts import BinCtabl, DeepLob, Network
from factory.statistics.roc_auc import auc

SEED, STEPS, TRAIN = 11, 30, 0.7
BATCH = 32
"""Of DeepLOB: at its rate of 1e-4 eight epochs of 14,000 windows are too few steps for batches of 128 to leave the majority."""
Chances = NDArray[float64]


def main() -> None:
    asked = _arguments()
    days = -(-asked.windows // ROWS) + 1
    frames = simulate_book(SEED, 0, days, asked.edge)
    truth, book = book_truth(SEED, 0, days, asked.edge), frames["book"].columns
    mid = (book["ask_px_1"] + book["bid_px_1"]) / 2
    rows = np.arange(STANDARD_ROWS + STEPS, STANDARD_ROWS + STEPS + asked.windows)
    y = (np.round((mid[rows + 1] - mid[rows]) / TICK) + 1).astype(int8)
    cut = int(TRAIN * len(rows))
    train, test = np.arange(cut - STEPS), np.arange(cut, len(rows))
    features = _read_features(book)[rows]
    known = np.stack([truth.down, 1 - truth.up - truth.down, truth.up], axis=1)[rows]
    chances = {
        "best possible": known[test],
        "majority": np.tile(np.bincount(y[train], minlength=3) / len(train), (len(test), 1)),
    }
    for name, model in _models().items():
        chances[name] = model.fit(features[train], y[train]).predict_proba(features[test])
    windows = Windows(
        rolling_zscore(np.column_stack([book[name] for name in book_columns(LEVELS)]), STANDARD_ROWS), rows + 1, STEPS
    )
    for part in (
        DeepLob(use="deeplob", book="book", levels=LEVELS, steps=STEPS, epochs=asked.epochs, batch=BATCH),
        BinCtabl(use="bin_ctabl", book="book", levels=LEVELS, steps=STEPS, epochs=asked.epochs),
    ):
        chances[part.use] = _fit(part, windows, y, rows, train).predict(windows.take(test))
    _print_table(y[test], chances)


def _fit(part: Network, windows: Windows, y: NDArray[int8], rows: NDArray[int64], train: NDArray[int64]):  # type: ignore[no-untyped-def]
    start = rows[train] * STEP
    sample = WindowSet(windows.take(train), y[train], np.ones(len(train)), start, start + STEP, 3, no_progress, None)
    return fit_network(part, sample, SEED)


def _read_features(book: Mapping[str, NDArray[float64]]) -> NDArray[float64]:
    """Compute imbalance and flow of the best level, now and as means of the last 6 and 30 rows, shape (n, 6)."""
    bid, ask = book["bid_qty_1"], book["ask_qty_1"]
    columns = []
    for values in ((bid - ask) / (bid + ask), book["ofi_1"]):
        sums = np.concatenate(([0.0], np.cumsum(values)))
        columns += [values, *(np.concatenate((np.zeros(n - 1), (sums[n:] - sums[:-n]) / n)) for n in (6, 30))]
    return np.column_stack(columns)


def _models() -> dict[str, LogisticRegression | HistGradientBoostingClassifier]:
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)),
        "boosted": HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=7, learning_rate=0.05, min_samples_leaf=200),
    }


def _print_table(y: NDArray[int8], chances: Mapping[str, Chances]) -> None:
    losses = {name: log_loss(y, p, labels=[0, 1, 2]) for name, p in chances.items()}
    way = losses["majority"] - losses["best possible"]
    print(f"{'learner':15} {'macro F1':>9} {'log-loss':>9} {'AUC of up':>10} {'of the way':>11}   {len(y):,} decisions")
    for name, p in chances.items():
        area = auc((y == 2).astype(int8), p[:, 2])
        share = f"{(losses['majority'] - losses[name]) / way:.2f}" if way > 1e-9 else "-"
        f1 = f1_score(y, p.argmax(axis=1), average="macro", zero_division=0)
        print(f"{name:15} {f1:9.3f} {losses[name]:9.4f} {area.value if area else float('nan'):10.3f} {share:>11}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--edge", type=float, default=0.25, help="0 for the null mode; default 0.25")
    parser.add_argument("--windows", type=int, default=20_000, help="decisions; default 20000")
    parser.add_argument("--epochs", type=int, default=8, help="of the networks; default 8")
    return parser.parse_args()


if __name__ == "__main__":
    main()
