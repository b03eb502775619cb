"""What `rfcat data check` tells of files: a verdict in words, their span, and the period that most rows keep."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.times import iso, moment, to_ms
from factory.market.grid import detect_period
from tests.server.terminal import Told, run_all

START = moment("2024-01-01")


def write(file: Path, times: Sequence[int], seed: int = 1) -> None:
    prices = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 1e-4, len(times))))
    rows = [
        f"{at},{p:.4f},{p + 1:.4f},{p - 1:.4f},{p:.4f},{i % 7 + 1}" for i, (at, p) in enumerate(zip(times, prices, strict=True))
    ]
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows, ""]), encoding="utf-8")


def checked(folder: Path, *words: str) -> Told:
    return run_all(folder / "none", [("data", "check", *words)], folder, {"COLUMNS": "300"})[0]


def value(told: Told, name: str) -> str:
    return next(line for line in told.out.splitlines() if line.split()[:1] == [name]).split(maxsplit=1)[1]


@pytest.mark.parametrize("period", ["1m", "5m", "1h", "4h", "1d"])
def test_a_clean_file_is_called_ok_with_its_span_and_the_period_it_keeps(tmp_path: Path, period: str) -> None:
    times = [START + i * to_ms(period) for i in range(40)]
    write(tmp_path / "bars.csv", times)
    told = checked(tmp_path, "bars.csv")
    assert value(told, "says").startswith("ok: ")
    assert (value(told, "rows"), value(told, "first"), value(told, "last")) == ("40", iso(times[0]), iso(times[-1]))
    assert value(told, "period").startswith(f"{period}, kept by 100.0% of the steps from row to row; --period {period} says so")
    assert (
        value(checked(tmp_path, "bars.csv", "--period", period), "period")
        == f"{period}, kept by 100.0% of the steps from row to row"
    )


def test_what_is_found_is_named_in_the_verdict(tmp_path: Path) -> None:
    write(tmp_path / "bars.csv", [START + i * 3_600_000 for i in range(300) if i not in (7, 8)])
    told = checked(tmp_path, "bars.csv")
    assert value(told, "says") == "usable; noted: gaps"
    assert value(told, "period").startswith("1h, kept by 99.7% of the steps")


@pytest.mark.parametrize(("kept", "given"), [("1h", "1m"), ("1m", "1h"), ("1h", "4h")])
def test_a_wrong_period_is_answered_by_the_one_that_the_rows_keep(tmp_path: Path, kept: str, given: str) -> None:
    write(tmp_path / "bars.csv", [START + i * to_ms(kept) for i in range(400)])
    told = checked(tmp_path, "bars.csv", "--period", given)
    assert f"100.0% of the steps from row to row are {kept}; give --period {kept}" in told.all


@pytest.mark.parametrize("shared", [1.0, 0.8])
def test_files_of_several_assets_are_asked_after(tmp_path: Path, shared: float) -> None:
    count = 400
    write(tmp_path / "btc.csv", [START + i * 60_000 for i in range(count)])
    write(tmp_path / "eth.csv", [START + (i + int((1 - shared) * count)) * 60_000 for i in range(count)], seed=2)
    told = checked(tmp_path, "btc.csv", "eth.csv")
    assert told.status == 1
    assert "its 2 files tell the same stamps otherwise: are these one series? check them one by one" in told.err
    assert checked(tmp_path, "btc.csv").status == 0


def test_a_file_that_contradicts_itself_is_not_taken_for_two_series(tmp_path: Path) -> None:
    write(tmp_path / "bars.csv", sorted(START + i * 60_000 for i in [*range(400), *range(400)]))
    told = checked(tmp_path, "bars.csv")
    assert "conflicting duplicate" in told.err
    assert "one series?" not in told.err


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        ([], None),
        ([5], None),
        ([5, 5], None),
        ([0, 60_000, 120_000, 3_720_000], (60_000, 2 / 3)),
        ([0, 3_600_412], (3_600_000, 1.0)),
    ],
)
def test_the_period_is_the_commonest_step_to_the_second(times: list[int], kept: Any) -> None:
    assert detect_period(np.array(times, np.int64)) == kept
