from typing import Any

import pytest

from factory.core.errors import PipelineError
from factory.pipeline import Pipeline, diff, parse, render
from factory.pipeline.changes import apply_changes
from tests.pipeline.examples import long_short, up_down


def test_values_are_set_by_path() -> None:
    child = up_down().changed({"meta.leaf": 200, "trade.size.cap": "0.02", "experts.drift.see": ["r1"], "about": "New."})
    assert child.meta.leaf == 200
    assert child.trade.size.cap == 0.02
    assert child.experts["drift"].see == ("r1",)
    assert child.about == "New."
    assert up_down().meta.leaf == 100


def test_parts_are_added_and_replaced() -> None:
    child = up_down().changed(
        {
            "features.r60": "ret(btc.close,60)",
            "experts.fast": {"use": "extra_trees", "see": ["r60"]},
            "meta.see": ["fast", "r60"],
            "refit": {"every": "720h", "window": "180d"},
        }
    )
    assert child.features["r60"] == "ret(btc.close, 60)"
    assert child.meta.see == ("fast", "r60")
    assert child.refit is not None
    assert child.refit.every == "30d"


def test_null_deletes_a_part_and_its_mentions_in_see() -> None:
    child = up_down().changed({"features.r15": None, "experts.drift": None})
    assert "r15" not in child.features
    assert child.experts["trees"].see == ("r1", "rsi14", "eth_lead")
    assert child.meta.see == ("trees", "vol30", "hourly")


def test_null_deletes_the_tune_of_what_is_deleted() -> None:
    parent = up_down().changed({"tune": {"experts.drift.strength": [1, 2], "meta.leaf": [50, 100]}})
    assert list(parent.changed({"experts.drift": None}).tune) == ["meta.leaf"]
    assert not up_down().changed({"tune": None}).tune
    assert not up_down().changed({"tune.meta.leaf": None}).tune


def test_null_puts_a_parameter_back_to_its_default() -> None:
    assert up_down().changed({"meta.calibrate": None, "meta.rows": None}).meta.calibrate == "none"


