"""Importance, probes, and what the ledger counts make of a score."""
