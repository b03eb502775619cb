"""Kinds of markets for adversaries: almost none holds an edge over fair prices, and each strains another assumption.

But for ``coin``, whose minute *log* returns are symmetric, ``drift``, and ``lead`` and ``planted``, which hold an edge, the mean of each minute's simple
return is exactly 0, whatever came before: shocks are drawn as simple returns. 240 days of minutes: 40 are train, 100 each
validation and sealed. Prices begin at 100, so low that a few hundred of the least numbers there are still buy some.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy import float64, int64
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from benchmarks.certification.market import START, day
from factory.core.canonical import seed_for
from factory.core.times import DAYS_A_YEAR, MINUTE, iso, moment
from factory.market.bar_faults import find_bar_faults
from factory.market.faults import JUMP
from factory.market.raw_rows import RawRows
from factory.market.simulator import DAY_ROWS, HOUR_ROWS, SCALE, bars, simulate, student, volatility, volumes

DATASET = "drawn"
DAYS, TRAIN_DAYS, OPEN_DAYS = 240, 40, 140
PRICE, TIE_PRICE = 100.0, 600.0
YEAR_ROWS = DAYS_A_YEAR * DAY_ROWS
CRASHES = 1 / (100 * DAY_ROWS)
"""Chance of a crash in a minute: one in a hundred days."""
SMALLEST_CRASH, GREATEST_CRASH = 0.15, 0.30
HALF_SPREAD, TICK = 1e-4, 1e-3
JUMPS, QUIET = 1 / DAY_ROWS, 0.3
"""Chance of a fall in a minute, one a day, and share of the usual volatility in all minutes."""
SMALLEST_JUMP, GREATEST_JUMP = 0.005, 0.025
MEAN_T6, MEAN_T4 = 0.9185586535436919, 1.0
"""Means of the absolute value of a Student-t with 6 and with 4 degrees of freedom."""
LOPSIDED = 1.3743685418725535
"""Deviation of rises and falls that are such values of mean 1."""
CALM = 0.05
"""Share of the usual volatility in a calm market."""
EVEN_ODDS, SURE, EVEN_SHARE = 0.5, (0.97, 0.98, 0.99), 0.955
FALL = 1.5
"""Usual deviations of a minute's fall after which the exchange stands still for a minute."""
LEAD, LEAD_ROWS = 0.0026, 120
"""Mean move of so many minutes in the way that was told: 14 bp more than a round trip costs."""

PERPETUAL = (
    "btc-perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: {funding}, "
    "funding_every: 8h, leverage: 5, maintenance: 0.005}}"
)
WINDOWS = "polymarket-btc-5m: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}"
FREE = "updown: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}"
HOURLY = "polymarket-btc-1h: {use: binary, of: btc, window: 1h, price: 0.5, odds: odds, fee: 0.07, half_spread: 0.005}"
USUAL = (PERPETUAL.format(funding=0.0001), WINDOWS, FREE)

Values = NDArray[float64]
Frames = dict[str, RawRows]


@dataclass(frozen=True)
class Kind:
    """One kind of market.

    Parameters
    ----------
    about : str
        What it strains.
    draw : callable
        Generator -> frames by series.
    contracts : tuple of str
        Lines of the dataset file.
    fair : bool
        Whether any trade at fair prices loses its costs, drift apart, so that its true net payoff is known.
    bound : float
        Rate of false certificates that is promised here: 5 % where directions are coins, whatever the magnitudes, and
        20 % where only the mean is bound (STATISTICS section 9.3).
    """

    about: str
    draw: Callable[[Generator], Frames]
    contracts: tuple[str, ...] = USUAL
    fair: bool = True
    bound: float = 0.05


