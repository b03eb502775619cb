"""Each probe catches the leak that is planted for it, and lets a clean market pass."""

import re
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from factory.core.times import DAY, HOUR, MINUTE
from factory.evidence.probes import learned, regime, stored
from factory.evidence.probes.causal import check_causality
from factory.evidence.probes.findings import BLOCK, blocking_lines
from factory.expressions.columns import Columns
from factory.expressions.compute import COMPUTE
from factory.expressions.grammar import parse
from factory.expressions.operators import OPERATORS
from factory.learning.decision_table import DecisionTable
from factory.learning.labels import Labels
from factory.market.series import Partition, Series
from factory.market.simulator import simulate
from factory.storage.cache import Cache

DAYS = 12
START = 19_000 * DAY
CLEAN = {
    "lead": "(ret(eth.close, 15) - ret(btc.close, 15)) / std(ret(btc.close, 1), 60)",
    "slow": "ema(btc.close, 20) / btc.close",
    "hourly": "at(1h, zscore(btc.close, 6))",
    "clock": "hour()",
}


def market(seed: int = 1, days: int = DAYS, unit: float = 1.0, **values: Series) -> Partition:
    drawn, series = simulate(seed, START, days), {}
    for name in ("btc", "eth"):
        one = drawn[name]
        columns = {
            key: column * (unit if key in ("open", "high", "low", "close") else 1) for key, column in one.columns.items()
        }
        series[name] = Series(name, "bars", MINUTE, 0, one.time, one.time + MINUTE, columns)
    return Partition(
        "planted", "train", START + DAY, START + days * DAY, {**series, **values}, f"planted-{seed}-{sorted(values)}"
    )


def decisions(partition: Partition) -> np.ndarray:
    return np.arange(partition.start, partition.end, 5 * MINUTE, dtype=np.int64)


def ups(partition: Partition, times: np.ndarray) -> np.ndarray:
    btc = partition.series["btc"]
    row = np.searchsorted(btc.time, times)
    return (btc.columns["close"][row + 4] >= btc.columns["open"][row]).astype(np.int8)


def rows_of(partition: Partition, texts: dict[str, str]) -> tuple[DecisionTable, Columns]:
    times, columns = decisions(partition), Columns(partition, None)
    row = np.searchsorted(partition.series["btc"].time, times)
    y = ups(partition, times)
    end, zeros = times + 5 * MINUTE, np.zeros(len(times))
    labels = Labels(times, end, y, zeros, np.zeros(len(times), np.int8), y < -1, row, row + 4)
    return DecisionTable(times, {name: columns.at(parse(text), times) for name, text in texts.items()}, labels, 0), columns


def expressions(texts: dict[str, str]):
    return {name: parse(text) for name, text in texts.items()}


def probes(findings) -> set[str]:
    return {one.probe for one in findings if one.severity == BLOCK}


@pytest.fixture
def leaky() -> dict[str, object]:
    """Operators that read the future, put in the place of `mean`."""
    return {
        "centred window": lambda inputs, literals, rows: np.convolve(inputs[0], np.ones(11) / 11, mode="same"),
        "whole-column mean": lambda inputs, literals, rows: inputs[0] - np.nanmean(inputs[0]),
        "known too late": lambda inputs, literals, rows: np.append(inputs[0][1:], nan),
    }


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
@pytest.mark.parametrize("leak", ["centred window", "whole-column mean", "known too late"])
def test_p1_and_p2_catch_an_operator_that_reads_the_future(
    leak: str, unit: float, leaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMPUTE, "mean", leaky[leak])
    partition = market(unit=unit)
    findings = check_causality(
        expressions({"bad": "mean(btc.close, 10)", "good": "ret(btc.close, 5)"}), partition, decisions(partition), None
    )
    assert probes(findings) == {"P1", "P2"}
    assert all("features.bad" in one.says for one in findings)


