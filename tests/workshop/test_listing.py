"""What `describe_market` tells of a dataset is what its rows are and its checks hold."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import PipelineError
from factory.core.times import DAY, MINUTE, iso, moment, to_duration
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, csv, rows

GAP = slice(3 * DAY // MINUTE, 3 * DAY // MINUTE + 90)
LONE = 5 * DAY // MINUTE


def built(folder: Path, text: str, keep: np.ndarray) -> Workshop:
    csv(folder / "btc.csv", rows(), keep)
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(text), folder)
    return Workshop(workspace, "tester")


def holes() -> np.ndarray:
    """One gap of ninety minutes and one of a minute."""
    keep = np.ones(DAYS * DAY // MINUTE, bool)
    keep[GAP] = False
    keep[LONE] = False
    return keep


def test_gaps_warm_up_and_stamps_stand_in_the_market(tmp_path: Path) -> None:
    later = SPEC.replace("train: [2024-01-01,", "train: [2024-01-03,").replace("period: 1m,", "period: 1m, delay: 5s,")
    workshop = built(tmp_path, later, holes())
    told, first = workshop.describe(), workshop.catalog.meta("small")["series"]["btc"]["first"]
    assert moment("2024-01-02") < first < moment("2024-01-03")
    assert told["rows"] == "stamped at open, known at close; windows over gaps are missing"
    before = to_duration(moment("2024-01-03") - first)
    assert told["series"]["btc"] == (
        f"1m bars, {iso(first)} on, {before} before train to warm up, known 5s late, "
        "91 rows missing in 2 gaps, the longest 90: open high low close volume"
    )


def test_a_market_without_any_says_so(tmp_path: Path) -> None:
    told = built(tmp_path, SPEC, np.ones(DAYS * DAY // MINUTE, bool)).describe()
    assert told["rows"] == "stamped at open, known at close; no warm-up before train; no gaps"
    assert told["series"]["btc"] == "1m bars: open high low close volume"


def test_columns_that_repeat_are_said_once(workshop: Workshop) -> None:
    series, meta = workshop.describe()["series"], workshop.catalog.meta("small-sim")["series"]
    for name, line in series.items():
        told = line.partition(": ")[2]
        owner = told.removeprefix("as ")
        columns = series[owner].partition(": ")[2] if owner in series else told
        assert columns.split() == meta[name]["columns"]


def changed(workshop: Workshop, pipeline: str, changes: dict[str, Any]) -> str:
    """What the dataset says of a change; empty where it takes it."""
    try:
        workshop.define(parent=pipeline, changes=changes)
    except PipelineError as error:
        return str(error)
    return ""


def test_every_limit_that_is_listed_is_taken_and_what_is_beyond_it_refused(workshop: Workshop, perpetual: str) -> None:
    limits = workshop.describe()["limits"]
    [horizon] = re.findall(r"^to (\d+[dhm]);", limits["horizon"])
    [every, window] = re.findall(r"^every (\w+) or more, window 10 horizons to (\d+) days$", limits["refit"])[0]
    [leverage] = re.findall(r"leverage to (\d+)$", limits["sizes"])
    edges: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"label.horizon": horizon, "refit": None}, {"label.horizon": "1441m", "refit": None}, "label.horizon"),
        (
            {"refit": {"every": every, "window": "30d"}, "label.horizon": "30m"},
            {"refit": {"every": "59m", "window": "30d"}, "label.horizon": "30m"},
            "refit.every",
        ),
        ({"refit.window": f"{window}d"}, {"refit.window": f"{int(window) + 1}d"}, "refit.window"),
        ({"refit": {"every": "4h", "window": "40h"}}, {"refit": {"every": "4h", "window": "39h"}}, "refit.window"),
        ({"trade.size.leverage": leverage}, {"trade.size.leverage": float(leverage) + 0.1}, "trade.size.leverage"),
    ]
    for at, beyond, path in edges:
        assert changed(workshop, perpetual, at) == ""
        assert changed(workshop, perpetual, beyond).startswith(f"{path}: ")


@pytest.mark.parametrize("size", ["{use: fixed, share: 0.01}", "{use: kelly, fraction: 0.2, cap: 0.01}"])
def test_the_sizes_that_are_listed_for_both_trades_fit_both(workshop: Workshop, binary: str, perpetual: str, size: str) -> None:
    from factory.core.plainyaml import read

    for pipeline in (binary, perpetual):
        assert changed(workshop, pipeline, {"trade.size": read(size)}) == ""
    volatile = {"use": "volatility", "yearly": 0.1, "leverage": 1}
    assert changed(workshop, perpetual, {"trade.size": volatile}) == ""
    assert changed(workshop, binary, {"trade.size": volatile}).startswith("trade.size.use: ")
    assert workshop.describe()["limits"]["sizes"].startswith("fixed, kelly; long_or_short also volatility")


def test_a_dataset_of_binaries_lists_no_leverage(tmp_path: Path) -> None:
    told = built(tmp_path, SPEC, np.ones(DAYS * DAY // MINUTE, bool)).describe()
    assert told["limits"]["sizes"] == "fixed, kelly"
