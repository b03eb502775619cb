"""Every command on every kind of terminal: no traceback, no cut name, no control character, no tool of agents."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.core import TyperGroup

from factory.core.quoting import terminal_text
from factory.market.build import build
from factory.market.spec import load_spec
from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tracking.naming import LISTS
from factory.workshop import Workshop
from server.cli.app import app
from server.cli.layout import comma_separated, grid
from server.cli.screen import EVERY, tell_now_and_then
from server.mcp.tool_commands import COMMANDS
from tests.conftest import ROOT
from tests.server.terminal import Told, run_all
from tests.vault.market import FAST, SPEC

AGENT = "[red]\x1b[31m<b>日本\u202e:bell:[/]"
NAMED = FAST.replace("pipeline: fast-up-or-down", "pipeline: a-name-of-forty-characters-for-eighty-x").replace(
    "leaf: 100", "leaf: 150"
)
NAMED = NAMED.replace("data:", 'about: "naïve → [bold]日本[/bold]"\ndata:', 1)
TUNED = f"{FAST}tune: {{meta.leaf: [100, 200]}}\n"
FREE = {
    *("pipeline", "parent", "dataset", "name", "look", "job", "what", "command", "search"),  # said to be unknown, with status 1
    *("why", "model", "cutoff", "claim", "sets", "feature", "symbol", "since", "period", "host", "market", "workspace"),
    *("file", "files", "folder", "out", "secret", "source", "grid", "trades", "comment", "html", "start", "span", "of"),
    *("threshold", "key", "given", "by of approve", "by of reject", "by of retire"),
    *("exchange", "calendar", "header", "time", "zone", "format", "decimal", "volume", "contract_size", "underlying", "delay"),
    "provider",  # what is not there to fetch is told with status 1, as months and periods are
    "family of rank",  # checked after what goes with a pipeline
}
"""Parameters that take any text, as far as the parser knows."""


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    command = command or typer.main.get_command(app)
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from leaves(one, (*path, name))
    else:
        yield path, command


LEAVES = dict(leaves())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a market, trials and a call by an agent of a hostile name."""
    workspace = Workspace.open(tmp_path_factory.mktemp("terminal") / "workspace")
    build(workspace, load_spec(SPEC))
    workshop = Workshop(workspace, AGENT)
    for text in (TUNED, NAMED):
        perform(str(workspace.root), "backtest", {"pipeline": workshop.define(text)["pipeline"], "agent": AGENT})
    workshop.store.put_call(AGENT, "vault-sim", "0" * 64, 0.1, 9, None, f"{AGENT}\n→\tline two\r")
    return workspace.root


