"""Text of others is harmless once it is in."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.core.errors import LINE, MAX_LINES, FactoryError
from factory.core.foreign import CLIENT, NOBODY, clean_line, clean_text, clean_value, client_name

HIDDEN = "".join(
    map(chr, (0x200B, 0x200D, 0x2060, 0xFEFF, 0x202E, 0x2066, 0x2069, 0x061C, 0xAD, 0xE0041, 0xFE0F, 0x3164, 0x115F))
)
HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil\x1b\\link \x9b2Jgone \x00\x07\x08\x7f\x85 " + HIDDEN
fragments = st.sampled_from(
    [*HOSTILE, HOSTILE, "\x1b[", "\x1b", "\x1b]0;", "\x07", "[31m", "31m", "\r", "\n", "\t", "\u2028", "\ud800", "a", "'", " "]
)
texts = st.one_of(st.text(), st.lists(fragments, max_size=40).map("".join))


def is_harmless(text: str) -> bool:
    """Whether nothing in it steers a terminal, turns its direction or cannot be seen."""
    categories = {unicodedata.category(character) for character in text if character not in "\n\t"}
    return not categories & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and not set(text) & set(HIDDEN)


@given(texts)
def test_what_is_cleaned_is_harmless_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    assert is_harmless(cleaned)
    assert clean_text(cleaned) == cleaned
    cleaned.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters=HIDDEN), max_size=60))
def test_what_can_be_seen_is_left_alone(text: str) -> None:
    visible = "".join(character for character in text if clean_text(character) != "")
    assert clean_text(visible) == visible
    assert clean_text("sound words, in any script: \u00e9\u0434\u5b57 \u2013 50 %\n\tsecond line") == (
        "sound words, in any script: \u00e9\u0434\u5b57 \u2013 50 %\n\tsecond line"
    )


@pytest.mark.parametrize(
    ("dirty", "line"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[\u200b31mred", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("abc\u202edcba\u2066", "abcdcba"),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one two three four five"),
        ("\ud83dhalf", "half"),
    ],
)
def test_a_hostile_text_is_what_it_would_have_been_without(dirty: str, line: str) -> None:
    assert clean_line(dirty) == line


@given(st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)))
def test_every_text_inside_a_value_is_cleaned(value: object) -> None:
    def walk(node: object) -> bool:
        if isinstance(node, dict):
            return all(walk(key) and walk(inner) for key, inner in node.items())
        return all(map(walk, node)) if isinstance(node, list) else is_harmless(str(node))

    assert walk(clean_value(value))
    assert clean_value(7) == 7


@given(texts)
def test_a_client_has_few_characters_to_name_itself(name: str) -> None:
    assert re.fullmatch(rf"[A-Za-z0-9._-]{{1,{CLIENT}}}", client_name(name))


def test_names_of_real_clients_can_be_told() -> None:
    names = ["claude-code", "Claude Desktop", "Visual Studio Code - Insiders", "codex_cli_rs", "", "\x1b[31m", "<b>x</b>"]
    told = ["claude-code", "Claude-Desktop", "Visual-Studio-Code---Insiders", "codex_cli_rs"]
    assert [client_name(name) for name in names] == [*told, NOBODY, NOBODY, "b-x-b"]


@given(st.lists(st.tuples(texts, st.integers(0, 3_000)), min_size=1, max_size=8))
def test_an_error_is_clean_and_short_whatever_it_quotes(parts: list[tuple[str, int]]) -> None:
    told = str(FactoryError(*(f"place: '{text * repeat}' came; write x" for text, repeat in parts)))
    assert is_harmless(told)
    assert len(told) <= (MAX_LINES + 1) * (LINE + 1)


@pytest.mark.parametrize("quoted", ["x" * 100_000, "two words " * 10_000, "it's " * 20_000, "x'" * 50_000])
def test_a_long_quotation_leaves_the_place_and_the_mend(quoted: str) -> None:
    told = str(FactoryError(f"family: '{quoted}' unknown; did you mean 'momentum'?"))
    assert told.startswith("family: '")
    assert told.endswith("' unknown; did you mean 'momentum'?")
    assert len(told) <= LINE


def test_an_error_of_sound_length_is_told_as_it_is() -> None:
    line = f"files: '/{'deep/' * 60}bars.csv' is empty; download it again"
    assert str(FactoryError(line)) == line
