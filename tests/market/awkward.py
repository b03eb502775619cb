"""Twelve days of hourly bars, written in the ways in which people have them."""

import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from factory.core.times import HOUR, moment
from factory.market.bar_columns import BARS

START = moment("2024-01-01")
ROWS = 12 * 24
LOCAL = HOUR
"""By how much clocks in Berlin are ahead in January."""
CONTRACT = 100.0
Row = tuple[int, ...]


class Awkward(NamedTuple):
    """One file: its name, what it holds, and what a person answers; nothing where it is right at once."""

    name: str
    content: bytes
    answer: tuple[str, str] | None = None


def bars() -> dict[str, np.ndarray]:
    """The true bars."""
    rng = np.random.default_rng(7)
    close = np.round(42_000 + np.cumsum(rng.normal(0, 40, ROWS)), 2)
    opened = np.round(np.concatenate(([42_000.0], close[:-1])), 2)
    return {
        "time": START + HOUR * np.arange(ROWS),
        "open": opened,
        "high": np.round(np.maximum(opened, close) + 3.5, 2),
        "low": np.round(np.minimum(opened, close) - 3.5, 2),
        "close": close,
        "volume": np.round(rng.gamma(2.0, 3.0, ROWS) + 1, 3),
    }


def stamp(at: int, pattern: str) -> str:
    return str(np.datetime64(int(at), "ms").astype("datetime64[s]").item().strftime(pattern))


def lines(
    header: str = "timestamp,open,high,low,close,volume",
    time: Callable[[int], str] = str,
    number: Callable[[float], str] = repr,
    separator: str = ",",
    more: Callable[[dict[str, float]], list[str]] = lambda row: [],
) -> list[str]:
    """The bars as lines of text, below a header with the same separator."""
    columns, told = bars(), [separator.join(header.split(","))] if header else []
    for row in zip(*columns.values(), strict=True):
        cells = [time(int(row[0])), *(number(float(cell)) for cell in row[1:])]
        told.append(separator.join([*cells, *more(dict(zip(columns, map(float, row), strict=True)))]))
    return told


