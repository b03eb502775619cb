"""Commands on the vault; a person's, and those that decide something ask for the reviewer's passphrase."""

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from factory.core.answers import round_answer
from factory.core.errors import SealError
from factory.core.times import now_ms
from factory.vault.pools import SEAL_ROWS, find_look
from server.cli.commands import answering, group, one_of
from server.cli.common import Reference, workshop_of
from server.cli.reviewer import Secret, passphrase, unlocked
from server.cli.screen import conclude, curve, say
from server.cli.screen import show as print_answer

if TYPE_CHECKING:
    from factory.vault.pools import Look
    from factory.workshop import Workshop

app = group()


KEEP = "its passphrase is kept nowhere and no report is read without it: write it where no agent reads"


def _probes() -> list[str]:
    from factory.evidence.probes.run import AT_BACKTEST, AT_TRAIN, AT_VAULT

    return sorted((*AT_TRAIN, *AT_BACKTEST, *AT_VAULT), key=lambda name: int(name[1:]))


Dataset = Annotated[str, typer.Argument(help="Name of a dataset.")]
Why = Annotated[str, typer.Option(help="Kept in the ledger.")]


@answering(app)
def reviewer(context: typer.Context, secret: Secret = None) -> None:
    """Choose the passphrase that opens reports and signs what only a person decides. Once, for good."""
    from factory.vault.reviewer import SHORTEST, appoint

    appoint(workshop_of(context, new=True).ledger, passphrase(secret, least=SHORTEST))
    conclude(f"the reviewer is set; {KEEP}", {"reviewer": "set", "keep": KEEP})


@answering(app)
def show(
    context: typer.Context,
    look: Annotated[str | None, typer.Argument(help="A look, such as look-12: its full report, with the passphrase.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report of a look into this file, with pictures.")] = None,
    secret: Secret = None,
) -> None:
    """Show the looks that were spent; or of one what was told, why and what it means, and then its figures."""
    workshop = workshop_of(context)
    if look is None:
        if html is not None:
            raise SealError("--html: it takes the report of one look; name it, such as `rfcat vault show look-12 --html FILE`")
        print_answer(workshop.show("looks"))
        return
    from factory.vault import reports
    from factory.vault.explanation import explain

    spent = find_look(workshop.ledger.of_kinds(SEAL_ROWS), look)
    if spent is None:
        raise SealError(f"vault: '{look[:20]}' unknown; `rfcat vault show` lists the looks")
    reviewer = unlocked(workshop, secret)
    kept = reports.report_path(workshop.workspace, look).is_file()
    report = reports.read_report(workshop.workspace, spent, reviewer) if kept else {}
    told = explain(spent, report, now_ms())
    if html is not None:
        _write_page(html, spent, told, report)
    daily = report.pop("daily", [])
    print_answer(round_answer(report), told)
    if daily:
        say(f"\ndaily net of {len(daily)} days: {sum(net > 0 for net in daily)} above 0, {min(daily):.4f} to {max(daily):.4f}")
        say(f"equity  {curve(list(accumulate(daily)))}")


def _write_page(path: Path, look: "Look", told: Mapping[str, str], report: Mapping[str, Any]) -> None:
    """Write the report of a look as a page that needs nothing else, for its owner alone to read."""
    from factory.report.look_report import make_look_card
    from factory.report.render import render_html
    from factory.storage.workspace import write_text

    try:
        write_text(path, render_html(make_look_card(look, told, report)), 0o600)
    except OSError as error:
        raise SealError(f"--html: {path} cannot be written ({error.strerror or error}); name another file") from error
    say(f"written, readable by you alone: {path}")


@answering(app)
def grant(
    context: typer.Context,
    dataset: Dataset,
    looks: Annotated[int | None, typer.Option(min=1, max=20, help="Looks in all; before the first is spent.")] = None,
    weight: Annotated[
        list[float] | None, typer.Option(help="Share of alpha after 0, 1, ... passes: goes on after a PASS.")
    ] = None,
    a_day: Annotated[int | None, typer.Option("--a-day", min=1, help="Most looks within 24 hours.")] = None,
    secret: Secret = None,
) -> None:
    """Set the terms of a dataset's sealed looks."""
    from factory.vault import grants

    workshop = workshop_of(context)
    spec = workshop.catalog.spec(workshop.dataset(dataset))
    grants.grant(workshop.ledger, unlocked(workshop, secret), spec, looks, weight or (), a_day)
    _conclude(workshop, dataset)


@answering(app)
def waive(
    context: typer.Context,
    pipeline: Reference,
    probe: Annotated[str, typer.Argument(help="The probe that blocks, such as P5.", **one_of(_probes))],
    why: Why,
    secret: Secret = None,
) -> None:
    """Let a pipeline be examined although a probe, such as P5, blocks it."""
    from factory.vault import grants

    workshop = workshop_of(context)
    chosen = workshop.require_trial(pipeline)
    grants.waive(workshop.ledger, unlocked(workshop, secret), chosen, probe, why)
    conclude(f"{probe} no longer blocks {chosen}", {"pipeline": chosen, "waived": probe})


@answering(app)
def retire(context: typer.Context, dataset: Dataset, why: Why, secret: Secret = None) -> None:
    """Close a sealed stretch whose figures are known; new looks need new bars (dataset extend)."""
    from factory.vault import grants

    workshop = workshop_of(context)
    spec = workshop.catalog.spec(workshop.dataset(dataset))
    grants.retire(workshop.ledger, unlocked(workshop, secret), spec, why)
    _conclude(workshop, dataset)


def _conclude(workshop: "Workshop", dataset: str) -> None:
    summary = workshop.ledger_summary(dataset)
    conclude(summary, {"dataset": dataset, "ledger": summary})
