"""Under which key a column is cached; known without computing anything."""

from factory.core.canonical import digest

KERNELS = 4
"""Raised whenever an operator's values change, so that no stale column is read."""


def column_key(text: str, fingerprint: str) -> str:
    """Compute the key of a column.

    Parameters
    ----------
    text : str
        Canonical spelling of the expression.
    fingerprint : str
        That of the partition.

    Returns
    -------
    str
        64 hex digits.
    """
    return digest(["column", KERNELS, text, fingerprint])
