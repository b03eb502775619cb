from collections.abc import Iterator

import pytest

from factory.ledger import Store, StoredPipeline
from factory.workspace import Workspace


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    store = Store(workspace)
    yield store
    store.close()


def found(store: Store, reference: str) -> StoredPipeline:
    row = store.pipeline(reference)
    assert row is not None
    return row


def test_a_pipeline_is_kept_once_with_its_newest_text_and_its_first_parent(store: Store) -> None:
    assert store.put_pipeline("aaa", "first", "one", "btc-sim")
    assert store.put_pipeline("bbb", "child", "two", "btc-sim", parent="aaa")
    assert not store.put_pipeline("aaa", "renamed", "one, tuned", "btc-sim", parent="bbb")
    kept = found(store, "aaa")
    assert (kept.name, kept.yaml, kept.parent) == ("renamed", "one, tuned", None)
    assert found(store, "child").parent == "aaa"
    assert len(store.pipelines()) == 2


def test_a_reference_is_an_id_or_else_the_newest_whole_pipeline_of_that_name(store: Store) -> None:
    store.put_pipeline("aaa", "twin", "one", "btc-sim")
    store.put_pipeline("twin", "odd", "two", "btc-sim")
    store.put_pipeline("bbb", "odd", "three", "btc-sim", parent="twin")
    assert found(store, "twin").yaml == "two"
    assert found(store, "odd").id == "twin", "a child keeps its parent's name and does not take it over"
    store.put_pipeline("ccc", "odd", "four", "btc-sim")
    assert found(store, "odd").id == "ccc"
    assert store.pipeline("twim") is None
    assert store.names() == ["odd", "twin"]


def test_pipelines_are_listed_by_dataset(store: Store) -> None:
    for number in range(51):
        store.put_pipeline(f"id{number}", "name", "yaml", "btc-sim" if number else "btc-real")
    assert [pipeline.id for pipeline in store.pipelines("btc-real")] == ["id0"]
    assert len(store.pipelines("btc-sim")) == 50
    assert len(store.pipelines(page=2)) == 1


def test_a_run_with_the_same_id_is_replaced(store: Store) -> None:
    store.put_run("r1", "aaa", "backtest", "btc-sim", {"auc": 0.51})
    store.put_run("r1", "aaa", "backtest", "btc-sim", {"auc": 0.52})
    store.put_run("r2", "aaa", "train", "btc-sim", {"auc": 0.53})
    run = store.run("r1")
    assert run is not None
    assert run.result == {"auc": 0.52}
    assert [found.id for found in store.runs(pipeline="aaa", kind="train")] == ["r2"]
    assert {found.id for found in store.runs(dataset="btc-sim")} == {"r1", "r2"}
    assert store.runs(dataset="other") == []
    assert store.run("r3") is None


def test_what_is_kept_is_there_for_the_next_process(workspace: Workspace, store: Store) -> None:
    store.put_pipeline("aaa", "name", "yaml", "btc-sim")
    other = Store(workspace)
    assert found(other, "name").id == "aaa"
    other.close()
