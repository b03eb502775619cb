"""Polymarket as a provider, against a server that answers as it does."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydantic import ValidationError

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, iso, now_ms
from factory.market.downloads import download, find_files
from factory.market.files import Download
from factory.market.readers import read_files
from factory.market.series_spec import SeriesSpec
from factory.market.sources import caller
from factory.market.sources.polymarket_answers import read_book, read_market, read_quote
from factory.storage.workspace import Workspace
from tests.market.prediction_market import SERIES, WINDOW, PredictionMarket, outcome, price, serving, token

SOURCE = Download(use="polymarket", symbol=SERIES)
FIRST = now_ms() // DAY * DAY - 3 * DAY
"""The first of three whole days, the last of which has ended less than two days ago."""
DAY_WINDOWS = DAY // WINDOW


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[PredictionMarket]:
    one = PredictionMarket()
    one.slept = []
    monkeypatch.setattr(caller.time, "sleep", one.slept.append)
    with serving(one) as address:
        monkeypatch.setenv("RFCAT_POLYMARKET_GAMMA", address)
        monkeypatch.setenv("RFCAT_POLYMARKET_CLOB", f"{address}/")
        yield one


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def two_days(monkeypatch: pytest.MonkeyPatch) -> int:
    """The present, two days and a bit after the first."""
    return stop_clock(monkeypatch, FIRST + 2 * DAY + 7 * MINUTE)


def stop_clock(monkeypatch: pytest.MonkeyPatch, at: int) -> int:
    monkeypatch.setattr("factory.market.sources.polymarket_download.now_ms", lambda: at)
    return at


def read(workspace: Workspace, kind: str) -> dict[str, np.ndarray]:
    keys = {"kind": kind, "delay": "0", "underlying": "PM", "period": "5m", "source": SOURCE.model_dump()}
    spec = SeriesSpec.model_validate(keys)
    frame = read_files(find_files(workspace, "pm", spec, Path()), spec)
    order = np.argsort(frame.time, kind="stable")
    return {"time": frame.time[order]} | {name: values[order] for name, values in frame.columns.items()}


def at(windows: list[int]) -> set[int]:
    return {FIRST + WINDOW * window for window in windows}


def test_each_window_that_ended_has_its_price_at_its_start_and_its_outcome(
    workspace: Workspace, market: PredictionMarket, two_days: int
) -> None:
    folder = download(workspace, SOURCE, "5m", FIRST + 5 * MINUTE)
    odds, ended = read(workspace, "odds"), read(workspace, "outcomes")
    starts = np.arange(FIRST, two_days - WINDOW + 1, WINDOW)
    assert np.array_equal(odds["time"], starts)
    assert np.array_equal(ended["time"], starts)
    np.testing.assert_allclose(odds["up"], [price(start) for start in starts.tolist()])
    assert np.array_equal(ended["up"], [outcome(start) for start in starts.tolist()])
    assert {name: set(odds[name]) for name in ("fee", "minimum_size", "twap", "quote_age")} == {
        "fee": {0.07},
        "minimum_size": {5.0},
        "twap": {60.0},
        "quote_age": {3.0},
    }
    assert set(ended["strike"]) == {65048.078902}
    assert set(ended["close"]) == {65051.92}
    assert {*odds} == {"time", "up", "quote_age", "fee", "minimum_size", "twap"}, "and nothing that the end tells"
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_law_1_a_price_from_within_the_window_is_never_taken(
    workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers with one that gives the outcome away, two seconds after the start."""
    market.unquoted = at([5])
    stop_clock(monkeypatch, FIRST + 40 * WINDOW)
    download(workspace, SOURCE, "5m", FIRST)
    up = read(workspace, "odds")["up"]
    assert np.isnan(up[5])
    assert not np.isin(up, (0.0, 1.0)).any()
    at_start = {"history": [{"t": 60, "p": 0.5}, {"t": 61, "p": 0.9}, {"t": 30, "p": 0.2}]}
    assert read_quote(at_start, "7", 60_000) == (0.5, 0.0)
    assert read_quote(at_start, "7", 59_000) == (0.2, 29.0)


