"""Law 5: the id covers what is computed, and nothing else."""

from typing import Any

import pytest

from factory.pipeline import Pipeline, parse
from tests.pipeline.examples import LONG_SHORT, UP_DOWN, long_short, up_down


@pytest.mark.parametrize(
    "change",
    [
        {"pipeline": "other"},
        {"about": "Something else."},
        {"about": None},
        {"tune": None},
        {"tune": {"trade.edge": [0.01, 0.03]}},
    ],
)
def test_law_5_renaming_mines_nothing(change: dict[str, Any]) -> None:
    child = up_down().changed(change)
    assert child != up_down()
    assert child.id == up_down().id
    assert child.digest.startswith(child.id)
    assert len(child.id) == 12


@pytest.mark.parametrize(
    "text",
    [
        UP_DOWN.replace("ret(btc.close, 1)", "ret( btc.close ,1 )"),
        UP_DOWN.replace("every: 5m", "every: 300s"),
        UP_DOWN.replace("leaf: 100, ", ""),
        UP_DOWN.replace("edge: 0.02", "edge: 2e-2"),
        UP_DOWN.replace("rsi(btc.close, 14)", "rsi(btc.close)"),
        UP_DOWN.replace("  r1: ret(btc.close, 1)\n", "").replace("sample:", "  r1: ret(btc.close, 1)\nsample:"),
    ],
)
def test_law_5_another_spelling_is_the_same_pipeline(text: str) -> None:
    assert text != UP_DOWN
    assert parse(text).id == up_down().id


@pytest.mark.parametrize(
    "change",
    [
        {"data": "btc"},
        {"features.r1": "ret(btc.close, 2)"},
        {"features.new": "ret(btc.close, 2)"},
        {"sample.every": "10m"},
        {"label": {"use": "fixed_return", "of": "btc", "horizon": "5m"}},
        {"experts.drift.strength": 2},
        {"experts.drift.see": ["r15", "r1", "vol30"]},
        {"experts.trees": None},
        {"meta.leaf": 101},
        {"meta.rows": 500},
        {"trade.edge": 0.021},
        {"trade.size.cap": 0.02},
        {"refit": {"every": "30d", "window": "180d"}},
    ],
)
def test_law_5_every_change_of_meaning_has_an_id_of_its_own(change: dict[str, Any]) -> None:
    assert up_down().changed(change).id != up_down().id


def test_ids_and_defaults_are_pinned_to_the_schema_version() -> None:
    """If this fails, a default or a spelling changed: raise SCHEMA_VERSION and pin anew."""
    assert {text: parse(text).id for text in (UP_DOWN, LONG_SHORT)} == {UP_DOWN: "cab815a761c7", LONG_SHORT: "38e0b1956033"}


def test_the_schema_version_is_part_of_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = up_down().id
    monkeypatch.setattr("factory.pipeline.model.SCHEMA_VERSION", 2)
    assert up_down().id != before


def test_a_pipeline_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        long_short().data = "other"


def test_expressions_are_the_parsed_features() -> None:
    parsed = up_down().expressions()
    assert list(parsed) == list(up_down().features)
    assert parsed["eth_lead"].series == {"btc", "eth"}
    assert isinstance(up_down(), Pipeline)