@pytest.fixture(scope="module")
def call(root: Path) -> str:
    return Workshop(Workspace.open(root)).store.calls()[0].id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands are started, with files that they are given."""
    (tmp_path / "market.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text(NAMED, encoding="utf-8")
    (tmp_path / "secret").write_text("correct horse battery\n", encoding="utf-8")
    rows = [f"{1_704_067_200_000 + i * 60_000},1,2,0.5,1.5,{i % 3}" for i in (0, 1, 2, 4)]
    (tmp_path / "bars.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    return tmp_path


FAST_ID, SECRET = parse(TUNED).id, ("--passphrase-file", "secret")
LINES: dict[tuple[str, ...], int] = {
    ("serve", "--host", "0.0.0.0"): 1,
    ("start", "btc"): 1,
    ("start", "nowhere"): 1,
    ("doctor",): 0,
    ("features",): 0,
    ("features", "rsi"): 0,
    ("features", "nothing-like-it"): 0,
    ("features", "--part", "meta"): 0,
    ("define", "pipeline.yaml"): 0,
    ("define", "--parent", FAST_ID, "--set", "meta.leaf=300"): 0,
    ("train", FAST_ID): 0,
    ("backtest", FAST_ID): 0,
    ("tune", FAST_ID, "--cells", "2"): 0,
    ("rank", FAST_ID): 0,
    ("submit", FAST_ID): 1,
    ("forward", "look-1"): 1,
    ("replay", FAST_ID, "--days", "1"): 0,
    ("live", FAST_ID): 1,
    ("live", FAST_ID, "--unreviewed"): 1,
    ("propose", FAST_ID, "--why", "→ [red]naïve"): 0,
    ("show",): 0,
    ("show", "trials"): 0,
    ("show", "summary"): 0,
    ("show", "ledger"): 0,
    ("show", "looks"): 0,
    ("show", "datasets"): 0,
    ("show", "calls"): 0,
    ("show", "jobs"): 0,
    ("show", FAST_ID): 0,
    ("show", "a-name-of-forty-characters-for-eighty-x"): 0,
    ("show", FAST_ID, "a-name-of-forty-characters-for-eighty-x"): 0,
    ("show", FAST_ID, "--by", "hour"): 0,
    ("show", FAST_ID, "--trades", "trades.csv"): 0,
    ("show", "leaderboard", "--trades", "trades.csv"): 1,
    ("show", "--trades", "trades.csv"): 1,
    ("show", FAST_ID, "--trades", "."): 1,
    ("show", "no-such-\x1b[31m"): 1,
    ("show", "look-99"): 1,
    ("card", FAST_ID): 0,
    ("card", "no-such"): 1,
    ("show", "call-99"): 1,
    ("cancel", "job-0"): 1,
    ("help",): 0,
    ("help", "dataset", "build"): 0,
    ("data", "fetch", "nowhere", "BTCUSDT", "--from", "2023-01"): 1,
    ("data", "check", "bars.csv"): 0,
    ("data", "record", "depth", "../x"): 2,
    ("data", "record", "status"): 0,
    ("dataset", "init", "bars.csv"): 0,
    ("dataset", "build", "market.yaml"): 0,
    ("dataset", "list"): 0,
    ("dataset", "show", "vault-sim"): 0,
    ("dataset", "extend", "market.yaml"): 1,
    ("dataset", "fresh", "no-such-market"): 1,
    ("ledger", "verify"): 0,
    ("demo", "leak", "-h"): 0,
    ("approve", FAST_ID, "--comment", "x"): 1,
    ("reject", "no-such", "--comment", "→ [red]no"): 1,
    ("retire", FAST_ID, "--comment", "x"): 1,
    ("verify", "pipeline.yaml"): 1,
    ("cusum", FAST_ID): 0,
    ("review", "list"): 0,
    ("review", "key"): 1,
    ("person", "list"): 0,
    ("person", "add", "Not A Name", "--password-file", "secret"): 1,
    ("person", "password", "nobody", "--password-file", "secret"): 1,
    ("person", "remove", "nobody"): 1,
    ("vault", "reviewer"): 1,
    ("vault", "show"): 0,
    ("vault", "show", "look-1", *SECRET): 1,
    ("vault", "grant", "vault-sim"): 1,
    ("vault", "waive", FAST_ID, "P5", "--why", "x"): 1,
    ("vault", "retire", "vault-sim", "--why", "x"): 1,
}
"""Each command, and how it ends here."""


def test_every_command_is_walked() -> None:
    assert {path for path in LEAVES if not any(line[: len(path)] == path for line in LINES)} == set()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_command_ends_in_a_traceback_on_any_terminal(root: Path, folder: Path, call: str, encoding: str) -> None:
    lines = {**LINES, ("show", call): 0}
    told = run_all(root, list(lines), folder, {"PYTHONIOENCODING": encoding, "COLUMNS": "80"})
    for line, one, status in zip(lines, told, lines.values(), strict=True):
        assert one.status == status, (line, one)
        assert one.all.strip(), line
        assert not re.search(r"Traceback|Warning|Error\b.*codec", one.all), (line, one)
        assert one.all == terminal_text(one.all), (line, one)
        names = [name for name in COMMANDS if re.search(rf"\b{name}\(" if "_" not in name else rf"\b{name}\b", one.all)]
        assert names == [], (line, one)


def test_a_locale_of_c_is_no_obstacle(root: Path, folder: Path) -> None:
    c = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"}
    told = run_all(root, [("show", "a-name-of-forty-characters-for-eighty-x"), ("doctor",)], folder, c)
    assert [one.status for one in told] == [0, 0]
    assert "na\\xefve -> [bold]" in told[0].out


def test_ids_and_names_are_whole_at_any_width(root: Path, folder: Path) -> None:
    board = Workshop(Workspace.open(root)).show("leaderboard")
    lines = [("show",), ("show", "trials"), ("show", "jobs"), ("show", "ledger"), ("show", FAST_ID)]
    for width in (30, 80, 120):
        leaderboard, trials, *rest = run_all(root, lines, folder, {"COLUMNS": str(width)})
        for one in (leaderboard, trials):
            for row in board["rows"]:
                assert f"{row[0]}  {row[1]}" in one.out
        if width >= 80:
            table = [line for line in leaderboard.out.splitlines() if not line.startswith("too narrow for: ")]
            assert max(map(len, table)) <= width
        assert f"{board['rows'][0][0]}" in rest[1].out


@given(
    st.lists(st.text("abc-0123", min_size=1, max_size=30), min_size=1, max_size=8, unique=True),
    st.integers(10, 120),
    st.data(),
)
def test_a_column_is_shown_whole_or_not_at_all(columns: list[str], width: int, data: st.DataObject) -> None:
    from rich.console import Console

    words = st.text("xyz-789", min_size=1, max_size=40)
    rows = data.draw(st.lists(st.lists(words, min_size=len(columns), max_size=len(columns)), max_size=4))
    laid, hidden, least = grid({"columns": columns, "rows": rows}, width)
    console = Console(file=io.StringIO(), width=100_000)
    console.print(laid, width=max(width, least))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue().splitlines()
    shown = [place for place, column in enumerate(columns) if column not in hidden]
    assert 0 in shown
    assert [line.split() for line in printed] == [[row[place] for place in shown] for row in (columns, *rows)]
    assert len(shown) == 1 or max(map(len, printed)) <= width or set(columns) & {"pipeline", "name"}


def test_answers_are_json_and_csv(root: Path, folder: Path) -> None:
    answering = [path for path, one in LEAVES.items() if {"as_json", "as_csv"} <= {parameter.name for parameter in one.params}]
    lines = [
        line
        for line, status in LINES.items()
        if status == 0 and "-h" not in line and any(line[: len(path)] == path for path in answering)
    ]
    assert len(lines) > 20
    untouched = shutil.copytree(folder, folder.with_name("untouched"))
    for line, one in zip(lines, run_all(root, [(*line, "--json") for line in lines], folder), strict=True):
        assert isinstance(json.loads(one.out), dict), line
    for line, one in zip(lines, run_all(root, [(*line, "--csv") for line in lines], untouched), strict=True):
        head, *rows = csv.reader(io.StringIO(one.out))
        assert head, line
        assert {len(row) for row in rows} <= {len(head)}, line


def test_every_command_that_ends_takes_json_and_csv() -> None:
    go_on_or_explain = {"serve", "data record depth", "help"}
    without = {" ".join(path) for path, one in LEAVES.items() if "as_json" not in {parameter.name for parameter in one.params}}
    assert without == go_on_or_explain


def test_text_that_a_spreadsheet_would_compute_is_text_in_csv() -> None:
    answer = {"columns": ["a", "b"], "rows": [["=1+1", "-"], ["@x", -2.5], ["a, b", ["c", "d"]]]}
    assert comma_separated(answer) == 'a,b\n\'=1+1,\n\'@x,-2.5\n"a, b","c, d"'


def placed(one: Any, chosen: Any, value: str) -> list[str]:
    """Words that call a command with a value for one parameter and something for those that must be given."""
    words: list[str] = []
    for parameter in one.params:
        if parameter is not chosen and not parameter.required:
            continue
        given = value if parameter is chosen else "1"
        words += [given] if parameter.param_type_name == "argument" else [parameter.opts[-1], given]
    return words


def test_every_choice_is_checked(folder: Path) -> None:
    asked = []
    for path, one in LEAVES.items():
        for parameter in one.params:
            free = parameter.name in FREE or f"{parameter.name} of {path[0]}" in FREE
            if getattr(parameter, "is_flag", False) or free:
                continue
            asked.append([*path, *placed(one, parameter, "nonsense")])
    assert ["tune", "1", "--judge", "nonsense"] in asked
    for line, one in zip(asked, run_all(folder / "empty", asked, folder), strict=True):
        assert one.status == 2, (line, one)
        assert "nonsense" in one.err or "integer" in one.err or "number" in one.err


def test_help_has_a_short_flag_everywhere_and_a_command(folder: Path) -> None:
    paths = [(), *LEAVES, *{path[:1] for path in LEAVES if len(path) > 1}]
    told = run_all(folder / "empty", [(*path, "-h") for path in paths] + [("help", *path) for path in paths], folder)
    short, long = told[: len(paths)], told[len(paths) :]
    assert [one.status for one in told] == [0] * len(told)
    assert [one.out.rstrip() for one in short] == [one.out.rstrip() for one in long]
    (lost,) = run_all(folder / "empty", [("help", "nowhere")], folder)
    assert lost.status == 2


def test_an_empty_workspace_says_how_to_begin(folder: Path) -> None:
    lines = [("show",), ("dataset", "list"), ("doctor",), ("show", "summary"), ("backtest", "btc-long-short")]
    for line, one in zip(lines, run_all(folder / "empty", lines, folder), strict=True):
        assert "rfcat start" in one.all, (line, one)


def test_a_market_without_trials_says_how_to_begin(folder: Path) -> None:
    workspace = Workspace.open(folder / "new")
    build(workspace, load_spec(SPEC))
    (one,) = run_all(workspace.root, [("show",)], folder)
    assert "rfcat backtest" in one.out


def test_several_are_compared_and_lists_are_of_one_dataset(root: Path, folder: Path) -> None:
    lines = [("show", FAST_ID, "a-name-of-forty-characters-for-eighty-x"), ("show", "--dataset", "vault-sim")]
    lines += [("show", "--dataset", "nowhere"), ("show", FAST_ID, "--dataset", "vault-sim")]
    compared, board, unknown, alone = run_all(root, lines, folder)
    assert "differences" in compared.out
    assert FAST_ID in board.out
    assert (unknown.status, alone.status) == (1, 1)
    assert "nowhere" in unknown.err


def test_shells_are_given_completions(folder: Path) -> None:
    asked = {"_RFCAT_COMPLETE": "complete_bash", "COMP_WORDS": "rfcat tune x --judge ", "COMP_CWORD": "4"}
    code = "import sys; sys.argv = ['rfcat']; from server.__main__ import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **asked}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, cwd=folder)
    assert run.stdout.split() == ["train", "validation"]


@pytest.mark.parametrize("typed", ["rfcat backtest ", "rfcat show ", "rfcat card ", "rfcat vault waive "])
def test_shells_are_given_names_and_ids(root: Path, folder: Path, typed: str) -> None:
    listed = complete(f"{typed.rstrip()} ", folder, root)
    assert {FAST_ID, "fast-up-or-down", "a-name-of-forty-characters-for-eighty-x"} <= {*listed}
    assert complete(f"{typed}a-name", folder, root) == ["a-name-of-forty-characters-for-eighty-x"]
    assert complete(typed, folder, folder / "nowhere") == ([*LISTS] if "show" in typed else [])


def complete(typed: str, folder: Path, workspace: Path) -> list[str]:
    """What a shell is given for words that were typed."""
    asked = {"_RFCAT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RFCAT_WORKSPACE": str(workspace), **asked}
    code = "import sys; sys.argv = ['rfcat']; from server.__main__ import main; main()"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, cwd=folder)
    return run.stdout.split()


def test_a_scored_pipeline_is_shown_as_a_person_wants_it(root: Path, folder: Path) -> None:
    (shown,) = run_all(root, [("show", FAST_ID)], folder)
    assert shown.out.startswith("reading: ")
    assert re.search(r"^equity +[▁-█]+  1 to [\d.]+, between", shown.out, re.M)
    assert re.search(r"^drawdown +[▁-█]+", shown.out, re.M)
    (told,) = run_all(root, [("show", FAST_ID, "--trades", "trades.csv", "--json")], folder)
    answer, trades = json.loads(told.out), list(csv.DictReader((folder / "trades.csv").open(encoding="utf-8")))
    assert answer["equity"][-1] == pytest.approx(1 + sum(float(row["net"]) for row in trades), rel=1e-3)
    assert len(trades) == answer["score"]["trades"]
    assert [row[0] for row in answer["last_trades"]["rows"]] == [row["entry"] for row in trades[-8:]]
    grown = 1.0
    for _, month in answer["months"]["rows"]:
        grown *= 1 + month
    assert grown == pytest.approx(answer["equity"][-1], rel=1e-2)
    assert min(answer["drawdown"]) < 0 >= max(answer["drawdown"])


def test_closed_output_is_no_traceback(root: Path, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    line = [sys.executable, "-m", "server", "--workspace", str(root), "show", FAST_ID]
    with subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert b"Traceback" not in started.stderr.read()
    assert started.returncode in (0, 1)


def test_exit_statuses_are_said_and_kept(root: Path, folder: Path) -> None:
    lines = [("help",), ("show", "no-such-pipeline"), ("show", "--no-such-option"), ("no-such-command",)]
    told = run_all(root, lines, folder)
    assert [one.status for one in told] == [0, 1, 2, 2]
    said = " ".join(told[0].out.split())
    for status in ("0 done", "1 refused or failed", "2 not understood", "130 stopped by Ctrl-C"):
        assert status in said
    assert all(one.err and not one.out for one in told[1:])


def test_progress_is_told_now_and_then_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    report = tell_now_and_then("tune \x1b[31m", lambda: now)
    for step in range(100):
        now = step * EVERY / 5
        report(step / 100, f"cell {step}")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 19
    assert lines[0] == "tune \\x1b[31m: 5%, cell 5"


def test_long_work_is_told_of_on_standard_error_only(root: Path, folder: Path) -> None:
    told: Told = run_all(root, [("train", FAST_ID)], folder)[0]
    assert "█" not in told.out
