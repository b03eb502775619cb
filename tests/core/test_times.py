"""Units of time are spelled in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.core.times import DAY, DAYS_A_YEAR
from tests.conftest import ROOT

UNITS = {"days": 1, "hours": 24, "minutes": 1440, "seconds": 86_400, "ms": DAY}
FILES = [path for folder in ("factory", "server") for path in sorted((ROOT / folder).rglob("*.py"))]


def find_years(path: Path) -> Iterator[str]:
    """Find numbers that are as long as a year in some unit, or the trading days of one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            days = [node.value / each for each in UNITS.values()]
            if any(365 <= one <= 366 for one in days) or node.value == 252:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"


def test_a_year_has_one_length() -> None:
    assert len(FILES) > 300, "the search for them is broken"
    found = [line for path in FILES for line in find_years(path)]
    assert [line for line in found if not line.startswith("factory/core/times.py:")] == []
    assert len(found) == 1
    assert DAYS_A_YEAR == 365, "markets that never close"


@pytest.mark.parametrize("text", ["365.25", "x * 365", "525_600", "31_536_000", "365 * 24", "8760.0", "252"])
def test_a_year_is_found_however_it_is_spelled(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.core.test_times.ROOT", tmp_path)
    (tmp_path / "some.py").write_text(f"value = {text}\n")
    assert len(list(find_years(tmp_path / "some.py"))) == 1
