"""Odd but legal requests end in an answer or in one clear line."""

import pytest

from factory.errors import FactoryError, FlowError, PipelineError
from factory.workshop import Workshop


def one_line(error: pytest.ExceptionInfo[FactoryError]) -> str:
    [line] = error.value.lines
    return line


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        ({"trade.size.leverage": [2, 50]}, r"trade\.size\.leverage: 50 is above what btc-perpetual allows"),
        ({"label.horizon": ["4h", "2d"]}, r"label\.horizon: 2d spans past the gap"),
    ],
)
def test_a_cell_that_the_dataset_refuses_is_told_before_any_is_tried(
    workshop: Workshop, perpetual: str, do, grid: dict, told: str
) -> None:
    with pytest.raises(PipelineError, match=told):
        do("tune", pipeline=perpetual, grid=grid)
    assert workshop.ledger.position().seq == 0


def test_a_search_of_no_cells_is_refused(binary: str, do) -> None:
    with pytest.raises(FlowError, match="cells: 0"):
        do("tune", pipeline=binary, cells=0)


def test_a_search_without_a_label_is_refused_as_training_is(workshop: Workshop, perpetual: str, do) -> None:
    flat = workshop.settle(perpetual, changes={"features.flat": "btc.close - btc.close", "label.unit": "flat"})
    for kind in ("tune", "train"):
        more = {"grid": {"meta.leaf": [20, 30]}} if kind == "tune" else {}
        with pytest.raises(FlowError) as error:
            do(kind, pipeline=flat, **more)
        assert one_line(error).startswith("label: 0 of 1646 decisions have one, at least 200 are needed")


def test_screening_nothing_is_refused(workshop: Workshop, do) -> None:
    with pytest.raises(PipelineError, match="features: empty"):
        do("rank", features=[])


def test_a_feature_may_be_called_noise(workshop: Workshop, binary: str, do) -> None:
    child = workshop.settle(binary, changes={"features.noise": "ret(btc.close, 3)", "meta.see": ["line", "trees", "noise"]})
    do("backtest", pipeline=child)
    for raw in (False, True):
        names = [row[0] for row in do("rank", pipeline=child, raw=raw)["rows"]]
        assert len(names) == len(set(names))
        assert {"noise", "(noise)"} < set(names)


def test_a_refit_window_with_too_few_labels_is_named(workshop: Workshop, perpetual: str, do) -> None:
    short = workshop.settle(perpetual, changes={"refit": {"every": "7d", "window": "1d"}})
    with pytest.raises(FlowError) as error:
        do("backtest", pipeline=short)
    assert one_line(error).startswith("refit.window: 1d")


def test_a_threshold_that_is_never_positive_is_named(workshop: Workshop, perpetual: str, do) -> None:
    never = workshop.settle(perpetual, changes={"features.below": "0 - btc.close", "sample.threshold": "below"})
    with pytest.raises(FlowError) as error:
        do("train", pipeline=never)
    assert "above 0" in one_line(error)
