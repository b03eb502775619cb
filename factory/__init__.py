"""A factory for machine-learned trading strategies.

The package knows nothing of MCP, HTTP or HTML: :mod:`server` opens those
doors. Importing it is cheap; numba, scipy, scikit-learn and pandas are
imported where they work.
"""

__version__ = "0.1.0"
