"""A reviewer in a process of its own: drafts and signs, and records when it is told to."""

import sys

from factory.review.decisions import draft_decision, record_decision, signing_bytes
from factory.storage.workspace import Workspace
from factory.vault.reviewer import unlock
from factory.workshop import Workshop
from tests.review.conftest import PASSPHRASE, PIPELINE


def decide(root: str, state: str, by: str) -> None:
    workshop = Workshop(Workspace.open(root), by)
    message = signing_bytes(draft_decision(workshop, PIPELINE, state, "seen", by))
    signature = unlock(workshop.ledger, PASSPHRASE).sign_message(message)
    print("signed", flush=True)
    sys.stdin.readline()
    record_decision(workshop, message, signature, by)
    print(f"recorded {state}")


if __name__ == "__main__":
    decide(*sys.argv[1:])
