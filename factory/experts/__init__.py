"""Base learners and their cross-fitting."""

from factory.experts.base import Fitted
from factory.experts.crossfit import cross_fit, fit_expert, load_fitted

__all__ = ["Fitted", "cross_fit", "fit_expert", "load_fitted"]
