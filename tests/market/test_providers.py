"""Laws of every provider: those of the package, and one from outside."""

import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, canonical_duration, now_ms, to_ms
from factory.market.downloads import download, download_folder, fetch_command, find_files
from factory.market.files import Download
from factory.market.readers import read_files
from factory.market.series_kinds import SERIES_KINDS
from factory.market.series_kinds.base import Header
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS, ManyExchanges, Provider
from factory.storage.workspace import Workspace
from tests.market.bars import START
from tests.market.toys import Book, ToyExchange
from tests.test_layers import FILES

ALL: list[Provider] = [*PROVIDERS.values(), ToyExchange()]


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Provider:
    one: Provider = request.param
    monkeypatch.setitem(SERIES_KINDS, Book.name, Book())
    monkeypatch.setitem(PROVIDERS, one.name, one)
    return one


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def source_of(provider: Provider) -> Download:
    """A source of the provider, of one exchange where it has many."""
    exchange = {"exchange": "bybit"} if isinstance(provider, ManyExchanges) else {}
    return Download.model_validate({"use": provider.name, "symbol": provider.example} | exchange)


def series(provider: Provider, kind: str, period: str) -> SeriesSpec:
    source = source_of(provider).model_dump()
    raw = {"kind": kind, "underlying": "BTC", "period": period, "delay": provider.least_delay, "source": source}
    return SeriesSpec.model_validate(raw)


def layout(provider: Provider, kind: str) -> tuple[str, ...]:
    """The columns of its files: as it lays them out without a header, else those of the kind under one."""
    return provider.layout or ("timestamp", *(SERIES_KINDS[kind].columns or ("value",)))


def lines(columns: tuple[str, ...], header: bool, times: np.ndarray) -> str:
    """Rows of the stamp and of the numbers of the columns' places."""
    rows = [",".join(str(at if place == 0 else 100 + place) for place, _ in enumerate(columns)) for at in times]
    return "\n".join([*([",".join(columns)] if header else []), *rows, ""])


def test_every_provider_has_names_of_its_own() -> None:
    assert all(one.name == name for name, one in PROVIDERS.items())
    assert len({one.name for one in ALL}) == len({one.command for one in ALL}) == len(ALL)
    assert "files" not in PROVIDERS


def test_nobody_else_names_a_provider() -> None:
    own = FILES["factory.market.sources"].parent
    named = re.compile(rf"[\"' ](?:{'|'.join(PROVIDERS)})[\"',]")
    assert named.search("{use: binance-spot, symbol: BTCUSDT}")
    assert [path for path in FILES.values() if own not in path.parents and named.search(path.read_text(encoding="utf-8"))] == []


def test_it_serves_kinds_and_periods_that_a_dataset_file_may_name(provider: Provider) -> None:
    assert provider.kinds
    assert [canonical_duration(period) for period in provider.periods] == list(provider.periods)
    for kind in SERIES_KINDS:
        if kind in provider.kinds:
            assert series(provider, kind, provider.periods[0]).source == source_of(provider)
        else:
            with pytest.raises(ValueError, match=f"from {provider.name}, which has .* only; write kind: {provider.kinds[0]}"):
                series(provider, kind, provider.periods[0])
    assert provider.page.startswith("https://")


def test_law_3_its_files_lie_in_the_vault_and_are_nobody_elses(
    provider: Provider, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, told = source_of(provider), []
    monkeypatch.setattr(type(provider), "fetch", lambda *asked: told.append(asked))
    folder = download(workspace, source, provider.periods[0], START)
    assert workspace.vault in folder.parents
    assert folder.stat().st_mode & 0o077 == 0
    assert told[0][1:5] == (provider.example, provider.periods[0], START, folder)


def test_what_it_cannot_have_is_refused_before_it_is_asked(
    provider: Provider, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(provider)
    title = source.exchange or provider.title
    monkeypatch.setattr(type(provider), "fetch", lambda *_: pytest.fail("asked"))
    with pytest.raises(DataError, match=f"period '7m': not offered by {title}; "):
        download(workspace, source, "7m", START)
    with pytest.raises(DataError, match="lies in the future"):
        download(workspace, source, provider.periods[0], now_ms() + DAY)
    assert not (workspace.vault / "downloads").exists()


def test_its_files_are_found_when_they_are_whole_and_read_by_its_layout(provider: Provider, workspace: Workspace) -> None:
    for kind in provider.kinds:
        one, period = series(provider, kind, provider.periods[0]), to_ms(provider.periods[0])
        folder = download_folder(workspace, source_of(provider), one.period)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "BTC-1.csv").unlink(missing_ok=True)
        (folder / "BTC-2.csv.part").write_text("1")
        with pytest.raises(DataError, match=f"{provider.example} is not downloaded; run: rfcat") as told:
            find_files(workspace, "btc", one, Path())
        assert f"data fetch {provider.command} {provider.example} " in str(told.value)
        times = START + period * np.arange(3)
        columns = layout(provider, kind)
        (folder / "BTC-1.csv").write_text(lines(columns, not provider.layout, times))
        paths = find_files(workspace, "btc", one, Path())
        assert [path.name for path in paths] == ["BTC-1.csv"]
        frame = read_files(paths, one)
        assert np.array_equal(frame.time, times)
        labels = {name: name for name in columns[1:]}
        chosen = SERIES_KINDS[kind].choose_columns(Header("BTC-1.csv", labels, {}, labels, True))
        assert {*SERIES_KINDS[kind].columns} <= {*chosen}
        for name, label in chosen.items():
            assert (frame.columns[name] == 100 + columns.index(label)).all()


def test_its_command_is_the_one_that_is_told(provider: Provider, workspace: Workspace) -> None:
    source = source_of(provider)
    exchange = f"--exchange {source.exchange} " if source.exchange else ""
    told = fetch_command(workspace, source, provider.periods[0], START)
    assert told.endswith(
        f"data fetch {provider.command} {source.symbol} {exchange}--from 2024-01 --period {provider.periods[0]}"
    )
