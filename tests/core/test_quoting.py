"""What is put into other syntaxes comes out as it went in, or means nothing there."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.quoting import shell_line, terminal_line, terminal_text
from tests.hostile import ALL_IN_ONE, FOLDERS

NASTY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.text(
    st.sampled_from("$`'\"\\;&|<>(){}[]*?!#~% \n\r\t\x1b-ax0é\u202e🐈"), min_size=1
)


def spoken(words: list[str]) -> list[str]:
    """What bash makes of a line, word by word."""
    run = subprocess.run(["bash", "-c", f"printf '%s\\0' {shell_line(*words)}"], capture_output=True, check=True)
    assert not run.stderr
    return run.stdout.decode().split("\0")[:-1]


@settings(max_examples=200, deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=3))
def test_a_copied_command_reaches_a_shell_as_it_was_and_is_one_line(words: list[str]) -> None:
    assert shell_line(*words).isprintable()
    assert spoken(words) == words


@pytest.mark.parametrize("name", [*FOLDERS, ALL_IN_ONE])
def test_hostile_names_are_one_word_of_a_command(name: str) -> None:
    assert spoken(["echo", f"/x/{name}"]) == ["echo", f"/x/{name}"]


@given(st.text(st.characters()))
def test_nothing_printed_moves_a_terminal(text: str) -> None:
    assert terminal_line(text).isprintable()
    assert all(line.isprintable() for line in terminal_text(text).split("\n"))
    assert terminal_text(text).count("\n") == text.count("\n")


def test_what_a_terminal_can_show_stays() -> None:
    text = "naïve 日本語 🐈 [red] \\n 'x'"
    assert terminal_line(text) == text
    assert terminal_line("a\x1b[31m\nb\u202e\udcff") == "a\\x1b[31m\\nb\\u202e\\udcff"
    assert terminal_text("a\n\tb") == "a\n        b"