def text(rows: list[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bars.csv", content)
    return packed.getvalue()


def _parquet(columns: Mapping[str, pa.Array]) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({**columns}), written)
    return written.getvalue()


def _stamps() -> pa.Array:
    return pa.array(bars()["time"]).cast(pa.timestamp("ms", "UTC"))


def _decimals() -> bytes:
    columns = {name: pa.array([Decimal(repr(float(cell))) for cell in bars()[name]], pa.decimal128(18, 8)) for name in BARS}
    return _parquet({"timestamp": _stamps(), **columns})


def _quoted_numbers() -> bytes:
    return _parquet({"timestamp": _stamps(), **{name: pa.array([repr(float(cell)) for cell in bars()[name]]) for name in BARS}})


def _american(value: float) -> str:
    return f'"{value:,.3f}"'


def _quote(row: dict[str, float]) -> str:
    return repr(row["volume"] * (row["high"] + row["low"]) / 2)


def _coinm() -> bytes:
    """Contracts of a hundred dollars where the volume stands, and coins where the quote volume does."""
    columns, rows = bars(), ["open_time,open,high,low,close,volume,quote_volume"]
    for at, opened, high, low, close, coins in zip(*columns.values(), strict=True):
        contracts = coins * (high + low) / 2 / CONTRACT
        rows.append(",".join(map(str, (at, opened, high, low, close, float(contracts), float(coins)))))
    return text(rows)


def _ambiguous() -> bytes:
    """Bars of whole thousands, all written so that a comma may group them or stand before decimals."""
    rows = ["timestamp;open;high;low;close;volume"]
    rows += [f"{START + HOUR * row};1,500;1,600;1,400;1,500;2,000" for row in range(ROWS)]
    return text(rows)


ISO = "%Y-%m-%d %H:%M:%S"
HEAD = "open,high,low,close,volume"
FILES = {
    "utf-16 with its mark and tabs": Awkward("bars.csv", text(lines(separator="\t")).decode().encode("utf-16")),
    "a byte order mark and carriage returns": Awkward("bars.csv", b"\xef\xbb\xbf" + text(lines()).replace(b"\n", b"\r\n")),
    "semicolons and decimal commas": Awkward(
        "bars.csv", text(lines(number=lambda cell: repr(cell).replace(".", ","), separator=";"))
    ),
    "thousands in groups": Awkward("bars.csv", text(lines(number=_american))),
    "a name in capitals": Awkward("BARS.CSV", text(lines())),
    "gzip": Awkward("bars.csv.gz", gzip.compress(text(lines()))),
    "zip": Awkward("bars.zip", _zipped(text(lines()))),
    "an address above, newest first, two volumes": Awkward(
        "bars.csv",
        text(
            [
                "https://www.example.invalid",
                "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD",
                *[
                    f"{line.partition(',')[0]},{stamp(int(line.partition(',')[0]) * 1000, ISO)},BTC/USD,{line.partition(',')[2]}"
                    for line in lines("", lambda at: str(at // 1000), more=lambda row: [_quote(row)])[::-1]
                ],
            ]
        ),
    ),
    "two volumes that no price tells apart": Awkward(
        "bars.csv", text(lines(f"timestamp,{HEAD[:-7]},Volume A,Volume B", more=lambda row: ["12.5"])), ("volume", "Volume A")
    ),
    "date and time apart": Awkward(
        "bars.csv", text(lines(f"<DATE>,<TIME>,{HEAD}", lambda at: stamp(at, "%Y.%m.%d,%H:%M"))), ("zone", "UTC")
    ),
    "no header": Awkward("bars.csv", text(lines("")), ("header", f"timestamp,{HEAD}")),
    "compact stamps": Awkward("bars.csv", text(lines(time=lambda at: stamp(at, "%Y%m%d %H%M%S"))), ("zone", "UTC")),
    "stamps of a place": Awkward("bars.csv", text(lines(time=lambda at: stamp(at + LOCAL, ISO))), ("zone", "Europe/Berlin")),
    "day or month first": Awkward(
        "bars.csv", text(lines(time=lambda at: stamp(at, "%d/%m/%Y %H:%M UTC"))), ("format", "%d/%m/%Y %H:%M")
    ),
    "fractions": Awkward("bars.csv", text(lines(time=lambda at: f"{at}.0"))),
    "exponents": Awkward("bars.csv", text(lines(time=lambda at: f"{at / 1e12:.12f}E+12"))),
    "the word UTC": Awkward("bars.csv", text(lines(time=lambda at: stamp(at, f"{ISO} UTC")))),
    "an offset": Awkward("bars.csv", text(lines(time=lambda at: stamp(at + LOCAL, f"{ISO}+01:00")))),
    "seconds": Awkward("bars.csv", text(lines(time=lambda at: str(at // 1000)))),
    "microseconds": Awkward("bars.csv", text(lines(time=lambda at: str(at * 1000)))),
    "nanoseconds": Awkward("bars.csv", text(lines(time=lambda at: str(at * 1_000_000)))),
    "either decimals or groups": Awkward("bars.csv", _ambiguous(), ("decimal", ",")),
    "no volume": Awkward("bars.csv", text([line.rpartition(",")[0] for line in lines()]), ("volume", "none")),
    "volume in contracts": Awkward("BTCUSD_PERP-1h.csv", _coinm(), ("contract_size", "100")),
    "decimals in Parquet": Awkward("bars.parquet", _decimals()),
    "numbers as text in Parquet": Awkward("bars.parquet", _quoted_numbers()),
    "fourteen seconds late": Awkward("bars.csv", text(lines(time=lambda at: str(at + 14_000)))),
    "a late first row": Awkward("bars.csv", text(lines(time=lambda at: str(at + 400 * (at == START))))),
    "milliseconds of jitter": Awkward("bars.csv", text(lines(time=lambda at: str(at + at // HOUR % 4)))),
    "units in the names": Awkward("bars.csv", text(lines("Time,Open (USD),High (USD),Low (USD),Close (USD),Volume (BTC)"))),
    "a comment and an index": Awkward(
        "bars.csv", text(["# by a tool", *[f"{'' if at == 0 else at},{line}" for at, line in enumerate(lines())]])
    ),
    "no newline at the end": Awkward("bars.csv", text(lines())[:-1]),
}
"""What people have, by what is awkward about it."""


def write(folder: Path, one: Awkward) -> Path:
    """Write a file into a folder."""
    path = folder / one.name
    path.write_bytes(one.content)
    return path
