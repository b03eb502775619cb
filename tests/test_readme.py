"""The README says what the server is. ``python -m tests.test_readme`` writes its tool table."""

import re
import shlex
from pathlib import Path

import typer

from factory.pipeline import load_shipped
from server.cli.app import app
from tests.e2e.market import small_workspace
from tests.server.terminal import run_all

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PLACE = re.compile(r"(<!-- tools -->\n).*?(<!-- /tools -->)", re.DOTALL)


def tool_table() -> str:
    from server.mcp.tools import all_tools

    rows = [f"| `{tool.name}` | {' '.join(tool.description.split())} |" for tool in all_tools()]
    return "\n".join(["", "| tool | does |", "| --- | --- |", *rows, "", ""])


def filled(text: str) -> str:
    return PLACE.sub(lambda match: match[1] + tool_table() + match[2], text)


def test_the_readme_lists_the_tools_as_the_server_does() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == filled(text), "run python -m tests.test_readme"


def test_the_readme_names_both_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert "make run" in text
    assert "make test" in text


def test_the_strategy_in_the_readme_is_a_pipeline() -> None:
    from factory.pipeline import parse, render

    block = re.search(r"```yaml\n(pipeline:.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    pipeline = parse(block[1])
    assert parse(render(pipeline)) == pipeline


def test_the_readme_defines_and_scores_a_file_of_ones_own(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(pipeline:.*?)```", text, re.DOTALL)
    commands = re.search(r"```\n(rfcat define .*?)```", text, re.DOTALL)
    assert block
    assert commands
    (tmp_path / "five-minutes.yaml").write_text(block[1], encoding="utf-8")
    lines = [shlex.split(line, comments=True)[1:] for line in commands[1].splitlines()]
    told = run_all(small_workspace(tmp_path / "workspace").root, lines, tmp_path)
    assert [one.status for one in told] == [0] * len(lines), told
    assert told[-1].out.count("five-minutes") == 2


def test_the_readme_lists_the_commands_and_the_strategies_that_there_are() -> None:
    text = README.read_text(encoding="utf-8")
    listed = text.partition("On the command line, `rfcat` does")[2].partition("`rfcat help` lists them")[0]
    commands = set(getattr(typer.main.get_command(app), "commands", ())) - {"help"}
    assert set(re.findall(r"`([a-z]+)`", listed)) == commands
    counted = {4: "four", 5: "five", 6: "six"}[len(load_shipped())]
    assert f"{counted} strategies that come with the project" in " ".join(text.split())


def test_the_readme_opens_and_closes_its_marks() -> None:
    marks = re.findall(r"<!-- (/?)(\w+) -->", README.read_text(encoding="utf-8"))
    assert [name for closes, name in marks if not closes] == [name for closes, name in marks if closes]


def test_the_readme_says_where_the_command_is() -> None:
    text = README.read_text(encoding="utf-8")
    assert ".venv/bin/rfcat" in text
    assert "source .venv/bin/activate" in text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