def test_up_is_found_by_its_name(workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch, FIRST + 40 * WINDOW)
    market.down_first = at([0, 3, 4, 17])
    folder = download(workspace, SOURCE, "5m", FIRST)
    odds, ended = read(workspace, "odds"), read(workspace, "outcomes")
    np.testing.assert_allclose(odds["up"], [price(start) for start in odds["time"].tolist()])
    assert np.array_equal(ended["up"], [outcome(start) for start in odds["time"].tolist()])
    lines = next(folder.iterdir()).read_text().splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == [token(start, "up") for start in odds["time"].tolist()]
    assert len(token(FIRST, "up")) == 77


def test_void_windows_pay_one_half_and_unresolved_ones_have_no_outcome(
    workspace: Workspace, market: PredictionMarket, two_days: int
) -> None:
    market.void, market.unresolved = at([3]), at([4, 300])
    download(workspace, SOURCE, "5m", FIRST)
    up = read(workspace, "outcomes")["up"]
    assert up[3] == 0.5
    assert np.array_equal(np.flatnonzero(np.isnan(up)), [4, 300])
    assert not np.isnan(read(workspace, "odds")["up"]).any()


def test_days_that_are_settled_are_never_asked_again_and_of_others_what_is_not(
    workspace: Workspace, market: PredictionMarket, two_days: int
) -> None:
    market.unresolved = at([DAY_WINDOWS + 4])
    folder = download(workspace, SOURCE, "5m", FIRST)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{SERIES}-{iso(FIRST)}.csv",
        f"{SERIES}-{iso(FIRST + DAY)}-open.csv",
        f"{SERIES}-{iso(FIRST + 2 * DAY)}-open.csv",
    ]
    market.asked.clear()
    download(workspace, SOURCE, "5m", FIRST)
    assert {start for _, start in market.asked} == market.unresolved
    market.unresolved = set()
    download(workspace, SOURCE, "5m", FIRST)
    assert f"{SERIES}-{iso(FIRST + DAY)}.csv" in {path.name for path in folder.iterdir()}
    assert not (folder / f"{SERIES}-{iso(FIRST + DAY)}-open.csv").exists()
    assert not np.isnan(read(workspace, "outcomes")["up"]).any()


