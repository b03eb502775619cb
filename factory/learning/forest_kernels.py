"""Trees as flat arrays, and the one loop that descends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy import float64, int32, int64
from numpy.typing import NDArray

LEAF_GRID = 2.0**-42
"""Leaf shares are multiples of it: sums over up to 2,048 trees are then exact
in float64 and do not depend on their order, at an error below 2e-13."""


@dataclass(frozen=True, slots=True)
class FlatForest:
    """Binary trees laid end to end.

    Parameters
    ----------
    roots : ndarray of int64, shape (trees,)
        Node of each tree's root.
    feature : ndarray of int32, shape (nodes,)
        Column that a node tests; -1 at a leaf.
    threshold : ndarray of float32 or float64, shape (nodes,)
        ``x <= threshold`` goes left; `x` is compared in this precision.
    left, right : ndarray of int32, shape (nodes,)
        Children.
    value : ndarray of float64, shape (nodes,)
        What a leaf adds.
    """

    roots: NDArray[int64]
    feature: NDArray[int32]
    threshold: NDArray[Any]
    left: NDArray[int32]
    right: NDArray[int32]
    value: NDArray[float64]

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.roots)

    def total(self, X: NDArray[float64]) -> NDArray[float64]:
        """Add up the leaves that each row falls into.

        Parameters
        ----------
        X : ndarray of float64, shape (n, d)
            No missing values.

        Returns
        -------
        ndarray of float64, shape (n,)
            A row's value does not depend on the rows beside it.
        """
        rows = np.ascontiguousarray(X, self.threshold.dtype)
        sums: NDArray[float64] = leaf_sums(rows, self.roots, self.feature, self.threshold, self.left, self.right, self.value)
        return sums

    def mean(self, X: NDArray[float64]) -> NDArray[float64]:
        """Average the leaves that each row falls into, shape (n,)."""
        return self.total(X) / self.trees

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the forest as plain arrays."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "FlatForest":
        """Restore a forest from :meth:`arrays`; keys of others are passed over."""
        return cls(*(np.asarray(arrays[name]) for name in cls.__slots__))

    @classmethod
    def of_classifiers(cls, estimators: list[Any]) -> "FlatForest":
        """Flatten scikit-learn classification trees; leaves hold the share of class 1.

        Thresholds are rounded down to float32, the precision of scikit-learn's
        rows, and so decide exactly alike.
        """
        trees = [estimator.tree_ for estimator in estimators]
        exact = np.concatenate([tree.threshold for tree in trees])
        rounded = exact.astype(np.float32)
        down = np.where(rounded > exact, np.nextafter(rounded, np.float32(-np.inf)), rounded)
        shares = np.concatenate([tree.value[:, 0, 1] for tree in trees])
        return cls._join(
            [tree.feature for tree in trees],
            [tree.children_left for tree in trees],
            [tree.children_right for tree in trees],
            down,
            np.round(shares / LEAF_GRID) * LEAF_GRID,
        )

    @classmethod
    def of_boosting(cls, model: Any) -> "FlatForest":
        """Flatten scikit-learn histogram gradient boosting; leaves hold its steps in log odds."""
        nodes = [stage[0].nodes for stage in model._predictors]
        return cls._join(
            [np.where(tree["is_leaf"], -1, tree["feature_idx"]) for tree in nodes],
            [tree["left"] for tree in nodes],
            [tree["right"] for tree in nodes],
            np.concatenate([tree["num_threshold"] for tree in nodes]),
            np.concatenate([tree["value"] for tree in nodes]),
        )

    @classmethod
    def _join(
        cls,
        features: list[NDArray[Any]],
        lefts: list[NDArray[Any]],
        rights: list[NDArray[Any]],
        threshold: NDArray[Any],
        value: NDArray[float64],
    ) -> "FlatForest":
        roots = np.cumsum([0, *(len(tree) for tree in features[:-1])], dtype=np.int64)
        feature = np.concatenate(features).astype(np.int32)
        left = np.concatenate([tree + root for tree, root in zip(lefts, roots, strict=True)]).astype(np.int32)
        right = np.concatenate([tree + root for tree, root in zip(rights, roots, strict=True)]).astype(np.int32)
        return cls(roots, np.maximum(feature, -1), threshold, left, right, value)


@njit(cache=True, nogil=True)
def leaf_sums(
    X: NDArray[Any],
    roots: NDArray[int64],
    feature: NDArray[int32],
    threshold: NDArray[Any],
    left: NDArray[int32],
    right: NDArray[int32],
    value: NDArray[float64],
) -> NDArray[float64]:
    """Add up the leaf values of each row over all trees, tree by tree; shapes as in :class:`FlatForest`."""
    out = np.zeros(len(X))
    for root in roots:
        for i in range(len(X)):
            node = root
            while feature[node] >= 0:
                node = left[node] if X[i, feature[node]] <= threshold[node] else right[node]
            out[i] += value[node]
    return out
