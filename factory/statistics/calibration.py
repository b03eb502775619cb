"""Whether predicted chances mean what they say."""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray
from scipy.special import logit

CLIP = 1e-6


def brier(y: NDArray[np.integer], p: NDArray[float64]) -> float:
    """Compute the Brier score, the mean squared distance of the chances from what came. Source: Brier 1950."""
    return float(np.mean((p - y) ** 2))


def log_loss(y: NDArray[np.integer], p: NDArray[float64]) -> float:
    """Compute the mean negative log-likelihood in nats, chances clipped at 1e-6."""
    right = np.where(y > 0, p, 1 - p)
    return float(-np.mean(np.log(np.clip(right, CLIP, 1 - CLIP))))


def multiclass_log_loss(y: NDArray[np.integer], chances: NDArray[float64]) -> float:
    """Compute the mean negative log-likelihood in nats of several classes.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        The class that came, from 0.
    chances : ndarray of float64, shape (n, k)
        Of each class, clipped at 1e-6.
    """
    return float(-np.mean(np.log(np.clip(chances[np.arange(len(y)), y], CLIP, 1 - CLIP))))


def macro_f1(y: NDArray[np.integer], chances: NDArray[float64]) -> float:
    """Compute the unweighted mean over classes of F1, the likeliest class taken; one that neither came nor was taken has 0.

    Source: van Rijsbergen (1979), averaged over classes as scikit-learn's ``f1_score(average="macro")``.

    Parameters
    ----------
    y, chances
        As of :func:`multiclass_log_loss`.
    """
    taken = chances.argmax(axis=1)
    each = []
    for label in range(chances.shape[1]):
        right = np.sum((taken == label) & (y == label))
        each.append(2 * right / max(np.sum(taken == label) + np.sum(y == label), 1))
    return float(np.mean(each))


def skill(y: NDArray[np.integer], p: NDArray[float64], base_rate: float) -> float:
    """Compute the Brier skill against always predicting `base_rate`: 1 is perfect, 0 is none."""
    return 1 - brier(y, p) / brier(y, np.full(len(y), base_rate))


def reliability(
    y: NDArray[np.integer], p: NDArray[float64], bins: int = 10, order: NDArray[int64] | None = None
) -> NDArray[float64]:
    """Compute the reliability table, predicted against observed, by equal-count bins of the prediction.

    Parameters
    ----------
    y, p : ndarray, shape (n,)
        What came, 1 up and 0 down, and the chance of up.
    bins : int
        How many.
    order : ndarray of int64, shape (n,), optional
        Positions by rising `p`, where they are known already.

    Returns
    -------
    ndarray of float64, shape (bins, 3)
        Mean chance, share of ups, count; fewer bins than asked where rows are fewer.
    """
    edges = np.linspace(0, len(p), min(bins, len(p)) + 1).astype(int)
    order = np.argsort(p) if order is None else order
    counts = np.diff(edges)
    sums = [np.add.reduceat(column[order].astype(float64), edges[:-1]) for column in (p, y)]
    return np.column_stack([sums[0] / counts, sums[1] / counts, counts])


def recalibration(y: NDArray[np.integer], p: NDArray[float64]) -> tuple[float, float] | None:
    """Fit slope and intercept of a logistic regression of what came on the logit of what was predicted.

    1 and 0 where chances are calibrated; a slope below 0.5 is overconfident, above 2 timid.

    Returns
    -------
    tuple of float, or None
        None where the chances never vary or separate the classes. Source: Cox 1958.
    """
    x = logit(np.clip(p, CLIP, 1 - CLIP))
    if len(x) < 3 or np.ptp(x) < 1e-9:
        return None
    # A sixteenth of the rows finds the neighbourhood, so that all of them are passed over twice or thrice.
    near = _newton(x[::16], y[::16], (1.0, 0.0)) if len(x) > 10_000 else None
    # From a slope of 1 the steps grow without end where chances near 0 or 1 were wrong; from 0 they do not.
    return _newton(x, y, near or (1.0, 0.0)) or _newton(x, y, (0.0, 0.0))


def _newton(x: NDArray[float64], y: NDArray[np.integer], start: tuple[float, float]) -> tuple[float, float] | None:
    slope, intercept = start
    for _ in range(25):
        with np.errstate(over="ignore"):
            chance = 1 / (1 + np.exp(-(slope * x + intercept)))
        weight, miss = chance * (1 - chance), y - chance
        weighted = weight * x
        a, b, c = float(np.sum(weighted * x)), float(weighted.sum()), float(weight.sum())
        determinant = a * c - b * b
        if not determinant > 1e-12 * a * c:
            return None
        u, v = float(np.sum(miss * x)), float(miss.sum())
        step = (c * u - b * v) / determinant, (a * v - b * u) / determinant
        slope, intercept = slope + step[0], intercept + step[1]
        if abs(step[0]) + abs(step[1]) < 1e-6:
            return slope, intercept
    return None


def expected_error(y: NDArray[np.integer], p: NDArray[float64], bins: int = 10) -> float:
    """Compute the expected calibration error.

    Mean distance of chances from shares of ups, by bins of equal width. Source: Naeini et al. 2015.
    """
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [np.sum(place == k) * abs(float(p[place == k].mean() - y[place == k].mean())) for k in np.unique(place)]
    return float(np.sum(gaps)) / len(p)
