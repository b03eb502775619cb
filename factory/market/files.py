"""Where a series' rows come from, and what a person declares of them: parts of the dataset file."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticKnownError

from factory.core.names import Name
from factory.core.times import Duration, moment
from factory.market.book_columns import FORMATS as BOOK_FORMATS
from factory.market.sources import PROVIDERS, ManyExchanges
from factory.market.spec_fields import ONE_OR_MORE, Globs, Moment, Underlying, Unit, Zone, one_of, take_these

NONE = "none"
"""What a dataset file calls a column that the source does not have."""


SYMBOL = re.compile(r"[A-Z0-9_]{1,40}")
"""How exchanges that are providers themselves spell symbols."""


Prior = Annotated[int, Field(ge=1, le=520)]
"""Observations back."""


class Closed(BaseModel):
    """A part of the dataset file that takes no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Files(Closed):
    """Rows in CSV, Parquet or Binance archive zips.

    Parameters
    ----------
    files : str or list of str
        Paths or globs, from the folder of the dataset file.
    time : str or None
        Column of the stamps; default: the first of timestamp, time, open_time, unix, unix_timestamp, unix_time, epoch, date,
        datetime, observation_date, as_of_date, asofdate and calc_time, in any case; ``utc`` or ``gmt`` in its name is the
        zone, and date and time in two columns are joined.
    columns : mapping of str to str
        What a column is called in the files, by its name here: ``{volume: Volume BTC}``. Of values, those that are named
        are all that is read; of odds ``{up: price}`` says which was quoted for Up, of outcomes ``{up: winner}`` which tells how
        a window ended; of bars ``{volume: none}`` says that the source counts none, and every bar counts as traded.
    units : mapping of str to float
        What a cell of a column counts, by its name here: ``{deliver: millions}``, or a number such as 100.
    header : list of str
        Names of the columns, in order, of files without a header: ``[date, time, open, high, low, close, volume]``.
    zone : str or None
        Of stamps without one: UTC, or a place such as Europe/Berlin.
    format : str or None
        How stamps are written, such as ``%d/%m/%Y %H:%M``, where they can be read in two ways; of order books also the format
        of the files, which else their content tells: levels, binance-raw, binance-rest, lobster or fi2010.
    decimal : str or None
        The sign before decimals, where cells can be read in two ways.
    date : moment or None
        Of order books whose files count the time from a day on (LOBSTER) or have none (FI-2010): that day, or first moment.
    step : duration or None
        From one event to the next of order books without times (FI-2010).
    stamped : str or None
        Of bars and outcomes whose stamps are the end of each: ``close``.
    available : str or None
        Of values that are revised: column of the moment at which each row was published, such as ``realtime_start``; a date
        or midnight counts from the end of that day in ``zone``, else UTC. Each row is known from then on; of a stamp that has
        several rows the first published is kept, and a value that took longer than ``delay`` is missing.
    prior : list of int
        Of values with ``available``: columns of what earlier observations stood at, revised, when each was published.
        ``[1, 12]`` makes ``value_prior_1`` and ``value_prior_12`` of ``value``: the one before, and the one twelve before.
    """

    use: Literal["files"]
    files: Globs
    time: str | None = None
    columns: Annotated[dict[Name, str], Field(max_length=50)] = {}
    units: Annotated[dict[Name, Unit], Field(max_length=50)] = {}
    # What was hashed before headers could be named must hash alike.
    header: Annotated[tuple[str, ...], Field(max_length=200, exclude_if=lambda header: not header)] = ()
    zone: Zone | None = None
    format: Annotated[str, Field(pattern="%"), take_these(BOOK_FORMATS)] | None = None
    decimal: Literal[".", ","] | None = None
    date: Moment | None = None
    step: Duration | None = None
    # What was hashed before closes could be declared must hash alike.
    stamped: Annotated[Literal["close"] | None, Field(exclude_if=lambda stamped: stamped is None)] = None
    available: str | None = None
    # What was hashed before vintages were kept must hash alike.
    prior: Annotated[tuple[Prior, ...], ONE_OR_MORE, Field(max_length=20, exclude_if=lambda prior: not prior)] = ()


def _is_left_out(value: object) -> bool:
    return value is None


