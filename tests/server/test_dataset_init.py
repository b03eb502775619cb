"""From files as people have them to a dataset file, at the command line."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from factory.market.spec import load_spec
from server.cli.app import app
from tests.conftest import ROOT
from tests.market.awkward import FILES, ISO, Awkward, lines, stamp, text, write


def init(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["dataset", "init", *map(str, arguments)])


def read_output(result: Result) -> str:
    return " ".join(f"{result.output} {result.exception or ''}".split())


@pytest.mark.parametrize("what", [what for what, one in FILES.items() if one.answer])
def test_law_a_question_without_a_terminal_is_refused_with_the_option_that_answers_it(tmp_path: Path, what: str) -> None:
    one = FILES[what]
    assert one.answer
    path, (key, value) = write(tmp_path, one), one.answer
    option = f"--{key.replace('_', '-')}"
    refused = init(path)
    assert refused.exit_code == 1
    assert re.findall("--[a-z-]+", read_output(refused)) == [option] * read_output(refused).count(option)
    assert option in read_output(refused)
    assert [*tmp_path.iterdir()] == [path]
    assert init(path, option, value).exit_code == 0
    assert load_spec(next(tmp_path.glob("*.yaml"))).series


def test_the_option_that_a_refusal_shows_can_be_typed_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, FILES["two volumes that no price tells apart"])
    shown = re.search(r"give (--volume '[^']+') or", read_output(init(path)))
    assert shown
    assert init(path, *shown[1].replace("'", "").split(" ", 1)).exit_code == 0


def test_what_was_understood_is_shown_and_the_next_steps_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, FILES["semicolons and decimal commas"])
    done = init(path)
    assert done.exit_code == 0
    assert "42000,0 -> 42000" in done.output
    assert f"rfcat dataset build {tmp_path / 'bars.yaml'}" in done.output
    assert "set 'confirmed: true' in it" in done.output
    assert load_spec(tmp_path / "bars.yaml").series["bars"].period == "1h"


def test_a_program_reads_what_was_understood_as_json(tmp_path: Path) -> None:
    done = init(write(tmp_path, FILES["gzip"]), "--json")
    answer = json.loads(done.stdout)
    assert answer["series"]["rows"][0][:5] == ["bars", "bars", "BARS", "1h", 288]
    assert len(answer["rows"]["bars"]["rows"]) == 10


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path, FILES["gzip"])
    (tmp_path / "bars.yaml").write_text("mine")
    refused = init(path)
    assert refused.exit_code == 1
    assert "bars.yaml: is there already and is not overwritten" in read_output(refused)
    assert (tmp_path / "bars.yaml").read_text() == "mine"
    assert init(path, "--name", "other").exit_code == 0


def test_a_name_that_no_dataset_may_have_is_refused(tmp_path: Path) -> None:
    refused = init(write(tmp_path, FILES["gzip"]), "--name", "../Evil name")
    assert refused.exit_code == 1
    assert "--name" in read_output(refused)
    assert len([*tmp_path.iterdir()]) == 1


def test_several_files_are_several_series_and_an_option_may_be_of_one(tmp_path: Path) -> None:
    for name in ("btc.csv", "eth.csv"):
        write(tmp_path, FILES["stamps of a place"]._replace(name=name))
    (tmp_path / "more").mkdir()
    fails = write(tmp_path / "more", Awkward("fails.csv", text(["date,fails", "2024-01-03,1", "2024-01-10,2", "2024-01-17,2"])))
    given = ["--zone", "Europe/Berlin", "--zone", "eth=UTC", "--underlying", "eth=ETHUSDT", "--delay", "8d"]
    assert init(tmp_path / "btc.csv", tmp_path / "eth.csv", fails, *given).exit_code == 0
    spec = load_spec(tmp_path / "btc.yaml")
    assert [spec.series[name].source.zone for name in ("btc", "eth")] == ["Europe/Berlin", "UTC"]
    assert [spec.series[name].underlying for name in ("btc", "eth", "fails")] == ["BTC", "ETHUSDT", "FAILS"]
    assert spec.series["fails"].source.files == ("more/fails.csv",)
    assert set(spec.contracts) == {"btc-perpetual", "eth-perpetual"}


def test_files_without_bars_are_shown_and_then_refused(tmp_path: Path) -> None:
    path = write(tmp_path, Awkward("fails.csv", text(["date,fails", "2024-01-03,1", "2024-01-10,2", "2024-01-17,2"])))
    refused = init(path, "--delay", "8d")
    assert refused.exit_code == 1
    assert "none of them holds bars" in read_output(refused)
    assert "2024-01-10" in refused.output


def test_a_file_whose_name_is_a_pattern_is_named_so_that_it_is_found(tmp_path: Path) -> None:
    write(tmp_path, FILES["gzip"]._replace(name="bars [1]*.csv.gz"))
    assert init(tmp_path / "bars [1]*.csv.gz", "--name", "mine").exit_code == 0
    built = confirm_and_build(tmp_path, "mine")
    assert "matches no file" not in read_output(built)
    assert built.exit_code == 0


def confirm_and_build(folder: Path, name: str) -> Result:
    file = folder / f"{name}.yaml"
    file.write_text(file.read_text().replace("confirmed: false", "confirmed: true", 1))
    return CliRunner().invoke(app, ["--workspace", str(folder / "workspace"), "dataset", "build", str(file)])


def test_the_drafted_file_builds_once_a_person_confirmed_it(tmp_path: Path) -> None:
    assert init(write(tmp_path, FILES["volume in contracts"]), "--contract-size", "100", "--name", "mine").exit_code == 0
    built = confirm_and_build(tmp_path, "mine")
    assert built.exit_code == 0, read_output(built)
    assert "built mine" in built.output


def test_hostile_content_moves_no_terminal_and_leaves_no_traceback(tmp_path: Path) -> None:
    hostile = {
        "control.csv": text([lines()[0] + ",\x1b]0;title\x07\x1b[2J", *(f"{row},1" for row in lines()[1:])]),
        "cell.csv": text([lines()[0] + ",symbol", *(f"{row},\x1b[31mBTC" for row in lines()[1:])]),
        "formula.csv": text([lines()[0].replace("volume", "=1+1|vol"), *lines()[1:]]),
        "bytes.csv": bytes(range(1, 256)) * 300,
        "empty.csv": b"",
        "half.csv.gz": gzip.compress(text(lines()))[:200],
    }
    for name, content in hostile.items():
        done = init(write(tmp_path, Awkward(name, content)))
        assert done.exit_code in (0, 1), name
        assert not isinstance(done.exception, AttributeError | ValueError | KeyError | IndexError | UnicodeError), name
        assert all(sign.isprintable() or sign == "\n" for sign in read_output(done)), name
    assert init(tmp_path).exit_code == 1
    assert init(tmp_path / "missing.csv").exit_code == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("whoever runs this may write anywhere")
    path = write(tmp_path, FILES["gzip"])
    tmp_path.chmod(0o500)
    refused = init(path)
    tmp_path.chmod(0o700)
    assert refused.exit_code == 1
    assert "make its folder writable" in read_output(refused)


def test_at_a_terminal_one_question_comes_after_another_and_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    header = "timestamp,open,high,low,close,Volume A,Volume B"
    rows = lines(header, lambda at: stamp(at, ISO), more=lambda row: ["9"])
    path = write(tmp_path, Awkward("bars.csv", text(rows)))
    shown = at_terminal(["dataset", "init", str(path)], ["Mars/Base", "UTC", "Volume C", "volume a"])
    assert shown.count("in which time zone are they?") == 2
    assert "'Mars/Base' is no time zone" in shown
    assert shown.count("which column is the volume") == 2
    source = load_spec(tmp_path / "bars.yaml").series["bars"].source
    assert (source.zone, source.columns) == ("UTC", {"volume": "Volume A"})


def at_terminal(arguments: list[str], answers: list[str]) -> str:
    """What a command shows at a terminal where these lines are typed."""
    main, second = pty.openpty()
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "300"}
    run = subprocess.Popen(
        [sys.executable, "-m", "server", *arguments], stdin=second, stdout=second, stderr=second, env=variables
    )
    os.close(second)
    os.write(main, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    with suppress(OSError):
        while chunk := os.read(main, 65_536):
            shown += chunk
    run.wait(60)
    os.close(main)
    return " ".join(shown.decode("utf-8", "replace").split())
