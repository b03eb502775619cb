"""Pure functions of statistics: shapes, units and sources in every docstring."""
