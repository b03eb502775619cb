"""Learners on a real order book: SGX FTSE A50 futures, three levels, two sessions of January 2014.

    python -m benchmarks.sgx_book [--data FOLDER] [--epochs 8] [--walks 20]

The folder holds ``lob/sgx_a50_*_depth3.parquet``; it is not part of the project. The 9th is learned from, of the 29th the half
before 04:30 UTC chooses among the candidates of each learner, and the rest is judged, once. Auctions are left out: before 01:00
and from 07:55 UTC. Two sessions twenty days apart are no dataset of dense rows, whose gap between parts is a day, so they are
read as series by themselves; rows, features, windows, labels and experts are the project's.

A decision follows each row of 200 ms with an update. The mid moves once in 18 to 27 updates, three times as often by the clock
on the 9th as on the 29th: so the label counts updates, the next 30, if they come within 90 s (of the quiet afternoon a sixth of
the decisions has none). A third would be flat, but on train more than half does not move at all in that time: flat is what does
not move. The interval of the AUC of up against down is by blocks of two horizons, of which there are enough for one.

Each definition of the label is also put to random walks: the same sessions with a fair coin for the direction of each move of
the mid. Whatever is scored there the label gave away, and nothing of it can be earned.
"""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.real_files import add_data_option, is_there
from benchmarks.sgx.learners import CHEAP, STEPS, Candidates, Chances, Score, fit, fit_chosen, networks, score
from benchmarks.sgx.sessions import HORIZON, TEST, TRAIN, Stretch, cut_stretches, label_of, label_stretches, read_session, walk
from factory.core.times import to_ms
from factory.learning.labels import Labels
from factory.learning.networks.architecture import missing_extra
from factory.market.series import Series
from factory.pipeline.parts.labels import MidMove
from factory.statistics.blocks import count_blocks

UPDATES, OTHERS, SEEDS = 30, (10, 50), (1, 2, 3)
BLOCK = 2 * to_ms(HORIZON)
PUBLISHED = """\
FI-2010 for scale, another market: an audited reproduction of DeepLOB (decimal-precision normalised, seven days of training,
three of test, Adam 1e-4, batch 128, up to 200 epochs):
  horizon   weighted F1 (paper)   macro F1   majority, weighted F1
  10            0.808 (0.834)       0.70             0.586
  20            0.718 (0.728)       0.63             0.476
  50            0.751 (0.804)       0.73             0.304
On a random walk the label against the past alone gives logistic regression 57.4 % of three classes.
Source: ORDERBOOK.md beside the data."""


def main() -> None:
    asked = _arguments()
    if not is_there("sgx_book", asked.data / "lob"):
        return
    books = [read_session(asked.data / "lob", day) for day in (TRAIN, TEST)]
    missing = missing_extra()
    stretches = cut_stretches(*books, () if missing else STEPS)
    for name, one in stretches.items():
        updates, moves = one.count_events()
        print(f"{name:10} {len(one.time):6,} decisions, {updates:6,} updates, the mid moves in {moves:,} rows")
    compare(label_of(UPDATES), stretches, CHEAP | ({} if missing else networks(asked.epochs)))
    if missing:
        print(f"no networks: {missing}")
    for updates in OTHERS:
        compare(label_of(updates), stretches, CHEAP)
    compare_with_walks(books, stretches, asked.walks)
    print(f"\n{PUBLISHED}")


def compare(part: MidMove, stretches: Mapping[str, Stretch], candidates: Candidates) -> None:
    """Print a table of learners at one label."""
    labels = label_stretches(part, stretches)
    print_label(part, labels)
    shares = _class_shares(labels["train"])
    print_row("majority", {name: np.tile(shares, (len(one.time), 1)) for name, one in stretches.items()}, labels, 0.0)
    for name, parts in candidates.items():
        for title, predicted, seconds in fit_chosen(name, parts, stretches, labels, SEEDS):
            print_row(title, predicted, labels, seconds)


