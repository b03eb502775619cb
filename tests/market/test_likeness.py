"""What was done to a copy of sealed prices does not hide it, and what only resembles them is let through."""

from collections.abc import Callable

import numpy as np
import pytest

from factory.core.times import DAY, HOUR, MINUTE, moment
from factory.market.likeness import Track, is_alike, tells_direction
from factory.market.simulator import simulate

START = moment("2024-01-01")
DAYS = 60
MARKET = simulate(3, START, DAYS)
BTC, ETH = MARKET["btc"].columns, MARKET["eth"].columns
CLOSE, OTHER = BTC["close"], simulate(4, START, DAYS)["btc"].columns["close"]
RETURNS = np.diff(np.log(CLOSE), prepend=np.log(CLOSE[0]))
SIGMA = float(np.median(np.abs(RETURNS))) / 0.6745
MINUTES = np.arange(len(CLOSE))
DRAWN = np.random.default_rng(1)


def track(values: np.ndarray, every: int = 1) -> Track:
    """Minutes from the start, or the last of each few."""
    return Track(MARKET["btc"].time[every - 1 :: every] + MINUTE, every * MINUTE, values[every - 1 :: every])


def sealed(days: int = 14, every: int = 1) -> Track:
    """The sealed part of the market: some days from the fifth on."""
    return track(CLOSE, every).between(START + 5 * DAY, START + (5 + days) * DAY)


def without(mask: np.ndarray) -> np.ndarray:
    return np.where(mask, np.nan, CLOSE)


COPIES: dict[str, Callable[[], Track]] = {
    "scaled": lambda: track(CLOSE * 1.0001),
    "rounded to cents": lambda: track(np.round(CLOSE, 2)),
    "rounded to tens": lambda: track(np.round(CLOSE, -1)),
    "a minute late": lambda: track(np.roll(CLOSE, 1)),
    "three hours early": lambda: track(np.roll(CLOSE, -180)),
    "nearly a day late": lambda: track(np.roll(CLOSE, 1437)),
    "of 5 minutes": lambda: track(CLOSE, 5),
    "of 15 minutes": lambda: track(CLOSE, 15),
    "of an hour": lambda: track(CLOSE, 60),
    "of 5 minutes, 77 late": lambda: track(np.roll(CLOSE, 77), 5),
    "inverse": lambda: track(1 / CLOSE),
    "mirrored": lambda: track(2 * CLOSE.max() - CLOSE),
    "of inverse returns": lambda: track(np.exp(-np.cumsum(RETURNS))),
    "squared": lambda: track(CLOSE**2),
    "returns": lambda: track(RETURNS).as_price(),
    "growth": lambda: track(1 + RETURNS).as_price(),
    "of another venue": lambda: track(CLOSE * np.exp(1e-5 * DRAWN.normal(size=len(CLOSE)))),
    "with a noise of its own": lambda: track(np.exp(np.cumsum(RETURNS + 0.3 * SIGMA * DRAWN.normal(size=len(CLOSE))))),
    "with three times the noise of a minute": lambda: track(CLOSE * np.exp(2e-4 * DRAWN.normal(size=len(CLOSE)))),
    "in even minutes": lambda: track(without(MINUTES % 2 == 1)),
    "standing in odd minutes": lambda: track(CLOSE[MINUTES - MINUTES % 2]),
    "standing for seven": lambda: track(CLOSE[MINUTES - MINUTES % 7]),
    "in one minute of ten, by chance": lambda: track(without(DRAWN.random(len(CLOSE)) < 0.9)),
    "in every other half-hour": lambda: track(without(MINUTES // 30 % 2 == 1)),
    "with wild ticks": lambda: track(np.where(MINUTES % 499 == 0, 3.0, 1.0) * CLOSE),
    "by its opens": lambda: track(BTC["open"]),
    "by its highs": lambda: track(BTC["high"]),
    "smoothed over five": lambda: track(np.convolve(CLOSE, np.full(5, 0.2), "same")),
}  # fmt: skip


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_law_3_a_copy_of_sealed_prices_is_known_whatever_was_done_to_it(copy: Callable[[], Track]) -> None:
    assert is_alike(copy(), sealed())


def test_law_3_a_copy_with_one_minute_of_a_hundred_is_known() -> None:
    for seed in range(12):
        assert is_alike(track(without(np.random.default_rng(seed).random(len(CLOSE)) < 0.99)), sealed())


@pytest.mark.parametrize("every", [1, 5, 15])
def test_law_3_one_month_of_it_among_others_is_known(every: int) -> None:
    month = np.where((MINUTES >= 17 * 1440) & (MINUTES < 47 * 1440), CLOSE, OTHER)
    assert is_alike(track(month, every), sealed(50))


@pytest.mark.parametrize("every", [5, 15, 60])
def test_law_3_minutes_tell_of_sealed_bars_that_are_coarser(every: int) -> None:
    assert is_alike(track(np.roll(CLOSE, 7) * 1.1), sealed(every=every))
    assert not is_alike(track(ETH["close"]), sealed(every=every))


@pytest.mark.parametrize("every", [1, 5, 15])
def test_law_3_three_shared_days_are_enough(every: int) -> None:
    assert is_alike(track(CLOSE / 3, every), sealed(3))
    assert not is_alike(track(ETH["close"], every), sealed(3))


def test_law_3_daily_bars_are_compared_where_there_are_enough() -> None:
    days = np.arange(400)
    price = np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, 400)))
    other = np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 400)))
    hidden = Track(START + days[150:] * DAY, DAY, price[150:])
    assert is_alike(Track(START + days * DAY, DAY, 7 - price / 10), hidden)
    assert is_alike(Track(START + (days + 1) * DAY, DAY, price), hidden)
    assert not is_alike(Track(START + days * DAY, DAY, other), hidden)


