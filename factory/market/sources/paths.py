"""The files behind a series."""

from pathlib import Path

from factory.errors import DataError
from factory.market.spec import Files, Provider, SeriesSpec
from factory.workspace import Workspace


def download_folder(workspace: Workspace, provider: Provider, period: str) -> Path:
    """Where a provider's files of one symbol lie: in the vault, as they may hold sealed rows."""
    return workspace.vault / "downloads" / provider.use / provider.symbol / period


def files_of(workspace: Workspace, name: str, spec: SeriesSpec, source_dir: Path) -> list[Path]:
    """Files of a series, sorted by name.

    Raises
    ------
    DataError
        If a pattern matches nothing, or nothing was downloaded yet.
    """
    if isinstance(spec.source, Provider):
        folder = download_folder(workspace, spec.source, spec.period)
        found = sorted((*folder.glob("*.zip"), *folder.glob("*.csv")))
        if not found:
            raise DataError(f"series.{name}.source: {spec.source.symbol} is not downloaded; run 'rfcat data fetch' first")
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
