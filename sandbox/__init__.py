"""Runs untrusted Python in a process of its own. Imports nothing of the factory."""