def test_a_window_without_a_market_is_asked_for_until_two_days_later(
    workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.missing = at([7])
    stop_clock(monkeypatch, FIRST + DAY)
    folder = download(workspace, SOURCE, "5m", FIRST)
    assert [path.name for path in folder.iterdir()] == [f"{SERIES}-{iso(FIRST)}-open.csv"]
    assert FIRST + 7 * WINDOW not in read(workspace, "odds")["time"]
    stop_clock(monkeypatch, FIRST + 3 * DAY)
    market.asked.clear()
    download(workspace, SOURCE, "5m", FIRST)
    assert (folder / f"{SERIES}-{iso(FIRST)}.csv").exists()
    assert {start for _, start in market.asked if start < FIRST + DAY} == market.missing


def test_a_window_that_is_not_where_its_slug_says_is_left_out(
    workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.elsewhere = at([9])
    stop_clock(monkeypatch, FIRST + 20 * WINDOW)
    told: list[str] = []
    download(workspace, SOURCE, "5m", FIRST, lambda _, what: told.append(what))
    assert FIRST + 9 * WINDOW not in read(workspace, "odds")["time"]
    assert f"{SERIES} {iso(FIRST)}: 1 windows left out, which are not where their slugs say" in told


def test_a_download_that_fails_goes_on_where_it_stopped(
    workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clock(monkeypatch, FIRST + DAY)

    def stop(share: float, what: str) -> None:
        if "100 of" in what:
            market.busy = 99

    with pytest.raises(DataError, match=f"polymarket {SERIES}: the server answered 429; run it again: it goes on"):
        download(workspace, SOURCE, "5m", FIRST, stop)
    market.busy = 0
    market.asked.clear()
    assert len(read(workspace, "odds")["time"]) == 100
    download(workspace, SOURCE, "5m", FIRST)
    assert {start for _, start in market.asked} == {FIRST + WINDOW * window for window in range(100, DAY_WINDOWS)}
    assert len(read(workspace, "odds")["time"]) == DAY_WINDOWS


def test_a_server_that_asks_to_wait_is_waited_for(
    workspace: Workspace, market: PredictionMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clock(monkeypatch, FIRST + WINDOW)
    market.busy, market.retry_after = 2, "7"
    download(workspace, SOURCE, "5m", FIRST)
    assert [wait for wait in market.slept if wait >= 7] == [7, 7]
    market.busy, market.retry_after = 1, "600"
    stop_clock(monkeypatch, FIRST + 2 * WINDOW)
    with pytest.raises(DataError, match="the server answered 429; run it again in 10 minutes"):
        download(workspace, SOURCE, "5m", FIRST)


def test_no_more_than_a_stated_number_of_requests_a_second() -> None:
    pace = caller.Pace(20.0)
    waits = [pace.reserve(now) for now in (100.0, 100.0, 100.0, 100.12, 200.0)]
    np.testing.assert_allclose(waits, [0, 0.05, 0.1, 0.03, 0], atol=1e-9)


def test_a_wait_is_read_as_a_number_or_a_date() -> None:
    def wait(told: dict[str, str]) -> float:
        return caller.read_retry_after(httpx.Response(429, headers=told))

    assert wait({"Retry-After": "30"}) == 30
    assert wait({"Retry-After": format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)}) == 0
    assert wait({"Retry-After": format_datetime(datetime(9000, 1, 1, tzinfo=UTC), usegmt=True)}) > 1e9
    assert wait({"Retry-After": "soon"}) == wait({}) == 0


def test_progress_is_told_by_the_day(workspace: Workspace, market: PredictionMarket, two_days: int) -> None:
    told: list[tuple[float, str]] = []
    download(workspace, SOURCE, "5m", FIRST, lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (0.0, f"{SERIES} {iso(FIRST)}: 0 of {DAY_WINDOWS} windows") in told
    assert {what.split(":")[0] for _, what in told} == {f"{SERIES} {iso(FIRST + day * DAY)}" for day in range(3)}


@pytest.mark.parametrize("symbol", ["BTC", "btc-5m", "btc-updown-5m-1784889000"])
def test_what_is_no_series_of_windows_is_refused(symbol: str) -> None:
    with pytest.raises(ValidationError, match=f"'{symbol}' is none of polymarket; write it .* such as btc-updown-5m"):
        Download(use="polymarket", symbol=symbol)


def test_windows_of_another_length_are_refused(workspace: Workspace, market: PredictionMarket) -> None:
    with pytest.raises(DataError, match="has windows of 15m, not 5m; write period 15m"):
        download(workspace, Download(use="polymarket", symbol="btc-updown-15m"), "5m", FIRST)
    assert not market.asked


def test_windows_that_nobody_published_are_told(workspace: Workspace, market: PredictionMarket, two_days: int) -> None:
    market.listed = FIRST + 3 * DAY
    with pytest.raises(DataError, match=f"polymarket {SERIES}: nothing was published since {iso(FIRST)}; check the symbol"):
        download(workspace, SOURCE, "5m", FIRST)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("<html>", "did not answer in JSON"),
        ('{"error": "x"}', "is no list; its interface has changed"),
        ('[{"id": "1"}]', "no key 'slug'; its interface has changed"),
    ],
)
def test_an_answer_of_another_form_is_refused(
    workspace: Workspace, market: PredictionMarket, two_days: int, answer: str, says: str
) -> None:
    market.broken = answer
    with pytest.raises(DataError, match=f"polymarket {SERIES}-{FIRST // 1000}: .*{says}"):
        download(workspace, SOURCE, "5m", FIRST)


def changed(**keys: object) -> list[dict[str, object]]:
    """Gamma's answer on one event with keys of its market replaced."""
    event = PredictionMarket().event(FIRST)
    event["markets"][0] |= keys
    return [event]


def test_a_market_is_settled_only_by_prices_that_shares_pay() -> None:
    slug = f"{SERIES}-{FIRST // 1000}"
    settled = {'["1", "0"]': 1.0, '["0", "1"]': 0.0, '["0.5", "0.5"]': 0.5, "[1, 0]": 1.0}
    for prices, paid in settled.items():
        assert read_market(changed(outcomePrices=prices), slug).outcome == paid
        assert math.isnan(read_market(changed(outcomePrices=prices, closed=False), slug).outcome)
        assert math.isnan(read_market(changed(outcomePrices=prices, umaResolutionStatus="proposed"), slug).outcome)
    for prices in ('["0.999", "0.001"]', '["1", "1"]', None):
        assert math.isnan(read_market(changed(outcomePrices=prices), slug).outcome)
    for keys, fault in (
        ({"clobTokenIds": '["a", "b"]'}, "is 'a', no number"),
        ({"outcomePrices": '["1"]'}, "index out of range"),
    ):
        with pytest.raises(DataError, match=f"{slug}: .*{fault}; its interface has changed"):
            read_market(changed(**keys), slug)
    with pytest.raises(DataError, match="its outcomes are yes and no, not up and down with a share each"):
        read_market(changed(outcomes='["Yes", "No"]'), slug)


def test_terms_that_are_not_told_are_unknown_and_never_assumed() -> None:
    slug = f"{SERIES}-{FIRST // 1000}"
    assert math.isnan(read_market(changed(cryptoMarketConfig=None), slug).twap)
    assert read_market(changed(cryptoMarketConfig={"twapEnabled": False}), slug).twap == 0
    assert read_market(changed(cryptoMarketConfig={"twapEnabled": True, "twapLookbackSeconds": "30"}), slug).twap == 30
    assert math.isnan(read_market(changed(feeSchedule=None), slug).fee)
    assert read_market(changed(feeSchedule=None, feesEnabled=False), slug).fee == 0
    assert math.isnan(read_market(changed(feeSchedule={"rate": 0.25, "exponent": 2}), slug).fee)


def test_the_published_sample_of_gamma_is_read(shared: Path) -> None:
    events = json.loads((shared / "data" / "formats" / "polymarket_gamma_events_sample.json").read_text())
    read_ones = {event["slug"]: read_market(events, event["slug"]) for event in events}
    assert len(read_ones) == 9
    for slug, one in read_ones.items():
        start = int(slug.rsplit("-", 1)[1]) * 1000
        assert (one.start, one.end - one.start) == (start, (15 if "-15m-" in slug else 5) * MINUTE)
        assert one.up_token.isdecimal()
        assert (one.tick_at_close, one.minimum_size, one.fee) == (0.01, 5, 0)
        assert math.isnan(one.outcome)
    assert read_market(events, "btc-updown-5m-1") is None


def test_a_book_is_read_from_the_end_of_each_side() -> None:
    levels = {
        "bids": [{"price": "0.01", "size": "900"}, {"price": "0.48", "size": "120.5"}],
        "asks": [{"price": "0.99", "size": "800"}, {"price": "0.51", "size": "75"}],
    }
    answer = {"market": "0x39e3", "asset_id": token(FIRST, "up"), "timestamp": "1784889000123", "hash": "ab", **levels}
    book = read_book(answer)
    assert (book.token, book.time) == (token(FIRST, "up"), 1784889000123)
    assert (book.bid, book.bid_size, book.ask, book.ask_size) == (0.48, 120.5, 0.51, 75.0)
    assert math.isnan(read_book({**answer, "asks": []}).ask)
    with pytest.raises(DataError, match="the last of its levels is not the best"):
        read_book({**answer, "bids": levels["bids"][::-1]})
    with pytest.raises(DataError, match="polymarket book: no key 'bids'"):
        read_book({name: answer[name] for name in ("asset_id", "timestamp", "asks")})