def test_p1_and_p2_let_honest_features_pass_and_keep_what_they_found(tmp_path) -> None:
    partition, cache = market(), Cache(tmp_path)
    findings = [check_causality(expressions(CLEAN), partition, decisions(partition), cache) for _ in range(2)]
    assert findings == [[], []]


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_passes_p1_and_p2(name: str) -> None:
    """Law 2: discovered from the registry, each on its own example."""
    operator = OPERATORS[name]
    if operator.family == "book":
        pytest.skip("needs an order book; its causality is tested in tests/expressions")
    expression = parse(operator.example)
    partition = market(days=6 + expression.lookback({"btc": MINUTE, "eth": MINUTE}) // DAY)
    expression.check({key: set(one.columns) for key, one in partition.series.items()}, dict.fromkeys(partition.series, MINUTE))
    assert check_causality({"f": expression}, partition, decisions(partition)[::20], None) == []


def test_p4_p5_p6_catch_a_label_that_equals_a_feature() -> None:
    plain = market()
    times = decisions(plain)
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(len(times)) < 0.8, ups(plain, times), rng.integers(0, 2, len(times))).astype(float)
    leak = Series("peek", "values", 5 * MINUTE, 0, times, times, {"value": noisy + 0.001 * rng.normal(size=len(times))})
    findings = suspects(market(peek=leak), {**CLEAN, "peek": "peek.value"})
    assert probes(findings) == {"P4", "P5", "P6"}
    assert any("features.peek" in one.says for one in findings if one.probe == "P6")
    assert any("features.peek" in one.says for one in findings if one.probe == "P4")


def test_p5_catches_seconds_to_settle() -> None:
    """The field's folklore: a time-to-settlement that carries the outcome, AUC 0.7566 at about 4,200 rows."""
    (finding,) = learned.check_auc(0.7566, 4_200)
    assert finding.severity == BLOCK
    assert learned.check_auc(0.527, 4_200) == []
    assert [one.severity for one in learned.check_auc(0.56, 50_000)] == ["warn"]


@pytest.mark.parametrize("beyond", [1e-2, 1e-4, 1e-7])
def test_p5_prints_what_came_and_the_most_that_may_so_that_they_differ(beyond: float) -> None:
    limit = 0.5 + learned.excess_to_explain(1_000)
    (finding,) = learned.check_auc(limit + beyond, 1_000)
    came, most = re.findall(r"0\.\d+", finding.says)
    assert float(came) > float(most)
    assert len(most) == len(came) >= len("0.608")


def test_p5_measures_from_a_baseline_that_a_person_registered() -> None:
    """The market's own odds may rank well; what stands far above them may not."""
    rows, columns = rows_of(market(pm=odds()), {"odds": "pm.up"})
    times = rows.time
    base = learned.baseline_auc("pm.up", rows, columns)
    assert learned.baseline_auc("pm.down", rows, columns) == pytest.approx(base)
    assert base == pytest.approx(learned.compute_auc(rows.labels.y, rows.features["odds"]))
    assert base > 0.75
    assert [one.severity for one in learned.check_auc(base, len(times))] == [BLOCK]
    assert learned.check_auc(base, len(times), base) == []
    assert learned.check_auc(0.99, len(times), base)[0].severity == BLOCK
    assert learned.baseline_auc(None, rows, columns) == 0.5


SEEN = {
    "the column": {"odds": "pm.up"},
    "its other side": {"odds": "pm.down"},
    "a mix": {"gap": "pm.up - clip(100 * ret(btc.close, 5), -1, 1) * 0.1", "change": "diff(pm.up, 1)"},
}


@pytest.mark.parametrize("seen", SEEN)
def test_p4_and_p6_measure_from_the_baseline_as_p5_does(seen: str) -> None:
    """Odds rank labels, and die with a delay: that is theirs, and no leak of a pipeline that sees them."""
    quoted, texts = market(pm=odds()), {**CLEAN, **SEEN[seen]}
    assert probes(suspects(quoted, texts)) >= {"P4", "P5"}
    assert suspects(quoted, texts, registered="pm.up") == []


