"""The one logistic regression of the factory, fitted until its chances stand still."""

from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int8
from numpy.typing import NDArray

from factory.core.threads import one_thread
from factory.learning.experts.logit_kernels import logistic_chances

STILL = 1e-8
"""A fit has converged when one more Newton step moves no chance by more. scikit-learn's default stops 0.004 away."""
MOST_STEPS, MOST_HALVINGS = 200, 40
ROUNDING = 1e-12
"""Share by which a loss may rise from one step to the next."""

Vector = NDArray[float64]


class Line(NamedTuple):
    """Log odds that are linear in some columns.

    Parameters
    ----------
    slope : ndarray of float64, shape (d,)
    bias : ndarray of float64, shape (1,)
    converged : ndarray of bool, shape (1,)
        Whether the chances stand still.
    """

    slope: Vector
    bias: Vector
    converged: NDArray[bool_]


def fit_line(Z: NDArray[float64], y: NDArray[int8], weight: Vector, strength: float = np.inf) -> Line:
    """Maximise the weighted likelihood less an L2 penalty on the slopes, by Newton steps that are halved while they overshoot.

    scikit-learn has the same solver, and changes the warnings of the whole process while it runs: fits in threads would
    come to depend on each other.

    Parameters
    ----------
    Z : ndarray of float64, shape (n, d)
        Columns of about unit scale, no missing values.
    y : ndarray of int8, shape (n,)
        1 up, 0 down; both occur.
    weight : ndarray of float64, shape (n,)
        Positive.
    strength : float
        Inverse of the penalty; by default there is none.
    """
    A = np.column_stack([np.ones(len(y)), Z])
    penalty = np.append(0.0, np.full(A.shape[1] - 1, 1 / strength))
    share = np.average(y, weights=weight)
    line, converged = np.append(np.log(share / (1 - share)), np.zeros(A.shape[1] - 1)), False
    with one_thread():
        for _ in range(MOST_STEPS):
            step, move = _newton_step(A, y, weight, penalty, line)
            converged = move <= STILL
            if converged:
                break
            line = _descend(A, y, weight, penalty, line, step)
    return Line(line[1:], line[:1], np.array([converged]))


def _newton_step(A: NDArray[float64], y: NDArray[int8], weight: Vector, penalty: Vector, line: Vector) -> tuple[Vector, float]:
    """Compute the next step, and the greatest change of a chance that it makes.

    The shortest step where several would do.
    """
    p = logistic_chances(A @ line)
    gradient = A.T @ (weight * (y - p)) - penalty * line
    curvature = A.T @ (A * (weight * p * (1 - p))[:, None]) + np.diag(penalty)
    step = np.linalg.lstsq(curvature, gradient)[0]
    return step, float(np.max(np.abs(A @ step) * p * (1 - p)))


def _descend(A: NDArray[float64], y: NDArray[int8], weight: Vector, penalty: Vector, line: Vector, step: Vector) -> Vector:
    """Take a Newton step, or the greatest half, quarter and so on of it that does not raise the loss."""

    def loss(at: Vector) -> float:
        odds = A @ at
        return float(weight @ (np.logaddexp(0.0, odds) - y * odds) + 0.5 * penalty @ at**2)

    most = loss(line) * (1 + ROUNDING)
    for _ in range(MOST_HALVINGS):
        if loss(line + step) <= most:
            break
        step = step / 2
    return line + step
