"""A person who builds is told what is final, which series cover only some of a part, and how to begin elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import SealError
from factory.core.times import DAY
from factory.market.build import build
from factory.storage.workspace import Workspace
from tests.market.bars import SPEC, START, csv, rows, spec
from tests.server.terminal import run_all

ETH = (
    "contracts:",
    "  eth: {kind: bars, underlying: ETHUSDT, period: 1m, source: {use: files, files: eth.csv}}\ncontracts:",
)
OTHER = ("dataset: small", "dataset: other")


def lay(folder: Path, lacks: list[tuple[float, float]]) -> None:
    """Files of two series, the second without some days."""
    csv(folder / "btc.csv", rows())
    days = (rows()["timestamp"] - START) / DAY
    gone = np.logical_or.reduce([(days >= first) & (days < last) for first, last in lacks] or [np.zeros(len(days), bool)])
    csv(folder / "eth.csv", rows(seed=2), keep=~gone)


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ([], None),
        ([(0.1, 0.2)], None),
        ([(0, 3)], "50.0% of train"),
        ([(6.3, 7.2)], "70.0% of validation"),
        ([(9, 12)], "0.0% of sealed"),
        ([(3, 6), (8.85, 9.15), (9.85, 10)], "50.0% of train, 90.0% of sealed"),
    ],
)
def test_series_that_cover_only_some_of_a_part_are_named_with_its_share(
    tmp_path: Path, lacks: list[tuple[float, float]], told: str | None
) -> None:
    lay(tmp_path, lacks)
    warnings: list[str] = []
    build(Workspace.open(tmp_path / "workspace"), spec(ETH), tmp_path, warn=warnings.append)
    assert warnings == ([] if told is None else warnings[:1])
    assert told is None or warnings[0].startswith(f"series.eth: has rows for only {told}; ")


def test_law_3_shares_of_the_sealed_part_are_told_at_the_build_and_kept_nowhere_open(tmp_path: Path) -> None:
    lay(tmp_path, [(9, 10)])
    workspace = Workspace.open(tmp_path / "workspace")
    warnings: list[str] = []
    build(workspace, spec(ETH), tmp_path, warn=warnings.append)
    assert "66.7% of sealed" in warnings[0]
    for path in (workspace.datasets / "small").rglob("*.json"):
        assert "66.7" not in path.read_text(encoding="utf-8")
        assert "0.666" not in path.read_text(encoding="utf-8")


def test_the_first_build_says_that_the_split_is_final_and_the_next_does_not(tmp_path: Path) -> None:
    lay(tmp_path, [(0, 3)])
    (tmp_path / "small.yaml").write_text(SPEC.replace(*ETH), encoding="utf-8")
    asked = [("dataset", "build", "small.yaml"), ("dataset", "build", "small.yaml"), ("help", "dataset", "build")]
    first, again, told = run_all(tmp_path / "workspace", asked, tmp_path)
    assert "built small; its split is final from now on" in first.out
    assert "series.eth: has rows for only 50.0% of train" in first.out
    assert "final" not in again.out
    assert "built small\n" in again.out
    assert "The split is final from the first build on" in " ".join(told.out.split())


@pytest.mark.parametrize(
    "changed",
    [
        [("2024-01-01, ", "2024-01-02, ")],
        [("confirmed: true", "confirmed: true\nlooks: 6")],
        [OTHER, ("2024-01-10]", "2024-01-11]"), ("sealed: [2024-01-10", "sealed: [2024-01-11")],
        [OTHER, ("2024-01-07]", "2024-01-05]"), ("[2024-01-07, 2024-01-10]", "[2024-01-05, 2024-01-08]"),
         ("sealed: [2024-01-10", "sealed: [2024-01-08")],
    ],
)  # fmt: skip
def test_what_was_fixed_names_the_way_out_for_who_has_not_begun(tmp_path: Path, changed: list[tuple[str, str]]) -> None:
    lay(tmp_path, [])
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, spec(), tmp_path)
    with pytest.raises(SealError, match=r"where no search has begun yet build it in another workspace \(--workspace\)"):
        build(workspace, spec(*changed), tmp_path)
    build(Workspace.open(tmp_path / "another"), spec(*changed), tmp_path)
