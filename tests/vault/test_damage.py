"""A flipped bit in any file that evidence is read from: it is told, or what was lost is made anew, and no figure moves."""

import hashlib
import shutil
import sqlite3
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.canonical import digest
from factory.core.errors import DataError, FactoryError, PipelineError, SealError
from factory.core.hashes import HASHES, write_hashes
from factory.core.progress import no_progress
from factory.learning.artefacts import content_key
from factory.market import seal_registry
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.market.verification import verify_dataset
from factory.tasks import perform
from factory.tasks.backtest import outcome_to_dict, score
from factory.tasks.context import TaskContext
from factory.vault import exam, reports
from factory.vault.pools import SEAL_ROWS, read_looks
from factory.vault.reviewer import appoint, unlock
from factory.vault.sealed_data import open_sealed
from factory.views.breakdowns import break_down
from factory.workshop import Workshop
from tests.vault.market import FAST, SPEC
from tests.vault.test_rule import lucky, tried

NAME = "vault-sim"
PASSPHRASE = "correct horse battery"
LIVING = ("ledger.sqlite", "ledger.lock", "vault/.build.lock", "vault/anchors.jsonl", "vault/log", "numba", "format", "id")
"""What is guarded by hashes of its own, and what holds no figure."""
ELSE = load_spec(SPEC.replace(NAME, "else").replace("VAULT-", "ELSE-").replace("seed: 5", "seed: 6"))


Work = Callable[[], str]


def works(workshop: Workshop, look: str) -> dict[str, Work]:
    """All that is computed of the files of a workspace, from the rows to the reviewer's report; each gives a hash of its figures."""
    workspace, pipeline = workshop.workspace, workshop.resolve("fast-up-or-down")
    reviewer = unlock(workshop.ledger, PASSPHRASE)
    (looked,) = (one for one in read_looks(workshop.ledger.of_kinds(SEAL_ROWS)) if one.name == look)

    def trial() -> str:
        scored, model, arrays, evidence = score(TaskContext(workshop, pipeline, no_progress))
        return content_key(scored.p, *(arrays[name] for name in sorted(arrays)), outcome_to_dict(scored, ""), model, evidence)

    def examine() -> str:
        learned = exam.prepare(workspace, pipeline)
        contract = workshop.catalog.spec(NAME).contracts[pipeline.trade.contract]
        plan = exam.plan(workspace, pipeline, contract, learned)
        sealed = open_sealed(workspace, NAME)
        terms = plan.information, plan.price, plan.wager
        examined = exam.examine(pipeline, contract, learned, sealed, *terms, seed=1)
        return content_key(examined.scored.p, examined.scored.result.daily.net, examined.frozen.p_values())

    def build_another() -> str:
        seal_registry.refuse_exposure(workspace, ELSE)
        seal_registry.refuse_twins(workspace, ELSE, seal_registry.Marks({}, {}))
        return "built"

    def frames() -> str:
        asked = workshop.frames(NAME, validation=True, features=["lead"], pipeline=pipeline.id)
        perform(str(workspace.root), "frames", asked.asked())
        return digest([hashlib.sha256(path.read_bytes()).hexdigest() for paths in asked.paths.values() for path in paths])

    return {
        "trial": trial,
        "exam": examine,
        "build": build_another,
        "breakdown": lambda: digest(break_down(workshop, pipeline, "hour")),
        "rank": lambda: digest(perform(str(workspace.root), "rank", {"pipeline": pipeline.id})["rows"]),
        "frames made": lambda: (shutil.rmtree(workspace.frames, ignore_errors=True), frames())[1],
        "frames": frames,
        "report": lambda: digest(reports.read_report(workspace, looked, reviewer)),
    }


@pytest.fixture
def look(workshop: Workshop, submit: Callable[..., dict[str, Any]]) -> str:
    appoint(workshop.ledger, PASSPHRASE)
    return str(submit()["look"])


def files_of(root: Path, work: Work) -> tuple[str, set[str]]:
    """What some work gives, and the files below a folder that it opens."""
    opened: list[str] = []
    listening = True
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if listening and event == "open" else None)
    result = work()
    listening = False
    files = {path for path in opened if path.startswith(str(root)) and Path(path).is_file()}
    return result, {str(Path(path).relative_to(root)) for path in files}