class Download(Closed):
    """Rows that ``rfcat data fetch`` downloads.

    Parameters
    ----------
    exchange : str or None
        Which one, where the provider has many: as ccxt names it: ``bybit``, ``coinbase``.
    symbol : str
        As the provider spells it, such as ``BTCUSDT`` of an exchange or ``btc-updown-5m`` of a prediction market; of an
        exchange by ccxt as that does: ``BTC/USDT``, a perpetual ``BTC/USDT:USDT``.
    earlier : str or list of str
        Of values that were published under other symbols before: those, oldest first. Each holds up to the first row of
        the next, whatever it has from then on.
    """

    use: Annotated[str, one_of(PROVIDERS)]
    exchange: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] | None = Field(default=None, exclude_if=_is_left_out)
    symbol: str
    earlier: Annotated[tuple[str, ...], ONE_OR_MORE, Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _spelt(self) -> Self:
        provider = PROVIDERS[self.use]
        if isinstance(provider, ManyExchanges) and self.exchange is None:
            raise ValueError("exchange: missing; name one as ccxt does, such as exchange: bybit")
        if not isinstance(provider, ManyExchanges) and self.exchange is not None:
            raise ValueError(f"exchange: {self.use} is one itself; remove it")
        for key, symbol in (("symbol", self.symbol), *(("earlier", symbol) for symbol in self.earlier)):
            if not re.fullmatch(provider.symbols, symbol):
                mend = f"write it as {provider.title} does, such as {provider.example}"
                raise ValueError(f"{key}: '{symbol[:40]}' is none of {self.use}; {mend}")
        if len({self.symbol, *self.earlier}) <= len(self.earlier):
            raise ValueError("earlier: a symbol is named twice; name each once, oldest first, and not that of symbol")
        return self

    @property
    def parts(self) -> "tuple[Download, ...]":
        """The source of each symbol by itself, in the order of time."""
        return tuple(self.model_copy(update={"symbol": symbol, "earlier": ()}) for symbol in (*self.earlier, self.symbol))


FILES, DOWNLOAD = "files", "[download]"
"""Tags of the two; the second is none that a ``use:`` or a key may have."""


def _tag(value: Any) -> str | None:
    use = value.get("use") if isinstance(value, dict) else getattr(value, "use", None)
    return None if use is None else FILES if use == FILES else DOWNLOAD


def _require_known(value: Any) -> Any:
    """Refuse what is no source, as pydantic's tagged union does whose tags are known beforehand."""
    if not isinstance(value, dict | Closed):
        raise PydanticKnownError("model_attributes_type")
    uses = (FILES, *PROVIDERS)
    if isinstance(value, dict) and "use" in value and value["use"] not in uses:
        listed = ", ".join(map(repr, uses))
        raise PydanticKnownError(
            "union_tag_invalid", {"discriminator": "'use'", "tag": str(value["use"]), "expected_tags": listed}
        )
    return value


Source = Annotated[
    Annotated[Files, Tag(FILES)] | Annotated[Download, Tag(DOWNLOAD)], Discriminator(_tag), BeforeValidator(_require_known)
]


class Adjustment(Closed):
    """A moment from which a market counts otherwise: a redenomination, a split.

    Parameters
    ----------
    at : moment
        First moment on the new scale.
    factor : float
        Prices before it, or values, are multiplied by it, and volumes divided. 1 says that a jump there is genuine.
    """

    at: Moment
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    @property
    def moment(self) -> int:
        """Milliseconds UTC."""
        return moment(self.at)


class Splice(Closed):
    """An earlier source of a series, which the next one follows at a moment.

    Parameters
    ----------
    until : moment
        First moment of the next source. The row that begins there is left out, so that no window spans both.
    source : Files, Download
        Where the rows before it come from.
    underlying : str or None
        The market behind those, where it is another; the seal goes by both.
    factor : float or None
        Prices before it, or values, are multiplied by it, and volumes divided. A build measures it on the rows that both
        sources have, and tells which to write.
    """

    until: Moment
    source: Source
    underlying: Underlying | None = None
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @property
    def moment(self) -> int:
        """Milliseconds UTC."""
        return moment(self.until)
