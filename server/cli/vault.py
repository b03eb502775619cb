"""Commands on the vault; a person's, and those that decide something ask for the reviewer's passphrase."""

from itertools import accumulate
from typing import Annotated

import typer

from factory.answers import tidy
from server.cli.common import Reference, workshop_of
from server.cli.reviewer import Secret, passphrase, unlocked
from server.cli.screen import curve, say
from server.cli.screen import show as print_answer

app = typer.Typer(no_args_is_help=True)

Dataset = Annotated[str, typer.Argument(help="Name of a dataset.")]
Why = Annotated[str, typer.Option(help="Kept in the ledger.")]


@app.command()
def reviewer(context: typer.Context, secret: Secret = None) -> None:
    """Choose the passphrase that opens reports and signs what only a person decides. Once, for good."""
    from factory.vault.reviewer import appoint

    appoint(workshop_of(context).ledger, passphrase(secret, twice=True))
    say("kept nowhere: without it no report can be read, so write it down where no agent reads")


@app.command()
def show(
    context: typer.Context,
    look: Annotated[str | None, typer.Argument(help="A look, such as look-12: its full report, with the passphrase.")] = None,
    secret: Secret = None,
) -> None:
    """Show the pools and the looks that were spent, or the report of one look."""
    workshop = workshop_of(context)
    if look is None:
        print_answer(workshop.show("looks"))
        return
    from factory.vault import reports

    report = reports.read(workshop.workspace, look, unlocked(workshop, secret))
    daily = report.pop("daily", [])
    print_answer(tidy(report))
    if daily:
        say(f"\ndaily net of {len(daily)} days: {sum(net > 0 for net in daily)} above 0, {min(daily):.4f} to {max(daily):.4f}")
        say(f"equity  {curve(list(accumulate(daily)))}")


@app.command()
def grant(
    context: typer.Context,
    dataset: Dataset,
    looks: Annotated[int | None, typer.Option(help="Looks in all; before the first is spent.")] = None,
    weight: Annotated[
        list[float] | None, typer.Option(help="Share of alpha after 0, 1, ... passes: goes on after a PASS.")
    ] = None,
    a_day: Annotated[int | None, typer.Option("--a-day", help="Most looks within 24 hours.")] = None,
    secret: Secret = None,
) -> None:
    """Set the terms of a dataset's sealed looks."""
    from factory.vault import person

    workshop = workshop_of(context)
    spec = workshop.catalog.spec(workshop.dataset(dataset))
    person.grant(workshop.ledger, unlocked(workshop, secret), spec, looks, weight or (), a_day)
    say(workshop.standing(dataset))


@app.command()
def waive(context: typer.Context, pipeline: Reference, probe: str, why: Why, secret: Secret = None) -> None:
    """Let a pipeline be examined although a probe, such as P5, blocks it."""
    from factory.vault import person

    workshop = workshop_of(context)
    chosen = workshop.scored(pipeline)
    person.waive(workshop.ledger, unlocked(workshop, secret), chosen, probe, why)
    say(f"{probe} no longer blocks {chosen}")


@app.command()
def retire(context: typer.Context, dataset: Dataset, why: Why, secret: Secret = None) -> None:
    """Close a sealed stretch whose figures are known; new looks need new bars (dataset extend)."""
    from factory.vault import person

    workshop = workshop_of(context)
    spec = workshop.catalog.spec(workshop.dataset(dataset))
    person.retire(workshop.ledger, unlocked(workshop, secret), spec, why)
    say(workshop.standing(dataset))
