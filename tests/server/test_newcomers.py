"""What somebody new meets at the terminal: help that says what a thing costs, refusals that say how to go on."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from factory import people
from factory.core.answers import pluralize
from factory.core.errors import did_you_mean
from factory.market.build import build
from factory.market.spec import load_spec
from factory.market.templates import simulated_spec
from factory.pipeline import load_shipped, parse
from factory.storage.workspace import Workspace
from factory.tracking.naming import LISTS
from factory.vault import reviewer
from factory.workshop import Workshop
from server.cli.app import app
from server.cli.running import SIMULATED_MARKETS
from tests.conftest import ROOT
from tests.server.terminal import run_all
from tests.vault.market import FAST, SPEC


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a small market and no trial."""
    workspace = Workspace.open(tmp_path_factory.mktemp("newcomers") / "workspace")
    build(workspace, load_spec(SPEC))
    return workspace.root


def test_help_says_what_is_counted_as_a_trial(market: Path, tmp_path: Path) -> None:
    lines = [("help", "backtest"), ("help", "tune")]
    for one in run_all(market, lines, tmp_path):
        assert "on validation: one trial" in " ".join(one.out.split())


READING = [
    *[("show",), ("show", "jobs"), ("show", "job-0"), ("dataset", "list"), ("dataset", "show", "x"), ("ledger", "verify")],
    *[("doctor",), ("vault", "show"), ("cancel", "job-0"), ("backtest", "btc-long-short"), ("rank", "--family", "momentum")],
    *[
        ("submit", "x"),
        ("forward", "look-1"),
        ("replay", "x"),
        ("live", "x"),
        ("propose", "x", "--why", "y"),
        ("dataset", "fresh", "x"),
        ("tune", "x"),
    ],
]


def test_a_command_that_only_reads_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    for place, mend in (("missing", "make one there with `rfcat start`"), ("mine", "choose a new or empty folder")):
        for line, one in zip(READING, run_all(tmp_path / place, READING, tmp_path), strict=True):
            assert (one.status, one.out) == (1, ""), (line, one)
            assert len(one.err.strip().splitlines()) == 1, (line, one)
            assert str(tmp_path / place) in one.err
            assert mend in one.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "notes.txt"]


def test_what_needs_no_workspace_works_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text("time,open,high,low,close,volume\n2024-01-01T00:00:00Z,1,1,1,1,1\n", encoding="utf-8")
    lines = [("features",), ("features", "rsi"), ("data", "check", "bars.csv"), ("help",)]
    assert [one.status for one in run_all(tmp_path / "missing", lines, tmp_path)] == [0, 0, 0, 0]
    assert not (tmp_path / "missing").exists()


def test_a_command_that_begins_work_makes_a_workspace_and_none_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "market.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text(FAST, encoding="utf-8")
    lines = [("dataset", "build", "market.yaml"), ("define", "pipeline.yaml")]
    for line in lines:
        (refused,) = run_all(tmp_path, [line], tmp_path)
        assert "and no workspace; choose a new or empty folder" in refused.err
    assert [one.status for one in run_all(tmp_path / "new", lines, tmp_path)] == [0, 0]


def test_a_choice_is_taken_in_whatever_case_it_comes(tmp_path: Path) -> None:
    lines = [("features", "--family", "Momentum"), ("features", "--part", "META"), ("features", "--family", "momentm")]
    family, part, unknown = run_all(tmp_path, lines, tmp_path)
    assert (family.status, part.status, unknown.status) == (0, 0, 2)
    assert "macd" in family.out
    assert "did you mean 'momentum'?" in unknown.all


NAMING = [("train",), ("backtest",), ("tune", "--cells", "2"), ("rank",), ("submit",), ("propose", "--why", "x")]