def print_label(part: MidMove, labels: Mapping[str, Labels]) -> None:
    """Print what is asked, of how many decisions, and the head of a table."""
    own = labels["test"].take(labels["test"].known)
    down, flat, up = _class_shares(own)
    print(
        f"\nThe next {part.events} updates against {part.against}: {len(own):,} of {len(labels['test']):,} test decisions have a "
        f"label, of {np.median(own.end - own.start) / 1_000:.0f} s in the middle; flat {flat:.2f} "
        f"(train {_class_shares(labels['train'])[1]:.2f}), up {up:.2f}, down {down:.2f}; "
        f"{count_blocks(own.start[~own.flat], BLOCK)} blocks with a move"
    )
    head = f"{'accuracy':>9} {'macro F1':>9} {'log-loss':>9} {'AUC':>6}  {'95 % by blocks':14}"
    print(f"{'learner':10} {head} {'on validation: log-loss':>25} {'AUC':>6} {'fit, s':>7}")


def print_row(title: str, predicted: Mapping[str, Chances], labels: Mapping[str, Labels], seconds: float) -> None:
    """Print one learner's scores."""
    earlier, test = (score(predicted[name], labels[name], BLOCK) for name in ("validation", "test"))
    interval = f"{test.interval[0]:.3f} .. {test.interval[1]:.3f}" if test.interval else "-"
    cells = f"{test.accuracy:9.3f} {test.f1:9.3f} {test.loss:9.4f} {test.auc:6.3f}  {interval:14}"
    print(f"{title:10} {cells} {earlier.loss:25.4f} {earlier.auc:6.3f} {seconds:7.1f}", flush=True)


def compare_with_walks(books: Sequence[Series], stretches: Mapping[str, Stretch], walks: int) -> None:
    """Print what logistic regression scores on the book and on random walks, by what the label compares with."""
    print(f"\nLogistic regression on the book, and on {walks} random walks (mean, deviation); the next {UPDATES} updates:")
    print(f"{'against':18} {'accuracy':>15} {'of majority':>12} {'macro F1':>15} {'AUC':>15} {'flat':>6}")
    parts = [label_of(UPDATES, against) for against in ("now", "past")]
    drawn: list[list[tuple[Score, Labels]]] = [[] for _ in parts]
    for seed in range(walks):
        walked = cut_stretches(*(walk(book, 2 * seed + day) for day, book in enumerate(books)), ())
        for scores, part in zip(drawn, parts, strict=True):
            scores.append(score_logistic(part, walked))
    for scores, part in zip(drawn, parts, strict=True):
        print_mean(f"{part.against}, book", [score_logistic(part, stretches)])
        print_mean(f"{part.against}, random walk", scores)


def score_logistic(part: MidMove, stretches: Mapping[str, Stretch]) -> tuple[Score, Labels]:
    """Score the first candidate of logistic regression on test."""
    labels = label_stretches(part, stretches)
    fitted = fit(CHEAP["logistic"][0], stretches["train"], labels["train"], SEEDS[0])
    return score(fitted.predict(stretches["test"].X), labels["test"], 0), labels["test"]


def print_mean(title: str, scores: Sequence[tuple[Score, Labels]]) -> None:
    """Print the mean of some scores, and the deviation of several."""
    accuracy, f1, area = (_spell_mean([getattr(one, name) for one, _ in scores]) for name in ("accuracy", "f1", "auc"))
    shares = np.array([_class_shares(labels) for _, labels in scores])
    print(f"{title:18} {accuracy} {shares.max(axis=1).mean():12.3f} {f1} {area} {shares[:, 1].mean():6.2f}")


def _spell_mean(values: Sequence[float]) -> str:
    deviation = f"({np.std(values, ddof=1):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):7.3f} {deviation:7}"


def _class_shares(labels: Labels) -> np.ndarray:
    counts = np.bincount(labels.classes[labels.known], minlength=3)
    return counts / counts.sum()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--epochs", type=int, default=8, help="of DeepLOB; default 8")
    parser.add_argument("--walks", type=int, default=20, help="random walks; default 20")
    return parser.parse_args()


if __name__ == "__main__":
    main()
