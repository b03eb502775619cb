"""An agent must be able to mend its file from the message alone."""

import json
from contextlib import suppress
from typing import Any

import pytest
from anthropic_tokenizer import count_tokens
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.errors import MAX_LINES, PipelineError
from factory.pipeline import Pipeline, parse, parse_part
from tests.pipeline.examples import LONG_SHORT, UP_DOWN, up_down

R1 = "  r1: ret(btc.close, 1)\n"
SAMPLE = "sample: {use: clock, every: 5m}\n"
CONTRACTS = "costs and prices belong to the dataset's contract, which a person sets; remove the key"

IN_UP_DOWN = [
    # keys
    ("sample:", "smaple:", "smaple: unknown key; did you mean 'sample'?"),
    ("horizon: 5m", "horizonn: 5m", "label.horizonn: unknown key; did you mean 'horizon'?"),
    ("see: [r1, r15, vol30]", "sea: [r1, r15, vol30]", "experts.drift.sea: unknown key; did you mean 'see'?"),
    ("edge: 0.02", "edge: 0.02, stop: 1", "trade.stop: unknown key; allowed: contract, edge, order, size"),
    (SAMPLE, "", "sample: missing; write a part such as {use: clock, every: 5m}"),
    (SAMPLE, "sample:\n", "sample: nothing came; write a part such as {use: clock, every: 5m}"),
    ("data: btc-sim\n", "", "data: missing; write the name of a dataset"),
    ("fraction: 0.2, ", "", "trade.size.fraction: missing; write a number, 0.0001 to 1"),
    # kinds
    ("use: up_down", "use: updown", "label.use: 'updown' unknown; did you mean 'up_down'?"),
    ("use: kelly", "use: kely", "trade.size.use: 'kely' unknown; did you mean 'kelly'?"),
    ("use: kelly, ", "", "trade.size.use: missing; allowed: fixed, kelly, volatility"),
    ("meta: {use: forest,", "meta: {", "meta.use: missing; allowed: forest"),
    (
        "{use: up_down, of: btc, horizon: 5m}",
        "up_down",
        "label: 'up_down' came; write a part such as {use: up_down, of: btc, horizon: 5m}",
    ),
    # values
    ("edge: 0.02", "edge: 2%", "trade.edge: '2%' not accepted; a number, 0 to below 1"),
    ("edge: 0.02", "edge: nan", "trade.edge: 'nan' not accepted; a number, 0 to below 1"),
    ("leaf: 100", "leaf: 0", "meta.leaf: '0' not accepted; a whole number, 1 to 100000"),
    ("leaf: 100", "leaf: true", "meta.leaf: 'true' not accepted; a whole number, 1 to 100000"),
    ("isotonic", "isotonik", "meta.calibrate: 'isotonik' unknown; did you mean 'isotonic'?"),
    ("every: 5m", "every: 5", "sample.every: '5' is not a duration; write a whole number and a unit, such as 5m, 4h or 30d"),
    # names
    (R1, "  R1: btc.close\n", "features.R1: 'R1' is not a name; small letters, digits and underscores, a letter first"),
    ("drift, trees, vol30", "drift, tree, vol30", "meta.see: no feature or expert 'tree'; did you mean 'trees'?"),
    (
        "see: [r1, r15, vol30]",
        "see: [r1, trees]",
        "experts.drift.see: 'trees' is an expert, and only the forest sees experts; name features",
    ),
    ("see: [r1, r15, vol30]", "see: [r1, r1]", "experts.drift.see: 'r1' is there twice; keep one"),
    ("see: [r1, r15, vol30]", "see: []", "experts.drift.see: empty; name at least one, or delete experts.drift"),
    ("see: [r1, r15, vol30]", "see: r1", "experts.drift.see: 'r1' is not a list; write [r1]"),
    (
        "{use: kelly, fraction: 0.2, cap: 0.01}",
        "{use: volatility, yearly: 1, leverage: 2}",
        "trade.size.use: volatility does not size a bet on up or down; write size: {use: kelly, fraction: 0.2, cap: 0.01}",
    ),
    # YAML
    (R1, R1 * 2, "line 7, features.r1: the key is there twice; keep one"),
    (
        "see: [r1, r15, vol30]",
        "see: r1, r15",
        "line 15, experts.drift.r15: no value; a comma ends one inside { }, so write a list as [a, b]",
    ),
    # tune
    ("50, 100, 200", "50, 0", "tune.meta.leaf: '0' not accepted; a whole number, 1 to 100000"),
    ("50, 100, 200", "50, 50", "tune.meta.leaf: 50 is there twice; keep one"),
    ("[50, 100, 200]", "50", "tune.meta.leaf: write a list of 1 to 50 values, or {from: 50, to: 400}"),
    ("[50, 100, 200]", "{from: 9, to: 2}", "tune.meta.leaf: 9 to 2; from must be below to, and above 0 with log"),
    (
        "[50, 100, 200]",
        "{min: 9, max: 20}",
        "tune.meta.leaf: a range has from, to and log alone, such as {from: 50, to: 400, log: true}",
    ),
    ("meta.leaf: [50, 100, 200]", "meta.leef: [50]", "tune.meta.leef: unknown key; did you mean 'leaf'?"),
    ("meta.leaf: [50, 100, 200]", "about: [a]", "tune.about: cannot be tuned; tune a part's parameter, such as meta.leaf"),
]

