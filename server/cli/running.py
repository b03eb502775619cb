"""Commands that set up and serve."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from factory.core.answers import table
from factory.core.errors import DataError, FlowError
from factory.core.quoting import shell_line
from factory.core.settings import SandboxSettings, ServerSettings
from factory.vault.isolation import describe_seal
from server.cli.common import perform, workshop_of, workspace_of
from server.cli.data import fetch_source
from server.cli.dataset import build_into
from server.cli.references import BEGIN
from server.cli.screen import quote, say, show
from server.mcp import hosts

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from server.web.access import Access

SIMULATED_MARKETS = {"book": "btc-book-sim", "macro": "btc-macro-sim"}
"""Simulated datasets besides `btc-sim`, by the word that `start` takes for each."""
SHOWN = ("trades", "win_rate", "break_even", "sharpe", "sharpe_error", "return")


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to bind; others than loopback need RFCAT_TOKEN.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to bind.")] = 8000,
    name: Annotated[list[str] | None, typer.Option(help="Further name or address by which clients reach it.")] = None,
) -> None:
    """Serve MCP over HTTP at /mcp, and the start page."""
    from server.web.access import Access
    from server.web.app import create_app
    from server.web.listen import listen, server_of

    access = Access(host, port, ServerSettings.read().token, tuple(name or ()))
    app = create_app(workspace_of(context, new=True), access)
    sockets = listen(host, port)
    say(greeting(access))
    with suppress(KeyboardInterrupt):
        server_of(app).run(sockets=sockets)


def greeting(access: "Access") -> str:
    """Say where hosts find a server, on this machine and on others."""
    token = bool(access.token)
    lines = [f"start page: {access.url}    MCP: {access.url}/mcp", hosts.claude_http_line(f"{access.url}/mcp", token)]
    others = [url for url in access.elsewhere if url != access.url]
    lines += [f"from other machines: {hosts.claude_http_line(f'{url}/mcp', token)}" for url in others]
    if access.is_wild and not others:
        lines.append(
            f"from other machines: refused until you name this one as they reach it, such as --name {socket.gethostname()}"
        )
    return "\n".join(lines)


def start(
    context: typer.Context,
    market: Annotated[
        str | None,
        typer.Argument(
            help="btc: real data; book: a simulated order book; macro: a simulated market with weekly statistics; "
            "or NAME of a dataset file NAME.yaml here. "
            "Default: the simulated market."
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="The dataset file to write or use; default: MARKET.yaml here.")] = None,
) -> None:
    """Set up: a simulated market, or real data, with the strategies that run there scored on it."""
    if market is None or market in SIMULATED_MARKETS:
        outcome = _start_simulated(context, SIMULATED_MARKETS[market] if market else "btc-sim")
    else:
        outcome = _start_real(context, market, file or Path(f"{market}.yaml"))
    say("\nconnect a host:")
    say(hosts.claude_line(workspace_of(context)))
    for line in outcome.escapes:
        say(f"\nto score it at once without its networks: {line}")
    if not outcome.succeeded:
        raise typer.Exit(1)


class Outcome(NamedTuple):
    """What came of scoring the strategies that come with the project.

    Parameters
    ----------
    succeeded : bool
        Whether any was scored, or none runs there.
    escapes : list of str
        Commands that score those that lack an extra, without what needs it.
    """

    succeeded: bool
    escapes: list[str]


def _start_simulated(context: typer.Context, dataset: str) -> Outcome:
    workspace_of(context, new=True)
    perform(context, "simulate", "simulated market", dataset=dataset)
    say(f"simulated market {dataset}, validation, after costs:")
    return _score_shipped(context, dataset)


def _score_shipped(context: typer.Context, dataset: str) -> Outcome:
    """Score the shipped strategies that run on a dataset, and print what came of them."""
    from factory.tracking.binding import bind_shipped

    workshop = workshop_of(context)
    rows, readings, escapes = [], {}, []
    for name, pipeline in bind_shipped(workshop.catalog, dataset).items():
        try:
            scored = workshop.find_trial(pipeline) or perform(context, "backtest", name, pipeline=pipeline.id, why="start")
        except FlowError as error:
            readings[name] = f"cannot be scored: {error}"
            escapes += _leave_out_networks(name, pipeline)
            continue
        rows.append([name, pipeline.id, *(scored.get(key, "-") for key in SHOWN)])
        readings[name] = scored["reading"]
    if not readings:
        say(f"no strategy that comes with the project runs on {dataset}; define one of your own")
        return Outcome(True, [])
    show({**(table(["strategy", "id", *SHOWN], rows) if rows else {}), **readings})
    return Outcome(bool(rows), escapes)


def _leave_out_networks(name: str, pipeline: "Pipeline") -> list[str]:
    """Write the command that scores a strategy without its networks, where they lack the extra to be trained."""
    from factory.learning.networks.architecture import missing_extra
    from factory.pipeline.parts.experts import Network

    networks = [expert for expert, part in pipeline.experts.items() if isinstance(part, Network)]
    if not networks or not missing_extra():
        return []
    return [shell_line("rfcat", "backtest", name, *(word for one in networks for word in ("--set", f"experts.{one}=null")))]


def _start_real(context: typer.Context, market: str, file: Path) -> Outcome:
    from factory.market.files import Download
    from factory.market.spec import load_spec
    from factory.market.splices import list_parts
    from factory.market.templates import starter_spec
    from factory.storage.workspace import write_text

    if not file.exists():
        try:
            write_text(file, starter_spec(market))
        except DataError as error:
            raise DataError(f"{error}, or write {file} (docs/datasets.md)") from None
        say(f"wrote {file}: series, contracts, split and looks are yours to fix before any agent sees the data")
    if not load_spec(file).confirmed and not _confirm(file):
        say(f"not confirmed: read {file}, set 'confirmed: true' in it, and run this again")
        raise typer.Exit(1)
    workshop, spec = workshop_of(context, new=True), load_spec(file)
    for series in spec.series.values():
        for part in list_parts(series):
            if isinstance(part.spec.source, Download):
                fetch_source(workshop.workspace, part.spec.source, series.period, part.fetch_start(spec.span[0]))
    build_into(workshop, spec, file.parent)
    show(workshop.describe(spec.dataset))
    say(f"\n{spec.dataset}, validation, after costs:")
    return _score_shipped(context, spec.dataset)


def _confirm(file: Path) -> bool:
    from factory.storage.workspace import write_text

    quote(file.read_text(encoding="utf-8"))
    if not os.isatty(0) or not typer.confirm("Is this split final? It cannot be changed once data are built"):
        return False
    write_text(file, file.read_text(encoding="utf-8").replace("confirmed: false", "confirmed: true", 1))
    return True


def doctor(context: typer.Context) -> None:
    """Tell what is here, what works, and how well the seal is kept."""
    import platform
    import shutil

    import factory
    from factory.ledger import Ledger
    from factory.market.catalog import Catalog
    from factory.market.verification import verify_dataset
    from factory.vault.recovery import list_unfinished
    from sandbox.selftest import level
    from server.python_tool.sandbox import describe_isolation

    workspace = workspace_of(context)
    ledger = Ledger(workspace)
    verification, left = ledger.verify(), list_unfinished(workspace, ledger)
    datasets = Catalog(workspace).names()
    damage = [line for name in datasets for line in verify_dataset(workspace, name)]
    free = shutil.disk_usage(workspace.root).free
    show(
        {
            "version": factory.__version__,
            "python": platform.python_version(),
            "workspace": str(workspace.root),
            "free disk": f"{free / 2**30:.1f} GiB",
            "datasets": ", ".join(datasets) or f"none; {BEGIN}",
            "files": damage or "whole: every dataset holds what was built",
            "ledger": f"whole, {verification.rows} rows" if verification.ok else verification.problems[0],
            "unfinished": left or "nothing",
            "seal": describe_seal(),
            "sandbox": describe_isolation(level(), SandboxSettings.read()),
        }
    )
    say(f"\nconnect a host:\n{hosts.claude_line(workspace)}")
    if damage or not verification.ok:
        raise typer.Exit(1)