@pytest.mark.parametrize("seen", [{"odds": "pm.up"}, {}], ids=["beside the odds", "alone"])
def test_p4_and_p6_catch_a_leak_although_a_baseline_is_registered(seen: dict[str, str]) -> None:
    plain = market()
    times = decisions(plain)
    rng = np.random.default_rng(1)
    peek = np.where(rng.random(len(times)) < 0.8, ups(plain, times), rng.integers(0, 2, len(times))).astype(float)
    leak = Series("peek", "values", 5 * MINUTE, 0, times, times, {"value": peek + 0.001 * rng.normal(size=len(times))})
    findings = suspects(market(pm=odds(), peek=leak), {**CLEAN, **seen, "peek": "peek.value"}, registered="pm.up")
    assert probes(findings) >= {"P4", "P6"}
    assert all("features.peek" in one.says for one in findings if one.probe in ("P4", "P6"))


def test_a_baseline_that_train_does_not_hold_excuses_nothing() -> None:
    whole = odds()
    up = np.where(np.arange(len(whole)) < len(whole) // 2, nan, whole.columns["up"])
    quoted = market(pm=replace(whole, columns={"up": up, "down": whole.columns["down"]}))
    assert "P4" in probes(suspects(quoted, {**CLEAN, "odds": "pm.down"}, registered="pm.up"))


def odds() -> Series:
    """Recorded odds that rank labels with an AUC near 0.8, and say nothing of the next window."""
    plain = market()
    times = decisions(plain)
    up = np.clip(0.3 * ups(plain, times) + 0.35 + 0.25 * np.random.default_rng(0).normal(size=len(times)), 0.01, 0.99)
    return Series("pm", "values", 5 * MINUTE, 0, times, times, {"up": up, "down": 1 - up})


def test_p10_refuses_a_settlement_field_by_its_name() -> None:
    times = np.arange(START, START + DAYS * DAY, 5 * MINUTE, dtype=np.int64)
    field = Series(
        "pm", "values", 5 * MINUTE, 0, times, times, {"seconds_to_settle": np.zeros(len(times)), "up": np.zeros(len(times))}
    )
    named = expressions({"clock": "pm.seconds_to_settle", "odds": "pm.up", "own": "btc.close"})
    (finding,) = stored.check_settlement(named, market(pm=field))
    assert finding.severity == BLOCK
    assert "features.clock" in finding.says


def test_p7_names_a_single_feature_that_ranks_labels_alone() -> None:
    partition = market()
    rows, _ = rows_of(partition, {"noise": "ret(btc.close, 3)"})
    rows = DecisionTable(
        rows.time,
        {**rows.features, "knows": rows.labels.y + np.random.default_rng(0).normal(size=len(rows.time))},
        rows.labels,
        0,
    )
    known = {name: np.nan_to_num(values) for name, values in rows.features.items()}
    (finding,) = learned.single_feature_auc(DecisionTable(rows.time, known, rows.labels, 0), len(rows.time))
    assert finding.probe == "P7"
    assert "features.knows" in finding.says


def test_p8_catches_a_slow_series_joined_on_its_observation_date() -> None:
    weeks = np.arange(START, START + DAYS * DAY, 7 * DAY, dtype=np.int64)
    ofr = Series("ofr", "values", 7 * DAY, 0, weeks, weeks, {"value": np.arange(len(weeks), dtype=float)})
    named = expressions({"stress": "ofr.value"})
    assert probes(stored.check_publication(named, market(ofr=ofr))) == {"P8"}
    late = replace(ofr, delay=8 * DAY, known=weeks + 8 * DAY)
    assert stored.check_publication(named, market(ofr=late)) == []


def test_p8_catches_a_row_that_counts_as_known_before_it_was() -> None:
    partition = market()
    btc = partition.series["btc"]
    known = np.array(btc.known)
    known[5_000] -= 1
    early = replace(partition, series={**partition.series, "btc": replace(btc, known=known)})
    assert probes(stored.check_publication(expressions({"r": "ret(btc.close, 1)"}), early)) == {"P8"}


def test_p4_catches_rows_that_were_stamped_too_early() -> None:
    """A leak that lies in the file: every row of a series stands five minutes before its time."""
    plain = market()
    btc = plain.series["btc"]
    ahead = np.append(btc.columns["close"][5:], np.full(5, btc.columns["close"][-1]))
    leak = Series("feed", "bars", MINUTE, 0, btc.time, btc.known, {**btc.columns, "close": ahead})
    findings = suspects(market(feed=leak), {"r": "ret(btc.close, 5)", "f": "feed.close / btc.close"})
    assert {"P4", "P5"} <= probes(findings)


def test_p11_catches_a_day_that_stands_on_both_sides_of_the_split() -> None:
    whole = market()
    btc = whole.series["btc"]
    columns = {name: np.array(values) for name, values in btc.columns.items()}
    for values in columns.values():
        values[9 * 1440 : 10 * 1440] = values[3 * 1440 : 4 * 1440]
    split = START + 8 * DAY
    train = Partition("p", "train", START, split, whole.series, "t")
    twice = {**whole.series, "btc": replace(btc, columns=columns)}
    (finding,) = stored.check_repeats(train, Partition("p", "validation", split, whole.end, twice, "v"), None)
    assert finding.severity == BLOCK
    assert "series.btc" in finding.says
    assert stored.check_repeats(train, Partition("p", "validation", split, whole.end, whole.series, "w"), None) == []


def test_p9_tells_a_regime_change_and_keeps_quiet_without_one() -> None:
    rng = np.random.default_rng(2)
    times = decisions(market())
    half = len(times) // 2

    def rows(shift: float, part: slice) -> DecisionTable:
        n = len(times[part])
        zeros = np.zeros(n, np.int8)
        labels = Labels(times[part], times[part], zeros, np.zeros(n), zeros, zeros > 0, np.arange(n), np.arange(n))
        return DecisionTable(times[part], {"vol": rng.normal(size=n) + shift, "other": rng.normal(size=n)}, labels, 0)

    assert regime.adversarial_validation(rows(0.0, slice(None, half)), rows(0.0, slice(half, None)), 0) == []
    (finding,) = regime.adversarial_validation(rows(0.0, slice(None, half)), rows(3.0, slice(half, None)), 0)
    assert "features.vol" in finding.says


WEEKS = (70, 26)
"""Of train and of validation."""


def slow_rows(drawn: dict[str, np.ndarray], part: int, every: int) -> DecisionTable:
    """Decisions of a part, and features that keep a value for a week, or change at each decision."""
    first, weeks = (0, WEEKS[0]) if part == 0 else (WEEKS[0], WEEKS[1])
    times = START + 7 * DAY * first + np.arange(0, weeks * 7 * DAY, every)
    place = (times - START) // (7 * DAY)
    quick = np.random.default_rng(part).normal(size=len(times))
    features = {name: values[place] for name, values in drawn.items()} | {"quick": quick}
    n, zeros = len(times), np.zeros(len(times), np.int8)
    return DecisionTable(
        times, features, Labels(times, times, zeros, np.zeros(n), zeros, zeros > 0, np.arange(n), np.arange(n)), 0
    )


def walk(rng: np.random.Generator, memory: float) -> np.ndarray:
    """A weekly series that remembers so much of the week before."""
    values = rng.normal(size=sum(WEEKS))
    for week in range(1, len(values)):
        values[week] = memory * values[week - 1] + np.sqrt(1 - memory**2) * values[week]
    return values


@pytest.mark.parametrize("every", [HOUR, DAY])
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_p9_is_quiet_of_weekly_features_of_a_market_that_is_as_it_was(memory: float, every: int) -> None:
    """A week's days would else be given away by each other: of two such features any market was another."""
    warned = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        drawn = {"fails": walk(rng, memory), "rate": walk(rng, memory)}
        history, rows = (slow_rows(drawn, part, every) for part in (0, 1))
        if memory == 0:
            assert regime._told_apart(history, rows, ["fails", "rate"], DAY, 0) > 0.65, "by days they are told apart"
        warned += bool(regime.adversarial_validation(history, rows, 0))
    assert warned <= 1


def test_p9_tells_of_a_slow_feature_that_is_another_and_of_a_quick_one_beside_it() -> None:
    rng = np.random.default_rng(5)
    weekly = rng.normal(size=sum(WEEKS))
    history = slow_rows({"fails": weekly}, 0, HOUR)
    shifted = weekly.copy()
    shifted[WEEKS[0] :] += 2.0
    findings = regime.adversarial_validation(history, slow_rows({"fails": shifted}, 1, HOUR), 0)
    assert any("features.fails" in one.says for one in findings)
    level = np.linspace(100, 120, sum(WEEKS))
    (finding,) = regime.adversarial_validation(slow_rows({"cpi": level}, 0, HOUR), slow_rows({"cpi": level}, 1, HOUR), 0)
    assert finding.says == "features.cpi: 100% of validation lies outside what train had: the regime has changed"
    rows = slow_rows({"fails": weekly}, 1, HOUR)
    moved = replace(rows, features={**rows.features, "quick": rows.features["quick"] + 3})
    (finding,) = regime.adversarial_validation(history, moved, 0)
    assert "look at features.quick" in finding.says


def test_p3_blocks_an_evaluation_that_ranks_shifted_labels() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4_000).astype(np.int8)
    assert learned.shifted_labels(rng.normal(size=(4_000, 3)), y, 1)[0] == []
    X = (2.0 * y + rng.normal(size=4_000))[:, None]
    findings, p_value = learned.shifted_labels(X, y, 1)
    assert findings == []  # a real edge is none of its business
    assert p_value == pytest.approx(0.01)
    turn = np.arange(4_000) * 2 * np.pi / 2_000  # what is learned of one half holds in the other, however labels are shifted
    (finding,) = learned.shifted_labels(np.column_stack([np.sin(turn), np.cos(turn)]), (np.sin(turn) > 0).astype(np.int8), 1)[0]
    assert finding.severity == BLOCK


