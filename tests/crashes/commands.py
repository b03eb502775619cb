"""The commands that are killed, and what is run before and after them."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.crashes.market import DEARER, EXTENDED, PASSPHRASE, PIPELINE, SCORED, TAKEN, TINY
from tests.market.exchange import Exchange, months_back, serving

SECRET = "secret"
LINES: dict[Callable[[Path], None], tuple[str, ...]] = {}
"""The command line of each command that is one."""
SETTINGS = {"RFCAT_RELEASE_SECONDS": "0", "RFCAT_LOOKS_A_DAY": "0", "RFCAT_THREADS": "1"}


def rfcat(*arguments: str) -> Callable[[Path], None]:
    """A command line; paths in it are named from the folder."""

    def run(folder: Path) -> None:
        from server.cli.app import app

        given = [str(folder / one) if (folder / one).is_file() else one for one in arguments]
        app(["--workspace", str(folder / "workspace"), *given], standalone_mode=False)

    LINES[run] = arguments
    return run


def signed(*arguments: str) -> Callable[[Path], None]:
    return rfcat(*arguments, "--passphrase-file", SECRET)


def look(folder: Path) -> None:
    """What the vault's process does when it is asked for a look."""
    import io

    from factory.core.errors import SealError
    from factory.storage.workspace import Workspace
    from factory.vault.server import Vault
    from factory.workshop import Workshop

    workspace = Workspace(folder / "workspace")
    pipeline = Workshop(workspace).resolve("plain").id
    asked = {"claim": 0.05, "why": "the lead of eth", "model": "none", "cutoff": "2023-06", "agent": "tester"}
    answer = io.StringIO()
    Vault(workspace).answer({"pipeline": pipeline, **asked}, answer)
    if "refused" in answer.getvalue():
        raise SealError(answer.getvalue())


def frames(folder: Path) -> None:
    """What a call of an agent's own code lets make."""
    from factory.tasks import perform

    perform(str(folder / "workspace"), "frames", {"dataset": "scored", "validation": True, "pipeline": "plain"})


def damage(folder: Path) -> None:
    """Change what the rows of the ledger are counted to."""
    with closing(sqlite3.connect(folder / "workspace" / "ledger.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE ledger_totals SET trials = trials + 1")


def fetch(published: int) -> Callable[[Path], None]:
    """Fetch from two months before this one on; of that month days are out, or with `published` 2 the whole."""

    def run(folder: Path) -> None:
        first, second, present = months_back(2)
        exchange = Exchange()
        exchange.months = {first, second} if published == 2 else {first}
        exchange.days = {f"{second}-{day:02}" for day in (1, 2, 3)} | {f"{present}-01"}
        with serving(exchange) as address:
            os.environ.update(RFCAT_BINANCE_ARCHIVE=address, RFCAT_BINANCE_API=address)
            rfcat(*line, "--from", first)(folder)

    line = "data", "fetch", "binance", "BTCUSDT", "--period", "1h"
    LINES[run] = line
    return run


COMMANDS: dict[str, Callable[[Path], Any]] = {
    "doctor": rfcat("doctor"),
    "verify": rfcat("ledger", "verify"),
    "list": rfcat("dataset", "list"),
    "start": rfcat("start", "tiny", "--file", "tiny.yaml"),
    "build": rfcat("dataset", "build", "tiny.yaml"),
    "build dearer": rfcat("dataset", "build", "dearer.yaml"),
    "build what opens it": rfcat("dataset", "build", "taken.yaml"),
    "extend": signed("dataset", "extend", "extended.yaml"),
    "fetch early": fetch(1),
    "fetch": fetch(2),
    "frames": frames,
    "build scored": rfcat("dataset", "build", "scored.yaml"),
    "define": rfcat("define", "plain.yaml"),
    "train": rfcat("train", "plain"),
    "backtest": rfcat("backtest", "plain", "--why", "to see"),
    "tune": rfcat("tune", "plain"),
    "rank": rfcat("rank", "plain"),
    "show by": rfcat("show", "plain", "--by", "side"),
    "card": rfcat("card", "plain"),
    "damage": damage,
    "mend": rfcat("ledger", "verify"),
    "propose": rfcat("propose", "plain", "--why", "it earns"),
    "pin": rfcat("review", "key", "--pin", "workspace"),
    "approve": signed("approve", "plain", "--comment", "seen"),
    "reject": signed("reject", "plain", "--comment", "too few trades"),
    "withdraw": signed("retire", "plain", "--comment", "it lost"),
    "waive": signed("vault", "waive", "plain", "P5", "--why", "seen"),
    "look": look,
    "forward": rfcat("forward", "look-3", "--days", "20"),
    "fresh": rfcat("dataset", "fresh", "tiny"),
    "reviewer": signed("vault", "reviewer"),
    "grant": signed("vault", "grant", "tiny", "--looks", "4", "--a-day", "3"),
    "person add": rfcat("person", "add", "ada", "--password-file", SECRET),
    "person password": rfcat("person", "password", "ada", "--password-file", SECRET),
    "person remove": rfcat("person", "remove", "ada"),
    "retire": signed("vault", "retire", "tiny", "--why", "published"),
}


def files(folder: Path) -> Path:
    """Write what the commands read."""
    folder.mkdir(parents=True)
    texts = {"tiny": TINY, "dearer": DEARER, "extended": EXTENDED, "taken": TAKEN, "scored": SCORED, "plain": PIPELINE}
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    (folder / SECRET).write_text(PASSPHRASE)
    return folder
