"""Contracts at work: fills, costs, sizes, the kernel and the figures."""