def test_a_waiver_lifts_its_probe_alone_and_an_unprobed_trial_is_refused() -> None:
    trial = {"probes": {"ran": "P1", "block": ["P5: too good", "P8: early"]}}
    assert blocking_lines(trial) == ["P5: too good", "P8: early"]
    assert blocking_lines(trial, {"P5"}) == ["P8: early"]
    assert blocking_lines({})[0].startswith("probes: none ran")


@pytest.mark.parametrize("seed", range(4))
def test_markets_without_a_leak_are_not_blocked(seed: int) -> None:
    partition = market(seed=10 + seed)
    assert probes(suspects(partition, CLEAN)) == set()
    assert check_causality(expressions(CLEAN), partition, decisions(partition)[::50], None) == []


def suspects(partition: Partition, texts: dict[str, str], registered: str | None = None):
    """P4 to P6 on halves of a market, the pipeline's AUC taken from the quick learner's own."""
    rows, columns = rows_of(partition, texts)
    keep = ~np.isnan(rows.matrix(list(texts))).any(axis=1)
    rows = rows.take(keep)
    half = len(rows.time) // 2
    first, second = rows.take(np.arange(half)), rows.take(np.arange(half, len(rows.time)))
    fitted = learned.fit_quickly(first.matrix(list(texts)), first.labels.y, 0)
    area = learned.compute_auc(second.labels.y, learned.predict_quickly(fitted, second.matrix(list(texts))))
    return learned.check_validation(
        first, second, expressions(texts), (columns, columns), 5 * MINUTE, area, len(second.time), 0, registered
    )
