"""The one path from columns to P&L."""

import numpy as np
import pytest

from factory.core.errors import FlowError
from factory.expressions.columns import Columns
from factory.learning import refits
from factory.learning.decision_table import read_decisions
from factory.learning.model import expert_inputs, fit_model
from factory.learning.model import threads as thread_count
from factory.market.dataset import open_partition
from factory.pipeline import Pipeline, parse
from factory.storage.cache import Cache
from factory.storage.workspace import Workspace
from tests.workshop.market import BINARY, PERPETUAL


@pytest.fixture(scope="module")
def train(built: Workspace):
    return open_partition(built, "small-sim", "train")


@pytest.fixture(scope="module")
def validation(built: Workspace):
    return open_partition(built, "small-sim", "validation")


def rows_of(pipeline: Pipeline, partition):
    return read_decisions(pipeline, Columns(partition, None))


def test_rows_lie_in_the_partition_and_hold_every_feature(train):
    rows = rows_of(parse(BINARY), train)
    assert rows.time.min() >= train.start
    assert rows.time.max() < train.end
    assert all(np.isfinite(values).all() for values in rows.features.values())
    assert rows.dropped > 0, "the first day of gold has no value yet"


def test_law_1_no_feature_of_train_changes_when_validation_is_there(train, validation):
    pipeline = parse(BINARY)
    alone = rows_of(pipeline, train)
    columns = Columns(validation, None)
    for name, expression in pipeline.expressions().items():
        np.testing.assert_array_equal(columns.at(expression, alone.time), alone.features[name])


def test_law_5_the_same_numbers_on_any_number_of_threads(train, validation, monkeypatch):
    pipeline = parse(BINARY)
    history, rows = rows_of(pipeline, train), rows_of(pipeline, validation)
    chances = []
    for threads in ("1", "2"):
        monkeypatch.setenv("RFCAT_THREADS", threads)
        chances.append(fit_model(pipeline, history, train.fingerprint, None).predict(pipeline, rows))
    np.testing.assert_array_equal(chances[0], chances[1])


def test_law_5_a_cached_model_predicts_bit_for_bit_as_a_fresh_one(train, validation, tmp_path):
    pipeline = parse(BINARY)
    history, rows = rows_of(pipeline, train), rows_of(pipeline, validation)
    cache = Cache(tmp_path)
    fresh = fit_model(pipeline, history, train.fingerprint, cache).predict(pipeline, rows)
    kept = fit_model(pipeline, history, train.fingerprint, cache).predict(pipeline, rows)
    np.testing.assert_array_equal(fresh, kept)


def test_a_child_that_changes_the_forest_keeps_the_fitted_experts(train, tmp_path):
    pipeline = parse(BINARY)
    history = rows_of(pipeline, train)
    cache = Cache(tmp_path)
    fit_model(pipeline, history, train.fingerprint, cache)
    before = {path.name for path in tmp_path.glob("??/*")}
    fit_model(pipeline.changed({"meta.leaf": 90}), history, train.fingerprint, cache)
    assert len({path.name for path in tmp_path.glob("??/*")} - before) == 1, "only the forest was fitted anew"


def test_law_6_the_meta_forest_learns_from_predictions_of_models_that_never_saw_the_row(train):
    pipeline = parse(BINARY)
    history = rows_of(pipeline, train)
    model = fit_model(pipeline, history, train.fingerprint, None)
    labelled = history.take(history.labels.y >= 0)
    inside = model.experts["trees"].predict(expert_inputs(pipeline, labelled, "trees"))
    assert not np.array_equal(model.oof["trees"], inside)


def test_walk_forward_uses_only_labels_resolved_by_each_refit(train, validation, monkeypatch):
    pipeline = parse(PERPETUAL)
    history, rows = rows_of(pipeline, train), rows_of(pipeline, validation)
    seen = []

    def spy(pipeline, past, *args, **kwargs):
        seen.append(int(past.labels.end.max()))
        return fit_model(pipeline, past, *args, **kwargs)

    monkeypatch.setattr(refits, "fit_model", spy)
    p, fits = refits.predict_with_refits(pipeline, history, rows, Columns(validation, None))
    steps = range(validation.start, validation.end, 7 * 86_400_000)
    assert all(end <= now for end, now in zip(seen, steps, strict=False))
    assert len(seen) == len(steps) == fits.fitted
    assert not fits.kept
    assert ((p > 0) & (p < 1)).all()


def test_law_8_an_infinite_feature_is_refused_by_name(train):
    pipeline = parse(BINARY).changed({"features.broken": "1 / (btc.close - btc.close)"})
    with pytest.raises(FlowError, match=r"features\.broken: infinite at"):
        rows_of(pipeline, train)


def test_law_8_a_mostly_missing_feature_is_refused_by_name(train):
    pipeline = parse(BINARY).changed({"features.slow": "zscore(gold.close, 400)"})
    with pytest.raises(FlowError, match=r"features\.slow: missing at \d+%"):
        rows_of(pipeline, train)


def test_a_pipeline_that_never_samples_is_refused(train):
    pipeline = parse(PERPETUAL).changed({"sample.threshold": 50})
    with pytest.raises(FlowError, match="sample: no decision in train"):
        rows_of(pipeline, train)


def test_labels_of_one_class_are_refused(train):
    pipeline = parse(BINARY).changed({"label": {"use": "fixed_return", "of": "btc", "horizon": "5m", "above": 0.5}})
    history = rows_of(pipeline, train)
    with pytest.raises(FlowError, match=r"label: all \d+ labels are down"):
        fit_model(pipeline, history, train.fingerprint, None)


@pytest.mark.parametrize("asked", ["abc", "0", "-1", "1.5"])
def test_a_number_of_threads_that_is_none_is_named(monkeypatch, asked: str):
    monkeypatch.setenv("RFCAT_THREADS", asked)
    with pytest.raises(FlowError, match="RFCAT_THREADS"):
        thread_count()
