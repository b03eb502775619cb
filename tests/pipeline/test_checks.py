from typing import Any

import pytest

from factory.core.errors import PipelineError
from factory.core.times import DAY, HOUR, MINUTE, moment
from factory.pipeline import Pipeline, check_pipeline
from tests.pipeline.examples import META, dataset, long_short, up_down


def refused(pipeline: Pipeline, **changes: Any) -> list[str]:
    child = pipeline.changed({path.replace("__", "."): value for path, value in changes.items()})
    with pytest.raises(PipelineError) as caught:
        check_pipeline(child, dataset(), META)
    return list(caught.value.lines)


def test_look_backs_are_computed() -> None:
    facts = check_pipeline(up_down(), dataset(), META)
    assert facts.look_back["r15"] == 16 * MINUTE
    assert facts.look_back["hourly"] == 24 * HOUR
    assert facts.look_back["rsi14"] > 14 * MINUTE
    assert facts.label_span == 5 * MINUTE
    assert facts.warnings == ()


@pytest.mark.parametrize(
    ("expression", "line"),
    [
        ("ret(eht.close, 1)", "features.r1: series 'eht' is not in the dataset; did you mean 'eth'?"),
        ("ret(btc.closed, 1)", "features.r1: series 'btc' has no column 'closed'; did you mean 'close'?"),
        (
            "taker_share(btc, 5)",
            "features.r1: series 'btc' has no column 'taker_buy_volume'; allowed: close, high, low, open, volume",
        ),
    ],
)
def test_a_series_or_column_that_the_dataset_lacks_is_refused(expression: str, line: str) -> None:
    assert refused(up_down(), features__r1=expression) == [line]


def test_windows_longer_than_the_data_are_refused() -> None:
    assert refused(up_down(), features__r1="at(1d, mean(btc.close, 420))") == [
        "features.r1: looks back 420 days, and train is 366 days; use shorter windows"
    ]
    assert refused(long_short(), refit__window="400d") == ["refit.window: 400d is longer than train, 366 days; make it shorter"]


@pytest.mark.parametrize(
    ("every", "window", "line"),
    [
        ("1m", "180d", "refit.every: 1m is shorter than label.horizon, 4h; write 4h or longer"),
        ("30d", "1d", "refit.window: 1d is shorter than 10 times label.horizon, 4h; write 40h or longer"),
        (
            "30d",
            "7d",
            "refit.window: 1w is shorter than refit.every, 30d, so some rows are never learned from; write 30d or longer",
        ),
    ],
)
def test_refits_that_learn_nothing_new_or_from_next_to_nothing_are_refused(every: str, window: str, line: str) -> None:
    assert refused(long_short(), refit={"every": every, "window": window}) == [line]


def test_refits_wait_for_an_hour_a_label_and_a_decision() -> None:
    assert refused(up_down(), refit={"every": "30m", "window": "90d"}) == [
        "refit.every: 30m is shorter than 1h; write 1h or longer"
    ]
    seldom = up_down().changed({"sample.every": "2h"})
    assert refused(seldom, refit={"every": "1h", "window": "90d"}) == [
        "refit.every: 1h is shorter than sample.every, 2h; write 2h or longer"
    ]
    check_pipeline(seldom.changed({"refit": {"every": "2h", "window": "2h"}}), dataset(), META)
    check_pipeline(long_short().changed({"refit": {"every": "4h", "window": "40h"}}), dataset(), META)


def test_law_3_labels_longer_than_the_gap_are_refused() -> None:
    assert refused(long_short(), label__horizon="4d") == [
        "label.horizon: 4d spans past the gap between partitions; at most 3.66 days"
    ]
    assert check_pipeline(long_short().changed({"label.horizon": "3d"}), dataset(), META).label_span == 3 * DAY
    assert refused(long_short(), trade__exit={"use": "after", "hold": "1w"}) == [
        "trade.exit.hold: 1w spans past the gap between partitions; at most 3.66 days"
    ]


def test_what_is_labelled_is_a_series_of_bars() -> None:
    assert refused(long_short(), label__of="btcc") == [
        "label.of: no series of bars 'btcc' in btc-sim; did you mean 'btc'?",
        "label.of: 'btcc', but btc-perpetual trades btc; write of: btc",
    ]
    assert refused(long_short(), label__horizon="90s") == ["label.horizon: 90s is not whole bars of 1m; write a multiple of 1m"]


