"""The files behind a series, and the command that downloads them."""

import shlex
from pathlib import Path

from factory.core.errors import DataError
from factory.core.times import iso
from factory.market.files import Files, Provider
from factory.market.spec import SeriesSpec
from factory.storage.workspace import Workspace

PROVIDERS = {"binance": "binance-spot", "binance-um": "binance-um"}
"""What `rfcat data fetch` calls them, and how a dataset file does."""


def download_folder(workspace: Workspace, provider: Provider, period: str) -> Path:
    """Where a provider's files of one symbol lie: in the vault, as they may hold sealed rows."""
    return workspace.vault / "downloads" / provider.use / provider.symbol / period


def fetch_command(workspace: Workspace, provider: Provider, period: str, since: int) -> str:
    """The command that downloads what is missing of a series from a moment, ms UTC, on."""
    where = [] if Workspace.default() == workspace.root else ["--workspace", str(workspace.root)]
    called = next(name for name, use in PROVIDERS.items() if use == provider.use)
    month = iso(since)[: len("2024-01")]
    return shlex.join(["rfcat", *where, "data", "fetch", called, provider.symbol, "--from", month, "--period", period])


def files_of(workspace: Workspace, name: str, spec: SeriesSpec, source_dir: Path, since: int = 0) -> list[Path]:
    """Files of a series, sorted by name.

    Parameters
    ----------
    since : int
        First moment that is needed, ms UTC.

    Raises
    ------
    DataError
        If a pattern matches nothing, or nothing was downloaded yet.
    """
    if isinstance(spec.source, Provider):
        folder = download_folder(workspace, spec.source, spec.period)
        found = sorted((*folder.glob("*.zip"), *folder.glob("*.csv")))
        if not found:
            command = fetch_command(workspace, spec.source, spec.period, since)
            raise DataError(f"series.{name}.source: {spec.source.symbol} is not downloaded; run: {command}")
        return found
    return _named(name, spec.source.files if isinstance(spec.source, Files) else (), source_dir)


def _named(name: str, patterns: tuple[str, ...], source_dir: Path) -> list[Path]:
    found: dict[Path, None] = {}
    for pattern in patterns:
        hits = _hits(source_dir / pattern)
        if not hits:
            raise DataError(f"series.{name}.source.files: '{pattern}' matches no file; write it from the dataset file's folder")
        found |= dict.fromkeys(hits)
    return list(found)


def _hits(pattern: Path) -> list[Path]:
    """Files that a glob names, from its last folder without a wild card."""
    parts = pattern.parts
    plain = next((place for place, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    if plain == len(parts):
        return [pattern] if pattern.is_file() else []
    return sorted(path for path in Path(*parts[:plain]).glob("/".join(parts[plain:])) if path.is_file())
