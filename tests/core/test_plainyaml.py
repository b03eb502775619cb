import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.core.plainyaml import MAX_TEXT, read


def test_every_scalar_is_text() -> None:
    text = "a: on\nb: {x: 1, y: [012, 2024-01-01, 12:30, ~, 1e3, 'q, r']}\nc:\n  d: >-\n    two\n    lines\ne:\n"
    assert read(text) == {
        "a": "on",
        "b": {"x": "1", "y": ["012", "2024-01-01", "12:30", "~", "1e3", "q, r"]},
        "c": {"d": "two lines"},
        "e": "",
    }
    assert read("") == ""
    assert read("# only a comment\n") == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", "line 2, a: the key is there twice; keep one"),
        ("b:\n  a: 1\n  'a': 2", "line 3, b.a: the key is there twice; keep one"),
        ("~: 2", "line 1: empty key; give it a name"),
        (": 2", "line 1: empty key; give it a name"),
        ("null: 2", "line 1: empty key; give it a name"),
        ("? [1]\n: 2", "line 1: a key must be a plain name"),
        ("a: &x 1\nb: *x", "line 1, a: anchors and aliases are not read; write the value out"),
        ("a: !!python/object:os.system 3", "line 1, a: the tag is not read; write the plain value"),
        ("a: 1\n---\nb: 2", "line 2: a second document; write one, without '---'"),
        ("a: b: c", "line 1: not YAML: mapping values are not allowed here; put a value that holds ': ' in quotes"),
        ("a:\n\t- b", "line 2: not YAML: found character '\\t' that cannot start any token; indent with blanks, not tabs"),
        ("a: {b: 1, c}", "line 1, a.c: no value; a comma ends one inside { }, so write a list as [a, b]"),
        (
            "a: {kind bars, b: 1}",
            "line 1, a.kind bars: no value; a colon and a blank stand between a key and its value, so write 'kind: bars'",
        ),
        (
            "a: {b: 1, kind:bars}",
            "line 1, a.kind:bars: no value; a colon and a blank stand between a key and its value, so write 'kind: bars'",
        ),
        (
            "f: {r1: ret(x, 1), r2: ret(x, 1)}",
            "line 1, f.r1: 'ret(x' was cut at a comma, which ends a value inside { } or [ ]; "
            "write it on a line of its own, or in quotes",
        ),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text: str, line: str) -> None:
    with pytest.raises(ValueError) as caught:
        read(text)
    assert str(caught.value) == line


def test_a_huge_or_endless_text_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 100000"):
        read("a" * (MAX_TEXT + 1))
    with pytest.raises(ValueError, match="nested deeper than 12"):
        read("[" * 50_000)


def test_quotes_keep_an_expression_whole() -> None:
    assert read("f: {r1: \"ret(x, 1)\", r2: ['ret(x, 2)']}") == {"f": {"r1": "ret(x, 1)", "r2": ["ret(x, 2)"]}}


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        read(text)
    except ValueError as error:
        complaint = str(error)
    else:
        complaint = "fine"
    assert len(complaint.splitlines()) == 1
