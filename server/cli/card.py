"""The card of a strategy and its CUSUM picture, written to files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from factory.core.errors import PipelineError
from server.cli.common import Reference, workshop_of
from server.cli.references import resolve_or_derive
from server.cli.screen import show as print_answer

Partition = Literal["train", "validation"]


def card(
    context: typer.Context,
    pipeline: Reference,
    out: Annotated[Path | None, typer.Option(help="Folder for the files; default: where proposals go.")] = None,
) -> None:
    """Write the card of a scored strategy: a page with pictures that needs nothing else, Markdown, and all trades as CSV.

    Its breakdowns look at validation, and count as explorations once.
    """
    from factory.report.render import render_html, render_markdown
    from factory.storage.workspace import write_text
    from factory.tracking.strategy_files import proposals_folder
    from factory.views.cards import make_trial_card

    workshop = workshop_of(context)
    chosen, made = make_trial_card(workshop, resolve_or_derive(workshop, pipeline))
    folder = out or proposals_folder(workshop.workspace)
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{chosen.pipeline}-{chosen.id}"
    written = {"looks": made.looks} if made.looks else {}
    texts = {"page": (".html", render_html(made)), "text": (".md", render_markdown(made)), "trades": (".csv", made.trades_csv)}
    for name, (ending, text) in texts.items():
        path = stem.with_name(stem.name + ending)
        write_text(path, text)
        written[name] = str(path)
    print_answer(written)


def cusum(
    context: typer.Context,
    pipeline: Reference,
    out: Annotated[Path | None, typer.Option(help="Folder for the file; default: where proposals go.")] = None,
    partition: Annotated[Partition, typer.Option(help="What validation shows counts as explorations once.")] = "train",
    start: Annotated[str | None, typer.Option("--from", help="First moment, such as 2024-07-01; default: the middle.")] = None,
    span: Annotated[str | None, typer.Option(help="Length of the window, such as 3d.")] = None,
    of: Annotated[str, typer.Option(help="Measured instead: a feature or an expression.")] = "",
    threshold: Annotated[str, typer.Option(help="Another threshold: a number, a feature or an expression.")] = "",
) -> None:
    """Write a page that shows how a CUSUM filter samples, with a slider for its threshold; it needs nothing else."""
    from factory.core.times import moment
    from factory.report.render import render_cusum_html
    from factory.storage.workspace import write_text
    from factory.tracking.strategy_files import proposals_folder
    from factory.views.cusum import make_cusum_sheet, read_cusum

    workshop = workshop_of(context)
    chosen = workshop.resolve(resolve_or_derive(workshop, pipeline))
    try:
        first = moment(start) if start else None
    except ValueError as error:
        raise PipelineError(f"--from: {error}") from None
    picture = read_cusum(workshop, chosen, partition, first, span, of, threshold)
    folder = out or proposals_folder(workshop.workspace)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{chosen.pipeline}-{chosen.id}-cusum.html"
    write_text(path, render_cusum_html(make_cusum_sheet(workshop, chosen, picture)))
    print_answer({"page": str(path)})