def write_market(kind: str, index: int, folder: Path) -> str:
    """Draw a market into files.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    index : int
        Which one; markets of different kinds share no draw.
    folder : Path
        Gets a Parquet file a series.

    Returns
    -------
    str
        The dataset file, whose sources are named from `folder`.
    """
    rng = default_rng(seed_for(f"adversaries.{kind}", str(index)))
    lines = []
    for name, frame in KINDS[kind].draw(rng).items():
        pq.write_table(pa.table({"time": frame.time, **frame.columns}), folder / f"{name}.parquet", compression="none")
        shape = "values, delay: 0, period: 1h" if "up" in frame.columns else "bars, period: 1m"
        columns = ", columns: {up: up}" if "up" in frame.columns else ""
        source = f"{{use: files, files: {name}.parquet{columns}}}"
        own = "" if "up" in frame.columns else _declare_crashes(frame)
        lines.append(f"  {name}: {{kind: {shape}, underlying: DRAWN-{name.upper()}, source: {source}{own}}}")
    return "\n".join(
        (
            f"dataset: {DATASET}",
            "confirmed: true",
            "series:",
            *lines,
            "contracts:",
            *(f"  {line}" for line in KINDS[kind].contracts),
            "split:",
            f"  train: [{START}, {day(TRAIN_DAYS)}]",
            f"  validation: [{day(TRAIN_DAYS)}, {day(OPEN_DAYS)}]",
            f"  sealed: [{day(OPEN_DAYS)}, {day(DAYS)}]",
            "looks: 5",
            *(["baseline: odds.up"] if HOURLY in KINDS[kind].contracts else []),
            "",
        )
    )


def _frame(rng: Generator, moves: Values, sigma: Values, price: float = PRICE) -> RawRows:
    """Simulate bars of one-minute simple returns."""
    prices = bars(rng, price, np.log1p(moves), sigma)
    return RawRows(_times(), {**prices, "volume": volumes(rng, sigma, moves, 20.0)})


def _times() -> NDArray[int64]:
    return moment(START) + MINUTE * np.arange(DAYS * DAY_ROWS, dtype=int64)


def _shocks(rng: Generator) -> Values:
    return student(rng, DAYS * DAY_ROWS)


def _coin(rng: Generator) -> Frames:
    z = _shocks(rng)
    sigma = volatility(z)
    return {"btc": _frame(rng, np.expm1(sigma * z), sigma)}


def _skew(rng: Generator) -> Frames:
    """Simulate as many rises as falls, of the same mean size, falls with the fatter tail: a skew of -0.63 a minute."""
    rows = DAYS * DAY_ROWS
    rises, falls = (np.abs(rng.standard_t(freedom, rows)) / mean for freedom, mean in ((6, MEAN_T6), (4, MEAN_T4)))
    z = np.where(rng.random(rows) < 0.5, rises, -falls) / LOPSIDED
    sigma = volatility(z)
    return {"btc": _frame(rng, sigma * z, sigma)}


def _leverage(rng: Generator) -> Frames:
    """Simulate volatility that rises after falls."""
    z = _shocks(rng)
    sigma = volatility(z, alpha=0.02, fall=0.06)
    return {"btc": _frame(rng, sigma * z, sigma)}


def _bounce(rng: Generator) -> Frames:
    """Simulate a bounce: first and last trade of a minute at the bid or the ask, with the same chance, on a grid of ticks."""
    z = _shocks(rng)
    sigma = volatility(z)
    frame = _frame(rng, sigma * z, sigma)
    sides = rng.integers(0, 2, (2, len(z))) * 2 - 1
    first, last = (frame.columns[name] * (1 + HALF_SPREAD * side) for name, side in zip(("open", "close"), sides, strict=True))
    most, least = frame.columns["high"] * (1 + HALF_SPREAD), frame.columns["low"] * (1 - HALF_SPREAD)
    return {"btc": _on_ticks(frame, {"open": first, "high": most, "low": least, "close": last}, TICK)}