IN_LONG_SHORT = [
    ("threshold: vol", "threshold: -1", "sample.threshold: -1 is out of range; a number above 0, or the name of a feature"),
    ("threshold: vol", "threshold: voll", "sample.threshold: no feature 'voll'; did you mean 'vol'?"),
    ("unit: vol", "unit: volume", "label.unit: no feature 'volume'; did you mean 'vol'?"),
    ("exit: {use: barriers}", "exit: barriers", "trade.exit: 'barriers' came; write a part such as {use: barriers}"),
    (
        "exit: {use: barriers}",
        "exit: {use: barriers, hold: 1h}",
        "trade.exit.hold: unknown key; remove it, trade.exit has none",
    ),
    ("enter: 0.55", "enter: 0.3", "trade.enter: '0.3' not accepted; a number, 0.34 to below 1"),
    ("enter: 0.55", "enter: 0.45", "trade.enter: 0.45 is below one half, so that both sides could be taken; write 0.5 or more"),
    ("{every: 30d, window: 180d}", "never", "refit: 'never' came; write {every: 30d, window: 180d}"),
    (
        "{use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}",
        "{use: up_down, of: btc, horizon: 4h}",
        "trade.exit: barriers need a triple_barrier label, here it is up_down; write exit: {use: after, hold: 4h}",
    ),
    (
        "{use: logistic, see: [r60, burst]}",
        "{use: rule, of: r60}",
        "experts.revert: a rule needs exactly one of above and below, such as below: 30",
    ),
]


def complaint(source: Any) -> list[str]:
    with pytest.raises(PipelineError) as caught:
        parse(source)
    return list(caught.value.lines)


def edited(text: str, before: str, after: str) -> str:
    assert text.count(before) >= 1
    return text.replace(before, after, 1)


@pytest.mark.parametrize(("before", "after", "line"), IN_UP_DOWN)
def test_each_mistake_gets_its_own_line(before: str, after: str, line: str) -> None:
    assert complaint(edited(UP_DOWN, before, after)) == [line]


@pytest.mark.parametrize(("before", "after", "line"), IN_LONG_SHORT)
def test_each_mistake_of_a_long_short_gets_its_own_line(before: str, after: str, line: str) -> None:
    assert complaint(edited(LONG_SHORT, before, after)) == [line]


