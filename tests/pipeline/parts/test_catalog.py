import pytest

from factory.core.errors import PipelineError
from factory.core.plainyaml import read
from factory.pipeline import parse
from factory.pipeline.model import Pipeline
from factory.pipeline.parts.catalog import KINDS, PartEntry, kind_of, list_parts
from tests.pipeline.examples import long_short, up_down

ALL = list_parts()


def placed(entry: PartEntry) -> Pipeline:
    """A pipeline with the entry's example in its place, and the features that examples mention."""
    part = read(entry.example)
    base = up_down() if entry.kind in ("up_or_down", "kelly") or entry.stage == "order" else long_short()
    features = {f"features.{name}": f"ret(btc.close, {n})" for n, name in enumerate(["r1", "r15", "rsi14", "logp", "vol"], 1)}
    base = base.changed({**features, "experts.trees": {"use": "linear", "see": ["r1"]}, "tune": None})
    if entry.stage == "label" and entry.kind != "triple_barrier":
        base = base.changed({"trade.exit": {"use": "after", "hold": "1h"}})
    path = {"experts": "experts.tried", "networks": "experts.tried", "size": "trade.size", "exit": "trade.exit"}
    path = {**path, "order": "trade.order"}.get(entry.stage, entry.stage)
    return base.changed({path: part})


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: f"{entry.stage}-{entry.kind}")
def test_every_example_is_valid(entry: PartEntry) -> None:
    pipeline = placed(entry)
    assert parse(pipeline.plain()) == pipeline


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: f"{entry.stage}-{entry.kind}")
def test_every_part_is_described_in_one_line(entry: PartEntry) -> None:
    assert entry.about.endswith(".")
    assert 20 < len(entry.about) <= 130
    example = read(entry.example)
    assert set(example) - {"use"} <= {parameter.name for parameter in entry.parameters}
    assert {parameter.name for parameter in entry.parameters if parameter.default is None} <= set(example)
    assert all(parameter.allowed for parameter in entry.parameters)


def test_kinds_are_told_apart_by_use() -> None:
    for kinds in KINDS.values():
        assert len({kind_of(kind) for kind in kinds}) == len(kinds)


def test_ranges_and_defaults_are_read_off_the_models() -> None:
    (forest,) = list_parts("meta")
    told = {parameter.name: (parameter.allowed, parameter.default) for parameter in forest.parameters}
    assert told["trees"] == ("a whole number, 1 to 2000", "300")
    assert told["calibrate"] == ("isotonic | sigmoid | none", "none")
    assert told["rows"] == ("a whole number, 10 to 1000000", "none")
    assert told["see"] == ("a list of names, such as [r1, vol]", None)


def test_what_a_name_does_not_say_is_told() -> None:
    told = {(one.stage, key.name): key.means for one in ALL for key in one.parameters}
    needed = "meta.rows meta.leaf experts.rate experts.strength size.cap size.fraction exit.keep trade.edge trade.enter"
    assert all(told[tuple(key.split("."))] for key in needed.split())
    assert all(len(means) <= 70 for means in told.values())


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(PipelineError, match="did you mean 'sample'"):
        list_parts("samples")
    with pytest.raises(PipelineError) as caught:
        list_parts("zzz")
    assert all(stage in str(caught.value) for stage in KINDS)