def _on_ticks(frame: RawRows, prices: Mapping[str, Values], tick: float) -> RawRows:
    return RawRows(frame.time, {**frame.columns, **{name: np.round(price / tick) * tick for name, price in prices.items()}})


def _declare_crashes(frame: RawRows) -> str:
    """Declare what looks like a redenomination as what it is here: a move of the market."""
    faults = find_bar_faults(frame.time, frame.columns, MINUTE, ())
    moments = [iso(fault.spans[0][0]) for fault in faults if fault.kind == JUMP]
    return f", adjust: [{', '.join(f'{{at: {at}, factor: 1}}' for at in moments)}]" if moments else ""


def _crash(rng: Generator) -> Frames:
    """Simulate crashes within a minute, part of each before the first trade; a small drift in all minutes is their mean."""
    z = _shocks(rng)
    sigma = volatility(z)
    fallen = np.flatnonzero(rng.random(len(z)) < CRASHES)
    size = rng.uniform(SMALLEST_CRASH, GREATEST_CRASH, len(fallen))
    moves = sigma * z + CRASHES * (SMALLEST_CRASH + GREATEST_CRASH) / 2
    moves[fallen] -= size
    frame = _frame(rng, moves, sigma)
    opened, close = frame.columns["open"], frame.columns["close"]
    opened[fallen] *= 1 - size * rng.random(len(fallen))
    frame.columns["high"][fallen] = np.maximum(opened, close)[fallen]
    frame.columns["low"][fallen] = np.minimum(opened, close)[fallen]
    return {"btc": frame}


def _drift(rng: Generator) -> Frames:
    """Simulate a drift of 100 to 200 % a year."""
    z = _shocks(rng)
    sigma = volatility(z)
    return {"btc": _frame(rng, sigma * z + rng.uniform(1.0, 2.0) / YEAR_ROWS, sigma)}


def _thin(rng: Generator) -> Frames:
    """Simulate a thin market: a quarter of btc's minutes is traded, the others stand at the last price.

    eth is the same market, traded each minute.
    """
    z = _shocks(rng)
    sigma = volatility(z)
    liquid = _frame(rng, sigma * z, sigma)
    traded = rng.random(len(z)) < 0.25
    traded[0] = True
    last = liquid.columns["close"][np.maximum.accumulate(np.where(traded, np.arange(len(z)), 0))]
    thin = {name: np.where(traded, liquid.columns[name], last) for name in ("open", "high", "low", "close")}
    noise = 1 + 0.2 * SCALE * rng.standard_normal(len(z))
    eth = {name: liquid.columns[name] * noise / 20 for name in thin}
    return {
        "btc": RawRows(liquid.time, {**thin, "volume": np.where(traded, liquid.columns["volume"], 0.0)}),
        "eth": RawRows(liquid.time, {**eth, "volume": 15 * liquid.columns["volume"]}),
    }


def _ties(rng: Generator) -> Frames:
    """Simulate prices in whole dollars, so coarse that the close of five minutes is often their open."""
    z = _shocks(rng)
    sigma = volatility(z)
    frame = _frame(rng, sigma * z, sigma, TIE_PRICE)
    return {"btc": _on_ticks(frame, {name: frame.columns[name] for name in ("open", "high", "low", "close")}, 1.0)}


def _odds(rng: Generator) -> Frames:
    """Simulate hours priced at even odds, and a few that are all but sure.

    Each ends up with exactly the chance that its price says.
    """
    z = _shocks(rng)
    sigma = volatility(z)
    hours = (sigma * z).reshape(-1, HOUR_ROWS)
    price = np.where(rng.random(len(hours)) < EVEN_SHARE, EVEN_ODDS, rng.choice(SURE, len(hours)))
    turned = (hours.sum(axis=1) > 0) != (rng.random(len(hours)) < price)
    moves = np.where(turned[:, None], -hours, hours).ravel()
    time = _times()
    return {
        "btc": _frame(rng, np.expm1(moves), sigma),
        "odds": RawRows(time[::HOUR_ROWS], {"up": price}),
    }


