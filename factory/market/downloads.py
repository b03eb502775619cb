"""The files behind a series, how they are downloaded, and the command that does it."""

import shlex
from pathlib import Path
from urllib.parse import quote

from factory.core.errors import BlockedError, DataError, did_you_mean
from factory.core.progress import Progress, no_progress
from factory.core.times import iso, now_ms
from factory.market.files import Download, Files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS, ManyExchanges, Provider
from factory.storage.workspace import Workspace


def download(workspace: Workspace, source: Download, period: str, start_ms: int, progress: Progress = no_progress) -> Path:
    """Download what is missing of a symbol from a moment up to the last row that is over.

    Parameters
    ----------
    workspace : Workspace
        Files go to its vault, as some may hold rows that will be sealed.
    source : Download
        Provider and symbol.
    period : duration
        From one row to the next, as the provider offers it.
    start_ms : int
        First moment wanted.
    progress : Progress
        Told about each file.

    Returns
    -------
    Path
        Folder of the files.

    Raises
    ------
    DataError
        If the period or the symbol does not exist there, a file is damaged, nobody answers, or the disk is full.
    """
    provider = _find_provider(source)
    if period not in provider.periods:
        allowed = did_you_mean(period, provider.periods, len(provider.periods))
        raise DataError(f"period '{period}': not offered by {provider.title}; {allowed}")
    if start_ms > now_ms():
        raise DataError(f"--from {iso(start_ms)}: lies in the future, of which nothing exists yet; name an earlier month")
    folder = download_folder(workspace, source, period)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        provider.fetch(source.symbol, period, start_ms, folder, progress)
    except BlockedError as error:
        raise DataError(f"{error}; what was fetched stays. {_name_others(provider)}") from error
    except OSError as error:
        raise DataError(f"{source.symbol}: {error.strerror or 'cannot be written'}; make room and run it again") from error
    return folder


def _find_provider(source: Download) -> Provider:
    """Find the provider of a source, or that of its exchange where it has many."""
    provider = PROVIDERS[source.use]
    return provider.at_exchange(source.exchange) if isinstance(provider, ManyExchanges) and source.exchange else provider


def _name_others(provider: Provider) -> str:
    """Name the sources that a person may use in place of one that refuses."""
    others = [one for one in PROVIDERS.values() if one.title != provider.title and {*one.kinds} & {*provider.kinds}]
    listed = [f"{_write_source(one)} ({one.about})" for one in others]
    return f"Use another source: {', '.join([*listed, 'or files of your own with {use: files, files: ...}'])}"


def _write_source(provider: Provider) -> str:
    exchange = "exchange: ..., " if isinstance(provider, ManyExchanges) else ""
    return f"{{use: {provider.name}, {exchange}symbol: ...}}"


def download_folder(workspace: Workspace, source: Download, period: str) -> Path:
    """Return where a provider's files of one symbol lie: in the vault, as they may hold sealed rows."""
    exchange = [source.exchange] if source.exchange else []
    return workspace.vault.joinpath("downloads", source.use, *exchange, quote(source.symbol, safe=""), period)


def fetch_command(workspace: Workspace, source: Download, period: str, since: int) -> str:
    """Compose the command that downloads what is missing of a series from a moment, ms UTC, on."""
    where = [] if Workspace.default() == workspace.root else ["--workspace", str(workspace.root)]
    month, command = iso(since)[: len("2024-01")], PROVIDERS[source.use].command
    exchange = ["--exchange", source.exchange] if source.exchange else []
    asked = [command, source.symbol, *exchange, "--from", month, "--period", period]
    return shlex.join(["rfcat", *where, "data", "fetch", *asked])


def find_files(workspace: Workspace, name: str, spec: SeriesSpec, source_dir: Path, since: int = 0) -> list[Path]:
    """Find the files of a series, sorted by name.

    Parameters
    ----------
    since : int
        First moment that is needed, ms UTC.

    Raises
    ------
    DataError
        If a pattern matches nothing, or nothing was downloaded yet.
    """
    if isinstance(spec.source, Download):
        files = PROVIDERS[spec.source.use].find_files(download_folder(workspace, spec.source, spec.period))
        if not files:
            command = fetch_command(workspace, spec.source, spec.period, since)
            raise DataError(f"series.{name}.source: {spec.source.symbol} is not downloaded; run: {command}")
        return files
    return _match(name, spec.source.files if isinstance(spec.source, Files) else (), source_dir)


def _match(name: str, patterns: tuple[str, ...], source_dir: Path) -> list[Path]:
    files: dict[Path, None] = {}
    for pattern in patterns:
        hits = _expand(source_dir / pattern)
        if not hits:
            raise DataError(f"series.{name}.source.files: '{pattern}' matches no file; write it from the dataset file's folder")
        files |= dict.fromkeys(hits)
    return list(files)


def _expand(pattern: Path) -> list[Path]:
    """List the files that a glob names, from its last folder without a wild card."""
    parts = pattern.parts
    plain = next((place for place, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    if plain == len(parts):
        return [pattern] if pattern.is_file() else []
    return sorted(path for path in Path(*parts[:plain]).glob("/".join(parts[plain:])) if path.is_file())
