from pathlib import Path

import pytest

import factory
from factory.market.build import SIMULATORS
from factory.market.templates import simulated_spec
from factory.pipeline import Pipeline, check_pipeline, load_shipped, parse, render

FOLDER = Path(factory.__file__).parent.parent / "strategies"
COMMON = ["open", "high", "low", "close", "volume"]


BOOK = [f"{side}_{what}_{level}" for level in range(1, 6) for side in ("ask", "bid") for what in ("px", "qty")]
OF_BOOKS = [*BOOK, "events", *(f"ofi_{level}" for level in range(1, 6)), "buy_qty", "sell_qty"]


HELD = {"bars": COMMON, "depth": OF_BOOKS, "values": ["value"]}
COMPANIONS = {
    "btc-book-sim": {("book", column) for column in OF_BOOKS},
    "btc-macro-sim": {("gold", "close"), ("fails", "value")},
}
"""What a strategy may read besides, by the simulated market that it comes with."""


def test_the_strategies_ship() -> None:
    assert set(load_shipped()) == {"btc-up-or-down-5m", "btc-up-or-down-proxy", "btc-long-short", "btc-order-book", "btc-macro"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_strategy_file_is_canonical_below_its_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = [line for line in text.splitlines(keepends=True) if line.startswith("#")]
    assert head
    assert text == "".join(head) + render(parse(text))


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_a_strategy_fits_its_simulated_market_without_a_warning(pipeline: Pipeline) -> None:
    spec = simulated_spec(pipeline.data)
    columns = {name: HELD[series.kind] for name, series in spec.series.items()}
    assert spec.simulated
    drawn = SIMULATORS[spec.simulated.market](spec.simulated.seed, spec.span[0], 3, 0.0)
    meta = {"series": {name: {"columns": held, "first": int(drawn[name].time[0])} for name, held in columns.items()}}
    assert check_pipeline(pipeline, spec, meta).warnings == ()


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_a_strategy_reads_only_what_bitcoin_datasets_have_and_its_market_adds(pipeline: Pipeline) -> None:
    read = {column for expression in pipeline.expressions().values() for column in expression.columns}
    bars = {("btc", column) for column in COMMON} | {("eth", "close"), ("eth", "volume")}
    assert read <= bars | COMPANIONS.get(pipeline.data, set())


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_every_cell_of_a_shipped_grid_is_a_pipeline(pipeline: Pipeline) -> None:
    assert pipeline.tune
    for path, values in pipeline.tune.items():
        for value in values:
            assert pipeline.changed({path: value}).tune == pipeline.tune
