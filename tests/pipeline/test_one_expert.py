"""With one expert the forest over it may be left out."""

import pytest

from factory.core.errors import PipelineError
from factory.pipeline import parse, render
from tests.pipeline.examples import LONG_SHORT, UP_DOWN, long_short, up_down

EXPERTS = [
    "{use: logistic, see: [r1, r15]}",
    "{use: linear, see: [r1]}",
    "{use: gradient_boosting, see: [r1, vol30]}",
    "{use: extra_trees, see: [rsi14]}",
    "{use: rule, of: rsi14, below: 30}",
]


def without(text: str, *stages: str) -> str:
    """A spec without some of its one-line stages."""
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(tuple(f"{stage}:" for stage in stages)))


def with_experts(*experts: str) -> str:
    """The five-minute example with other experts, and without its forest."""
    head, _, rest = without(UP_DOWN, "meta", "tune").partition("experts:\n")
    trade = rest[rest.index("trade:") :]
    return head + "experts:\n" + "".join(f"  one{i}: {expert}\n" for i, expert in enumerate(experts)) + trade


@pytest.mark.parametrize("expert", EXPERTS)
def test_meta_left_out_with_one_expert_is_the_forest_over_it(expert: str) -> None:
    text = with_experts(expert)
    short, whole = parse(text), parse(text + "meta: {use: forest, see: [one0]}\n")
    assert short == whole
    assert short.id == whole.id
    assert "\nmeta: {use: forest, see: [one0]}\n" in render(short), "what is kept says it"
    assert parse(render(short)) == short


@pytest.mark.parametrize("experts", [[], EXPERTS[:2], EXPERTS])
def test_with_none_or_several_it_is_missing(experts: list[str]) -> None:
    text = with_experts(*experts)
    with pytest.raises(PipelineError, match=r"^meta: missing; write"):
        parse(text if experts else text.replace("experts:\n", ""))


def test_taking_it_out_of_a_child_leaves_the_default() -> None:
    child = long_short().changed({"experts.revert": None, "meta": None})
    assert child.meta.see == ("trend",)
    assert child.meta.leaf != long_short().meta.leaf
    with pytest.raises(PipelineError, match=r"^meta: missing"):
        up_down().changed({"meta": None})


def test_a_misspelt_one_is_told_as_that() -> None:
    with pytest.raises(PipelineError) as error:
        parse(with_experts(EXPERTS[0]) + "mta: {use: forest, see: [one0]}\n")
    assert error.value.lines == ("mta: unknown key; did you mean 'meta'?",)


def test_a_second_expert_is_what_makes_it_needed() -> None:
    assert parse(without(LONG_SHORT, "refit", "tune")).experts.keys() == {"trend", "revert"}
    with pytest.raises(PipelineError, match=r"^meta: missing"):
        parse(without(LONG_SHORT, "meta", "refit", "tune"))