def test_a_strategy_file_may_stand_where_a_pipeline_is_named(market: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(FAST, encoding="utf-8")
    id = parse(FAST).id
    for line in (("backtest", "s.yaml"), ("propose", "./s.yaml", "--why", "x"), ("rank", str(tmp_path / "s.yaml"))):
        (one,) = run_all(market, [line], tmp_path)
        assert one.status == 0, one
        assert f"{line[1]}: defined as {id}" in one.out
    (shown,) = run_all(market, [("show", "s.yaml", "--json")], tmp_path)
    assert json.loads(shown.out)["pipeline"] == id
    (changed,) = run_all(market, [("backtest", "s.yaml", "--set", "meta.leaf=120", "--json")], tmp_path)
    assert json.loads(changed.out)["pipeline"] == parse(FAST).changed({"meta.leaf": 120}).id
    assert f"defined as {id}" in changed.err


def test_a_file_that_is_not_there_is_refused_with_what_is_near(market: Path, tmp_path: Path) -> None:
    (tmp_path / "strategy.yaml").write_text(FAST, encoding="utf-8")
    names = Workshop(Workspace.open(market))
    names.define(FAST)
    near = {
        "stratgy.yaml": "strategy.yaml",
        "fast_up_or_down.yaml": "fast-up-or-down",
        "fast-up-or-dwn.yaml": "fast-up-or-down",
    }
    lines = [(*line[:1], given, *line[1:]) for line in NAMING for given in near]
    for line, one in zip(lines, run_all(market, lines, tmp_path), strict=True):
        assert (one.status, one.out) == (1, ""), (line, one)
        assert one.err.strip() == f"pipeline: no file '{line[1]}'; did you mean '{near[line[1]]}'?"
    gone, folder = run_all(market, [("define", "stratgy.yaml"), ("define", ".")], tmp_path)
    assert gone.err.strip() == "stratgy.yaml: no such file; did you mean 'strategy.yaml'?"
    assert folder.err.strip() == ".: is a directory; name a strategy file"


def test_an_empty_workspace_offers_data_of_ones_own_and_no_empty_list(tmp_path: Path) -> None:
    root = Workspace.open(tmp_path / "workspace").root
    (tmp_path / "here").mkdir()
    lines = [("show",), ("dataset", "show", "x"), ("show", "summary"), ("rank", "--family", "momentum"), ("doctor",)]
    lines += [(*line[:1], given, *line[1:]) for line in NAMING for given in ("nothing-like-it",)]
    for line, one in zip(lines, run_all(root, lines, tmp_path / "here"), strict=True):
        assert "`rfcat start`" in one.all, (line, one)
        assert "rfcat dataset build FILE" in one.all, (line, one)
        assert "docs/datasets.md" in one.all, (line, one)
    for one in run_all(root, [("define", "x.yaml"), ("train", "x.yaml")], tmp_path / "here"):
        assert one.err.strip().endswith("name a strategy file, such as strategy.yaml"), one


@pytest.mark.parametrize("word", ["", "x", "close"])
def test_where_nothing_is_allowed_nothing_is_listed(word: str) -> None:
    assert did_you_mean(word, []) == "there is none yet"


def test_start_takes_a_dataset_file_of_ones_own_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "eth.yaml").write_text(SPEC.replace("dataset: vault-sim", "dataset: eth"), encoding="utf-8")
    lines = [("start", "eth"), ("start", "doge"), ("help", "start")]
    own, unknown, told = run_all(tmp_path / "workspace", lines, tmp_path, {"COLUMNS": "200"})
    assert "built eth" in own.out
    assert unknown.err.strip() == "start 'doge': unknown; allowed: btc, or write doge.yaml (docs/datasets.md)"
    assert "NAME of a dataset file NAME.yaml here" in " ".join(told.out.split())


def test_start_names_what_it_draws_and_each_has_a_strategy_of_its_own(tmp_path: Path) -> None:
    (told,) = run_all(tmp_path, [("help", "start")], tmp_path, {"COLUMNS": "200"})
    shipped = {pipeline.data for pipeline in load_shipped().values()}
    for market, dataset in SIMULATED_MARKETS.items():
        assert f"{market}: a simulated" in " ".join(told.out.split())
        assert simulated_spec(dataset).dataset == dataset
    assert shipped == {"btc-sim", *SIMULATED_MARKETS.values()}


def test_a_list_of_nothing_says_none(market: Path, tmp_path: Path) -> None:
    lines = [("show", "jobs"), ("show", "calls"), ("show", "looks"), ("vault", "show"), ("show", "trials")]
    for line, one in zip(lines, run_all(market, [*lines[:4], ("show", "trials", "--page", "9")], tmp_path), strict=True):
        assert one.status == 0, (line, one)
        assert "none" in [row.strip() for row in one.out.splitlines()], (line, one)


