"""Datasets, contracts, splits, quality checks and the simulator."""