def flip(path: Path) -> None:
    """Flip one bit, somewhere behind an array's header."""
    content = bytearray(path.read_bytes())
    place = zlib.crc32(path.name.encode()) % max(1, len(content) - 128)
    content[-1 - place] ^= 1 << (place % 8)
    path.write_bytes(content)


def put_back(pristine: Path, root: Path, name: str) -> None:
    """Put a file and those beside it back as they were."""
    folder = (root / name).parent
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree((pristine / name).parent, folder)


def test_a_flipped_bit_in_any_file_that_evidence_reads_moves_no_figure(
    workshop: Workshop, look: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, pristine = workshop.workspace.root, tmp_path / "pristine"
    figures, opened, done = {}, {}, works(workshop, look)
    for name, work in done.items():
        figures[name], opened[name] = files_of(root, work)
    shutil.copytree(root, pristine)
    read = {file for files in opened.values() for file in files if not file.startswith(LIVING)}
    there = {str(path.relative_to(root)) for kind in ("npy", "json", "bin", "arrow") for path in root.rglob(f"*.{kind}")}
    assert {Path(file).parts[0] for file in read} == {"datasets", "vault", "cache", "runs"}
    moved, silently = [], []
    for file in sorted(read | there):
        flip(root / file)
        flipped, told = (root / file).read_bytes(), False
        caplog.clear()
        for name, work in reversed(done.items()):  # frames are read before they are made anew
            if file in opened[name]:
                try:
                    moved += [] if work() == figures[name] else [(file, name)]
                except FactoryError as error:
                    told |= "damaged" in str(error)
        told |= bool(caplog.records) or not (root / file).is_file() or (root / file).read_bytes() != flipped
        if not told and not is_harmless(workshop, file, file in read):
            silently.append(file)
        put_back(pristine, root, file)
    assert (moved, silently) == ([], [])
    assert {name: work() for name, work in done.items()} == figures


def is_harmless(workshop: Workshop, file: str, is_read: bool) -> bool:
    """Whether nothing was made of the flipped bit: no evidence reads the file, or not that hash; the doctor tells of a dataset's."""
    if is_read and not file.endswith(HASHES):
        return False
    return bool(verify_dataset(workshop.workspace, NAME)) if file.startswith(("datasets", "vault")) else not is_read


def test_a_damaged_file_of_a_dataset_is_named_with_the_mend(workshop: Workshop) -> None:
    for name in ("series/btc/close.npy", "spec.json", "meta.json"):
        path = workshop.workspace.datasets / NAME / name
        content = path.read_bytes()
        flip(path)
        with pytest.raises(DataError, match=rf"^dataset '{NAME}': {name} is damaged or gone; run 'rfcat dataset build' again"):
            workshop.catalog.spec(NAME), open_partition(workshop.workspace, NAME, "train")
        path.write_bytes(content)
    assert len(open_partition(workshop.workspace, NAME, "train").series["btc"])


def test_law_3_of_damaged_sealed_rows_no_more_is_told_and_no_look_is_spent(
    workshop: Workshop, submit: Callable[..., dict[str, Any]]
) -> None:
    path = workshop.workspace.vault / NAME / "series" / "btc" / "close.npy"
    values = np.load(path)
    values[100] = 7654.25
    np.save(path, values)
    with pytest.raises(DataError) as told:
        submit()
    assert str(told.value).startswith(f"dataset '{NAME}': its sealed part is damaged or gone; run 'rfcat dataset build' again")
    assert "7654" not in str(told.value)
    assert workshop.pool(NAME).left == 5
    assert verify_dataset(workshop.workspace, NAME) == [str(told.value)]
    build(workshop.workspace, load_spec(SPEC))
    assert submit()["verdict"] == "PASS"


def test_law_3_a_damaged_seal_lets_nothing_be_built(workshop: Workshop) -> None:
    for name in (seal_registry.SEAL, HASHES):
        path = workshop.workspace.vault / NAME / name
        content = path.read_bytes()
        path.write_bytes(content[:-2] + b"  ")
        with pytest.raises(SealError, match=f"dataset '{NAME}': its seal is damaged; restore the vault folder from a backup"):
            build(workshop.workspace, ELSE)
        path.write_bytes(content)


def test_a_pipeline_that_is_not_what_was_defined_is_refused_until_it_is_defined_again(
    workshop: Workshop, submit: Callable[..., dict[str, Any]]
) -> None:
    id = workshop.resolve("fast-up-or-down").id
    child = str(workshop.define(parent=id, changes={"meta.leaf": 120})["pipeline"])
    edit_pipeline(workshop, id)
    refused = f"^pipeline: what is kept of {id} is not what was defined: damaged, or edited; define it again$"
    for ask in (
        workshop.resolve,
        workshop.show,
        lambda one: submit(pipeline=one),
        lambda one: workshop.define(parent=one, changes={"meta.leaf": 90}),
    ):
        with pytest.raises(PipelineError, match=refused):
            ask(id)
    with pytest.raises(PipelineError, match=refused):
        workshop.resolve("fast-up-or-down")
    assert workshop.resolve(child).id == child
    assert workshop.ledger.of_kinds(("look",)) == []
    assert workshop.define(FAST)["pipeline"] == id
    assert submit()["verdict"] == "PASS"


def edit_pipeline(workshop: Workshop, id: str) -> None:
    """Change a stake in the text that is kept of a pipeline: nothing that is fitted hangs on it."""
    with closing(sqlite3.connect(workshop.workspace.database, isolation_level=None)) as connection:
        edit = "UPDATE pipelines SET yaml = replace(yaml, 'share: 0.001', 'share: 0.003') WHERE id = ?"
        assert connection.execute(edit, (id,)).rowcount == 1
    assert workshop.store.pipeline(id).yaml.count("0.003") == 1


def test_a_later_look_counts_on_no_decisions_of_an_earlier_pipeline_that_was_changed_since(
    workshop: Workshop, submit: Callable[..., dict[str, Any]]
) -> None:
    """It keeps its own level, where what was examined then would have given it more."""
    appoint(workshop.ledger, PASSPHRASE)
    made, claim = lucky(workshop)
    assert submit(made, claim=claim)["verdict"] == "FAIL"
    again = str(workshop.define(parent=made, changes={"trade.size.share": 0.002})["pipeline"])
    tried(workshop, again)
    edit_pipeline(workshop, made)
    submit(again, claim=claim)
    looks = read_looks(workshop.ledger.of_kinds(SEAL_ROWS))
    told = [reports.read_report(workshop.workspace, look, unlock(workshop.ledger, PASSPHRASE)) for look in looks]
    assert [report["level"] for report in told] == [0.01, 0.01]


def test_rows_that_were_edited_with_their_hashes_are_not_those_of_the_fingerprint(workshop: Workshop) -> None:
    folder = workshop.workspace.datasets / NAME
    values = np.load(folder / "series" / "btc" / "close.npy")
    values[1000] *= 1.01
    np.save(folder / "series" / "btc" / "close.npy", values)
    write_hashes(folder)
    open_partition(workshop.workspace, NAME, "train")
    (problem,) = verify_dataset(workshop.workspace, NAME)
    assert problem.startswith(f"dataset '{NAME}': its rows are not those of its fingerprint")


def test_a_flipped_bit_in_cached_columns_does_not_move_a_trial(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    """As it was seen: one bit of every 97th value moved a mean net from 0.0074 to 0.0228."""
    desk = TaskContext(workshop, workshop.resolve("fast-up-or-down"), no_progress)
    before = content_key(score(desk)[0].p)
    columns = [*workshop.workspace.cache.rglob("values.npy")]
    for path in columns:
        values = np.load(path)
        values.view(np.uint64)[::97] ^= np.uint64(1 << 51)
        np.save(path, values)
    assert content_key(score(desk)[0].p) == before
    assert len([line for line in caplog.messages if "values.npy" in line]) == len(columns) > 0