def test_two_forms_of_one_answer_are_refused(market: Path, tmp_path: Path) -> None:
    lines = [("show", "--json", "--csv"), ("features", "--csv", "--json"), ("dataset", "list", "--json", "--csv")]
    for one in run_all(market, lines, tmp_path):
        assert (one.status, one.out) == (2, "")
        assert "give one of them" in one.err


@pytest.mark.parametrize("colours", [True, False])
def test_without_colour_nothing_is_escaped(market: Path, colours: bool) -> None:
    words = [["help"], ["help", "tune"], ["tune", "-h"], ["show"], ["dataset", "list"], ["show", "no-such-thing"]]
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment = {**plain, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **({} if colours else {"NO_COLOR": "1"})}
    for line in words:
        asked = [sys.executable, "-m", "server", "--workspace", str(market), *line]
        terminal, other = pty.openpty()
        with subprocess.Popen(asked, cwd=ROOT, env=environment, stdout=other, stderr=other, stdin=other):
            os.close(other)
            shown = b""
            with suppress(OSError):  # Linux ends a terminal that nobody writes to so.
                while part := os.read(terminal, 4096):
                    shown += part
        os.close(terminal)
        assert shown
        assert (b"\x1b[" in shown) == colours, (line, shown)


@pytest.mark.parametrize(
    ("command", "least"), [(("person", "add", "ada"), people.SHORTEST), (("vault", "reviewer"), reviewer.SHORTEST)]
)
def test_a_new_secret_is_asked_for_with_its_least_length(tmp_path: Path, command: tuple[str, ...], least: int) -> None:
    terminal, other = pty.openpty()
    asked = [sys.executable, "-m", "server", "--workspace", str(tmp_path / "workspace"), *command]
    with subprocess.Popen(asked, cwd=ROOT, stdin=other, stdout=other, stderr=other, start_new_session=True) as process:
        os.close(other)
        shown = b""
        while not shown.rstrip().endswith(b":"):
            shown += os.read(terminal, 4096)
        process.kill()
    os.close(terminal)
    assert f"at least {least} characters:" in shown.decode()


def test_the_help_of_a_decision_says_what_it_leads_to(tmp_path: Path) -> None:
    lines = [("approve", "-h"), ("retire", "-h")]
    approve, retire = (" ".join(one.out.replace("│", " ").split()) for one in run_all(tmp_path / "workspace", lines, tmp_path))
    assert "the name of your account stands in the signature" in approve
    assert "still verifies elsewhere" in retire