@pytest.mark.parametrize("key", ["fee", "price", "taker", "slippage", "half_spread", "funding", "costs"])
@pytest.mark.parametrize("stage", ["trade", "trade.size", "label", "meta"])
def test_law_9_no_pipeline_names_costs_or_prices(stage: str, key: str) -> None:
    with pytest.raises(PipelineError) as caught:
        up_down().changed({f"{stage}.{key}": 0})
    assert caught.value.lines == (f"{stage}.{key}: {CONTRACTS}",)
    assert complaint({**up_down().plain(), key: 0}) == [f"{key}: {CONTRACTS}"]


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("rett(btc.close, 1)", "did you mean 'ret'?"),
        ("ret(btc.close, -1)", "1 to 100000 is allowed"),
        ("__import__('os')", "'__import__'"),
        ("btc.close.mean()", "'btc.close.mean'"),
        ('"lambda: 1"', "'lambda'"),
        ("[x for x in btc]", "such as r1: ret(btc.close, 1)"),
        ("ret(btc.close, 1" + "0" * 400 + ")", "is too large"),
        ("+".join(["btc.close"] * 700), "at most 2000"),
        ("abs(" * 60 + "btc.close" + ")" * 60, "at most 40"),
        ("", "such as ret(btc.close, 15)"),
    ],
)
def test_an_impossible_expression_is_told_by_its_feature(expression: str, hint: str) -> None:
    (line,) = complaint(edited(UP_DOWN, R1, f"  r1: {expression}\n"))
    assert line.startswith("features.r1: ")
    assert hint in line


def test_a_feature_that_uses_another_is_told_so() -> None:
    mend = "a feature cannot use another, write its expression out"
    assert complaint(edited(UP_DOWN, R1, f"{R1}  z: zscore(r15, 60)\n  y: r1 / vol30\n")) == [
        f"features.z: character 8: 'r15' is a feature; {mend}: ret(btc.close, 15)",
        f"features.y: character 1: 'r1' is a feature; {mend}: ret(btc.close, 1)",
    ]
    assert complaint(edited(UP_DOWN, R1, f"{R1}  rsi: btc.close{' + 1' * 30}\n  z: rsi + 1\n")) == [
        f"features.z: character 1: 'rsi' is a feature; {mend}"
    ]
    (own,) = complaint(edited(UP_DOWN, R1, "  r1: r1 + 1\n"))
    assert own.endswith("'r1' alone is no value; write a series and its column, such as btc.close; r1.close if it is a series")


def test_a_bare_column_or_series_is_told_what_it_lacks_and_nothing_of_features() -> None:
    assert complaint(edited(UP_DOWN, R1, f"{R1}  z: close / mean(close, 30)\n  y: rsi(btc, 14)\n  volume: log(volume)\n")) == [
        "features.z: character 1: 'close' is a column; write its series before it, such as btc.close",
        "features.y: character 5: 'btc' is a series; name a column of it, such as btc.close",
        "features.volume: character 5: 'volume' is a column; write its series before it, such as btc.volume",
    ]
    (eth,) = complaint(edited(UP_DOWN, R1, f"{R1}  other: ret(eth.close, 1)\n  z: rsi(eth, 14)\n"))
    assert eth == "features.z: character 5: 'eth' is a series; name a column of it, such as eth.close"
    (own,) = complaint(edited(UP_DOWN, R1, f"{R1}  close: btc.close\n  z: close / 2\n"))
    assert (
        own
        == "features.z: character 1: 'close' is a feature; a feature cannot use another, write its expression out: btc.close"
    )


@pytest.mark.parametrize(
    ("path", "key", "length", "most"),
    [
        ("pipeline", None, 100, 64),
        ("data", None, 65, 64),
        ("features", "ret(btc.close, 1)", 41, 40),
        ("features", "ret(btc.close, 1)", 900, 40),
        ("experts", {"use": "logistic", "see": ["r1"]}, 90, 40),
        ("label.of", None, 50, 40),
    ],
)
def test_a_name_too_long_is_told_how_long_it_may_be_and_not_repeated(path: str, key: Any, length: int, most: int) -> None:
    plain, name = up_down().plain(), "n" * length
    *parents, last = path.split(".")
    holder = plain[parents[0]] if parents else plain
    holder[last] = {**holder[last], name: key} if key else name
    if path == "features":
        plain["meta"]["see"] = [*plain["meta"]["see"], name]
    if path == "label.of":
        plain["experts"]["drift"]["see"] = [name]
    (line,) = complaint(plain)
    assert line.endswith(f": a name of {length} characters; at most {most} characters are allowed")
    assert line.count("n" * 41) == 0


