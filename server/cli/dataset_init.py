"""The command that drafts a dataset file from files as people have them."""

import os
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factory.core.answers import Answer, table
from factory.core.errors import DataError
from factory.core.quoting import shell_line
from factory.core.times import iso
from server.cli.screen import bar, prints_text, say, show

if TYPE_CHECKING:
    from factory.market.inspection import Inspection
    from factory.market.questions import Question

Given = list[str] | None
ONE = "; SERIES=... of one series"
ASKED = {
    "header": "what are its columns, in order?",
    "time": "which column holds the stamps?",
    "zone": "in which time zone are they? UTC, or a place such as Europe/Berlin",
    "format": "how are they written, with %d for the day and %m for the month?",
    "decimal": "which sign stands before decimals?",
    "volume": "which column is the volume, in coins or shares? none where none is counted",
    "contract_size": "how much is one contract: its coins, or its money where quote_volume counts coins?",
    "underlying": "which market is it, as the exchange writes it?",
    "delay": "how long after its stamp is a value published? such as 8d; 0 where it is known at its stamp",
}
"""Questions by the key that they ask for, which with hyphens is the option that answers it."""
SUCH = {
    "header": "date,time,open,high,low,close,volume",
    "time": "date",
    "format": "%d/%m/%Y %H:%M",
    "underlying": "BTCUSDT",
    "contract_size": "100",
    "delay": "8d",
}
"""Answers to show where a question has none of its own."""


def init(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, Parquet or archives of one CSV; those whose names differ in dates are one series."),
    ],
    name: Annotated[
        str | None, typer.Option(help="Of the dataset and the file NAME.yaml; default: that of its series.")
    ] = None,
    header: Annotated[Given, typer.Option(help=f"Its columns, where a file has no header: date,time,open,...{ONE}.")] = None,
    time: Annotated[Given, typer.Option(help=f"Column of the stamps{ONE}.")] = None,
    zone: Annotated[Given, typer.Option(help=f"Of stamps without one: UTC, or a place such as Europe/Berlin{ONE}.")] = None,
    format: Annotated[Given, typer.Option(help=f"How stamps are written, such as %d/%m/%Y{ONE}.")] = None,
    decimal: Annotated[Given, typer.Option(help=f"The sign before decimals{ONE}.")] = None,
    volume: Annotated[Given, typer.Option(help=f"Column of the volume, or none{ONE}.")] = None,
    contract_size: Annotated[Given, typer.Option(help=f"Of a volume that counts contracts{ONE}.")] = None,
    underlying: Annotated[Given, typer.Option(help=f"The market, as the exchange writes it{ONE}.")] = None,
    delay: Annotated[Given, typer.Option(help=f"From the stamp of values to their publication{ONE}.")] = None,
) -> None:
    """Draft a dataset file from files of your own: what they hold, what is wrong with them, a split, contracts to set."""
    from factory.market.books.formats import holds_books
    from factory.market.drafting import draft_dataset, name_dataset
    from factory.market.file_names import group_files
    from factory.market.series_kinds import name_traded_kinds, series_kind
    from factory.market.spec import load_spec

    given = {
        "header": header,
        "time": time, "zone": zone, "format": format, "decimal": decimal, "volume": volume, "contract_size": contract_size,
        "underlying": underlying, "delay": delay,
    }  # fmt: skip
    groups = group_files(files, [path for path in files if holds_books(path)])
    dataset = _require_slug(name) if name else name_dataset(next(iter(groups)))
    target = files[0].parent / f"{dataset}.yaml"
    _refuse_overwriting(target)
    inspected = [_inspect(series, paths, target.parent, _choose(given, series, groups)) for series, paths in groups.items()]
    show(_describe(inspected))
    if not any(series_kind(one.spec.kind).is_traded for one in inspected):
        kinds = name_traded_kinds()
        mend = f"give a file of {kinds} beside {files[0].name}"
        raise DataError(f"none of them holds {kinds}, by which moments and fills go; {mend}")
    text = draft_dataset(dataset, target.name, inspected)
    load_spec(text)
    _write(target, text)
    say(
        f"\nwrote {target}. Next:\n  1. read it: contracts, split and looks are yours to fix before any agent sees the data\n"
        f"  2. set 'confirmed: true' in it\n  3. {shell_line('rfcat', 'dataset', 'build', str(target))}"
    )


