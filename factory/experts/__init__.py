"""Base learners and their cross-fitting."""