def _jumps(rng: Generator) -> Frames:
    """Simulate a slow rise with a fall within a minute about once a day, whose bar closes far beyond a stop inside it."""
    rows = DAYS * DAY_ROWS
    sigma = np.full(rows, QUIET * SCALE)
    falls = np.where(rng.random(rows) < JUMPS, rng.uniform(SMALLEST_JUMP, GREATEST_JUMP, rows), 0.0)
    moves = sigma * student(rng, rows) + JUMPS * (SMALLEST_JUMP + GREATEST_JUMP) / 2 - falls
    return {"btc": _frame(rng, moves, sigma)}


def _calm(rng: Generator) -> Frames:
    """Simulate a market that hardly moves."""
    z = _shocks(rng)
    sigma = CALM * volatility(z)
    return {"btc": _frame(rng, sigma * z, sigma)}


def _outages(rng: Generator) -> Frames:
    """Simulate outages: after a fall the exchange stands still for a minute, which is missing."""
    frame = _coin(rng)["btc"]
    ret = np.log(frame.columns["close"] / frame.columns["open"])
    kept = np.concatenate(([True], ret[:-1] > -FALL * SCALE))
    return {"btc": RawRows(frame.time[kept], {name: values[kept] for name, values in frame.columns.items()})}


def _lead(rng: Generator) -> Frames:
    """Simulate a lead: two in ten pairs of two hours go the way that eth's volume told just before each.

    They go by more than a round trip costs.
    """
    z = _shocks(rng)
    sigma = volatility(z)
    way = np.repeat(rng.choice([-1, 0, 1], DAYS * DAY_ROWS // LEAD_ROWS // 2, p=[0.1, 0.8, 0.1]), 2)
    moves = sigma * z + np.repeat(way, LEAD_ROWS) * LEAD / LEAD_ROWS
    btc = _frame(rng, moves, sigma)
    before = np.arange(len(z)) % LEAD_ROWS >= LEAD_ROWS - 15
    told = np.where(before, 3.0 ** np.repeat(np.roll(way, -1), LEAD_ROWS), 1.0)
    eth = {name: btc.columns[name] / 20 for name in ("open", "high", "low", "close")}
    return {"btc": btc, "eth": RawRows(btc.time, {**eth, "volume": told * volumes(rng, sigma, moves, 300.0)})}


def _planted(rng: Generator) -> Frames:
    """Simulate the product's own simulated market with an edge of 0.08 while its rule is awake."""
    drawn = simulate(int(rng.integers(2**31)), moment(START), DAYS, 0.08)
    return {name: drawn[name] for name in ("btc", "eth")}


KINDS: Mapping[str, Kind] = {
    "coin": Kind("symmetric minutes, the test's own null", _coin),
    "skew": Kind("falls with a fatter tail than rises", _skew, bound=0.2),
    "leverage": Kind("volatility rises after falls", _leverage),
    "bounce": Kind("trades at bid and ask, on ticks", _bounce),
    "crash": Kind("a crash of 15 to 30 % in a hundred days", _crash, bound=0.2),
    "drift": Kind("a drift of 100 to 200 % a year", _drift),
    "thin": Kind("a quarter of the minutes is traded", _thin),
    "ties": Kind("whole-dollar prices", _ties),
    "odds": Kind("recorded odds that are fair", _odds, (HOURLY,)),
    "jumps": Kind("rises slowly, falls within a minute", _jumps, bound=0.2),
    "calm": Kind("hardly moves, funding of 0.03 % each 8 hours", _calm, (PERPETUAL.format(funding=0.0003),)),
    "outages": Kind("a minute is missing after a fall", _outages),
    "lead": Kind("at times two hours go the way that volume told", _lead, fair=False, bound=1.0),
    "planted": Kind("an edge that is there", _planted, fair=False),
}