def _require_slug(name: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from factory.core.names import Slug

    try:
        return TypeAdapter[str](Slug).validate_python(name)
    except ValidationError:
        raise DataError(f"--name: '{name}' is no name of a dataset; write small letters, digits and hyphens") from None


def _refuse_overwriting(target: Path) -> None:
    if target.exists():
        raise DataError(f"{target.name}: is there already and is not overwritten; move it away, or give --name another")


def _write(target: Path, text: str) -> None:
    from factory.storage.workspace import write_new

    try:
        if not write_new(target, text):
            _refuse_overwriting(target)
    except OSError as error:
        raise DataError(f"{target.name}: {error.strerror or 'cannot be written'}; make its folder writable") from None


def _choose(given: Mapping[str, Given], series: str, groups: Mapping[str, Sequence[Path]]) -> dict[str, str]:
    """Choose the answers for one series: those for it alone before those for all."""
    answers: dict[str, str] = {}
    for key, values in given.items():
        own, general = [], []
        for value in values or ():
            owner, equals, rest = value.partition("=")
            is_owned = bool(equals) and owner in groups
            if not is_owned:
                general.append(value)
            elif owner == series:
                own.append(rest)
        if chosen := [*general, *own][-1:]:
            answers[key] = chosen[0]
    return answers


def _inspect(series: str, paths: Sequence[Path], folder: Path, answers: dict[str, str]) -> "Inspection":
    """Inspect a series, asking one question after another."""
    from glob import escape

    from factory.market.inspection import inspect_series
    from factory.market.questions import Question

    files = [escape(Path(os.path.relpath(path, folder)).as_posix()) for path in paths]
    while True:
        try:
            with bar(series) as report:
                report(0.0, "reading")
                return inspect_series(series, paths, files, answers)
        except Question as question:
            answers[question.key] = _ask(question)


def _ask(question: "Question") -> str:
    """Ask at a terminal; elsewhere refuse with the option that answers.

    Raises
    ------
    DataError
        If nobody can be asked.
    """
    from factory.market.series_draft import check_answer

    key, choices = question.key, question.choices
    example = f", as in '{question.example}'" if question.example else ""
    if not (prints_text() and (sys.stdin or StringIO()).isatty()):
        option = f"--{key.replace('_', '-')}"
        such = [shell_line(option, one) for one in choices[:4] or [SUCH[key]]]
        raise DataError(f"{question.says}{example}: {ASKED[key]}; give {' or '.join(such)}")

    def check(text: str) -> str:
        try:
            return check_answer(key, text, choices)
        except DataError as error:
            raise typer.BadParameter(str(error)) from None

    say(f"{question.says}{example}")
    listed = f" ({', '.join(choices)})" if choices and key not in ("zone", "delay") else ""
    return str(typer.prompt(f"{ASKED[key]}{listed}", value_proc=check))


def _describe(inspected: Sequence["Inspection"]) -> Answer:
    """Tell what was understood: the series, how they were read, and their first rows."""
    rows = []
    for one in inspected:
        rows.append([one.name, one.spec.kind, one.spec.underlying, one.spec.period, len(one.frame), *map(iso, one.span)])
    remarks = [[one.name, remark] for one in inspected for remark in (*one.frame.notes, *one.remarks)]
    remarks += [[one.name, f"fault: {fault.line}"] for one in inspected for fault in one.quality.faults]
    return {
        "series": table(("series", "kind", "underlying", "period", "rows", "first", "to"), rows),
        **({"read": table(("series", "says"), remarks)} if remarks else {}),
        "rows": {one.name: one.show_rows() for one in inspected if one.stamps},
    }
