import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.pipeline import Pipeline, parse, read_provenance, render
from tests.pipeline.examples import LONG_SHORT, UP_DOWN, long_short, up_down

FEATURES = {
    "r1": "ret(btc.close, 1)",
    "vol": "std(ret(btc.close, 1), 240) * 15.5",
    "big": "btc.volume > mean(btc.volume, 60) and not btc.close < 1.5",
    "hourly": "at(1h, zscore(btc.close, 24))",
    "minus": "-ret(eth.close, 1)",
}
names = st.sampled_from(sorted(FEATURES))
sees = st.lists(names, min_size=1, unique=True)
durations = st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 5000), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
wholes = st.integers(1, 1000)


def numbers(low: float, high: float, **kind: Any) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, **kind)


experts = st.one_of(
    st.fixed_dictionaries({"use": st.just("logistic"), "see": sees}, optional={"strength": numbers(0, 1e6, exclude_min=True)}),
    st.fixed_dictionaries({"use": st.just("linear"), "see": sees}, optional={"ridge": numbers(0, 1e6)}),
    st.fixed_dictionaries({"use": st.just("extra_trees"), "see": sees}, optional={"trees": wholes, "leaf": wholes}),
    st.fixed_dictionaries(
        {"use": st.just("gradient_boosting"), "see": sees}, optional={"rounds": wholes, "rate": numbers(0.001, 1)}
    ),
    st.fixed_dictionaries({"use": st.just("rule"), "of": names, "below": numbers(-1e9, 1e9)}),
)
samples = st.one_of(
    st.fixed_dictionaries({"use": st.just("clock"), "every": durations}),
    st.fixed_dictionaries(
        {"use": st.just("cusum"), "of": names, "threshold": st.one_of(names, numbers(0, 1e9, exclude_min=True))}
    ),
)
labels = st.fixed_dictionaries(
    {"use": st.just("triple_barrier"), "of": st.just("btc"), "unit": names, "horizon": durations}
    | {"take": numbers(0.1, 100), "stop": numbers(0.1, 100)}
)
sizes = st.one_of(
    st.fixed_dictionaries({"use": st.just("fixed"), "share": numbers(0.001, 1)}),
    st.fixed_dictionaries({"use": st.just("kelly"), "fraction": numbers(0.001, 1), "cap": numbers(0.001, 1)}),
    st.fixed_dictionaries({"use": st.just("volatility"), "yearly": numbers(0.001, 5), "leverage": numbers(0.1, 125)}),
)
exits = st.one_of(
    st.just({"use": "barriers"}),
    st.fixed_dictionaries({"use": st.just("after"), "hold": durations}),
    st.fixed_dictionaries({"use": st.just("signal"), "keep": numbers(0.01, 0.99)}),
)
tunes = st.dictionaries(
    st.just("meta.leaf"),
    st.one_of(
        st.lists(wholes, min_size=1, max_size=5, unique=True),
        st.fixed_dictionaries({"from": st.integers(1, 50), "to": st.integers(51, 900)}, optional={"log": st.booleans()}),
    ),
)
specs = st.fixed_dictionaries(
    {
        "pipeline": st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
        "about": st.text(max_size=100).filter(lambda text: " ".join(text.split()).isprintable()),
        "data": st.just("btc-sim"),
        "features": st.just(FEATURES),
        "sample": samples,
        "label": labels,
        "experts": st.dictionaries(st.from_regex(r"e_[a-z0-9_]{0,9}", fullmatch=True), experts, max_size=4),
        "meta": st.fixed_dictionaries(
            {"use": st.just("forest"), "see": sees}, optional={"leaf": wholes, "rows": st.integers(10, 9999)}
        ),
        "trade": st.fixed_dictionaries(
            {"use": st.just("long_or_short"), "contract": st.just("btc-perpetual"), "enter": numbers(0.5, 0.99)}
            | {"exit": exits, "size": sizes}
        ),
        "tune": tunes,
    }
)


@settings(max_examples=150, deadline=None)
@given(specs)
def test_what_is_rendered_parses_to_the_same_pipeline(spec: dict[str, Any]) -> None:
    pipeline = parse(spec)
    text = render(pipeline)
    again = parse(text)
    assert again == pipeline
    assert again.id == pipeline.id
    assert render(again) == text
    assert parse(json.dumps(pipeline.plain())) == pipeline
    assert len(text.splitlines()) == sum(
        1 + (len(value) if stage in ("features", "experts") else 0) for stage, value in pipeline.plain().items()
    )


@pytest.mark.parametrize("text", [UP_DOWN, LONG_SHORT])
def test_canonical_yaml_keeps_the_order_of_stages_and_leaves_defaults_out(text: str) -> None:
    canonical = render(parse(text)).splitlines()
    assert canonical[0].startswith("pipeline: ")
    assert "trees: 300" not in "\n".join(canonical)
    assert [line.split(":")[0] for line in canonical if line[0] != " "] == [
        line.split(":")[0] for line in text.strip().splitlines() if line[0] != " "
    ]


def test_yaml_json_and_objects_are_one_language() -> None:
    plain = up_down().plain()
    assert parse(plain) == parse(json.dumps(plain)) == parse(json.dumps(plain, indent=2)) == up_down()


def test_a_value_is_what_was_typed_and_not_what_yaml_would_guess() -> None:
    text = UP_DOWN.replace("pipeline: btc-up-or-down-5m", "pipeline: 2024-01-01").replace("r1", "on")
    pipeline = parse(text)
    assert pipeline.pipeline == "2024-01-01"
    assert "on" in pipeline.features


def test_the_models_build_the_same_pipeline() -> None:
    parts = {stage: getattr(up_down(), stage) for stage in Pipeline.model_fields}
    assert Pipeline(**parts) == up_down()


def test_provenance_stands_beside_the_pipeline_and_outside_its_id() -> None:
    facts = {
        "id": up_down().id,
        "why": "it pays: see #4\nand the second line",
        "trials": 12,
        "scores": {"auc": 0.53, "ok": True},
    }
    text = render(up_down(), facts)
    assert "  why: |-\n    it pays: see #4\n    and the second line\n" in text
    assert parse(text) == up_down()
    assert read_provenance(text) == {
        "id": up_down().id,
        "why": facts["why"],
        "trials": "12",
        "scores": {"auc": "0.53", "ok": "true"},
    }
    assert read_provenance(render(long_short())) == {}


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text(st.sampled_from("\0\x07\x1b\x7f\x85\u2028\ufeff\u202e'\"\\:# -|>%@`{}[]\n\t é😀&*!?a1")))
def test_foreign_text_in_a_strategy_file_comes_back_as_it_was(first: str, second: str) -> None:
    told = {"why": first, "by": second, "list": [first, second], "scores": {"a": second}}
    assert read_provenance(render(up_down(), told)) == told
