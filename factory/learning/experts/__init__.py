"""Base learners and their cross-fitting."""

from factory.learning.experts.base import Fitted
from factory.learning.experts.crossfit import cross_fit, fit_expert, fit_network, load_fitted

__all__ = ["Fitted", "cross_fit", "fit_expert", "fit_network", "load_fitted"]
