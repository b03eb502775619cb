"""The card of a strategy, written to files."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import Reference, workshop_of
from server.cli.references import resolve_or_derive
from server.cli.screen import show as print_answer


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
    written = {}
    texts = {"page": (".html", render_html(made)), "text": (".md", render_markdown(made)), "trades": (".csv", made.trades_csv)}
    for name, (ending, text) in texts.items():
        path = stem.with_name(stem.name + ending)
        write_text(path, text)
        written[name] = str(path)
    print_answer(written)