@pytest.mark.parametrize("stage", ["features", "tune"])
def test_an_expression_cut_at_a_comma_is_told_so(stage: str) -> None:
    cut = {
        "features": edited(UP_DOWN, "features:\n" + R1, "features: {r1: ret(btc.close, 1)}\nfoo:\n"),
        "tune": edited(UP_DOWN, "meta.leaf: [50, 100, 200]", "features.r1: [ret(btc.close, 1), ret(btc.close, 2)]"),
    }[stage]
    (line,) = complaint(cut)
    assert f"{stage}." in line
    assert "'ret(btc.close' was cut at a comma" in line
    assert line.endswith("write it on a line of its own, or in quotes")


def test_a_null_is_refused_in_json() -> None:
    assert complaint(json.dumps({**up_down().plain(), "refit": None})) == ["refit: null came; leave the key out"]


def test_broken_json_is_told_as_json() -> None:
    assert complaint('{"pipeline": "a",\n "data" "b"}') == ["line 2, column 9: not JSON: Expecting ':' delimiter"]
    assert complaint('{"data": "a", "data": "b"}') == ["data: the key is there twice; keep one"]


@pytest.mark.parametrize("source", ["", "hello", "[1, 2]", "3", "- a\n- b"])
def test_what_is_no_mapping_is_told_the_keys(source: str) -> None:
    (line,) = complaint(source)
    assert line.endswith("features, sample, label, experts, trade, and meta where there is not one expert alone")


def test_at_most_eight_lines_and_the_rest_counted() -> None:
    lines = complaint("\n".join(["pipeline: x", *(f"key{n}: 1" for n in range(3))]))
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == "and 1 more"


def test_every_complaint_is_short() -> None:
    worst = {f"E{'x' * 60}{n}": {"use": "y" * 200} for n in range(9)}
    cases = [edited(UP_DOWN, before, after) for before, after, _ in IN_UP_DOWN]
    for source in [*cases, {**up_down().plain(), "experts": worst}]:
        for line in complaint(source):
            assert count_tokens(line) <= 120, line


def test_a_part_alone_is_told_by_its_stage() -> None:
    assert parse_part("label", "{use: up_down, of: btc, horizon: 60m}") == parse_part(
        "label", {"use": "up_down", "of": "btc", "horizon": "1h"}
    )
    for source, line in [
        ("{use: updown, of: btc}", "label.use: 'updown' unknown; did you mean 'up_down'?"),
        ("{use: up_down, of: btc}", "label.horizon: missing; write a duration, such as 5m, 4h or 30d"),
        ("up", "label: 'up' came; write a part such as {use: up_down, of: btc, horizon: 5m}"),
    ]:
        with pytest.raises(PipelineError) as caught:
            parse_part("label", source)
        assert caught.value.lines == (line,)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_no_text_ends_in_anything_but_a_complaint(text: str) -> None:
    complaint(text)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(Pipeline.model_fields)),
    st.sampled_from(["", ".use", ".see", ".drift", ".size", ".size.use"]),
    anything,
)
def test_no_value_anywhere_ends_in_anything_but_a_pipeline_or_a_complaint(stage: str, key: str, value: Any) -> None:
    with suppress(PipelineError):
        child = up_down().changed({f"{stage}{key}": value})
        assert parse(child.plain()) == child


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("data:", "dataset:", "dataset: unknown key; write data"),
        ("pipeline:", "name:", "name: unknown key; write pipeline"),
        ("trees: 300", "n_estimators: 300", "meta.n_estimators: unknown key; write trees"),
    ],
)
def test_a_key_that_others_call_so_is_named_once(old: str, new: str, said: str) -> None:
    lines = complaint(edited(UP_DOWN, old, new))
    assert lines == [said], "and what it stands for is not called missing"
