"""Equity, futures and currency files for the tests of markets that close, drawn from hours written down here by hand."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from factory.core.times import MINUTE, moment
from factory.market.series import Series
from factory.market.sessions import Sessions
from factory.market.spec import DatasetSpec, load_spec

NEW_YORK, CHICAGO, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago"), ZoneInfo("Asia/Tokyo")
HOLIDAYS = ("2023-11-23", "2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29")
HALF_DAYS = ("2023-11-24",)
SPLIT_DAY, FACTOR = "2024-02-05", 4.0
SPAN = ("2023-11-01", "2024-04-13")
"""Holds a holiday, a half-day, and the change to daylight saving of 2024-03-10."""

Hours = Sequence[tuple[str, str, str]]
"""Date of a session, and its first and last minute's end, local."""


def equity_hours() -> Hours:
    """The New York Stock Exchange's sessions over the span."""
    days = pd.bdate_range(SPAN[0], SPAN[1], inclusive="left").strftime("%Y-%m-%d")
    return [(day, "09:30", "13:00" if day in HALF_DAYS else "16:00") for day in days if day not in HOLIDAYS]


def minutes(hours: Hours, zone: ZoneInfo = NEW_YORK) -> pd.DatetimeIndex:
    """Every minute of some sessions, UTC; one that begins in the evening is dated by the next day."""
    parts = []
    for day, first, last in hours:
        opened, close = (pd.Timestamp(f"{day} {at}", tz=zone) for at in (first, last))
        opened -= pd.Timedelta(days=1) if opened >= close else pd.Timedelta(0)
        parts.append(pd.date_range(opened, close, freq="1min", inclusive="left").tz_convert("UTC"))
    return pd.DatetimeIndex(np.concatenate([part.tz_localize(None).to_numpy() for part in parts])).tz_localize("UTC")


def draw(stamps: pd.DatetimeIndex, seed: int = 7, price: float = 450.0, deviation: float = 6e-4) -> pd.DataFrame:
    """Sound bars at some stamps, whose price also moves while the market is closed."""
    rng = np.random.default_rng(seed)
    night = np.diff(stamps.asi8, prepend=stamps.asi8[0]) > np.diff(stamps.asi8).min()
    step = rng.normal(0, deviation, len(stamps)) + np.where(night, rng.normal(0, 5e-3, len(stamps)), 0.0)
    close = price * np.exp(np.cumsum(step))
    opened = close * np.exp(rng.normal(0, deviation / 2, len(stamps)))
    high, low = np.maximum(opened, close) * 1.0003, np.minimum(opened, close) * 0.9997
    columns = {"open": opened, "high": high, "low": low, "close": close, "volume": rng.gamma(2.0, 1e4, len(stamps)).round()}
    return pd.DataFrame(columns, index=stamps)


def before_split(bars: pd.DataFrame, factor: float = FACTOR) -> pd.DataFrame:
    """The bars as a file has them that was never adjusted for a split: before it prices are higher, and volumes lower."""
    raw, old = bars.copy(), bars.index < pd.Timestamp(SPLIT_DAY, tz="UTC")
    raw.loc[old, ["open", "high", "low", "close"]] *= factor
    raw.loc[old, "volume"] /= factor
    return raw


def extended(bars: pd.DataFrame, hours: Hours) -> pd.DataFrame:
    """The bars with those of an hour before the open and after the close of each session, at absurd prices."""
    apart = [(day, f"{int(first[:2]) - 1}{first[2:]}", first) for day, first, _ in hours]
    apart += [(day, last, f"{int(last[:2]) + 1}{last[2:]}") for day, _, last in hours]
    stamps = minutes(sorted(apart))
    frame = pd.DataFrame(dict.fromkeys(bars.columns, 1.0), index=stamps)
    return pd.concat([bars, frame]).sort_index()


def write(path: Path, bars: pd.DataFrame, zone: str = "UTC") -> Path:
    """Write bars as people have them, with stamps of a place and without a zone."""
    stamps = bars.index.tz_convert(zone).strftime("%Y-%m-%d %H:%M:%S")
    bars.set_axis(stamps.rename("time"), axis=0).to_csv(path, float_format="%.17g")
    return path


def ms(stamps: pd.DatetimeIndex) -> np.ndarray:
    """Milliseconds of some stamps."""
    return stamps.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)


def series(bars: pd.DataFrame, hours: Hours, name: str = "spy", zone: ZoneInfo = NEW_YORK) -> Series:
    """Minutes as a build makes them."""
    stretches = [minutes([one], zone)[[0, -1]] for one in hours]
    start, last = (ms(pd.DatetimeIndex([one[at] for one in stretches])) for at in (0, 1))
    sessions = Sessions(np.array([moment(day) for day, _, _ in hours]), start, last + MINUTE)
    time = ms(bars.index)
    columns = {str(column): values.to_numpy(float) for column, values in bars.items()}
    return Series(name, "bars", MINUTE, 0, time, time + MINUTE, columns, sessions=sessions)


def gather(bars: pd.DataFrame, key: Sequence[object] | pd.Index | np.ndarray) -> pd.DataFrame:
    """Aggregate bars by a key a row, stamped with the first row of each."""
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    coarse = bars.assign(stamp=bars.index).groupby(key, sort=False).agg({**how, "stamp": "first"})
    return coarse.set_index("stamp").rename_axis(None)


EQUITY = """
dataset: equity
confirmed: true
series:
  spy: {kind: bars, underlying: SPY, period: 1m, calendar: XNYS, source: {use: files, files: spy.csv, zone: America/New_York}}
contracts:
  spy: {use: perpetual, of: spy, taker: 0.00002, maker: 0.00001, slippage: 0.00001, funding: 0, leverage: 2}
split:
  train: [2023-11-01, 2024-02-15]
  validation: [2024-02-15, 2024-03-20]
  sealed: [2024-03-20, 2024-04-13]
"""


def spec(*changes: tuple[str, str], text: str = EQUITY) -> DatasetSpec:
    """The dataset file with pieces of its text replaced."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return load_spec(text)
