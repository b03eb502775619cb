"""Commands of the person who decides what was proposed, and of whoever checks that on another machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from factory.core.answers import round_answer, table
from factory.core.errors import ReviewError, WorkspaceError
from factory.core.quoting import shell_line
from factory.storage.workspace import MARKER, Workspace
from server.cli.commands import answering, group
from server.cli.common import Page, Reference, workshop_of, workspace_of
from server.cli.references import read_strategy, resolve_or_derive
from server.cli.reviewer import Secret, unlocked
from server.cli.screen import conclude, say
from server.cli.screen import show as print_answer

if TYPE_CHECKING:
    from factory.review.keys import TrustedKey
    from factory.review.verification import Verification
    from factory.workshop import Workshop

app = group()

Comment = Annotated[str, typer.Option(help="What you saw, in a sentence; signed with the rest.")]
By = Annotated[
    str | None, typer.Option(help="Your name, as it is signed; without it the name of your account stands in the signature.")
]
Place = Literal["user", "workspace"]
FOR_GOOD = (
    "Retiring is for good: on these data it cannot be approved again. A copy of the approved file that was made before still "
    "verifies elsewhere: only this workspace knows of the end."
)


def approve(context: typer.Context, pipeline: Reference, comment: Comment = "", by: By = None, secret: Secret = None) -> None:
    """Approve what was proposed: sign all that its strategy file says, and write that into the file."""
    _decide(context, pipeline, "approved", comment, by, secret)


def reject(context: typer.Context, pipeline: Reference, comment: Comment, by: By = None, secret: Secret = None) -> None:
    """Reject what was proposed, and say why."""
    _decide(context, pipeline, "rejected", comment, by, secret)


def retire(context: typer.Context, pipeline: Reference, comment: Comment = "", by: By = None, secret: Secret = None) -> None:
    """Retire what was approved, for good: on these data it cannot be approved again.

    A copy of the approved file that was made before still verifies elsewhere: only this workspace knows of the end.
    """
    _decide(context, pipeline, "retired", comment, by, secret)


def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A strategy file.")],
    key: Annotated[
        str | None, typer.Option(help="Who may have signed it: a key, or a file of keys. Default: those pinned.")
    ] = None,
) -> None:
    """Check that a strategy file was approved, by a key that you trust, and is as it was then. Needs no workspace.

    Exit status 1 where it is not. A key inside the file proves nothing and is not looked for.
    """
    from factory.review.keys import read_given
    from factory.review.verification import verify_strategy

    text, workshop = read_strategy(file), _find_workshop(context)
    keys = read_given(key) if key else _trusted(workshop)
    verification = verify_strategy(text, keys, workshop)
    print_answer(_tell(verification))
    if not verification.ok:
        raise typer.Exit(1)


@answering(app, "list")
def list_(context: typer.Context, page: Page = 1) -> None:
    """List what was proposed, and what people decided of it."""
    from factory.views.reviews import reviews_answer

    print_answer(reviews_answer(workshop_of(context), page))


@answering(app)
def key(
    context: typer.Context,
    given: Annotated[str | None, typer.Argument(help="A key, or a file of keys; default: this workspace's.")] = None,
    pin: Annotated[
        Place | None, typer.Option(help="Trust it from now on: in all that you verify, or in this workspace.")
    ] = None,
) -> None:
    """Print the key by which what is approved here can be verified; or pin a key, which is trusted then."""
    from factory.review.keys import TrustedKey, pin_key, read_given, user_keys, workspace_keys
    from factory.vault.reviewer import require_reviewer

    keys = read_given(given) if given else []
    if not given:
        workshop = workshop_of(context)
        keys = [TrustedKey(require_reviewer(workshop.ledger).signing, f"reviewer of workspace {workshop.workspace.id}")]
    lines = []
    for one in keys:
        lines.append(one.key.hex())
        if pin:
            path = user_keys() if pin == "user" else workspace_keys(workspace_of(context))
            lines.append(f"pinned in {path}" if pin_key(path, one.key, one.source) else f"was pinned in {path} already")
    conclude("\n".join(lines), {"keys": [one.key.hex() for one in keys], "pinned": str(path) if keys and pin else "no"})


def _decide(context: typer.Context, pipeline: str, state: str, comment: str, by: str | None, secret: Path | None) -> None:
    """Draft a decision, show it, have it signed and record it."""
    from factory.review.decisions import draft_decision, record_decision, signing_bytes
    from factory.vault.reviewer import KIND

    workshop = workshop_of(context)
    person = by or workshop.agent
    decision = draft_decision(workshop, resolve_or_derive(workshop, pipeline), state, comment, person)
    _show_draft(decision)
    # Where there is no reviewer nothing can be signed, and only an approval needs to be.
    signs = state == "approved" or bool(workshop.ledger.of_kinds((KIND,)))
    message = signing_bytes(decision)
    signature = unlocked(workshop, secret).sign_message(message) if signs else None
    _conclude(workshop, decision["pipeline"], record_decision(workshop, message, signature, person))


def _conclude(workshop: "Workshop", pipeline: str, path: Path) -> None:
    """Say what was recorded, where its file is, and how whoever has that verifies it."""
    from factory.review.status import review_status
    from factory.vault.reviewer import require_reviewer

    review = review_status(workshop, pipeline)
    assert review is not None, "it was just recorded"
    told = {"pipeline": review.pipeline, **review.answer(), "signed": review.is_signed, "file": str(path)}
    words = [f"{review.state} by {review.by}, {'signed' if review.is_signed else 'not signed'}: {path}"]
    if review.is_approved:
        key = require_reviewer(workshop.ledger).signing.hex()
        told["verify"] = shell_line("rfcat", "verify", str(path), "--key", key)
        words += ["Whoever has the file verifies it, on any machine, with this workspace's key:", told["verify"]]
        words += ["Give the key by another way than the file: a key inside a file proves nothing."]
    conclude("\n".join(words), round_answer(told))


def _show_draft(decision: dict[str, Any]) -> None:
    from factory.review.states import RETIRED, list_banners, list_market_banners

    for banner in (*list_banners(decision), *list_market_banners(decision["market"])):
        say(banner)
    looks = "; ".join(" ".join(one) for one in decision["looks"]) or "none"
    say(f"{decision['pipeline']} ({decision['name']}) on {decision['dataset']} ({decision['market']}): {decision['state']}")
    say(f"sealed looks: {looks}\n")
    if decision["state"] == RETIRED:
        say(f"{FOR_GOOD}\n")


def _find_workshop(context: typer.Context) -> "Workshop | None":
    """Open the workspace that is named, or the user's own where there is one; none is made."""
    if context.obj is None and not (Workspace.default() / MARKER).exists():
        return None
    try:
        return workshop_of(context)
    except WorkspaceError as error:
        raise ReviewError(f"{error}; to verify without one, leave it out") from None


def _trusted(workshop: "Workshop | None") -> "list[TrustedKey]":
    """Collect what is pinned, and the key of the reviewer of the workspace at hand."""
    from factory.review.keys import TrustedKey, read_pinned
    from factory.vault.reviewer import KIND, find_reviewer

    pinned = read_pinned(workshop.workspace if workshop else None)
    reviewer = find_reviewer(workshop.ledger.of_kinds((KIND,))) if workshop else None
    return [*pinned, *([TrustedKey(reviewer.signing, "the reviewer of this workspace")] if reviewer else [])]


def _list_checks(verification: "Verification") -> list[tuple[str, str]]:
    checks = {"failed": verification.problems, "passed": verification.verified, "not made": verification.unverified}
    return [(check, line) for check, lines in checks.items() for line in lines]


def _tell(verification: "Verification") -> dict[str, Any]:
    return round_answer(
        {
            "verdict": "APPROVED, and whole" if verification.ok else "NOT VERIFIED",
            "banner": " ".join(verification.banners) or None,
            "key": f"{verification.key.key.hex()} ({verification.key.source})" if verification.key else None,
            "checks": table(("check", "what"), _list_checks(verification)),
        }
    )
