"""Primary dealer statistics of two publishers: what is fetched of them, in which unit, and under which symbols."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from factory.core.errors import DataError
from factory.core.times import iso, moment
from factory.ledger import Ledger
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.downloads import download, find_files
from factory.market.files import Download
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS, ManyExchanges, caller
from factory.storage.workspace import Workspace
from factory.views.listing import market_answer
from server.cli.app import app
from tests.market.publishers import Publishers, publishing
from tests.market.slow import FROM, PUBLISHED, WEEK, amounts, dataset, days, hours, parts_of

OLD, NEW, TOTAL = "PDFTD-OLD", "PDFTD-USTET", "NYPD-PD_AFtD_TOT-A"


@pytest.fixture
def publishers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    one = Publishers()
    monkeypatch.setattr(caller.time, "sleep", lambda _: None)
    with publishing(one) as address:
        monkeypatch.setenv("RFCAT_OFR_API", f"{address}/v1")
        monkeypatch.setenv("RFCAT_NYFED_API", f"{address}/api/")
        yield one


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def read(workspace: Workspace, use: str, symbol: str) -> tuple[list[str], np.ndarray]:
    raw = {"kind": "values", "underlying": "FAILS", "period": "7d", "delay": "10d", "source": {"use": use, "symbol": symbol}}
    spec = SeriesSpec.model_validate(raw)
    frame = read_files(find_files(workspace, "fails", spec, Path()), spec)
    return [iso(at) for at in frame.time], frame.columns["value"]


@pytest.mark.parametrize(("command", "symbol"), [("ofr", TOTAL), ("nyfed", NEW)])
def test_a_command_fetches_a_series_that_a_dataset_reads(
    publishers: Publishers, workspace: Workspace, command: str, symbol: str
) -> None:
    publishers.dollars[TOTAL] = dict(zip(days(5), [1.5e9, None, 3e9, 4e9, 0.0], strict=True))
    publishers.millions[NEW] = dict(zip(days(5), [1500, None, 3000, 4000, 0], strict=True))
    asked = ["--workspace", str(workspace.root), "data", "fetch", command, symbol, "--from", "2013-04"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert f"{symbol}: complete up to the last row that is over" in told.output
    stamps, values = read(workspace, command, symbol)
    assert stamps == days(5)
    np.testing.assert_array_equal(values, [1.5e9, np.nan, 3e9, 4e9, 0.0])


def test_both_publishers_count_dollars_though_one_publishes_millions(
    publishers: Publishers, workspace: Workspace, shared: Path
) -> None:
    sample = pd.read_csv(shared / "data" / "macro" / "ofr_vs_nyfed_fails_sample.csv")
    sample = sample.dropna(subset=["nyfed_keyid"])
    for (mnemonic, key), rows in sample.groupby(["ofr_mnemonic", "nyfed_keyid"]):
        publishers.dollars[mnemonic] = dict(zip(rows.as_of_date, rows.ofr_value_usd, strict=True))
        publishers.millions[key] = dict(zip(rows.as_of_date, rows.nyfed_value_usd_mn, strict=True))
        for use, symbol in (("ofr", mnemonic), ("nyfed", key)):
            download(workspace, Download(use=use, symbol=symbol), "1w", moment("2026-01-01"))
        stamps, dollars = read(workspace, "ofr", mnemonic)
        other, millions = read(workspace, "nyfed", key)
        assert stamps == other == list(rows.as_of_date)
        np.testing.assert_array_equal(dollars, millions)
        np.testing.assert_array_equal(dollars, rows.ofr_value_usd)


def test_of_a_value_that_was_revised_the_one_fetched_first_is_kept(publishers: Publishers, workspace: Workspace) -> None:
    source = Download(use="nyfed", symbol=NEW)
    publishers.millions[NEW] = dict(zip(days(3), [1, None, 3], strict=True))
    download(workspace, source, "1w", moment("2013-04-01"))
    publishers.millions[NEW] = dict(zip(days(4), [1, 2, 30, 4], strict=True))
    download(workspace, source, "1w", moment("2023-01-11"))
    stamps, values = read(workspace, "nyfed", NEW)
    assert stamps == days(4)
    np.testing.assert_array_equal(values, [1e6, np.nan, 3e6, 4e6])


def test_rows_before_the_month_asked_for_are_left_out(publishers: Publishers, workspace: Workspace) -> None:
    publishers.dollars[TOTAL] = dict(zip(days(8), amounts(8), strict=True))
    download(workspace, Download(use="ofr", symbol=TOTAL), "1w", moment("2023-02-01"))
    assert read(workspace, "ofr", TOTAL)[0] == days(8)[4:]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ({"statuses": [404]}, "nyfed PDFTD-USTET: the server answered 404; check the symbol"),
        ({"statuses": [503] * caller.TRIES}, "nyfed PDFTD-USTET: the server answered 503; run it again"),
        ({"cut": 20}, "nyfed PDFTD-USTET: no connection; run it again"),
        ({"instead": b"<html></html>"}, "nyfed PDFTD-USTET: the answer is not what https://.* says; try again later"),
        ({"instead": b'{"pd": {"timeseries": []}}'}, "nothing was published since 2013-04-01; check the symbol and --from"),
        ({"instead": b'{"pd": {"timeseries": [{"asofdate": "2024-07-03", "keyid": "X", "value": "1"}]}}'}, "is not what"),
        (
            {"instead": b'{"pd": {"timeseries": [{"asofdate": "2024-07-03", "keyid": "PDFTD-USTET", "value": "NaN"}]}}'},
            "is not what",
        ),
    ],
)
def test_an_answer_that_is_none_changes_nothing(
    publishers: Publishers, workspace: Workspace, trouble: dict[str, Any], told: str
) -> None:
    source = Download(use="nyfed", symbol=NEW)
    for name, value in trouble.items():
        setattr(publishers, name, value)
    publishers.millions[NEW] = dict(zip(days(3), [1, 2, 3], strict=True))
    with pytest.raises(DataError, match=told):
        download(workspace, source, "1w", moment("2013-04-01"))
    assert not list((workspace.vault / "downloads").rglob("*.csv"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_publisher_that_stumbles_is_asked_again(publishers: Publishers, workspace: Workspace, status: int) -> None:
    publishers.millions[NEW] = dict(zip(days(3), [1, 2, 3], strict=True))
    publishers.statuses = [status, status]
    download(workspace, Download(use="nyfed", symbol=NEW), "1w", moment("2013-04-01"))
    assert len(publishers.asked) == 3
    assert read(workspace, "nyfed", NEW)[0] == days(3)


@pytest.mark.parametrize("symbol", ["../PDFTD", "PDFTD/USTET", "PDFTD USTET", ".PDFTD", "-PDFTD", "P" * 41, "PD.json"])
def test_a_symbol_that_is_no_name_of_a_file_is_refused(symbol: str) -> None:
    for provider in PROVIDERS.values():
        exchange = "bybit" if isinstance(provider, ManyExchanges) else None
        if exchange and symbol == "PDFTD/USTET":
            continue  # as ccxt spells a market; its folder's name is quoted
        with pytest.raises(
            ValueError, match=f"symbol: .* is none of {provider.name}; write it as .* such as {provider.example}"
        ):
            Download(use=provider.name, exchange=exchange, symbol=symbol)


def begun_anew(publishers: Publishers, workspace: Workspace) -> tuple[list[str], list[float]]:
    """An old key, and a new one that begins before the old one ends; gives what holds."""
    both, values, other = days(), amounts(), amounts(seed=2)
    publishers.millions[OLD] = dict(zip(both[:70], values[:70], strict=True))
    publishers.millions[NEW] = dict(zip(both[60:], other[60:], strict=True))
    for symbol in (OLD, NEW):
        download(workspace, Download(use="nyfed", symbol=symbol), "1w", moment(FROM))
    return both, [1e6 * value for value in (*values[:60], *other[60:])]


STITCHED = f"{{kind: values, underlying: FAILS, period: 7d, published: {PUBLISHED}, source: {{use: nyfed, symbol: {NEW}, earlier: {OLD}}}}}"


def test_a_series_of_several_symbols_is_stitched_and_says_so(
    publishers: Publishers, workspace: Workspace, tmp_path: Path
) -> None:
    both, values = begun_anew(publishers, workspace)
    hours(tmp_path)
    _, _, validation = parts_of(tmp_path, STITCHED)
    series = validation.series["fails"]
    rows = (series.time - moment(FROM)) // WEEK
    np.testing.assert_array_equal(series.columns["value"], np.array(values)[rows])
    told = Catalog(workspace).meta("slow")["series"]["fails"]["quality"]["noted"]["stitched symbols"]
    assert told == {"count": 1, "at": [both[60]], "where": [f"{OLD} to {NEW}"]}
    assert "repeated rows" not in Catalog(workspace).meta("slow")["series"]["fails"]["quality"]["noted"]
    described = market_answer(Catalog(workspace), Ledger(workspace), "slow")["series"]["fails"]
    assert f"{OLD} to {NEW} from {both[60]}" in described
    assert "in US dollars" in described
    assert "known each Thursday at 16:15 America/New_York" in described


def test_law_3_a_stitch_among_sealed_rows_is_not_told(publishers: Publishers, workspace: Workspace, tmp_path: Path) -> None:
    publishers.millions[OLD] = dict(zip(days(100), amounts(100), strict=True))
    publishers.millions[NEW] = dict(zip(days()[100:], amounts()[100:], strict=True))
    for symbol in (OLD, NEW):
        download(workspace, Download(use="nyfed", symbol=symbol), "1w", moment(FROM))
    hours(tmp_path)
    parts_of(tmp_path, STITCHED)
    assert days()[100] > "2024-09-01"
    for file in (workspace.datasets / "slow").glob("*.json"):
        assert f"{OLD} to {NEW}" not in file.read_text(encoding="utf-8")
    assert f"{OLD} to {NEW}" in (workspace.vault / "slow" / "quality.json").read_text(encoding="utf-8")


def test_symbols_in_the_wrong_order_are_refused(publishers: Publishers, workspace: Workspace, tmp_path: Path) -> None:
    begun_anew(publishers, workspace)
    hours(tmp_path)
    swapped = STITCHED.replace(NEW, "X").replace(OLD, NEW).replace("symbol: X", f"symbol: {OLD}")
    with pytest.raises(DataError, match=rf"series\.fails\.source\.earlier: {NEW} to {OLD}: .*name symbols oldest first"):
        build(workspace, dataset(swapped), tmp_path)
    with pytest.raises(DataError, match="earlier: a symbol is named twice"):
        dataset(STITCHED.replace(f"earlier: {OLD}", f"earlier: {NEW}"))
    with pytest.raises(DataError, match=r"source.earlier: 'bars' are of one market; remove it"):
        dataset("{kind: bars, underlying: ETHUSDT, period: 1h, source: {use: binance-spot, symbol: A, earlier: B}}")
