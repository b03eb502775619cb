from pathlib import Path

import pytest

import factory
from factory.market.spec import load_spec
from factory.pipeline import Pipeline, check_pipeline, load_shipped, parse, render

FOLDER = Path(factory.__file__).parent.parent / "strategies"
COMMON = ["open", "high", "low", "close", "volume"]


def test_both_strategies_ship() -> None:
    assert set(load_shipped()) == {"btc-up-or-down-5m", "btc-long-short"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_strategy_file_is_canonical_below_its_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = [line for line in text.splitlines(keepends=True) if line.startswith("#")]
    assert head
    assert text == "".join(head) + render(parse(text))


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_a_strategy_fits_btc_sim_without_a_warning(pipeline: Pipeline) -> None:
    spec = load_spec(Path(factory.__file__).parent / "market" / "btc_sim.yaml")
    meta = {"series": {name: {"columns": COMMON, "first": spec.span[0]} for name in spec.series}}
    assert check_pipeline(pipeline, spec, meta).warnings == ()


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_a_strategy_reads_only_what_every_bitcoin_dataset_has(pipeline: Pipeline) -> None:
    read = {column for expression in pipeline.expressions().values() for column in expression.columns}
    assert read <= {("btc", column) for column in COMMON} | {("eth", "close"), ("eth", "volume")}


@pytest.mark.parametrize("pipeline", load_shipped().values(), ids=lambda pipeline: pipeline.pipeline)
def test_every_cell_of_a_shipped_grid_is_a_pipeline(pipeline: Pipeline) -> None:
    assert pipeline.tune
    for path, values in pipeline.tune.items():
        for value in values:
            assert pipeline.changed({path: value}).tune == pipeline.tune