def test_the_reviewer_is_said_to_be_set(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse battery\n", encoding="utf-8")
    (told,) = run_all(tmp_path / "workspace", [("vault", "reviewer", "--passphrase-file", "secret")], tmp_path)
    assert told.out.startswith("the reviewer is set; ")


def test_a_file_that_is_shown_for_confirmation_is_shown_as_it_is(tmp_path: Path) -> None:
    own = f"# What execute_python sees: a third.\n{SPEC}".replace("confirmed: true", "confirmed: false")
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    for name, told in zip(
        ("btc", "own"), run_all(tmp_path / "new", [("start", "btc"), ("start", "own")], tmp_path), strict=True
    ):
        written = (tmp_path / f"{name}.yaml").read_text(encoding="utf-8")
        assert written in told.out
        assert "an agent's own code" not in written


@pytest.mark.parametrize(("count", "told"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials")])
def test_a_count_agrees_with_its_noun(count: int, told: str) -> None:
    assert pluralize(count, "trial") == told


def test_a_grid_is_given_at_the_terminal_as_agents_give_one(market: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(FAST, encoding="utf-8")
    grid = "{meta.leaf: [90, 110], trade.edge: [0.02]}"
    lines = [("tune", "s.yaml"), ("tune", "s.yaml", "--grid", grid, "--json"), ("help", "tune")]
    asked, tuned, told = run_all(market, lines, tmp_path)
    id = parse(FAST).id
    assert asked.err.strip().endswith(f"`rfcat tune {id} --grid '{{meta.leaf: [50, 100, 200]}}'`")
    answer = json.loads(tuned.out)
    assert (answer["cells"], answer["best"]["columns"][:2]) == (2, ["meta.leaf", "trade.edge"])
    assert {row[0] for row in answer["best"]["rows"]} == {90, 110}
    assert "{meta.leaf: [50, 200]}" in " ".join(told.out.replace("│", " ").split())


@pytest.mark.parametrize("grid", ["meta.leaf", "[50, 200]", "{meta.leaf: [50"])
def test_a_grid_that_is_none_is_refused_with_an_example(market: Path, tmp_path: Path, grid: str) -> None:
    (tmp_path / "s.yaml").write_text(FAST, encoding="utf-8")
    (one,) = run_all(market, [("tune", "s.yaml", "--grid", grid)], tmp_path)
    assert one.status == 1
    assert one.err.splitlines()[-1].startswith("--grid: ")
    assert one.err.strip().endswith("write for example --grid '{meta.leaf: [50, 200]}'")


def test_a_start_without_the_extra_ends_with_what_works_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.learning.networks.architecture.find_spec", lambda name: None)
    told = CliRunner().invoke(app, ["--workspace", str(tmp_path / "workspace"), "start", "book"])
    assert told.exit_code == 1
    assert '.venv/bin/pip install -e ".[deep]" in a checkout' in " ".join(told.output.split())
    assert told.output.strip().splitlines()[-1].endswith("rfcat backtest btc-order-book --set experts.book_net=null")
    workshop = Workshop(Workspace.open(tmp_path / "workspace"))
    left = workshop.resolve(workshop.resolve_or_derive("btc-order-book", changes={"experts.book_net": None}))
    assert "book_net" not in {*left.experts, *left.meta.see}


def test_a_stage_is_shown_by_its_name_and_hints_are_commands(tmp_path: Path) -> None:
    lines = [("features", "networks"), ("features", "trade"), ("features", "deeplob"), ("features", "--part", "experts")]
    stage, both, part, experts = run_all(tmp_path, lines, tmp_path)
    assert "deeplob" in stage.out
    assert "up_or_down" in both.out
    assert "trade_size(bars, n)" in both.out
    assert "deeplob in `rfcat features --part networks`" in part.out
    assert "books: `rfcat features --part networks`" in experts.out


def test_an_option_of_all_commands_after_one_is_told_where_it_goes(market: Path, tmp_path: Path) -> None:
    lines = [("show", "x", "--workspace", "w"), ("dataset", "list", "--workspace=w"), ("show", "x", "--worksp", "w")]
    first, second, unknown = run_all(market, lines, tmp_path)
    assert first.err.strip().endswith("--workspace goes before the command: rfcat --workspace WORKSPACE show")
    assert second.err.strip().endswith("--workspace goes before the command: rfcat --workspace WORKSPACE dataset list")
    assert "goes before" not in unknown.err
    assert [one.status for one in (first, second, unknown)] == [2, 2, 2]


def test_help_of_show_lists_all_words_and_what_counts(tmp_path: Path) -> None:
    (told,) = run_all(tmp_path, [("help", "show")], tmp_path, {"COLUMNS": "200"})
    words = " ".join(told.out.replace("│", " ").split())
    assert [word for word in LISTS if word not in words] == []
    assert "`summary` and --by look at validation, and count as explorations" in words


def test_a_dataset_that_must_be_named_is_named_by_the_option(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    for name in ("one", "two"):
        text = SPEC.replace("dataset: vault-sim", f"dataset: {name}").replace("VAULT", name.upper())
        build(workspace, load_spec(text.replace("seed: 5", f"seed: {len(name) + ord(name[0])}")))
    for one in run_all(workspace.root, [("show", "summary"), ("rank", "--family", "momentum")], tmp_path):
        assert one.err.strip() == "--dataset: not named; allowed: one, two"


def test_a_dataset_lists_the_pipelines_that_were_defined_on_it(market: Path, tmp_path: Path) -> None:
    workshop = Workshop(Workspace.open(market))
    mine = workshop.define(FAST.replace("fast-up-or-down", "mine").replace("leaf: 100", "leaf: 300"))["pipeline"]
    (alone,) = run_all(market, [("dataset", "show", "vault-sim", "--json")], tmp_path)
    assert json.loads(alone.out)["pipelines"]["mine"] == mine
    workshop.resolve_or_derive(mine, changes={"meta.leaf": 310})
    (several,) = run_all(market, [("dataset", "show", "vault-sim", "--json")], tmp_path)
    told = json.loads(several.out)["pipelines"]["mine"]
    assert told.endswith(" and 1 more: rfcat show pipelines --dataset vault-sim")
