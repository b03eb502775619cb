"""The shipped strategies run where all that they need is, and are listed nowhere else."""

import json
from pathlib import Path

import pytest

from factory.core.errors import PipelineError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.pipeline import check_pipeline, load_shipped
from factory.pipeline.stored import find_pipeline
from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from tests.market.bars import SPEC as BARS
from tests.market.bars import csv, rows
from tests.server.test_cli import rfcat
from tests.workshop.market import SPEC

FITS, TOO_LONG = "btc-up-or-down-5m", "btc-long-short"
"""On the small markets: one that runs, and one whose refit window is longer than their train."""


def drawn(name: str, seed: int) -> str:
    """Another small market, of its own underlyings."""
    return SPEC.replace("small-sim", name).replace("seed: 3", f"seed: {seed}").replace("SMALL-", f"{name.upper()}-")


@pytest.fixture
def bare(tmp_path: Path) -> Workshop:
    """A workspace whose only dataset has neither eth nor the contracts that the shipped strategies trade."""
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "bare")
    build(workspace, load_spec(BARS), tmp_path)
    return Workshop(workspace, "tester")


@pytest.fixture
def twice(tmp_path: Path) -> Workshop:
    workspace = Workspace.open(tmp_path / "twice")
    for name, seed in (("east", 5), ("west", 6)):
        build(workspace, load_spec(drawn(name, seed)))
    return Workshop(workspace, "tester")


def test_what_is_listed_is_what_the_dataset_takes_and_runs_by_name_and_id(workshop: Workshop) -> None:
    listed = workshop.describe()["pipelines"]
    assert set(listed) == {FITS}
    for name, id in listed.items():
        pipeline = workshop.resolve(name)
        assert (pipeline.id, pipeline.data, pipeline.features) == (id, "small-sim", load_shipped()[name].features)
        check_pipeline(pipeline, workshop.catalog.spec("small-sim"), workshop.catalog.meta("small-sim"))
        assert workshop.resolve_or_derive(name) == workshop.resolve(id).id == id
        assert workshop.show(name)["pipeline"] == workshop.show(id)["pipeline"] == id
        assert f"show(what='{id}')" in workshop.list_features()["next"]


@pytest.mark.parametrize("name", [*load_shipped(), "btc-long-shor"])
def test_where_nothing_fits_no_shipped_strategy_is_listed_and_none_is_said_to_lack_btc_sim(bare: Workshop, name: str) -> None:
    told = json.dumps([bare.describe(), bare.list_features()])
    assert not any(shipped_name in told for shipped_name in load_shipped())
    for use in (bare.show, bare.resolve_or_derive, bare.require_trial):
        with pytest.raises(PipelineError) as error:
            use(name)
        assert "btc-sim" not in str(error.value)
        assert not any(f"did you mean '{shipped_name}'" in str(error.value) for shipped_name in load_shipped())


def test_an_empty_workspace_lists_none(tmp_path: Path) -> None:
    empty = Workshop(Workspace.open(tmp_path / "empty"), "tester")
    assert not any(name in json.dumps([empty.describe(), empty.list_features()]) for name in load_shipped())
    with pytest.raises(PipelineError, match="no dataset is built yet; run `rfcat start`"):
        empty.show(TOO_LONG)


def test_one_that_does_not_run_here_may_be_changed_into_one_that_does(workshop: Workshop) -> None:
    with pytest.raises(PipelineError, match="runs on no dataset here"):
        workshop.resolve_or_derive(TOO_LONG)
    child = workshop.resolve_or_derive(TOO_LONG, changes={"refit.window": "30d", "refit.every": "10d"})
    assert workshop.resolve(child).data == "small-sim"
    with pytest.raises(PipelineError, match=r"refit\.window: 360d is longer than train"):
        workshop.resolve_or_derive(TOO_LONG, changes={"meta.leaf": 40})


def test_a_name_that_fits_two_datasets_is_refused_with_the_ids(twice: Workshop) -> None:
    ids = {data: twice.describe(data)["pipelines"][FITS] for data in ("east", "west")}
    assert len(set(ids.values())) == 2
    with pytest.raises(PipelineError) as error:
        twice.resolve(FITS)
    assert str(error.value).endswith(f"runs on 2 datasets; give an id: {ids['east']} (east), {ids['west']} (west)")
    for data, id in ids.items():
        assert twice.resolve(id).data == data
        assert twice.resolve(twice.resolve_or_derive(FITS, changes={"data": data, "meta.leaf": 150})).data == data


def test_on_its_own_dataset_a_name_means_the_strategy_as_it_was_shipped(twice: Workshop) -> None:
    build(twice.workspace, load_spec(drawn("btc-sim", 7)))
    assert twice.resolve(FITS) == load_shipped()[FITS]
    assert twice.describe("east")["pipelines"][FITS] != twice.describe("btc-sim")["pipelines"][FITS] == load_shipped()[FITS].id


def test_what_was_used_by_name_is_kept_for_all_who_know_its_id(workshop: Workshop, do) -> None:
    done = do("train", pipeline=FITS)
    assert find_pipeline(workshop.store, done["pipeline"]) == workshop.resolve(FITS)


def test_start_scores_on_real_data_what_it_lists(tmp_path: Path) -> None:
    """The file stands for a person's: what it says of its source makes no difference to what is scored."""
    file = tmp_path / "btc.yaml"
    file.write_text(drawn("btc", 5), encoding="utf-8")
    printed = rfcat(tmp_path / "workspace", "start", "btc", "--file", str(file))
    workshop = Workshop(Workspace.open(tmp_path / "workspace"), "tester")
    listed = workshop.describe("btc")["pipelines"]
    assert set(listed) == {FITS}
    [trial] = workshop.ledger.all_trials("btc")
    assert trial.payload["pipeline"] == listed[FITS]
    known = workshop.find_trial(workshop.resolve(FITS)) or {}
    assert known["reading"] in " ".join(printed.split())
    assert rfcat(tmp_path / "workspace", "start", "btc", "--file", str(file)), "again is no second trial"
    assert len(workshop.ledger.all_trials("btc")) == 1


def test_start_says_when_no_strategy_runs(tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    file = tmp_path / "small.yaml"
    file.write_text(BARS, encoding="utf-8")
    printed = rfcat(tmp_path / "workspace", "start", "btc", "--file", str(file))
    assert "no strategy that comes with the project runs on small" in printed
    assert "connect a host" in printed
