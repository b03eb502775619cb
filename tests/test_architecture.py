"""The page of the architecture names rooms, files and functions that are there, in the order in which they import."""

import ast
import re

import pytest

from tests.conftest import ROOT
from tests.test_layers import LAYERS, RANK

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", PAGE)))


@pytest.mark.parametrize(("function", "file"), NAMED, ids=lambda one: str(one))
def test_every_function_that_a_walk_passes_is_where_it_says(function: str, file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert function in defined


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`((?:factory|server|sandbox|tests)/[\w/]*(?:\.py)?)`", PAGE))))
def test_every_file_and_folder_of_the_page_is_there(place: str) -> None:
    assert (ROOT / place).exists()


def test_the_picture_has_every_room_and_its_arrows_go_down() -> None:
    boxes = dict(re.findall(r'(\w+)\["([^"]+)"\]', PAGE))
    told = " ".join(boxes.values())
    assert [room for room in LAYERS if not re.search(rf"\b{room}\b", told)] == []
    arrows = re.findall(r"^ +(\w+)(?:\[[^\]]+\])? --> (\w+)", PAGE, re.MULTILINE)
    assert len(arrows) >= len(LAYERS) - 2
    assert all(RANK[upper] > RANK[lower] for upper, lower in arrows if {upper, lower} <= RANK.keys())
