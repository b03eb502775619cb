"""Frames for agents' own code: what they hold, and that asking for them costs nothing until code sees validation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import ipc

from factory.core.errors import DataError, ExpressionError, FlowError, PipelineError
from factory.core.hashes import hashes_beside
from factory.storage.cache import UNLIMITED, Cache
from factory.tasks import frames
from factory.tasks.frame_plan import MOST_FEATURES
from factory.workshop import Workshop


def read(paths: list[Path]) -> pd.DataFrame:
    tables = [ipc.open_file(path.read_bytes()).read_all().to_pandas() for path in paths]
    return pd.concat([tables[0], *(table.set_axis(tables[0].index) for table in tables[1:])], axis=1)


@pytest.fixture
def made(workshop: Workshop, do):
    """Frames by name, made if they are not there."""

    def made(**asked) -> dict[str, pd.DataFrame]:
        frames = workshop.frames(**asked)
        do("frames", **frames.asked())
        assert frames.missing() == []
        return {name: read(paths) for name, paths in frames.paths.items()}

    return made


def test_train_alone_is_the_default(made) -> None:
    frames = made()
    assert list(frames) == ["train"]
    assert len(frames["train"]) == 64_800
    assert frames["train"].index.name == "time"
    assert {"close", "eth_close", "gold_close"} <= set(frames["train"])


def test_law_3_no_frame_reaches_past_its_partition(made) -> None:
    frames = made(validation=True, features=["lag(btc.close, 1)"])
    assert str(frames["train"].index.max()) == "2024-02-14 23:59:00+00:00"
    assert str(frames["validation"].index.min()) >= "2024-02-16"
    assert str(frames["validation"].index.max()) <= "2024-03-09 23:59:00+00:00"


def test_a_third_of_validations_days_is_there_whole_and_the_same_for_every_call(made) -> None:
    first = made(validation=True)["validation"]
    days = first.groupby(first.index.floor("1D")).size()
    assert len(days) == 23 // 3, "of 23 days, the gap taken off"
    assert set(days) == {1_440}
    again = made(validation=True, features=["hour()"])["validation"]
    assert (again.index == first.index).all()


def test_law_1_a_feature_is_its_value_at_the_close_of_each_bar(made) -> None:
    train = made(features=["ret(btc.close, 5)", "zscore(gold.close, 24)"])["train"]
    expected = train["close"].pct_change(5, fill_method=None)
    np.testing.assert_allclose(train["ret(btc.close, 5)"][5:], expected[5:], rtol=1e-9)
    hourly = train["zscore(gold.close, 24)"].dropna()
    changes = hourly.index[1:][np.diff(hourly.to_numpy()) != 0]
    assert set(changes.minute) == {59}, "a gold bar is known at its close, which is the close of the bar of minute 59"


def test_features_of_a_pipeline_may_be_named(made, binary: str) -> None:
    train = made(pipeline=binary, features=["move5"])["train"]
    same = made(features=["ret(btc.close, 5) / std(ret(btc.close, 1), 60)"])["train"].iloc[:, -1]
    pd.testing.assert_series_equal(train["move5"], same, check_names=False)


def test_predictions_are_out_of_fold_and_count_one_exploration(made, workshop: Workshop, binary: str) -> None:
    child = workshop.resolve_or_derive(
        binary, changes={"experts.trees.rounds": 21}
    )  # other tests share the cache, and not the ledger
    frames = made(pipeline=child)
    predictions = frames["predictions"]
    assert list(predictions.columns) == ["line", "trees", "up"]
    assert set(predictions["up"]) == {0, 1}
    assert predictions[["line", "trees"]].std().min() > 0
    assert predictions.index.max() <= frames["train"].index.max() + pd.Timedelta("1min")
    made(pipeline=child)
    assert workshop.ledger.counts("small-sim").explorations == 1


def test_trades_are_the_trials_on_the_days_that_code_sees(made, workshop: Workshop, binary: str, do) -> None:
    shorter = workshop.resolve_or_derive(binary, changes={"features.gold_day": None})  # it looks back a day, which leaves less
    with pytest.raises(PipelineError, match="backtest it first"):
        workshop.frames(validation=True, pipeline=shorter)
    trial = do("backtest", pipeline=shorter)
    frames = made(validation=True, pipeline=shorter)
    trades, days = frames["trades"], set(frames["validation"].index.floor("1D"))
    assert 0.25 * trial["trades"] < len(trades) < 0.4 * trial["trades"]
    assert set(trades.index.floor("1D")) <= days
    assert set((trades["exit"] - pd.Timedelta("1ms")).dt.floor("1D")) <= days
    assert set(trades["reason"]) == {"settled"}
    assert (trades["exit"] > trades.index).all()
    kept = Cache(workshop.workspace.runs, limit=UNLIMITED).get(workshop.run_id(workshop.resolve(shorter), "trial"))
    assert kept is not None
    whole = pd.DataFrame({name: kept[f"trades.{name}"] for name in ("side", "p", "price")}, index=kept["trades.entry_ms"])
    whole.index = pd.DatetimeIndex(whole.index.astype("datetime64[ms]"), tz="UTC")
    pd.testing.assert_frame_equal(trades[["side", "p", "price"]], whole.loc[trades.index], check_names=False, check_freq=False)


def test_trades_of_what_looks_back_beyond_the_days_that_code_sees_are_refused(workshop: Workshop, binary: str, do) -> None:
    child = workshop.resolve_or_derive(binary, changes={"features.far": "ret(btc.close, 5000)", "meta.see": ["line", "far"]})
    do("backtest", pipeline=child)
    with pytest.raises(FlowError, match=r"trades nothing on the days of validation that code sees, 3 in a row"):
        do("frames", validation=True, pipeline=child)


def test_what_is_made_is_not_made_again(workshop: Workshop, made, monkeypatch: pytest.MonkeyPatch) -> None:
    made(features=["ret(btc.close, 7)"])
    monkeypatch.setattr(frames, "_write", lambda *_: pytest.fail("written again"))
    made(features=["ret(btc.close, 7)"])


def test_a_damaged_frame_is_made_anew_and_said(made, workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    asked = {"features": ["ret(btc.close, 11)"]}
    whole = made(**asked)["train"]
    planned = workshop.frames(**asked)
    for path in planned.paths["train"]:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert len(planned.missing()) == 2
    assert [line for line in caplog.messages if "is damaged, and made anew" in line]
    pd.testing.assert_frame_equal(made(**asked)["train"], whole)


@pytest.mark.parametrize("damage", [b"", b"[]", b"\xff"])
def test_a_frame_without_what_it_holds_beside_it_is_made_anew(made, workshop: Workshop, damage: bytes) -> None:
    asked = {"features": ["ret(btc.close, 12)"]}
    made(**asked)
    planned = workshop.frames(**asked)
    bars, feature = planned.paths["train"]
    hashes_beside(bars).unlink()
    hashes_beside(feature).write_bytes(damage)
    assert [file.path for file in planned.missing()] == [bars, feature]
    made(**asked)


def test_the_least_used_frames_go_and_those_in_use_stay(made, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    made(features=["ret(btc.close, 8)"])
    monkeypatch.setattr(frames, "LIMIT_BYTES", 0)
    made(features=["ret(btc.close, 9)"])
    left = {path.name for path in workshop.workspace.frames.glob("*.arrow")}
    assert left == {path.name for path in workshop.frames(features=["ret(btc.close, 9)"]).paths["train"]}


def test_bad_requests_name_the_mistake(workshop: Workshop, binary: str) -> None:
    with pytest.raises(PipelineError, match="unknown"):
        workshop.frames(pipeline="nope")
    with pytest.raises(DataError, match="unknown"):
        workshop.frames("nope")
    with pytest.raises(ExpressionError, match="btx"):
        workshop.frames(features=["ret(btx.close, 5)"])
    with pytest.raises(PipelineError, match=f"at most {MOST_FEATURES}"):
        workshop.frames(features=[f"ret(btc.close, {i + 1})" for i in range(MOST_FEATURES + 1)])


def test_a_feature_cannot_take_the_name_of_a_column(workshop: Workshop, binary: str) -> None:
    child = workshop.resolve_or_derive(binary, changes={"features.close": "log(btc.close)"})
    with pytest.raises(PipelineError, match="'close' is a column of the frame already"):
        workshop.frames(pipeline=child, features=["close"])


def test_law_4_looking_at_validation_is_one_trial_for_the_same_code_on_the_same_frames(workshop: Workshop) -> None:
    frames = workshop.frames(validation=True)
    for code in ("validation.shape", "validation.shape", "validation.size"):
        workshop.record_validation_access(frames, code)
    assert workshop.ledger.counts("small-sim").trials == 2
    workshop.record_validation_access(workshop.frames(validation=True, features=["hour()"]), "validation.shape")
    assert workshop.ledger.counts("small-sim").trials == 3
