from collections.abc import Iterator

import pytest

from factory.storage.store import Store, StoredPipeline
from factory.storage.workspace import Workspace
from tests.ledger.conftest import behind_its_back


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
    assert found(store, "bbb").parent == "aaa"
    assert len(store.pipelines()) == 2


def test_a_name_is_no_id_and_means_all_that_bear_it_those_defined_whole_first(store: Store) -> None:
    store.put_pipeline("aaa", "twin", "one", "btc-sim")
    store.put_pipeline("bbb", "odd", "three", "btc-sim", parent="twin")
    store.put_pipeline("twin", "odd", "two", "btc-sim")
    assert found(store, "twin").yaml == "two"
    assert [row.id for row in store.named("odd")] == ["twin", "bbb"]
    assert store.pipeline("odd") is None
    assert store.named("twim") == []
    assert store.names() == ["odd", "twin"]


def test_a_name_is_the_first_agents_who_may_give_it_again(store: Store) -> None:
    assert store.claim_name("mine", "aaa", "a")
    assert store.claim_name("mine", "aaa", "b"), "the same pipeline is nobody's"
    assert not store.claim_name("mine", "bbb", "b")
    assert store.claim_name("mine", "ccc", "a")
    assert not store.claim_name("mine", "bbb", "b")


def test_a_name_that_an_older_version_kept_is_taken(store: Store) -> None:
    store.put_pipeline("aaa", "old", "one", "btc-sim")
    assert not store.claim_name("old", "bbb", "a")
    assert store.claim_name("old", "aaa", "a")


def test_a_pipeline_is_found_by_each_of_its_names(store: Store) -> None:
    store.claim_name("first", "aaa", "a")
    store.put_pipeline("aaa", "first", "one", "btc-sim")
    store.claim_name("second", "aaa", "b")
    assert [row.id for row in store.named("second")] == ["aaa"]
    assert store.names() == ["first", "second"]


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
    run = store.find_run("r1")
    assert run is not None
    assert run.result == {"auc": 0.52}
    assert [stored.id for stored in store.runs(pipeline="aaa", kind="train")] == ["r2"]
    assert {stored.id for stored in store.runs(dataset="btc-sim")} == {"r1", "r2"}
    assert store.runs(dataset="other") == []
    assert store.find_run("r3") is None


def test_what_is_kept_is_there_for_the_next_process(workspace: Workspace, store: Store) -> None:
    store.put_pipeline("aaa", "name", "yaml", "btc-sim")
    other = Store(workspace)
    assert found(other, "aaa").name == "name"
    other.close()


def test_an_edited_result_is_as_if_it_were_not_there(workspace: Workspace, store: Store) -> None:
    store.put_run("r1", "aaa", "train", "btc-sim", {"auc": 0.51})
    with behind_its_back(workspace) as connection:
        connection.execute("UPDATE runs SET result = replace(result, '0.51', '0.71')")
    assert store.find_run("r1") is None
    assert store.runs() == []
    store.put_run("r1", "aaa", "train", "btc-sim", {"auc": 0.51})
    kept = store.find_run("r1")
    assert kept is not None
    assert kept.result == {"auc": 0.51}
