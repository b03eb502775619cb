"""What every learner is made of, and the models that more than one of them ends in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy import bool_, float64, int8
from numpy.typing import NDArray

from factory.learning.experts.logit_kernels import log_odds, logistic_chances
from factory.learning.forest_kernels import FlatForest

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a learner is fitted on.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        No missing values.
    y : ndarray of int8, shape (n,)
        1 up, 0 down; both occur.
    ret : ndarray of float64, shape (n,)
        The label's return.
    weight : ndarray of float64, shape (n,)
        Positive, mean 1.
    """

    X: NDArray[float64]
    y: NDArray[int8]
    ret: NDArray[float64]
    weight: NDArray[float64]

    def scales(self) -> tuple[NDArray[float64], NDArray[float64]]:
        """Compute the weighted mean and deviation of each column, shape (d,).

        Of a constant one itself, and infinity: what rounding leaves of its slope is nothing in its own units.
        """
        mean = np.average(self.X, axis=0, weights=self.weight)
        scale = np.sqrt(np.average((self.X - mean) ** 2, axis=0, weights=self.weight))
        constant = np.ptp(self.X, axis=0) == 0
        return np.where(constant, self.X[0], mean), np.where(constant, np.inf, scale)


class Fitted(Protocol):
    """A fitted learner: plain arrays and a way to predict from them."""

    @property
    def has_converged(self) -> bool:
        """Whether the solver reached its solution; true of what has none to reach."""
        ...

    def predict(self, X: Any) -> NDArray[float64]:
        """Predict the chance of up, shape (n,), for X of shape (n, d) without missing values.

        A network is given n :class:`~factory.learning.windows.Windows`; of three classes it gives the
        chances of down, flat and up, shape (n, 3).
        """
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows as arrays, none of them empty."""
        ...


class Loadable(Fitted, Protocol):
    """A fitted learner that its arrays alone bring back."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a model from :meth:`arrays`."""
        ...


@dataclass(frozen=True, slots=True)
class LogitModel:
    """A chance whose log odds are linear in the features.

    Parameters
    ----------
    mean, slope : ndarray of float64, shape (d,)
        Centre and log odds per unit of each feature.
    bias : ndarray of float64, shape (1,)
        Log odds at the centre.
    converged : ndarray of bool, shape (1,)
        Of :class:`factory.learning.experts.logit.Line`.
    """

    mean: NDArray[float64]
    slope: NDArray[float64]
    bias: NDArray[float64]
    converged: NDArray[bool_]

    @property
    def has_converged(self) -> bool:
        """Whether the solver reached the greatest likelihood."""
        return bool(self.converged[0])

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict the chance of up, shape (n,)."""
        p: NDArray[float64] = logistic_chances(log_odds(np.ascontiguousarray(X), self.mean, self.slope, float(self.bias[0])))
        return p

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "LogitModel":
        """Restore a model from :meth:`arrays`."""
        return cls(*(np.array(arrays[name]) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class BoostedModel:
    """A chance whose log odds are a sum over trees, from `start` (shape (1,)) on."""

    has_converged: ClassVar[bool] = True
    forest: FlatForest
    start: NDArray[float64]

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict the chance of up, shape (n,)."""
        p: NDArray[float64] = logistic_chances(self.start[0] + self.forest.total(X))
        return p

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows."""
        return {"start": self.start, **self.forest.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "BoostedModel":
        """Restore a model from :meth:`arrays`."""
        return cls(FlatForest.from_arrays(arrays), np.array(arrays["start"]))


@dataclass(frozen=True, slots=True)
class VotingModel:
    """A chance that is the mean share of ups over the leaves of trees."""

    has_converged: ClassVar[bool] = True
    forest: FlatForest

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict the chance of up, shape (n,)."""
        return self.forest.mean(X)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows."""
        return self.forest.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "VotingModel":
        """Restore a model from :meth:`arrays`."""
        return cls(FlatForest.from_arrays(arrays))


@dataclass(frozen=True, slots=True)
class RuleModel:
    """Two chances, on either side of a threshold; each array has shape (1,).

    Parameters
    ----------
    threshold : ndarray of float64
        Compared with the only feature, strictly.
    above : ndarray of int8
        1 when the rule holds above the threshold, 0 when below it.
    held, failed : ndarray of float64
        Chance of up where the rule holds and where it does not.
    """

    has_converged: ClassVar[bool] = True
    threshold: NDArray[float64]
    above: NDArray[int8]
    held: NDArray[float64]
    failed: NDArray[float64]

    def holds(self, X: NDArray[float64]) -> NDArray[np.bool_]:
        """Find where the rule holds, shape (n,)."""
        side: NDArray[np.bool_] = X[:, 0] > self.threshold[0] if self.above[0] else X[:, 0] < self.threshold[0]
        return side

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict the chance of up, shape (n,)."""
        p: NDArray[float64] = np.where(self.holds(X), self.held[0], self.failed[0])
        return p

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "RuleModel":
        """Restore a model from :meth:`arrays`."""
        return cls(*(np.array(arrays[name]) for name in cls.__slots__))
