"""The command that runs a strategy on live bars, on paper."""

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from factory.core.errors import FactoryError
from factory.core.times import iso
from server.cli.common import Reference, workshop_of
from server.cli.references import resolve_or_derive
from server.cli.screen import bar, say

if TYPE_CHECKING:
    from factory.live.session import Signal
    from factory.live.strategy import Account

UNREVIEWED = "UNREVIEWED "
SIDES = {1: "up/long", -1: "down/short", 0: "-"}


def live(
    context: typer.Context,
    pipeline: Reference,
    unreviewed: Annotated[bool, typer.Option("--unreviewed", help="Run what nobody approved; every line says so.")] = False,
) -> None:
    """Decide on live bars of the dataset's exchange, on paper, until Ctrl-C: no order is sent anywhere."""
    from factory.live.session import run_live
    from factory.review.status import read_reviews

    workshop = workshop_of(context)
    chosen = workshop.resolve(workshop.require_trial(resolve_or_derive(workshop, pipeline)))
    review = read_reviews(workshop).get(chosen.id)
    approved = review is not None and review.is_approved
    if not (approved or unreviewed):
        raise FactoryError(f"live: {chosen.id} is not approved; approve it with `rfcat approve`, or give --unreviewed")
    mark = "" if approved else UNREVIEWED

    def tell(one: "Signal", account: "Account") -> None:
        size = f" {one.size:.4g} at {one.price:g}" if one.side else ""
        say(
            f"{mark}{iso(one.time)} chance {one.p:.4f} {one.outcome} {SIDES[one.side]}{size}; "
            f"{int(account.closed.sum())} closed, net {account.net:+.4%}"
        )

    signal.signal(signal.SIGINT, signal.default_int_handler)
    say(f"{mark}{chosen.pipeline} ({chosen.id}) on paper; Ctrl-C ends it")
    try:
        with bar(f"fitting {chosen.pipeline}") as report:
            run_live(workshop.workspace, chosen, tell, lambda line: say(f"{mark}{line}"), progress=report)
    except KeyboardInterrupt:
        say(f"{mark}stopped")
        raise typer.Exit(130) from None