def test_a_chain_of_children_is_the_same_as_one_step() -> None:
    step = up_down().changed({"meta.leaf": 200}).changed({"features.r1": None})
    assert step == up_down().changed({"features.r1": None, "meta.leaf": 200})


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"meta.leef": 3}, ["meta.leef: unknown key; did you mean 'leaf'?"]),
        ({"smaple.every": "5m"}, ["smaple.every: no stage 'smaple'; did you mean 'sample'?"]),
        ({"experts.dritf.strength": 2}, ["experts.dritf.strength: no 'dritf' in experts; did you mean 'drift'?"]),
        ({"features.r16": None}, ["features.r16: no 'r16' in features; did you mean 'r1'?"]),
        ({"meta.see.0": "r1"}, ["meta.see.0: meta.see is a single value; set meta.see itself"]),
        ({"pipeline.x": 1}, ["pipeline.x: pipeline is a single value; set pipeline itself"]),
        ({"label.horizon": None}, ["label.horizon: missing; write a duration, such as 5m, 4h or 30d"]),
        ({"features.r1": None, "experts.drift.see": ["r1"]}, ["experts.drift.see: no feature 'r1'; did you mean 'r15'?"]),
        ({"refit.every": "30d"}, ["refit.window: missing; write a duration, such as 5m, 4h or 30d"]),
    ],
)
def test_a_path_that_leads_nowhere_is_told(changes: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(PipelineError) as caught:
        up_down().changed(changes)
    assert list(caught.value.lines) == lines


def test_an_expert_that_saw_only_what_is_deleted_is_told() -> None:
    with pytest.raises(PipelineError) as caught:
        long_short().changed({"features.r60": None, "features.burst": None})
    assert caught.value.lines == ("experts.revert.see: empty; name at least one, or delete experts.revert",)


def test_a_feature_that_others_need_cannot_be_deleted_alone() -> None:
    with pytest.raises(PipelineError) as caught:
        long_short().changed({"features.vol": None})
    assert {line.split(":")[0] for line in caught.value.lines} == {"sample.threshold", "label.unit"}


def test_ranges_keep_the_type_of_what_they_set() -> None:
    tune = (
        up_down()
        .changed({"tune": {"meta.leaf": {"from": "50", "to": 400, "log": True}, "trade.edge": {"from": 0, "to": 0.1}}})
        .tune
    )
    leaf, edge = tune["meta.leaf"], tune["trade.edge"]
    values = [leaf.at(share / 100) for share in range(100)]
    assert all(isinstance(value, int) for value in values)
    assert values == sorted(values)
    assert (values[0], leaf.at(1 - 1e-9)) == (50, 400)
    assert (edge.at(0), edge.at(0.5), edge.at(1)) == (0.0, 0.05, 0.1)
    assert isinstance(edge.at(0), float)


def test_whole_numbers_of_a_range_are_drawn_evenly() -> None:
    leaf = up_down().changed({"tune": {"meta.leaf": {"from": 1, "to": 4}}}).tune["meta.leaf"]
    values = [leaf.at((step + 0.5) / 400) for step in range(400)]
    assert [values.count(value) for value in (1, 2, 3, 4)] == [100] * 4


def test_a_diff_has_one_line_a_part() -> None:
    child = up_down().changed(
        {
            "pipeline": "child",
            "about": "New.",
            "features.r1": "ret(btc.close, 2)",
            "features.r15": None,
            "sample.every": "10m",
            "experts.fast": {"use": "extra_trees", "see": ["r1"]},
            "meta.see": ["drift", "fast", "vol30"],
            "meta.leaf": 200,
            "meta.calibrate": None,
            "trade.size.cap": 0.02,
            "tune": None,
        }
    )
    assert diff(up_down(), child) == [
        "pipeline: btc-up-or-down-5m -> child",
        "about: rewritten",
        "features.r1: ret(btc.close, 1) -> ret(btc.close, 2)",
        "- features.r15",
        "sample: every 5m -> 10m",
        "experts.drift: see -r15",
        "experts.trees: see -r15",
        "meta: see -trees -hourly +fast, leaf 100 -> 200, calibrate isotonic -> none",
        "trade: size.cap 0.01 -> 0.02",
        "- tune",
        "+ experts.fast: {use: extra_trees, see: [r1]}",
    ]


def test_a_diff_tells_another_kind_whole_and_order_too() -> None:
    child = up_down().changed({"trade.size": {"use": "fixed", "share": 0.01}, "experts.drift.see": ["r15", "r1", "vol30"]})
    assert diff(up_down(), child) == [
        "experts.drift: see [r1, r15, vol30] -> [r15, r1, vol30]",
        "trade: size {use: kelly, fraction: 0.2, cap: 0.01} -> {use: fixed, share: 0.01}",
    ]


def test_no_difference_is_no_line() -> None:
    assert diff(up_down(), parse(render(up_down()))) == []


@pytest.mark.parametrize(
    ("path", "text", "same"),
    [
        ("meta.see", "[line, vol]", ["line", "vol"]),
        ("meta.see", '["line", "vol"]', ["line", "vol"]),
        ("label", "{use: up_down, of: btc, horizon: 5m}", {"use": "up_down", "of": "btc", "horizon": "5m"}),
        ("tune", "{meta.leaf: [50, 100]}", {"meta.leaf": [50, 100]}),
        ("tune.meta.leaf", " [50, 100]", [50, 100]),
        ("trade.size", "{use: fixed, share: 0.01}", {"use": "fixed", "share": 0.01}),
    ],
)
def test_a_list_or_a_part_may_be_written_as_in_a_file(path: str, text: str, same: object) -> None:
    plain = {"meta": {"use": "forest", "see": ["x"]}, "tune": {}, "label": {}, "trade": {"use": "up_or_down"}}
    assert apply_changes(plain, {path: text}, Pipeline) == apply_changes(plain, {path: same}, Pipeline)


def test_text_that_looks_like_a_list_and_is_none_says_where_it_breaks() -> None:
    with pytest.raises(PipelineError, match=r"^meta\.see: line 1: "):
        apply_changes({"meta": {}}, {"meta.see": "[line, vol"}, Pipeline)
    assert apply_changes({}, {"about": "[draft] of mine"}, Pipeline) == {"about": "[draft] of mine"}