@pytest.mark.parametrize("name", ["close", "high", "volume", "number_of_trades", "taker_buy_volume"])
def test_a_market_that_only_resembles_it_is_not_called_a_copy(name: str) -> None:
    for opened in (track(ETH[name]), track(ETH[name]).as_price()):
        assert not is_alike(opened, sealed())


def test_a_few_days_of_coarse_bars_must_agree_more() -> None:
    related = track(np.exp(np.cumsum(RETURNS + 0.4 * SIGMA * DRAWN.normal(size=len(CLOSE)))), 15)
    assert is_alike(related, sealed(40))
    assert not is_alike(related, sealed(5))


def test_smooth_columns_agree_by_chance() -> None:
    window = np.full(1440, 1 / 1440)
    opened, hidden = (track(np.convolve(np.cumsum(walk), window, "same")) for walk in DRAWN.normal(size=(2, len(CLOSE))))
    assert not any(is_alike(opened, hidden.between(START + day * DAY, START + (day + 2) * DAY)) for day in range(2, 50, 2))


def test_two_crashes_in_one_day_do_not_make_two_markets_one() -> None:
    crash = np.where(MINUTES == 8 * 1440, -0.5, 0.0)
    opened, hidden = OTHER * np.exp(np.cumsum(crash)), CLOSE * np.exp(np.cumsum(np.roll(crash, 90)))
    assert not is_alike(track(opened), track(hidden).between(START + 5 * DAY, START + 19 * DAY))


def test_clocks_are_nobody_s_secret() -> None:
    left = track(300.0 - 60 * (MINUTES % 5))
    assert not is_alike(left, left.between(START + 5 * DAY, START + 19 * DAY))


def test_a_few_hours_tell_nothing() -> None:
    few = track(CLOSE).between(START + 5 * DAY, START + 5 * DAY + 12 * HOUR)
    assert not is_alike(track(CLOSE), few)


def test_other_dates_are_not_compared() -> None:
    opened = track(CLOSE).between(START, START + 10 * DAY)
    assert not is_alike(opened, Track(opened.time + 40 * DAY, MINUTE, opened.values))


def test_flags_of_the_clock_tell_no_direction() -> None:
    day = MINUTES // 1440 % 7
    for flag in (MINUTES % 5 == 0, MINUTES // 60 % 24 < 8, day >= 5, MINUTES % 2 == 0):
        opened = track(flag.astype(float))
        assert not tells_direction(opened, opened.between(START + 5 * DAY, START + 40 * DAY))
        assert not tells_direction(opened, sealed(40))


def test_what_mostly_is_up_says_nothing_of_what_mostly_goes_up() -> None:
    mostly = track((DRAWN.random(len(CLOSE)) < 0.97).astype(float), 5)
    assert not tells_direction(mostly, track(np.cumsum(DRAWN.random(len(CLOSE)) - 0.01)))
