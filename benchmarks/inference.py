"""One row and many through the forest: flat arrays against scikit-learn, in one run."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from factory.learning.forest_kernels import FlatForest
from factory.learning.meta_forest import Meta

FEATURES, ROWS, TREES = 12, 20_000, 300


def timed(work: Callable[[], object], runs: int) -> float:
    """Measure the median wall seconds."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, FEATURES))
    y = (X[:, 0] * 0.3 + rng.normal(size=ROWS) > 0).astype(np.int8)
    forest = RandomForestClassifier(TREES, min_samples_leaf=50, max_samples=ROWS // 2, random_state=0, n_jobs=1).fit(X, y)
    meta = Meta(FlatForest.of_classifiers(forest.estimators_), "isotonic", np.array([[0.0, 1.0], [0.1, 0.9]]), {})
    one = X[:1]
    meta.predict(one)
    difference = np.abs(meta.forest.mean(X) - forest.predict_proba(X)[:, 1]).max()
    print(f"{TREES} trees, {len(meta.forest.feature)} nodes, one thread; largest difference {difference:.1e}")
    print(f"{'':14s}{'one row':>12s}{f'{ROWS} rows':>14s}")
    peer = timed(lambda: forest.predict_proba(one), 30), timed(lambda: forest.predict_proba(X), 3)
    ours = timed(lambda: meta.predict(one), 1000), timed(lambda: meta.predict(X), 5)
    for name, (row, batch) in (("scikit-learn", peer), ("flat arrays", ours)):
        print(f"{name:14s}{row * 1e6:9.1f} us{batch * 1e3:11.1f} ms")
    print(f"{'ratio':14s}{peer[0] / ours[0]:10.0f} x{peer[1] / ours[1]:12.1f} x")


if __name__ == "__main__":
    main()
