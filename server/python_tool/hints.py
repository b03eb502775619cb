"""What to pass or to write instead, where an agent's own code failed for want of it."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from factory.market.series_kinds import series_kind

FRAMES = {
    "validation": "validation is there with data='validation', which is written down as a trial",
    "predictions": "predictions is there with pipeline='...', an id or name",
    "trades": "trades is there with pipeline='...', a trial's, and data='validation', which is written down as a trial",
}
"""Frames that must be asked for, and how."""
NAME = re.compile(r"NameError: name '(\w+)' is not defined")
KEY = re.compile(r"KeyError: .*?'([^']+)'|'DataFrame' object has no attribute '(\w+)'")
NEAR = 0.75
"""How alike a key must be to a column to be taken for it."""


def find_hint(error: str, frames: Collection[str], series: Mapping[str, Mapping[str, Any]], own: Collection[str]) -> str | None:
    """Suggest what is to be passed or written for a piece of code to work, if its error tells.

    Parameters
    ----------
    error : str
        One line.
    frames : collection of str
        Names of those that the code had.
    series : mapping of str to mapping
        Of the dataset's meta.
    own : collection of str
        Features of the pipeline that was named which were not asked for as columns.
    """
    name, key = NAME.search(error), KEY.search(error)
    if name and name[1] in FRAMES and name[1] not in frames:
        return FRAMES[name[1]]
    asked = name[1] if name else (key[1] or key[2]) if key else None
    if asked is None:
        return None
    return f"features=['{asked}'] makes it a column" if asked in own else _column(asked, series, bare=bool(name))


def first_bars(series: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the series whose columns stand in the frames without its name."""
    return next(name for name, one in series.items() if series_kind(one["kind"]).is_traded)


def _column(asked: str, series: Mapping[str, Mapping[str, Any]], bare: bool) -> str | None:
    """Say how a column of the frames is named that was asked for by another name, or without its frame."""
    first = first_bars(series)
    others = [f"{name}_{column}" for name, one in series.items() if name != first for column in one["columns"]]
    columns, word = [*series[first]["columns"], *others], asked.lower().replace(".", "_").removeprefix(f"{first}_")
    near = [first] if word == first else get_close_matches(word, columns, n=1, cutoff=NEAR)
    if not near or (near[0] == asked and not bare and asked != first):
        return None
    meant = f"train['{near[0] if near[0] != first else columns[0]}']"
    rest = f", of other series as series_column, such as {others[0]}" if others else ""
    return f"write {meant}: columns of {first} are named as they are{rest}"