def test_the_contract_must_exist_and_fit_the_trade() -> None:
    assert refused(up_down(), trade__contract="polymarket-btc-15m") == [
        "trade.contract: no contract 'polymarket-btc-15m' in btc-sim; did you mean 'polymarket-btc-5m'?"
    ]
    assert refused(up_down(), trade__contract="btc-perpetual") == [
        "trade.use: up_or_down does not fit btc-perpetual, a perpetual contract; write use: long_or_short"
    ]


def test_a_binary_trade_predicts_what_the_contract_settles() -> None:
    settles = "is not what polymarket-btc-5m settles; write {use: up_down, of: btc, horizon: 5m}"
    assert refused(up_down(), label__horizon="10m") == [f"label: up_down over 10m {settles}"]
    assert refused(up_down(), label={"use": "fixed_return", "of": "btc", "horizon": "5m"}) == [
        f"label: fixed_return over 5m {settles}"
    ]
    assert refused(up_down(), label__of="eth") == ["label.of: 'eth', but polymarket-btc-5m trades btc; write of: btc"]


def test_a_binary_trade_decides_at_its_windows_starts() -> None:
    inside = "decides inside windows of 5m, whose strike is known by then, and polymarket-btc-5m has a fixed price"
    assert refused(up_down(), sample__every="1m") == [
        f"sample.every: 1m {inside}; write 5m or a multiple, or ask a person for recorded odds"
    ]
    assert refused(up_down(), sample={"use": "cusum", "of": "r1", "threshold": 0.01}) == [
        f"sample.use: cusum {inside}; write {{use: clock, every: 5m}}, or ask a person for recorded odds"
    ]
    assert check_pipeline(up_down().changed({"sample.every": "15m"}), dataset(), META)


def test_law_9_leverage_stays_below_the_contracts() -> None:
    assert refused(long_short(), trade__size__leverage=6) == [
        "trade.size.leverage: 6 is above what btc-perpetual allows; at most 5"
    ]
    assert check_pipeline(long_short().changed({"trade.size.leverage": 5}), dataset(), META)


def test_a_clock_that_never_strikes_is_refused() -> None:
    assert refused(long_short(), sample={"use": "clock", "every": "20000d"}, refit=None) == [
        "sample.every: 20000d never comes in validation, which is 177.3 days; sample more often"
    ]
    assert refused(long_short(), sample={"use": "clock", "every": "90s"}) == [
        "sample.every: 90s is between bars of 1m; write a multiple of 1m"
    ]


def test_what_is_legal_and_perhaps_not_meant_is_a_warning() -> None:
    child = long_short().changed(
        {
            "sample": {"use": "clock", "every": "1d"},
            "features.slow": "at(1d, mean(btc.close, 40))",
            "meta.see": ["trend", "vol"],
        }
    )
    assert check_pipeline(child, dataset(), META).warnings == (
        "features.logp: nothing looks at it; name it in a see, or delete it",
        "features.slow: nothing looks at it; name it in a see, or delete it",
        "experts.revert: nothing looks at it; name it in a see, or delete it",
        "features.slow: looks back 40 days; the first 11% of train is lost to it",
        "sample.every: about 177 decisions in validation; too few to tell an edge from luck",
    )


def test_every_mistake_is_told_at_once() -> None:
    assert len(refused(up_down(), label__horizon="4d", features__r1="ret(x.close, 1)", trade__contract="none")) == 3


def test_a_look_back_that_rows_before_train_cover_loses_nothing() -> None:
    child = long_short().changed(
        {"features.slow": "at(1d, mean(btc.close, 40))", "meta.see": ["trend", "revert", "vol", "slow"]}
    )
    earlier = {"series": {**META["series"], "btc": {**META["series"]["btc"], "first": moment("2023-11-25")}}}
    lost = "features.slow: looks back 40 days; the first 11% of train is lost to it"
    assert lost in check_pipeline(child, dataset(), META).warnings
    assert check_pipeline(child, dataset(), earlier).warnings == check_pipeline(long_short(), dataset(), META).warnings
