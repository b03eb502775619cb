"""Series whose observations are months, quarters or years: known when they are published, and counted in months."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from factory.core.errors import DataError, ExpressionError
from factory.core.times import DAY, HOUR, MONTHS, add_months, count_months, iso, moment, spell_period, to_period_ms
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.ledger import Ledger
from factory.market.catalog import Catalog
from factory.market.inspection import inspect_series
from factory.market.months import detect_months, list_stamps, number_rows, step_stamps
from factory.market.publication import Publication
from factory.views.listing import market_answer
from tests.market.slow import dataset, hours, parts_of, write

NEW_YORK = ZoneInfo("America/New_York")
RELEASE = 'published: {day: 15, time: "08:30", zone: America/New_York, after: 1mo}'
MONTHLY = f"{{kind: values, underlying: CPI, period: 1mo, {RELEASE}, source: {{use: files, files: fails.csv}}}}"
FIRST, COUNT = "2021-01-01", 52


def months(count: int = COUNT, step: int = 1, first: str = FIRST) -> list[int]:
    return [add_months(moment(first), step * place) for place in range(count)]


def levels(count: int = COUNT) -> list[float]:
    return [float(value) for value in 100 + np.cumsum(np.random.default_rng(3).normal(0.2, 1, count)).round(3)]


def fred(stamps: list[int], values: list[float]) -> str:
    return "\n".join(["observation_date,CPI", *(f"{iso(at)},{value}" for at, value in zip(stamps, values, strict=True))]) + "\n"


def released(stamp: int) -> int:
    """When a month is out, by hand: half past eight on the 15th of the next, on Monday where that is a weekend."""
    after = datetime.fromtimestamp(add_months(stamp, 1) / 1000, UTC)
    day = date(after.year, after.month, 15)
    day += timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))
    if day.month in (1, 2) and day.weekday() == 0 and 15 <= day.day <= 21:
        day += timedelta(days=1)  # A federal holiday: Martin Luther King's, Washington's.
    return int(datetime(day.year, day.month, day.day, 8, 30, tzinfo=NEW_YORK).timestamp()) * 1000


def test_periods_of_months_are_told_from_durations() -> None:
    for count in MONTHS:
        assert count_months(to_period_ms(f"{count}mo")) == count
        assert spell_period(to_period_ms(f"{count}mo")) == f"{count}mo"
    for period in ("31d", "92d", "1m", "4w", "366d"):
        assert count_months(to_period_ms(period)) == 0
    with pytest.raises(ValueError, match="'5mo' is no part of a year"):
        to_period_ms("5mo")


@pytest.mark.parametrize("count", MONTHS)
@pytest.mark.parametrize("at_end", [False, True])
def test_law_5_rows_of_months_have_numbers_that_are_the_same_wherever_a_series_begins(count: int, at_end: bool) -> None:
    period = to_period_ms(f"{count}mo")
    stamps = np.array([add_months(at, 1) - DAY if at_end else at for at in months(60, count, "1999-01-01")])
    assert (np.diff(stamps) < period).all()
    np.testing.assert_array_equal(list_stamps(int(stamps[0]), int(stamps[-1]) + 1, period), stamps)
    np.testing.assert_array_equal(np.diff(number_rows(stamps, period)), 1)
    for back in (1, 7, 12):
        np.testing.assert_array_equal(step_stamps(stamps[back:], period, -back), stamps[:-back])
    assert detect_months(stamps) == (f"{count}mo", 1.0)


def test_law_1_a_month_is_known_when_it_is_published_and_holds_until_the_next(tmp_path: Path) -> None:
    hours(tmp_path)
    stamps, values = months(), levels()
    write(tmp_path, fred(stamps, values))
    workspace, train, validation = parts_of(tmp_path, MONTHLY)
    known = [released(at) for at in stamps]
    for part in (train, validation):
        series = part.series["fails"]
        assert series.time.tolist() == [
            at for at, out in zip(stamps, known, strict=True) if series.time[0] <= at and out <= part.end
        ]
        assert series.known.tolist() == [released(at) for at in series.time.tolist()]
        times = np.arange(part.start, part.end, 6 * HOUR)
        last = np.searchsorted(known, times, side="right") - 1
        for text, expected in (
            ("fails.cpi", np.array(values)[last]),
            ("ret(fails.cpi, 12)", np.array(values)[last] / np.array(values)[last - 12] - 1),
            ("mean(fails.cpi, 3)", np.array([np.mean(values[at - 2 : at + 1]) for at in last])),
        ):
            np.testing.assert_allclose(Columns(part).at(parse(text), times), expected, rtol=1e-12)
    told = market_answer(Catalog(workspace), Ledger(workspace), "slow")["series"]["fails"]
    assert "1mo values" in told
    assert "known on day 15 of each month at 08:30 America/New_York for stamps 1mo or more before, one vintage only" in told


def test_law_5_a_batch_that_begins_later_computes_the_same_bits(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, fred(months(), levels()))
    _, train, validation = parts_of(tmp_path, MONTHLY)
    times = np.arange(train.start + 180 * DAY, train.end, 6 * HOUR)
    for text in ("mean(fails.cpi, 3)", "std(fails.cpi, 5)", "slope(fails.cpi, 4)", "zscore(fails.cpi, 6)"):
        np.testing.assert_array_equal(Columns(train).at(parse(text), times), Columns(validation).at(parse(text), times))


def test_law_8_an_absent_month_is_a_gap_of_one_row(tmp_path: Path) -> None:
    hours(tmp_path)
    stamps, values = months(), levels()
    gone = stamps.index(moment("2023-07-01"))
    write(tmp_path, fred(stamps[:gone] + stamps[gone + 1 :], values[:gone] + values[gone + 1 :]))
    workspace, train, _ = parts_of(tmp_path, MONTHLY)
    series = train.series["fails"]
    assert series.time[np.isnan(series.columns["cpi"])].tolist() == [stamps[gone]]
    assert Catalog(workspace).quality("slow")["fails"]["noted"]["gaps"] == {
        "count": 1,
        "at": ["2023-07-01"],
        "rows": 1,
        "longest": 1,
    }
    times = np.arange(train.start, train.end, 6 * HOUR)
    read = Columns(train).at(parse("ret(fails.cpi, 1)"), times)
    missing = (times >= released(stamps[gone])) & (times < released(stamps[gone + 2]))
    np.testing.assert_array_equal(np.isnan(read), missing)


def test_a_value_is_stale_a_month_and_its_delay_after_it_was_known(tmp_path: Path) -> None:
    """Where a file ends early, the last value goes out, in whatever month."""
    hours(tmp_path)
    kept = [at for at in months() if at < moment("2023-09-01")]
    write(tmp_path, fred(kept, levels(len(kept))))
    _, train, _ = parts_of(tmp_path, MONTHLY.replace(RELEASE, "delay: 45d"))
    times = np.arange(train.start, train.end, HOUR)
    read = np.isfinite(Columns(train).at(parse("fails.cpi"), times))
    # The grid goes on: the row of the month that is not there is known, and missing, after its own delay.
    assert times[read].max() == moment("2023-09-01") + 45 * DAY - HOUR
    assert read[times < moment("2023-09-01")].all()


@pytest.mark.parametrize(
    ("period", "step", "release", "last"),
    [
        ("3mo", 3, 'published: {day: 28, time: "08:30", zone: America/New_York, after: 3mo}', 4),
        ("12mo", 12, "delay: 400d", 1),
        ("1mo", 1, 'published: {weekday: friday, time: "08:30", zone: America/New_York, after: 1mo}', 12),
    ],
)
def test_quarters_years_and_releases_on_a_weekday(tmp_path: Path, period: str, step: int, release: str, last: int) -> None:
    hours(tmp_path)
    stamps = months(step=step, first="2020-10-01") if step < 12 else months(20, 12, "2006-01-01")
    write(tmp_path, fred(stamps, levels(len(stamps))))
    _, train, _ = parts_of(tmp_path, MONTHLY.replace("1mo,", f"{period},", 1).replace(RELEASE, release))
    series = train.series["fails"]
    wanted = [at for at in stamps if series.time[0] <= at <= series.time[-1]]
    assert series.time.tolist() == wanted
    assert all(known >= add_months(at, step) for at, known in zip(series.time.tolist(), series.known.tolist(), strict=True))
    times = np.arange(train.start, train.end, DAY)
    assert np.isfinite(Columns(train).at(parse(f"ret(fails.cpi, {last})"), times)).all()


def test_months_may_stand_on_their_last_day(tmp_path: Path) -> None:
    hours(tmp_path)
    stamps = [add_months(at, 1) - DAY for at in months()]
    write(tmp_path, fred(stamps, levels()))
    _, train, _ = parts_of(tmp_path, MONTHLY.replace(RELEASE, "delay: 14d"))
    series = train.series["fails"]
    assert set(series.time.tolist()) <= set(stamps)
    np.testing.assert_array_equal(series.known, series.time + 14 * DAY)
    assert np.isfinite(series.columns["cpi"]).all()


@pytest.mark.parametrize(
    "release",
    ["delay: 20d", 'published: {day: 15, time: "08:30", zone: America/New_York, after: 7d}'],
)
def test_law_1_a_month_that_would_be_known_before_it_is_over_is_refused(tmp_path: Path, release: str) -> None:
    hours(tmp_path)
    write(tmp_path, fred(months(), levels()))
    with pytest.raises(
        DataError, match=r"tells of 1mo from 2021-01-01 on and would be known before that is over .* delay: 31d"
    ):
        parts_of(tmp_path, MONTHLY.replace(RELEASE, release))


@pytest.mark.parametrize(
    "release",
    ['delay: "0"', "delay: 23h", 'published: {day: 31, time: "08:30", zone: America/New_York, after: "0"}'],
)
@pytest.mark.parametrize("step", [1, 3])
def test_law_1_a_last_day_that_would_be_known_before_it_is_over_is_refused(tmp_path: Path, step: int, release: str) -> None:
    hours(tmp_path)
    stamps = [add_months(at, step) - DAY for at in months(step=step)]
    write(tmp_path, fred(stamps, levels()))
    fails = MONTHLY.replace("1mo,", f"{step}mo,", 1).replace(RELEASE, release)
    with pytest.raises(DataError, match=rf"tells of {step}mo up to .* and would be known before that day is over .* delay: 1d"):
        parts_of(tmp_path, fails)


def test_stamps_that_are_neither_a_first_nor_a_last_day_are_refused(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, fred([at + 14 * DAY for at in months()], levels()))
    with pytest.raises(DataError, match="rows: off the grid"):
        parts_of(tmp_path, MONTHLY)


def test_what_months_are_not_for_is_named() -> None:
    with pytest.raises(DataError, match=r"series\.fails\.period: '1mo': months are of values"):
        dataset("{kind: bars, underlying: CPI, period: 1mo, source: {use: files, files: fails.csv}}")
    with pytest.raises(ExpressionError, match=r"has rows of 1mo; read it without at\(\)"):
        parse("at(1d, mean(fails.cpi, 2))").check({"fails": {"cpi"}}, {"fails": to_period_ms("1mo")})
    for publication in ("{weekday: friday, day: 15, ", "{"):
        with pytest.raises(DataError, match=r"published\.weekday: name the weekday of the release, or its day: of the month"):
            dataset(MONTHLY.replace("{day: 15, ", publication))


def test_a_monthly_file_is_drafted_as_one(tmp_path: Path) -> None:
    for step, period in ((1, "1mo"), (3, "3mo")):
        write(tmp_path, fred(months(step=step), levels()), "CPIAUCSL.csv")
        read = inspect_series("cpi", [tmp_path / "CPIAUCSL.csv"], ["CPIAUCSL.csv"], {"delay": "123d"})
        assert (read.spec.period, read.share) == (period, 1.0)


def test_a_release_is_written_and_hashed_as_before() -> None:
    weekly = Publication.model_validate({"weekday": "thursday", "time": "16:15", "zone": "America/New_York", "after": "1w"})
    assert weekly.model_dump() == {"weekday": "thursday", "time": "16:15", "zone": "America/New_York", "after": "1w"}
