import pytest

from factory.core.errors import DataError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.market.templates import starter_spec
from factory.storage.workspace import Workspace


def test_the_starter_file_is_whole_and_waits_for_a_person(tmp_path) -> None:
    text = starter_spec("btc")
    spec = load_spec(text)
    assert not spec.confirmed
    assert list(spec.series) == ["btc", "eth", "gold"]
    assert set(spec.contracts) == {"polymarket-btc-5m", "polymarket-btc-15m", "btc-perpetual"}
    assert spec.looks == 5
    with pytest.raises(DataError, match="a person reads the dataset file"):
        build(Workspace.open(tmp_path), spec)
    assert load_spec(text.replace("confirmed: false", "confirmed: true", 1)).confirmed


def test_an_unknown_market_is_refused() -> None:
    with pytest.raises(DataError, match="start 'doge': unknown; allowed: btc"):
        starter_spec("doge")
